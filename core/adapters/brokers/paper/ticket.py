"""One order as the paper venue keeps it: what was asked for, and what has become of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from core.adapters.brokers.paper.matching import ZERO, Execution, Working, match
from core.adapters.brokers.paper.prices import Bar
from core.adapters.brokers.paper.rules import OWN_LEGS, VenueRules, booked_price
from core.domain.base import Frozen
from core.domain.orders import OrderRequest, OrderStatus, Purpose
from core.domain.trading import Fill, FillLeg, OrderPrice, OrderSide

EXITS = (FillLeg.STOP, FillLeg.TARGET, FillLeg.TIME_STOP)
OWN_FILLS = (*OWN_LEGS, FillLeg.EXTERNAL)


class Progress(Frozen):
    """What of an order has become different since it was asked for."""

    limit_price: OrderPrice | None = None
    stop_price: OrderPrice | None = None
    is_triggered: bool = False
    is_stopped: bool = False
    best_price: OrderPrice | None = None


@dataclass(frozen=True)
class Ticket:
    """One order in the book, with what it has traded."""

    number: int
    asked: OrderRequest
    status: OrderStatus
    submitted_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    progress: Progress
    fills: tuple[Fill, ...] = ()

    @cached_property
    def request(self) -> OrderRequest:
        """Return what was asked for, at the prices of now."""
        limit, stop, asked = self.progress.limit_price, self.progress.stop_price, self.asked
        changes: dict[str, object] = {} if limit is None else {"limit_price": limit}
        if stop is not None and asked.bracket is None:
            changes["stop_price"] = stop
        elif stop is not None and asked.bracket is not None:
            changes["bracket"] = asked.bracket.model_copy(update={"stop_price": stop})
        return asked.model_copy(update=changes) if changes else asked

    @cached_property
    def working(self) -> Working:
        """Return what still works of it. The exits of an entry outlive the entry's own end."""
        is_open, is_oco, quantity = self.status.is_open, self.asked.is_oco, self.asked.quantity
        own, has_exits = self.traded(*OWN_FILLS), self.asked.purpose is Purpose.ENTRY
        entered = own if has_exits else ZERO
        if is_oco and is_open:
            entered, has_exits = quantity, True
        return Working(
            request=self.request,
            opening=quantity - own if is_open and not is_oco else ZERO,
            entered=entered,
            taken=self.traded(FillLeg.TARGET) if has_exits else ZERO,
            sold=self.traded(FillLeg.STOP, FillLeg.TIME_STOP) if has_exits else ZERO,
            is_triggered=self.progress.is_triggered,
            is_stopped=self.progress.is_stopped,
            best_price=self.progress.best_price,
        )

    @property
    def is_working(self) -> bool:
        return self.status.is_open or self.working.held > 0

    @property
    def filled(self) -> Decimal:
        """Return the shares that count as the order's own."""
        return self.traded(*(EXITS if self.asked.is_oco else OWN_FILLS))

    def traded(self, *legs: FillLeg) -> Decimal:
        return sum((fill.quantity for fill in self.fills if fill.leg in legs), ZERO)

    def ended(self, status: OrderStatus, at: datetime) -> Ticket:
        return replace(self, status=status, updated_at=at)

    def progressed(self, **changes: Decimal | bool | None) -> Ticket:
        """Return the ticket with another progress, itself where it is no other."""
        if all(getattr(self.progress, name) == value for name, value in changes.items()):
            return self
        return replace(self, progress=self.progress.model_copy(update=changes))

    def after(self, bar: Bar, shares: Decimal, rules: VenueRules) -> Ticket:
        """Return the ticket after a bar. A DAY order may fill until its end, then it expires."""
        after = self._matched(bar, shares, rules)
        expires_at = self.expires_at
        if after.status.is_open and expires_at is not None and bar.ended_at >= expires_at:
            return after.ended(OrderStatus.EXPIRED, expires_at)
        return after

    def booked(
        self, executions: Iterable[Execution], at: datetime, label: str, rules: VenueRules
    ) -> Ticket:
        """Return the ticket with executions, in the status that follows from them."""
        fills = list(self.fills)
        for execution in executions:
            place = 1 + sum(1 for fill in fills if fill.leg is execution.leg)
            fills.append(_fill(self.request, execution, place, at, label, rules))
        is_news = len(fills) > len(self.fills)
        after = replace(self, fills=tuple(fills), updated_at=at) if is_news else self
        status = _open_status(after) if self.status.is_open else self.status
        return after if status is self.status else after.ended(status, at)

    def _matched(self, bar: Bar, shares: Decimal, rules: VenueRules) -> Ticket:
        is_due = bar.started_at >= self.submitted_at and (
            self.expires_at is None or bar.started_at < self.expires_at
        )
        working = self.working if is_due else self._beyond_its_time()
        if not bar.volume or not (working.opening or working.held):
            return self
        matched = match(working, bar, shares)
        after = self.progressed(
            is_triggered=matched.is_triggered,
            is_stopped=matched.is_stopped,
            best_price=matched.best_price,
        )
        return after.booked(matched.executions, bar.started_at, bar.label, rules)

    def _beyond_its_time(self) -> Working:
        """Return what works before an order was sent and after its end: exits of an entry."""
        is_entry = self.asked.purpose is Purpose.ENTRY
        return replace(self.working, opening=ZERO) if is_entry else Working(self.request)


def _open_status(ticket: Ticket) -> OrderStatus:
    """Return the status of an order that was open. An exit takes the rest of its entry away."""
    filled = ticket.filled
    if filled == ticket.asked.quantity:
        return OrderStatus.FILLED
    is_left = ticket.progress.is_stopped or ticket.traded(*EXITS) > 0
    if is_left and ticket.asked.purpose is Purpose.ENTRY:
        return OrderStatus.CANCELED
    return OrderStatus.PARTIALLY_FILLED if filled else ticket.status


def _fill(
    request: OrderRequest,
    execution: Execution,
    place: int,
    at: datetime,
    label: str,
    rules: VenueRules,
) -> Fill:
    leg = execution.leg
    side = traded_side(request, leg)
    price = booked_price(side, execution.price, rules.slippage(request, leg))
    return Fill(
        fill_id=f"{request.client_order_id}#{leg.value}-{place}",
        client_order_id=request.client_order_id,
        symbol=request.symbol,
        side=side,
        leg=leg,
        quantity=execution.quantity,
        price=price,
        fees=rules.fee(execution.quantity, price),
        filled_at=at,
        label=label,
    )


def traded_side(request: OrderRequest, leg: FillLeg) -> OrderSide:
    is_own = request.purpose is Purpose.EXIT or leg is FillLeg.ENTRY
    return request.side if is_own else request.side.opposite
