"""What one guard says, what all of them ask for together, and the locks that follow."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal

from core.domain.base import Frozen, Number, UtcDatetime
from core.domain.flow import TradingState
from core.domain.scenarios import Side

Unit = Literal["fraction", "count", "minutes", "seconds", "r"]


class GuardName(StrEnum):
    """In the order in which they are shown; the last four look at one order."""

    DAY_LOSS = "day_loss"
    WEEK_LOSS = "week_loss"
    DRAWDOWN = "drawdown"
    TRADES_PER_DAY = "trades_per_day"
    LOSS_STREAK = "loss_streak"
    COOLDOWN = "cooldown"
    STOP_GAIN = "stop_gain"
    ORDERS_PER_MINUTE = "orders_per_minute"
    PRICE_COLLAR = "price_collar"
    STALE_QUOTE = "stale_quote"
    SPREAD = "spread"


class GuardAction(StrEnum):
    """What a guard asks for, from the mildest on. refuse: the order at hand, or all for a while."""

    NONE = "none"
    REFUSE = "refuse"
    REDUCE_ONLY = "reduce_only"
    HALT = "halt"

    @property
    def state(self) -> TradingState:
        return _STATES.get(self, TradingState.ACTIVE)


_STATES = {
    GuardAction.REDUCE_ONLY: TradingState.REDUCE_ONLY,
    GuardAction.HALT: TradingState.HALTED,
}
SEVERITY = tuple(TradingState)


def stricter_state(one: TradingState, other: TradingState) -> TradingState:
    return max(one, other, key=SEVERITY.index)


class GuardVerdict(Frozen):
    """What one guard says; it is breached as soon as its value reaches its limit.

    value: in `unit`, None where nobody could tell; of a cool-down the minutes that are left.
    until: when it ends by itself, None where it does not.
    """

    name: GuardName
    unit: Unit
    value: Number | None
    limit: Number
    breached: bool
    action: GuardAction = GuardAction.NONE
    until: UtcDatetime | None = None
    detail: str

    @property
    def share(self) -> float | None:
        """Return the part of the limit that is used, 1 and more where it is reached."""
        if self.value is None:
            return None
        return self.value / self.limit if self.limit > 0 else float(self.breached)


class GuardLock(Frozen):
    """No entry of a side until a moment."""

    name: GuardName
    side: Side | Literal["both"] = "both"
    until: UtcDatetime
    reason: str

    def holds(self, side: Side, now: datetime) -> bool:
        return now < self.until and self.side in {"both", side}


class GuardReport(Frozen):
    """What all guards of the account said at one moment."""

    session_date: date
    checked_at: UtcDatetime
    policy_version: str
    verdicts: tuple[GuardVerdict, ...]

    @property
    def asks_for(self) -> TradingState:
        """Return the state of the desk that the strictest of them asks for."""
        return max((one.action.state for one in self.verdicts), key=SEVERITY.index)

    @property
    def breaches(self) -> tuple[GuardVerdict, ...]:
        """Return those that ask for something, the strictest first."""
        order = tuple(GuardAction)
        asking = (one for one in self.verdicts if one.action is not GuardAction.NONE)
        return tuple(sorted(asking, key=lambda one: -order.index(one.action)))

    @property
    def locks(self) -> tuple[GuardLock, ...]:
        return tuple(
            GuardLock(name=one.name, until=one.until, reason=one.detail)
            for one in self.breaches
            if one.action is GuardAction.REFUSE and one.until is not None
        )

    def says_the_same(self, other: GuardReport) -> bool:
        """Tell whether it differs in numbers alone, of the same session and policy."""
        return self._gist() == other._gist()

    def _gist(self) -> dict[str, Any]:
        said = {"name", "limit", "breached", "action", "until"}
        return self.model_dump(
            include={"session_date": True, "policy_version": True, "verdicts": {"__all__": said}}
        )
