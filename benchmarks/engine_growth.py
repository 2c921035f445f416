"""What a step of the engine costs as a case grows older, and how it compares with the library as it is.

    python benchmarks/engine_growth.py

A step is load → complete → advance → save. Prints step 50 against step 5,000 of a loop, the first against
the last tenth of a multi-instance of 400, and steps a second on a middle-sized process for us and for stock
SpiffWorkflow (its own serialiser, its own engine, in a process of its own). Ends with 1 when a step grows
by more than 30 %. Medians, so that a busy machine does not decide.
"""

import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)
MOST_GROWTH = 1.3

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="d" targetNamespace="http://example.org">
<bpmn:process id="p" name="p" isExecutable="true">"""


def diagram(nodes: dict[str, tuple[str, str]], flows: list[tuple[str, str, str]]) -> str:
    """BPMN of shapes (id → tag, inner) and flows (from, to, condition; `*` marks the default)."""
    defaults = {source: f"f{n}" for n, (source, _, when) in enumerate(flows) if when == "*"}
    parts = [
        f'<bpmn:{tag} id="{id_}" name="{id_}"'
        + (f' default="{defaults[id_]}"' if id_ in defaults else "")
        + f">{inner}</bpmn:{tag}>"
        for id_, (tag, inner) in nodes.items()
    ]
    for n, (source, target, when) in enumerate(flows):
        condition = (
            f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{when}</bpmn:conditionExpression>'
            if when not in ("", "*")
            else ""
        )
        parts.append(
            f'<bpmn:sequenceFlow id="f{n}" sourceRef="{source}" targetRef="{target}">{condition}'
            "</bpmn:sequenceFlow>"
        )
    return f"{_HEAD}{''.join(parts)}</bpmn:process></bpmn:definitions>"


def loop() -> str:
    """A person's task in a loop of 5,200 rounds."""
    nodes = {
        "s": ("startEvent", ""),
        "prep": ("scriptTask", "<bpmn:script>i = 0</bpmn:script>"),
        "m": ("exclusiveGateway", ""),
        "u": ("userTask", ""),
        "inc": ("scriptTask", "<bpmn:script>i = i + 1</bpmn:script>"),
        "x": ("exclusiveGateway", ""),
        "e": ("endEvent", ""),
    }
    flows = [("s", "prep", ""), ("prep", "m", ""), ("m", "u", ""), ("u", "inc", ""), ("inc", "x", "")]
    return diagram(nodes, [*flows, ("x", "m", "i &lt; 5200"), ("x", "e", "*")])


def many() -> str:
    """A person's task for each of a list."""
    repeat = (
        "<bpmn:multiInstanceLoopCharacteristics>"
        "<bpmn:loopDataInputRef>reps</bpmn:loopDataInputRef><bpmn:loopDataOutputRef>votes</bpmn:loopDataOutputRef>"
        '<bpmn:inputDataItem id="rep" name="rep"/><bpmn:outputDataItem id="v" name="v"/>'
        "</bpmn:multiInstanceLoopCharacteristics>"
    )
    nodes = {"s": ("startEvent", ""), "vote": ("userTask", repeat), "e": ("endEvent", "")}
    return diagram(nodes, [("s", "vote", ""), ("vote", "e", "")])


def middle() -> str:
    """39 shapes, 20 of them people's tasks: a decision, two splits, a script, a chain."""
    nodes: dict[str, tuple[str, str]] = {"s": ("startEvent", ""), "e": ("endEvent", "")}
    flows: list[tuple[str, str, str]] = []
    last = "s"
    number = 0
    for block in range(4):
        split, join, script = f"split{block}", f"join{block}", f"script{block}"
        nodes[split] = nodes[join] = ("parallelGateway", "")
        nodes[script] = ("scriptTask", f"<bpmn:script>total{block} = {block}</bpmn:script>")
        flows.append((last, split, ""))
        for _ in range(3):
            number += 1
            nodes[f"u{number}"] = ("userTask", "")
            flows += [(split, f"u{number}", ""), (f"u{number}", join, "")]
        fork, merge = f"fork{block}", f"merge{block}"
        nodes[fork] = nodes[merge] = ("exclusiveGateway", "")
        flows += [(join, script, ""), (script, fork, "")]
        for way in ("a", "b"):
            number += 1
            nodes[f"u{number}"] = ("userTask", "")
            flows += [(fork, f"u{number}", "total0 == 0" if way == "a" else "*"), (f"u{number}", merge, "")]
        last = merge
    return diagram(nodes, [*flows, (last, "e", "")])


class Life:
    """A case that is kept only as bytes, as the application keeps it."""

    def __init__(self, xml: str, data: dict[str, Any]) -> None:
        from workflows.engine import Instance
        from workflows.model import World
        from workflows.parsing import compile_process

        self.load, self.world = Instance.load, World(now=NOW)
        self.definition = compile_process({"process.bpmn": xml})
        self.blob = Instance.start(self.definition, data, self.world).save()
        self.completed = False

    def step(self) -> float:
        """Complete the first open task; the seconds it took."""
        begin = time.perf_counter()
        case = self.load(self.definition, self.blob, self.world)
        task = case.open_tasks()[0]
        case.complete(task.ref, {"v" if task.item is not None else task.element: 1})
        self.blob = case.save()
        taken = time.perf_counter() - begin
        self.completed = case.completed
        return taken


def growth(name: str, xml: str, data: dict[str, Any], *, young: int, old: int, samples: int) -> float:
    """How a step after `old` steps compares with one after `young`; measured by turns."""
    lives = []
    for age in (young, old):
        life = Life(xml, data)
        for _ in range(age):
            life.step()
        lives.append(life)
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(samples):
        for life, seconds in zip(lives, taken, strict=True):
            seconds.append(life.step())
    before, after = (statistics.median(seconds) for seconds in taken)
    print(f"{name:44} {before * 1e3:7.3f} ms → {after * 1e3:7.3f} ms   × {after / before:.2f}")
    return after / before


def ours_per_second(rounds: int = 12) -> float:
    """Steps a second over whole lives of the middle process."""
    xml, taken = middle(), []
    for _ in range(rounds):
        life = Life(xml, {})
        while not life.completed:
            taken.append(life.step())
    return len(taken) / sum(taken)


def stock_per_second(rounds: int = 2) -> float:
    """The same with the library as it is. Only in a process that has not applied our patches."""
    from SpiffWorkflow import TaskState
    from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
    from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
    from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser
    from SpiffWorkflow.spiff.serializer.config import SPIFF_CONFIG

    parser = SpiffBpmnParser()
    parser.add_bpmn_str(middle().encode())
    spec = parser.get_spec("p")
    serializer = BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure(SPIFF_CONFIG))
    count, begin = 0, time.perf_counter()
    for _ in range(rounds):
        workflow = BpmnWorkflow(spec, {})
        workflow.do_engine_steps()
        blob = serializer.serialize_json(workflow)
        while True:
            workflow = serializer.deserialize_json(blob)
            ready = workflow.get_tasks(state=TaskState.READY, manual=True)
            if not ready:
                break
            ready[0].run()
            workflow.do_engine_steps()
            blob = serializer.serialize_json(workflow)
            count += 1
    return count / (time.perf_counter() - begin)


def main() -> int:
    """Print the figures; 1 when a step has grown too much."""
    if sys.argv[1:] == ["stock"]:
        print(stock_per_second())
        return 0
    grown = [
        growth("loop, step 50 → step 5,000", loop(), {}, young=50, old=5000, samples=150),
        growth(
            "multi-instance of 400, step 20 → step 370",
            many(),
            {"reps": list(range(400))},
            young=20,
            old=370,
            samples=25,
        ),
    ]
    ours = ours_per_second()
    stock = float(
        subprocess.run([sys.executable, __file__, "stock"], check=True, capture_output=True, text=True).stdout
    )
    print(
        f"{'steps a second, middle process':44} ours {ours:,.0f}, stock {stock:,.0f}   × {ours / stock:.1f}"
    )
    return 1 if max(grown) > MOST_GROWTH else 0


if __name__ == "__main__":
    raise SystemExit(main())
