"""One definition is shared by cases and threads, and no text of a diagram ever reaches Python."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from building import Process, do, each, world
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.script_engine.python_environment import TaskDataEnvironment

from workflows.engine import Instance


def busy() -> Process:
    """Some of everything that the library would evaluate or keep on the spec."""
    process = Process().start().script("prep", "n = 1 + 1").parallel("split", "join")
    process.user("vote", repeat=each("people", into="votes", answer="v", until="len(votes) > 5"))
    process.user("u").boundary("t", on="u", interrupting=False, duration="wait").end("end2").xor("x").end()
    process.race("g").catch("a", message="m", correlation="n").catch("b", condition="n == 3").xor("y")
    process.chain("start", "prep", "split", "vote", "join", "x").chain("split", "u", "join").chain(
        "t", "end2"
    )
    process.flow("x", "g", "n == 2").flow("x", "end", default=True)
    return process.chain("g", "a", "y", "end").chain("g", "b", "y")


def live(definition: Any, seed: int) -> dict[str, Any]:
    case = Instance.start(definition, {"people": [1, 2, 3], "wait": "P1D", "seed": seed}, world())
    for _ in range(3):
        do(case, "vote", {"v": seed})
        case = Instance.load(definition, case.save(), world())
    do(case, "u", {"u": seed})
    [message] = [wait for wait in case.waits() if wait.kind == "message"]
    case.deliver(message.ref, {"told": seed})
    assert case.completed
    return case.data


def test_eight_threads_share_one_definition() -> None:
    definition = busy().compile()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda seed: live(definition, seed), range(40)))
    for seed, data in enumerate(found):
        assert (data["votes"], data["u"], data["told"], data["seed"]) == ([seed] * 3, seed, seed, seed)


def test_nothing_of_the_library_evaluates_python(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("Python was evaluated")

    for name in ("evaluate", "execute", "call_service"):
        monkeypatch.setattr(PythonScriptEngine, name, refuse)
        monkeypatch.setattr(TaskDataEnvironment, name, refuse)
    assert live(busy().compile(), 7)["told"] == 7
