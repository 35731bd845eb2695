"""Step bodies for the engine's tests; they note every physical execution in a file."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

from core.errors import AuthenticationError, UnavailableError
from core.flow.catalog import StepContext, step


def note(context: StepContext, **more: Any) -> None:
    """Append one line, durable at once, to the file named in the inputs."""
    if path := context.inputs.get("journal"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"node": context.node_id, "pid": os.getpid(), **more}) + "\n")


def noted(path: Path) -> list[str]:
    """Return the nodes that were entered, in order."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line)["node"] for line in lines]


@step("test.echo")
def echo(context: StepContext) -> dict[str, Any]:
    note(context)
    return {
        "as_of": context.as_of.isoformat(),
        "session_date": context.session_date.isoformat(),
        "seen": {key: dict(value) for key, value in context.results.items()},
        **context.options,
    }


@step("test.fail")
def fail(context: StepContext) -> dict[str, Any]:
    note(context)
    raise ValueError("broken on purpose")


@step("test.flaky")
def flaky(context: StepContext) -> dict[str, Any]:
    """Fail until the journal shows `times` tries."""
    note(context)
    tries = noted(Path(context.inputs["journal"])).count(context.node_id)
    if tries <= context.options.get("times", 1):
        kind = AuthenticationError if context.options.get("final") else UnavailableError
        raise kind("test", "read", f"try {tries}")
    return {"tries": tries}


@step("test.effect")
def effect(context: StepContext) -> dict[str, Any]:
    note(context)
    services: Any = context.services
    record = services.ledger.apply("order:one:entry", services.broker, {"quantity": 1})
    return {"external_id": record.external_id}


@step("test.wait")
def wait(context: StepContext) -> dict[str, Any]:
    """Stay inside until a file appears, at most `seconds`."""
    note(context)
    gate, never = Path(context.inputs["gate"]), threading.Event()
    for _ in range(int(context.options.get("seconds", 20) * 50)):
        if gate.exists():
            break
        never.wait(0.02)
    return {"waited": True}


@step("test.suicide")
def suicide(context: StepContext) -> dict[str, Any]:
    """Kill the process the first time, right in the middle of the body."""
    note(context)
    if noted(Path(context.inputs["journal"])).count(context.node_id) == 1:
        os.kill(os.getpid(), 9)
    return {"survived": True}


@step("test.not_json")
def not_json(context: StepContext) -> dict[str, Any]:
    return {"value": float("nan")}
