"""Which process calls which: inside one file, and from folder to folder."""

from workflows.normalise.xml import Node, bpmn
from workflows.parsing.folder import Folder


def calls_out(folder: Folder) -> list[Node]:
    """The call activities of a folder's processes that leave the file."""
    here = {process.get("id") for process in folder.processes[1:]}
    return [
        call
        for process in folder.processes
        for call in process.iter(bpmn("callActivity"))
        if call.get("calledElement") not in here
    ]


def called_by(process: Node) -> set[str]:
    """The keys that the process calls itself."""
    return {str(call.get("calledElement")) for call in process.iter(bpmn("callActivity"))}


def reached(calls: dict[str, set[str]], key: str) -> set[str]:
    """The keys of every process that a case of `key` may come to."""
    seen: set[str] = set()
    waiting = list(calls.get(key, ()))
    while waiting:
        each = waiting.pop()
        if each not in seen:
            seen.add(each)
            waiting.extend(calls.get(each, ()))
    return seen


def call_towards(main: Folder, calls: dict[str, set[str]], key: str) -> Node:
    """The call in the main file that leads to `key`."""
    for process in main.processes:
        for call in process.iter(bpmn("callActivity")):
            called = str(call.get("calledElement"))
            if called == key or key in reached(calls, called):
                return call
    return main.process
