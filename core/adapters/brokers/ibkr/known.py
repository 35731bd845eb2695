"""All that is known of one order of the desk: what was sent, what IBKR shows, what it traded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from core.adapters.brokers.ibkr.hours import NEW_YORK, closes_after
from core.adapters.brokers.ibkr.record import Entry
from core.adapters.brokers.ibkr.refs import Part
from core.adapters.brokers.ibkr.sightings import ZERO, Sighting
from core.domain.orders import OrderRequest, OrderStatus, Purpose, TimeInForce
from core.domain.trading import Fill, FillLeg, OrderSide

LEGS = {Part.STOP: FillLeg.STOP, Part.TARGET: FillLeg.TARGET, Part.CLOSE: FillLeg.TIME_STOP}


@dataclass(frozen=True)
class Known:
    """entry: None for an order that is not ours. unsent: what stands at the gateway alone.

    at: IBKR's time of all this. since: from when on IBKR remembers.
    """

    name: str
    shown: tuple[Sighting, ...]
    unsent: tuple[Sighting, ...]
    entry: Entry | None
    fills: tuple[Fill, ...]
    at: datetime
    since: datetime

    @property
    def main(self) -> Sighting | None:
        """Return the order itself, without its exits, as far as IBKR shows it."""
        mains = [one for one in self.shown if one.part is Part.MAIN]
        return next((one for one in mains if one.status.is_open), mains[-1] if mains else None)

    @property
    def exits(self) -> tuple[Sighting, ...]:
        return tuple(one for one in self.shown if one.part is not Part.MAIN)

    @property
    def open_parts(self) -> tuple[Sighting, ...]:
        """Return what still works of it, apart from a close that is under way."""
        return tuple(o for o in self.shown if o.status.is_open and o.part is not Part.CLOSE)

    @property
    def open_exits(self) -> tuple[Sighting, ...]:
        return tuple(one for one in self.open_parts if one.part is not Part.MAIN)

    @property
    def has_stop(self) -> bool:
        return any(one.part is Part.STOP for one in self.open_exits)

    @property
    def leaving(self) -> Decimal:
        """Return the shares that an open close will trade."""
        return sum((one.rest for one in self.shown if one.part is Part.CLOSE), ZERO)

    @property
    def side(self) -> OrderSide:
        if self.entry is not None:
            return self.entry.request.side
        if self.main is not None:
            return self.main.side
        own = [fill for fill in self.fills if fill.leg not in LEGS.values()]
        return own[0].side if own else self.exits[0].side.opposite

    @property
    def is_entry(self) -> bool:
        """Tell whether it took on a position; without our record, exits on its side deny it."""
        if self.entry is not None:
            return self.entry.request.purpose is Purpose.ENTRY
        return self.main is None or all(one.side is not self.main.side for one in self.exits)

    @property
    def own_fills(self) -> tuple[Fill, ...]:
        """Return the fills of the order itself; an OCO pair's limit is its take-profit."""
        leg = main_leg(self.entry.request) if self.entry else None
        if leg is not None:
            return tuple(fill for fill in self.fills if fill.leg is leg)
        return tuple(fill for fill in self.fills if fill.leg not in LEGS.values())

    @property
    def filled(self) -> Decimal:
        """Return what the order itself traded; where IBKR lost executions, as its status says."""
        return max(_shares(self.own_fills), self.main.filled if self.main else ZERO)

    @property
    def is_nothing(self) -> bool:
        """Tell whether it never was an order at IBKR, whatever exits of it stand there.

        A gateway may refuse an entry and take the exits that were sent with it.
        """
        if self.main is not None or self.has_traded:
            return False
        if self.entry is None:
            return not self.open_parts
        return self.entry.seen is None and not self.may_be_forgotten

    @property
    def leftovers(self) -> tuple[Sighting, ...]:
        """Return what must end before the order can be sent."""
        return (*self.unsent, *(self.open_parts if self.is_nothing else ()))

    @property
    def has_traded(self) -> bool:
        return bool(self.fills) or any(one.filled for one in self.shown)

    @property
    def held(self) -> Decimal:
        """Return the shares that an entry took on and that its exits have not given back."""
        if not self.is_entry:
            return ZERO
        told = _shares(fill for fill in self.fills if fill.leg in LEGS.values())
        return max(ZERO, self.filled - max(told, sum((one.filled for one in self.exits), ZERO)))

    @property
    def quantity(self) -> Decimal:
        if self.main is not None and self.main.status.is_open:
            return self.main.total
        if self.entry is not None:
            return self.entry.request.quantity
        totals = [one.total for one in self.shown]
        return max([self.filled, self.main.total] if self.main else [self.filled, *totals])

    def status(self) -> OrderStatus:
        """Return how the order itself stands; what has ended stays as it was first seen to end."""
        if self.main is not None and self.main.status.is_open:
            return self.main.status
        if self.filled and self.filled >= self.quantity:
            return OrderStatus.FILLED
        seen = self.entry.seen if self.entry else None
        return seen.status if seen and not seen.status.is_open else self._ended()

    def _ended(self) -> OrderStatus:
        if self.main is not None and self.main.status is not OrderStatus.CANCELED:
            return self.main.status
        if self.main is None and (self.open_exits or self.leaving):
            return OrderStatus.FILLED  # they come to life with their entry's fill
        return OrderStatus.EXPIRED if self._has_expired() else OrderStatus.CANCELED

    def _has_expired(self) -> bool:
        entry = self.entry
        if entry is None or entry.request.time_in_force is not TimeInForce.DAY:
            return False
        return entry.cancel_asked_at is None and self.at >= closes_after(entry.sent_at)

    @property
    def may_be_forgotten(self) -> bool:
        """Tell whether it was sent on another day, or before IBKR lost its memory."""
        if self.entry is None:
            return False
        sent_at = self.entry.sent_at
        return sent_at < self.since or _day(sent_at) != _day(self.at)


def main_leg(request: OrderRequest) -> FillLeg:
    """Return as what a trade of the order itself is booked."""
    if request.purpose is Purpose.ENTRY:
        return FillLeg.ENTRY
    return FillLeg.TARGET if request.is_oco else FillLeg.EXIT


def _shares(fills: Iterable[Fill]) -> Decimal:
    return sum((fill.quantity for fill in fills), ZERO)


def _day(moment: datetime) -> date:
    return moment.astimezone(NEW_YORK).date()
