"""The lots of one position from flat to flat, closed first in, first out."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from core.domain.imports import (
    OPTION_MULTIPLIER,
    BrokerActivity,
    InstrumentKind,
    OpenLot,
    RoundTrip,
)

NOTHING = Decimal(0)
MICRO = Decimal("0.000001")


@dataclass
class Lot:
    """Signed quantity, negative when short; `cash` is negative when it was paid for."""

    opened_date: date
    quantity: Decimal
    cash: Decimal


@dataclass
class Side:
    """What was entered, or exited: quantity, and quantity times price."""

    quantity: Decimal = NOTHING
    worth: Decimal = NOTHING

    def add(self, quantity: Decimal, price: Decimal) -> None:
        self.quantity += quantity
        self.worth += quantity * price

    @property
    def price(self) -> float:
        return float(self.worth / self.quantity)


class OpenTrade:
    """A position in one stock or contract, with everything since it was last flat."""

    def __init__(self, account: str, instrument: str, kind: InstrumentKind) -> None:
        self._account, self._instrument, self._kind = account, instrument, kind
        self._multiplier = OPTION_MULTIPLIER if kind == "option" else 1
        self._lots: deque[Lot] = deque()
        self._entered, self._exited = Side(), Side()
        self._fees = NOTHING
        self._last: BrokerActivity | None = None
        self._first_date = date.min
        self._is_long = True
        self.days: set[date] = set()
        self.pnl = NOTHING

    @property
    def held(self) -> Decimal:
        return sum((lot.quantity for lot in self._lots), NOTHING)

    def open(self, row: BrokerActivity, quantity: Decimal, cash: Decimal) -> None:
        """Add a lot of a signed quantity that cost or brought `cash`."""
        if not self._lots:
            self._first_date, self._is_long = row.activity_date, quantity > 0
        self._lots.append(Lot(row.activity_date, quantity, cash))
        self._note(row, self._entered, quantity, cash)

    def close(self, row: BrokerActivity, quantity: Decimal, cash: Decimal) -> None:
        """Take a quantity of at most what is held out of the oldest lots, for `cash`."""
        self.pnl += cash
        left = quantity
        while left:
            lot = self._lots[0]
            part = min(left, abs(lot.quantity))
            share = share_of(lot.cash, part, abs(lot.quantity))
            self.pnl += share
            lot.cash -= share
            lot.quantity -= part if self._is_long else -part
            left -= part
            if not lot.quantity:
                self._lots.popleft()
        self._note(row, self._exited, -quantity if self._is_long else quantity, cash)

    def rescale(self, after: Decimal) -> None:
        """Apply a split that leaves `after` of what is held; costs stay."""
        before = self.held
        if not before or after == before:
            return
        for lot in self._lots:
            lot.quantity = share_of(after, lot.quantity, before)
        self._lots[-1].quantity += after - self.held
        for side in (self._entered, self._exited):
            side.quantity = share_of(after, side.quantity, before)

    def lots(self) -> list[OpenLot]:
        return [
            OpenLot(
                account=self._account, instrument=self._instrument, kind=self._kind,
                side="long" if lot.quantity > 0 else "short", opened_date=lot.opened_date,
                quantity=abs(lot.quantity), cost=-lot.cash,
            )
            for lot in self._lots
        ]  # fmt: skip

    def round_trip(self, unknown_days: set[date]) -> RoundTrip:
        """Return the whole, now that it is flat."""
        if self._last is None:
            raise ValueError("nothing was opened")
        return RoundTrip(
            account=self._account,
            instrument=self._instrument,
            kind=self._kind,
            side="long" if self._is_long else "short",
            opened_date=self._first_date,
            closed_date=self._last.activity_date,
            quantity=self._entered.quantity,
            entry_price=self._entered.price,
            exit_price=self._exited.price,
            fees=self._fees,
            realized_pnl=self.pnl,
            ended_by=self._last.code,
            order_unknown=bool(self.days & unknown_days),
        )

    def _note(self, row: BrokerActivity, side: Side, signed: Decimal, cash: Decimal) -> None:
        quantity = abs(signed)
        plain = abs(cash) / (quantity * self._multiplier)
        side.add(quantity, plain if row.price is None else row.price)
        self._fees += self._fee(row, signed, cash)
        self._last = row
        self.days.add(row.activity_date)

    def _fee(self, row: BrokerActivity, signed: Decimal, cash: Decimal) -> Decimal:
        """Return what the net amount lacks; of a fraction the printed price is rounded too far."""
        if row.price is None or signed != signed.to_integral_value():
            return NOTHING
        return max(NOTHING, -signed * row.price * self._multiplier - cash)


def share_of(whole: Decimal, part: Decimal, total: Decimal) -> Decimal:
    """Return the part of a whole, to a millionth; all of it exactly."""
    return whole if part == total else (whole * part / total).quantize(MICRO)
