"""Orders on both sides: what is missing, foreign, unclear, or told differently."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from core.domain.orders import Order, OrderStatus
from core.domain.reconciliation.books import plain
from core.domain.reconciliation.differences import Adoption, Difference, DifferenceKind, Scope
from core.domain.reconciliation.sides import BrokerSide, DeskSide, Unclear
from core.domain.trading import CENT

Kind = DifferenceKind
GONE = "the broker has no such order"


def order_differences(desk: DeskSide, broker: BrokerSide) -> Iterator[Difference]:
    """Yield what differs about orders; one that was not asked for is not judged."""
    for unclear in desk.unclear:
        yield _unclear(unclear)
    for key, mine in desk.orders.items():
        told = broker.orders.get(key)
        if told is not None:
            yield from _told_differently(desk, mine, told)
        elif mine.is_working and key in broker.absent:
            yield _missing(mine)
    for key, told in broker.orders.items():
        if told.is_working and not desk.is_known(key):
            yield _unknown(told)


def _unclear(unclear: Unclear) -> Difference:
    return Difference(
        kind=Kind.ORDER_UNCLEAR,
        subject=unclear.key,
        symbols=(unclear.symbol,) if unclear.symbol else (),
        desk=f"sent, without an answer: {unclear.note}",
        broker="has not shown it yet",
        blocks=Scope.SYMBOL if unclear.symbol else Scope.ALL,
    )


def _missing(mine: Order) -> Difference:
    gone = {
        "status": OrderStatus.CANCELED,
        "legs": (),
        "reason": GONE,
        "updated_at": mine.updated_at + timedelta(microseconds=1),
    }
    return Difference(
        kind=Kind.ORDER_MISSING,
        subject=mine.client_order_id,
        symbols=(mine.symbol,),
        desk=in_words(mine),
        broker=GONE,
        adoption=Adoption(order=mine.model_copy(update=gone)),
    )


def _unknown(told: Order) -> Difference:
    return Difference(
        kind=Kind.ORDER_UNKNOWN,
        subject=told.client_order_id,
        symbols=(told.symbol,),
        desk="has sent no such order",
        broker=in_words(told),
        adoption=Adoption(order_ids=(told.client_order_id,)),
    )


def _told_differently(desk: DeskSide, mine: Order, told: Order) -> Iterator[Difference]:
    if mine.quantity != told.quantity:
        ratio = desk.splits.get(mine.symbol)
        is_split = ratio is not None and is_scaled(mine, told, ratio)
        yield _differs(Kind.SPLIT if is_split else Kind.ORDER_TERMS, mine, told)
    elif mine.status is not told.status:
        yield _differs(Kind.ORDER_STATUS, mine, told)
    elif mine.filled_quantity != told.filled_quantity:
        yield _differs(Kind.ORDER_FILLED, mine, told)


def is_scaled(mine: Order, told: Order, ratio: Decimal) -> bool:
    """Tell whether an order is the other one after a split; prices to the cent."""
    pairs = [(mine.limit_price, told.limit_price), (mine.stop_price, told.stop_price)]
    return told.quantity == mine.quantity * ratio and all(
        (before is None) == (after is None)
        and (before is None or after is None or abs(before / ratio - after) <= CENT)
        for before, after in pairs
    )


def _differs(kind: DifferenceKind, mine: Order, told: Order) -> Difference:
    # The newest telling counts, and a broker's clock may be behind the one of the telling before.
    newest = max(mine.updated_at, told.updated_at) + timedelta(microseconds=1)
    return Difference(
        kind=kind,
        subject=mine.client_order_id,
        symbols=(mine.symbol,),
        desk=in_words(mine),
        broker=in_words(told),
        adoption=Adoption(order=told.model_copy(update={"updated_at": newest})),
    )


def in_words(order: Order) -> str:
    """Return what an order is and how far it has come."""
    price = order.limit_price or order.stop_price
    at = f" at {price}" if price is not None else ""
    what = f"{order.side} {plain(order.quantity)} {order.symbol} {order.kind}{at}"
    return f"{what}: {order.status}, {plain(order.filled_quantity)} filled"
