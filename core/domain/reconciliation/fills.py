"""Fills on both sides: what the broker's orders tell, against the fills that have arrived."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from core.domain.orders import Order, Purpose
from core.domain.reconciliation.books import ZERO, Traded, plain
from core.domain.reconciliation.differences import Adoption, Difference, DifferenceKind, Scope
from core.domain.reconciliation.sides import BrokerSide, DeskSide
from core.domain.trading import CENT, Fill, FillLeg, OrderSide

Kind = DifferenceKind
INFERRED = "inferred"


def fill_differences(desk: DeskSide, broker: BrokerSide) -> Iterator[Difference]:
    """Yield the fills that are missing here, and those of orders that are not the desk's."""
    arrived = {(order.client_order_id, order.symbol): order for order in desk.traded}
    for key, mine in desk.orders.items():
        yield from _missing(broker.orders.get(key, mine), arrived.get((key, mine.symbol)))
    foreign: defaultdict[str, list[Traded]] = defaultdict(list)
    for order in desk.traded:
        if not desk.is_known(order.client_order_id):
            foreign[order.symbol].append(order)
    for symbol, orders in sorted(foreign.items()):
        yield _unknown(symbol, orders)


def _missing(told: Order, arrived: Traded | None) -> Iterator[Difference]:
    """Compare one order. What an exit has filled stands in its legs, in its own number or both."""
    bought, sold = (arrived.bought, arrived.sold) if arrived else (ZERO, ZERO)
    own, back = (bought, sold) if told.side is OrderSide.BUY else (sold, bought)
    legs = sum((leg.filled_quantity for leg in told.legs), ZERO)
    is_exit = told.purpose is Purpose.EXIT
    least = max(told.filled_quantity, legs) if is_exit else told.filled_quantity
    most = told.filled_quantity + legs if is_exit else told.filled_quantity
    if own < least:
        fills = _inferred(told, arrived, own) if not legs or not is_exit else ()
        yield _differs(Kind.FILL_MISSING, told, (own, least), fills)
    elif own > most:
        yield _differs(Kind.ORDER_FILLED, told, (own, most), ())
    if not is_exit and back < legs:
        yield _differs(Kind.FILL_MISSING, told, (back, legs), (), "its exits")


def _differs(
    kind: DifferenceKind,
    told: Order,
    quantities: tuple[Decimal, Decimal],
    fills: tuple[Fill, ...],
    part: str = "it",
) -> Difference:
    here, there = quantities
    return Difference(
        kind=kind,
        subject=told.client_order_id,
        symbols=(told.symbol,),
        desk=f"{plain(here)} {told.symbol} of {part} have arrived",
        broker=f"{plain(there)} {told.symbol} of {part} have filled",
        adoption=Adoption(fills=fills),
    )


def _inferred(told: Order, arrived: Traded | None, own: Decimal) -> tuple[Fill, ...]:
    """Return the fill that must be missing: the average price of the whole tells its price."""
    average = told.average_fill_price
    if average is None or (arrived and arrived.bought and arrived.sold):
        return ()
    missing = plain(told.filled_quantity - own)
    paid = abs(arrived.paid) if arrived else ZERO
    price = plain(((average * told.filled_quantity - paid) / missing).quantize(CENT / 100))
    if price <= 0:
        return ()
    return (
        Fill(
            fill_id=f"{told.client_order_id}#{INFERRED}-{plain(told.filled_quantity)}",
            client_order_id=told.client_order_id,
            symbol=told.symbol,
            side=told.side,
            leg=FillLeg.EXIT if told.purpose is Purpose.EXIT else FillLeg.ENTRY,
            quantity=missing,
            price=price,
            fees=ZERO,
            filled_at=told.updated_at,
            label=INFERRED,
        ),
    )


def _unknown(symbol: str, orders: list[Traded]) -> Difference:
    """Tell of the trades of others; those that have left nothing are in nobody's way."""
    net = sum((order.net for order in orders), ZERO)
    count = sum(order.fills for order in orders)
    return Difference(
        kind=Kind.FILL_UNKNOWN,
        subject=symbol,
        symbols=(symbol,),
        desk="has sent none of these orders",
        broker=f"{count} fill(s) of {len(orders)} order(s), together {plain(net):+} {symbol}",
        blocks=Scope.SYMBOL if net else Scope.NOTHING,
        adoption=Adoption(order_ids=tuple(sorted(order.client_order_id for order in orders))),
    )
