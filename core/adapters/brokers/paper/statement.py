"""What the paper venue says of an order and of its exits."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from core.adapters.brokers.paper.matching import ZERO, covered
from core.adapters.brokers.paper.ticket import OWN_FILLS, Ticket
from core.domain.orders import Order, OrderLeg, OrderStatus
from core.domain.trading import CENT, FillLeg


def to_order(ticket: Ticket) -> Order:
    request = ticket.request
    return Order(
        client_order_id=request.client_order_id,
        venue_order_id=f"paper-{ticket.number}",
        symbol=request.symbol,
        side=request.side,
        quantity=request.quantity,
        purpose=request.purpose,
        kind=request.kind,
        limit_price=request.limit_price,
        stop_price=request.stop_price,
        bracket=request.bracket,
        legs=tuple(_legs(ticket)),
        status=ticket.status,
        filled_quantity=ticket.filled,
        average_fill_price=_average(ticket),
        submitted_at=ticket.submitted_at,
        updated_at=ticket.updated_at,
    )


def _average(ticket: Ticket) -> Decimal | None:
    """Return what the order itself traded at, to a hundredth of a cent."""
    legs = set(OWN_FILLS) if not ticket.asked.is_oco else set(FillLeg)
    fills = [fill for fill in ticket.fills if fill.leg in legs]
    paid = sum((fill.quantity * fill.price for fill in fills), ZERO)
    return (paid / ticket.filled).quantize(CENT * CENT) if fills else None


def _legs(ticket: Ticket) -> Iterator[OrderLeg]:
    """Return the exits of what was entered; before that there is nothing to protect."""
    working, bracket = ticket.working, ticket.request.bracket
    entered = ticket.asked.quantity if ticket.asked.is_oco else working.entered
    if bracket is None or not entered:
        return
    sold, held = ticket.traded(FillLeg.STOP), working.held
    quantity = held + sold or entered
    yield OrderLeg(
        leg=FillLeg.STOP,
        venue_order_id=f"paper-{ticket.number}-stop",
        price=bracket.stop_price,
        quantity=quantity,
        filled_quantity=sold,
        status=_status(quantity, sold, held),
    )
    yield from _target_legs(ticket, entered, ZERO if working.is_stopped else held)


def _target_legs(ticket: Ticket, entered: Decimal, held: Decimal) -> Iterator[OrderLeg]:
    parts = covered(ticket.request, entered, ticket.traded(FillLeg.TARGET))
    for place, (target, quantity, gone) in enumerate(parts, 1):
        if quantity:
            yield OrderLeg(
                leg=FillLeg.TARGET,
                venue_order_id=f"paper-{ticket.number}-target-{place}",
                price=target.price,
                quantity=quantity,
                filled_quantity=gone,
                status=_status(quantity, gone, held),
            )


def _status(quantity: Decimal, filled: Decimal, held: Decimal) -> OrderStatus:
    """Return the status of an exit, which works for as long as something is held."""
    if filled == quantity:
        return OrderStatus.FILLED
    if not held:
        return OrderStatus.CANCELED
    return OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.ACCEPTED
