"""The step bodies by name; a workflow's YAML refers to them under `uses`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.steps.services import Services


@dataclass(frozen=True)
class StepContext:
    """What a body is given: `as_of` is the desk's instant of the run (aware UTC)."""

    run_id: str
    workflow_id: str
    node_id: str
    as_of: datetime
    session_date: date
    inputs: Mapping[str, Any]
    results: Mapping[str, Mapping[str, Any]]
    options: Mapping[str, Any]
    services: Services


Body = Callable[[StepContext], dict[str, Any]]

STEPS: dict[str, Body] = {}


def step(name: str) -> Callable[[Body], Body]:
    """Register a body. It may run again after a crash and returns small JSON."""

    def register(body: Body) -> Body:
        known = STEPS.setdefault(name, body)
        if known.__qualname__ != body.__qualname__ or known.__module__ != body.__module__:
            raise ValueError(f"step {name!r} is registered twice: {known} and {body}")
        STEPS[name] = body  # a reloaded module brings its newest body
        return body

    return register


def step_names() -> frozenset[str]:
    return frozenset(STEPS)
