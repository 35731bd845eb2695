"""How fast the engine is: durable steps, and from the trigger to the first step."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import Row
from core.flow.catalog import StepContext, step
from core.flow.client import RunClient
from core.flow.control import Control
from core.flow.database import open_database
from core.flow.engine import Engine
from core.flow.spec import Node, Workflow

STEPS, TRIGGERS, AS_OF = 300, 20, "2026-11-24T13:15:00+00:00"


@step("bench.note")
def note(_context: StepContext) -> dict[str, Any]:
    return {"at": time.time()}


def run() -> list[Row]:
    """Measure on SQLite in a new folder: (name, value, unit, target)."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'engine.sqlite'}"
        database = open_database(url)
        client = RunClient(database)
        control = Control(client, {"chain": _chain(), "one": _one()})
        services: Any = None
        engine = Engine(database, url, services)
        engine.start()
        try:
            latencies = [_trigger_ms(control, number) for number in range(TRIGGERS)]
            rate = _steps_per_second(control)
        finally:
            engine.stop()
            client.close()
            database.dispose()
    return [
        ("durable steps on SQLite", rate, "1/s", ">= 150"),
        ("trigger to first step, median", statistics.median(latencies), "ms", "<= 300"),
        ("trigger to first step, slowest", max(latencies), "ms", "-"),
    ]


def _one() -> Workflow:
    return Workflow(id="one", title="One", nodes=(Node(id="a", uses="bench.note"),))


def _chain() -> Workflow:
    nodes = [
        Node(id=f"n{index}", uses="bench.note", needs=(f"n{index - 1}",) if index else ())
        for index in range(STEPS)
    ]
    return Workflow(id="chain", title="Chain", nodes=tuple(nodes))


def _trigger_ms(control: Control, number: int) -> float:
    started = time.time()
    run_id = control.start("one", {"as_of": AS_OF}, f"one@bench{number}")
    control.wait(run_id, 30)
    output = control.steps(run_id)[0].output
    assert output is not None
    return (float(output["at"]) - started) * 1000


def _steps_per_second(control: Control) -> float:
    run_id = control.start("chain", {"as_of": AS_OF})
    control.wait(run_id, 120)
    steps = control.steps(run_id)
    first, last = steps[0].started_at, steps[-1].ended_at
    assert first is not None
    assert last is not None
    return STEPS / (last - first).total_seconds()


if __name__ == "__main__":
    for name, value, unit, target in run():
        print(f"{name}: {value:.1f} {unit} (target {target})")
