"""Plans and limits that a person changed: there is no trade to compare, and no cost to split."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise

from core.analysis.discipline.actual import NEW_YORK
from core.analysis.discipline.imported import NOON
from core.domain.lifecycle import TacticEvent, TacticEventKind, Track
from core.domain.overrides import Override, OverrideKind
from core.domain.risk import PolicyVersion, RiskPolicy, looser_limits

EDITS = frozenset(
    {TacticEventKind.SUPERSEDED, TacticEventKind.CANCELLED, TacticEventKind.CORRECTED}
)
RUN = re.compile(r"[a-z0-9_]+@(?:\d{8}T\d{6}Z|[0-9a-f]{16})")
MACHINES = ("", "desk", "broker", "replay")


def is_person(actor: str) -> bool:
    """Tell whether an actor is neither a run, nor a policy, nor the desk itself."""
    is_run = RUN.fullmatch(actor) is not None
    return not is_run and actor not in MACHINES and not actor.startswith("policy:")


def plans_edited(events: Iterable[TacticEvent], account: str) -> list[Override]:
    """Return what a person did to a plan itself, and not to its order."""
    return [
        _edited(event, account)
        for event in events
        if event.kind in EDITS and event.track is Track.PLAN and is_person(event.actor)
    ]


def _edited(event: TacticEvent, account: str) -> Override:
    return Override(
        kind=OverrideKind.PLAN_EDITED,
        case_id=f"change:{event.event_id}",
        account=account,
        occurred_at=event.occurred_at,
        session_date=event.occurred_at.astimezone(NEW_YORK).date(),
        symbol=event.tactic_id.split("-")[1],
        tactic_id=event.tactic_id,
        version=event.version,
        scenario_key=event.scenario_key,
        said=str(event.payload.get("reason") or "")[:500],
        planned={"plan": "as it was committed to"},
        actual={"plan": event.kind.value, "by": event.actor},
    )


def limits_raised(history: Iterable[PolicyVersion], account: str) -> list[Override]:
    """Return each policy that allows more than the one before; `history` is in its order."""
    return [
        _raised(before.policy, after, names, account)
        for before, after in pairwise(history)
        if (names := looser_limits(before.policy, after.policy))
    ]


def _raised(
    before: RiskPolicy, after: PolicyVersion, names: Sequence[str], account: str
) -> Override:
    day = after.session_date
    return Override(
        kind=OverrideKind.RISK_LIMIT_RAISED,
        case_id=f"change:policy:{day}:{before.version}:{after.policy.version}",
        account=account,
        occurred_at=datetime.combine(day, NOON, NEW_YORK),
        session_date=day,
        planned={name: _value(before, name) for name in names},
        actual={name: _value(after.policy, name) for name in names},
        has_time=False,
    )


def _value(policy: RiskPolicy, name: str) -> str:
    """Return a limit by its name in the file, as in `guards.trades_per_day`."""
    found: object = policy.model_dump(mode="json")
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return "off" if found is None else str(found)
