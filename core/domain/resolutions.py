"""How plans ended."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from core.domain.base import Frozen, Number, Price, UtcDatetime

Note = Annotated[str, Field(min_length=1, max_length=400)]

DECIDED_R = 0.05  # up to here, in R and either way, a result is breakeven


class Outcome(StrEnum):
    TARGET = "target"
    PARTIAL = "partial"
    STOPPED = "stopped"
    TIME_STOP = "time_stop"
    BREAKEVEN = "breakeven"
    INVALIDATED = "invalidated"
    NEVER_TRIGGERED = "never_triggered"
    CANCELLED = "cancelled"

    @property
    def was_traded(self) -> bool:
        """Whether the plan was filled by rule; what was not is no loss and in no statistic."""
        return self not in {Outcome.INVALIDATED, Outcome.NEVER_TRIGGERED, Outcome.CANCELLED}


class Resolver(StrEnum):
    """Who said how a plan ended: the replay, or a person."""

    AUTO = "auto"
    MANUAL = "manual"


class Resolution(Frozen):
    """How a plan ended when replayed by rule (SYSTEM), and what the account made of it (ACTUAL).

    slippage_r: how much worse the account's average entry was than the plan's worst entry, in R of
    the planned unit; below zero it was better. None where the account did not enter, and in
    results that were stored before it was measured.
    followed_rules: whether the account did what the plan says. None while nobody has held its
    orders and fills against the plan, which nothing does yet: that its fills stayed within the
    plan would not show what was left undone.
    """

    tactic_id: str
    version: int
    scenario_key: str
    outcome: Outcome
    system_r: Number
    actual_r: Number | None
    mae_r: Number
    mfe_r: Number
    bars_held: int = Field(ge=0)
    entry_price: Price | None
    exit_price: Price | None
    exit_reason: str
    resolved_at: UtcDatetime
    label: str
    slippage_r: Number | None = None
    resolver: Resolver = Resolver.AUTO
    followed_rules: bool | None = None
    notes: tuple[Note, ...] = Field(default=(), max_length=8)
