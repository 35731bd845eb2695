"""Plans, trades and cases of discipline, small and complete."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from core.analysis.discipline.actual import ActualTrade, Execution
from core.analysis.discipline.case import Case, Rules
from core.analysis.discipline.planned import PlannedTrade
from core.analysis.open_position import Replay, ReplayExit
from core.domain.discipline import DisciplinePolicy, Level, LevelLimit
from core.domain.resolutions import Outcome
from core.domain.risk import GuardLimits
from core.domain.scenarios import Grade, Scenario, Side, Target, Trigger
from core.domain.trading import FillLeg

SESSION = date(2024, 3, 4)
OPEN = datetime(2024, 3, 4, 14, 30, tzinfo=UTC)
ORDER = "order:TBOW-ACME-20240304-D1:entry"
POLICY = DisciplinePolicy(
    version="1", window_sessions=5, minimum_level=Level.OBSERVE,
    levels={
        Level.FRICTION: LevelLimit(overrides=2, cost_r=1),
        Level.BLOCK: LevelLimit(overrides=4, cost_r=2),
        Level.HANDS_OFF: LevelLimit(overrides=6, cost_r=4),
    },
    delay_seconds=60, reason_characters=10, enough=5, grace_minutes=15,
    price_tolerance_usd=0.02, size_tolerance_fraction=0.02,
)  # fmt: skip
RULES = Rules.of(POLICY, GuardLimits())


def at(minutes: float) -> datetime:
    """Return a moment of the session, in minutes after its open."""
    return OPEN + timedelta(minutes=minutes)


def scenario(**changes: Any) -> Scenario:
    """Return the plan of the published vectors: long 100-101, stop 98, half at 104 and 107."""
    fields: dict[str, Any] = {
        "key": "L1", "setup": "breakout", "side": Side.LONG, "grade": Grade.B, "score": 0.5,
        "trigger": Trigger(kind="hold_above", price=100), "entry_low": 100, "entry_high": 101,
        "stop": 98, "timebox_sessions": 1, "invalidation": "a close below the stop",
        "targets": (Target(price=104, fraction=0.5), Target(price=107, fraction=0.5)),
    }  # fmt: skip
    return Scenario.model_validate(fields | changes)


def won(**changes: Any) -> Replay:
    """Return the replay that takes both targets, 5 and 10 minutes after the entry."""
    exits = (
        ReplayExit(at=at(5), price=104, fraction=0.5, reason="target"),
        ReplayExit(at=at(10), price=107, fraction=0.5, reason="target"),
    )
    return _replay(Outcome.TARGET, 1.5, exits, "target", changes)


def lost(minute: float = 5, **changes: Any) -> Replay:
    """Return the replay that is stopped so many minutes after the entry."""
    exits = (ReplayExit(at=at(minute), price=98, fraction=1, reason="stop"),)
    return _replay(Outcome.STOPPED, -1, exits, "stop", changes)


def timed_out(minute: float, price: float, **changes: Any) -> Replay:
    exits = (ReplayExit(at=at(minute), price=price, fraction=1, reason="time_stop"),)
    return _replay(Outcome.TIME_STOP, (price - 101) / 3, exits, "time_stop", changes)


def _replay(
    outcome: Outcome, r: float, exits: tuple[ReplayExit, ...], reason: str, changes: dict[str, Any]
) -> Replay:
    fields = {
        "status": "final", "outcome": outcome, "system_r": r, "triggered_at": at(0),
        "entry_at": at(0), "entry_price": 101, "exits": exits, "exit_reason": reason,
    }  # fmt: skip
    return Replay.model_validate(fields | changes)


def plan(**changes: Any) -> PlannedTrade:
    fields: dict[str, Any] = {
        "tactic_id": "TBOW-ACME-20240304-D1", "version": 1, "account": "paper", "symbol": "ACME",
        "session_date": SESSION, "quantity": Decimal(100), "scenario": scenario(),
        "replay": won(), "order_id": ORDER, "label": "real",
    }  # fmt: skip
    return PlannedTrade(**fields | changes)


def part(
    minute: float, quantity: float, price: float, leg: str = "entry", order_id: str = ORDER
) -> Execution:
    amount = Decimal(str(quantity))
    value = amount * Decimal(str(price))
    return Execution(at(minute), amount, value, Decimal(0), FillLeg(leg), order_id)


TARGETS = (part(5, 50, 104, "target"), part(10, 50, 107, "target"))


def trade(*exits: Execution, **changes: Any) -> ActualTrade:
    """Return a trade of 100 at 101 by the plan's order, closed as the plan says by default."""
    fields: dict[str, Any] = {
        "trade_id": "f1", "account": "paper", "symbol": "ACME", "side": Side.LONG,
        "entries": (part(0, 100, 101),), "exits": exits or TARGETS, "decided_at": at(0),
        "order_id": ORDER, "ordered": Decimal(100), "label": "real",
    }  # fmt: skip
    return ActualTrade(**fields | changes)


def case(
    planned: PlannedTrade | None = None, traded: ActualTrade | None = None, **more: Any
) -> Case:
    return Case(RULES, planned, traded, **more)
