"""What was traded: the ACTUAL book."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from core.domain.overrides import NOTHING, BookTrade
from core.domain.scenarios import Side
from core.domain.trading import FillLeg

NEW_YORK = ZoneInfo("America/New_York")
# What no bracket did. The desk flattens what has ended by rule, so that is never early.
FLATTENED = frozenset({FillLeg.EXIT, FillLeg.EXTERNAL, FillLeg.TIME_STOP})
BY_HAND = FLATTENED - {FillLeg.TIME_STOP}


@dataclass(frozen=True)
class Execution:
    """A part of a trade. `value` is quantity times price, in USD."""

    at: datetime
    quantity: Decimal
    value: Decimal
    fees: Decimal
    leg: FillLeg
    order_id: str

    @property
    def price(self) -> Decimal:
        return self.value / self.quantity


@dataclass(frozen=True)
class OrderMove:
    """A protecting order that was changed; `after` is None where a stop was taken away."""

    at: datetime
    what: Literal["stop", "target"]
    before: Decimal
    after: Decimal | None


@dataclass(frozen=True)
class ActualTrade:
    """What was filled, from flat to flat.

    order_id: of the tactic's order, "" where no order of the desk began it. decided_at: when its
    order was sent. ordered: what was asked for, None where nobody knows. has_times: a broker's
    history knows the day alone.
    """

    trade_id: str
    account: str
    symbol: str
    side: Side
    entries: tuple[Execution, ...]
    exits: tuple[Execution, ...]
    decided_at: datetime
    order_id: str = ""
    ordered: Decimal | None = None
    moves: tuple[OrderMove, ...] = ()
    has_times: bool = True
    is_option: bool = False
    label: str = ""

    @property
    def book(self) -> BookTrade:
        executions = (*self.entries, *self.exits)
        return BookTrade(
            side=self.side,
            quantity=_quantity(self.entries),
            entry_value=sum((one.value for one in self.entries), NOTHING),
            exit_value=sum((one.value for one in self.exits), NOTHING),
            fees=sum((one.fees for one in executions), NOTHING),
        )

    @property
    def is_open(self) -> bool:
        return _quantity(self.entries) != _quantity(self.exits)

    @property
    def opened_at(self) -> datetime:
        return self.entries[0].at

    @property
    def closed_at(self) -> datetime | None:
        return None if self.is_open else self.exits[-1].at

    @property
    def session_date(self) -> date:
        return self.opened_at.astimezone(NEW_YORK).date()

    @property
    def entry_price(self) -> Decimal:
        return sum((one.value for one in self.entries), NOTHING) / _quantity(self.entries)

    @property
    def was_stopped(self) -> bool:
        return not self.is_open and self.exits[-1].leg is FillLeg.STOP


def _quantity(executions: Sequence[Execution]) -> Decimal:
    return sum((one.quantity for one in executions), NOTHING)
