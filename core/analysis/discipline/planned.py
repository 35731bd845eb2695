"""What was planned, and what the rule made of it: the SYSTEM book."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from core.analysis.open_position import Replay
from core.domain.overrides import MICRO, NOTHING, BookTrade
from core.domain.scenarios import Scenario, Side


@dataclass(frozen=True)
class Decline:
    """The operator let a sized plan go: how, when, and what was typed."""

    how: Literal["rejected", "expired", "cancelled"]
    at: datetime
    reason: str = ""


@dataclass(frozen=True)
class PlannedTrade:
    """A plan that was committed to, with its replay by rule.

    quantity: 0 where the policy or the plan itself says not to play; why is in `do_not_play`.
    scenario: None of a tactic that says to wait. order_id: the key of its order.
    fee_fraction: of the value, each way.
    """

    tactic_id: str
    version: int
    account: str
    symbol: str
    session_date: date
    quantity: Decimal
    scenario: Scenario | None = None
    replay: Replay | None = None
    do_not_play: str = ""
    order_id: str = ""
    declined: Decline | None = None
    fee_fraction: Decimal = NOTHING
    label: str = ""

    @property
    def is_playable(self) -> bool:
        return self.scenario is not None and self.quantity > 0

    @property
    def r_usd(self) -> Decimal:
        """One R in USD: what the planned size loses from the worst entry to the stop."""
        if self.scenario is None:
            return NOTHING
        unit = abs(_decimal(self.scenario.worst_entry) - _decimal(self.scenario.stop))
        return self.quantity * unit

    @property
    def has_ended(self) -> bool:
        return not self.is_playable or (self.replay is not None and self.replay.status == "final")

    @property
    def was_filled(self) -> bool:
        """Whether the rule entered; what it did not enter is a trade of nothing."""
        return self.is_playable and self.replay is not None and self.replay.entry_at is not None

    @property
    def exit_at(self) -> datetime | None:
        """When the rule closed the last part, None where it has not or had nothing to close."""
        if not self.was_filled or not self.has_ended or self.replay is None:
            return None
        return self.replay.exits[-1].at

    def book(self, side: Side) -> BookTrade:
        """Return the system's trade; `side` is that of a trade of nothing."""
        if not self.was_filled or self.replay is None or self.scenario is None:
            return BookTrade(side=side)
        worth = sum(
            (_decimal(leg.fraction) * _decimal(leg.price) for leg in self.replay.exits), NOTHING
        )
        fees = 2 * self.fee_fraction * _decimal(self.scenario.worst_entry) * self.quantity
        return BookTrade(
            side=self.scenario.side,
            quantity=self.quantity,
            entry_value=self.quantity * _decimal(self.replay.entry_price or 0),
            exit_value=(self.quantity * worth).quantize(MICRO),
            fees=fees.quantize(MICRO),
        )


def _decimal(value: float) -> Decimal:
    return Decimal(str(round(value, 6)))
