"""An order's family as the desk's one order with its legs, and whose fills its orders bring."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from core.adapters.alpaca_rest import parsing
from core.adapters.brokers.alpaca.families import Family, Owner, leg_of
from core.adapters.brokers.alpaca.wire import ZERO, WireOrder
from core.domain.orders import Order, OrderLeg, OrderStatus
from core.domain.trading import FillLeg

SMALLEST = Decimal("1e-9")  # of an order for an amount of money, which names no shares


def to_order(family: Family) -> Order:
    """Return the order.

    Raises: UnexpectedResponseError for one that the desk has no words for.
    """
    with parsing("order"):
        return _to_order(family)


def _to_order(family: Family) -> Order:
    order, quantity = family.order, family.order.quantity
    status, filled, average = _progress(family)
    return Order(
        client_order_id=family.key,
        venue_order_id=family.original.id,
        symbol=order.underlying,
        side=order.order_side,
        quantity=quantity or filled or SMALLEST,
        purpose=family.purpose,
        kind=order.order_kind,
        limit_price=abs(order.limit_price) if order.limit_price else None,
        stop_price=order.stop_price,
        bracket=family.bracket,
        legs=tuple(_order_legs(family)),
        status=status,
        filled_quantity=filled,
        average_fill_price=average,
        submitted_at=family.original.submitted_at,
        updated_at=max(each.updated_at for each in (order, *family.exits)),
        reason="" if quantity else "it is for an amount of money, not for shares",
    )


def owners(family: Family) -> dict[str, Owner]:
    """Return whose fills the family's orders bring."""
    own = FillLeg.ENTRY if family.is_entry else FillLeg.EXIT
    if family.order.order_class == "oco":
        own = FillLeg.TARGET
    found = {family.original.id: own, family.order.id: own}
    if family.order.is_several:
        found |= {each.id: own for each in family.order.legs}
    found |= {each.id: leg for each, leg in _exits(family)}
    external = family.is_foreign
    return {
        order_id: Owner(family.key, FillLeg.EXTERNAL if external else leg)
        for order_id, leg in found.items()
    }


def _progress(family: Family) -> tuple[OrderStatus, Decimal, Decimal | None]:
    """Return status, shares and average price; a pair of exits is as far as both together."""
    order = family.order
    if order.order_class != "oco":
        return order.order_status, order.filled, order.average_price
    parts = [each for each in (order, *order.legs) if each.filled and each.average_price]
    filled = sum((each.filled for each in parts), ZERO)
    paid = sum((each.filled * (each.average_price or ZERO) for each in parts), ZERO)
    if filled and filled >= (family.original.quantity or ZERO):
        status = OrderStatus.FILLED
    elif family.is_working:
        status = OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.ACCEPTED
    else:
        status = order.order_status
    return status, filled, paid / filled if filled else None


def _exits(family: Family) -> Iterator[tuple[WireOrder, FillLeg]]:
    for each in family.exits:
        yield each, FillLeg.TIME_STOP if each in family.closes else leg_of(each)


def _order_legs(family: Family) -> Iterator[OrderLeg]:
    """Yield the exits, but not those that wait for the entry: they protect nothing yet."""
    own = [(family.order, FillLeg.TARGET)] if family.order.order_class == "oco" else []
    for each, leg in [*own, *_exits(family)]:
        if family.waits(each) or (each.status == "replaced" and not each.filled):
            continue
        yield OrderLeg(
            leg=leg,
            venue_order_id=each.id,
            price=each.stop_price if leg is FillLeg.STOP else each.limit_price,
            quantity=each.quantity or each.filled or SMALLEST,
            filled_quantity=each.filled,
            status=each.order_status,
        )
