"""Events of tactics, as steps record them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from core.domain.lifecycle import TacticEvent, TacticEventKind
from core.domain.tactics import Tactic
from core.flow.catalog import StepContext


def event(
    tactic: Tactic,
    kind: TacticEventKind,
    context: StepContext,
    payload: Mapping[str, str | float | int | bool | None] | None = None,
    occurred_at: datetime | None = None,
) -> TacticEvent:
    return TacticEvent(
        tactic_id=tactic.tactic_id,
        version=tactic.version,
        scenario_key=tactic.scenario.key if tactic.scenario else "",
        kind=kind,
        occurred_at=occurred_at or context.as_of,
        actor=context.run_id,
        payload=dict(payload or {}),
    )
