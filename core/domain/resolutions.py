"""How plans ended."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from core.domain.base import Frozen, Number, Price, UtcDatetime

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


class Resolution(Frozen):
    """How a plan ended when replayed by rule (SYSTEM), and what the account made of it (ACTUAL)."""

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
