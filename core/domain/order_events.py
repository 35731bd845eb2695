"""What happens on the way of an order: appended events, of which none is ever changed."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pydantic import Field

from core.domain.base import Frozen, Symbol, UtcDatetime, content_sha256
from core.domain.orders import FilledQuantity, Order, OrderLeg, OrderStatus
from core.domain.trading import FillLeg, OrderPrice


class OrderEventKind(StrEnum):
    """The states of the order path.

    checked, refused: by the desk's own rules, before anything is sent. unknown: sent, and nobody
    knows whether it arrived. found: a look-up has shown it. external: at the broker, not ours.
    """

    INTENDED = "intended"
    CHECKED = "checked"
    REFUSED = "refused"
    SENDING = "sending"
    ACKNOWLEDGED = "acknowledged"
    UNKNOWN = "unknown"
    FOUND = "found"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    REPLACED = "replaced"
    STOP_MOVED = "stop_moved"
    EXTERNAL = "external"
    ADOPTED = "adopted"


Kind = OrderEventKind
ENDS = {
    OrderStatus.CANCELED: Kind.CANCELED,
    OrderStatus.EXPIRED: Kind.EXPIRED,
    OrderStatus.REJECTED: Kind.REJECTED,
    OrderStatus.REPLACED: Kind.REPLACED,
}


class OrderEvent(Frozen):
    """One appended fact about an order.

    quantity: of a fill all that has filled so far, else what is ordered. price: of a fill the
    average, of a moved stop the new one, in USD per share. detail: the leg, or the reason.
    """

    client_order_id: str = Field(min_length=1)
    symbol: Symbol
    kind: OrderEventKind
    occurred_at: UtcDatetime
    actor: str
    quantity: FilledQuantity | None = None
    price: OrderPrice | None = None
    detail: str = Field(default="", max_length=500)

    @property
    def event_id(self) -> str:
        """The same fact has the same id, whoever notices it and however its numbers are written."""
        parts = self.model_dump(mode="json", exclude={"actor", "quantity", "price"})
        return content_sha256(
            {**parts, "quantity": _digits(self.quantity), "price": _digits(self.price)}
        )


def is_progress(before: Order | None, after: Order) -> bool:
    """Tell whether an order may have come from one telling to the other by itself.

    It may not be open again after its end, nor be another size, nor have less filled.
    """
    if before is None:
        return True
    rises = after.status.is_open and not before.status.is_open
    shrinks = after.filled_quantity < before.filled_quantity
    return not rises and not shrinks and after.quantity == before.quantity


def is_completion(before: Order | None, after: Order, asked: Decimal) -> bool:
    """Tell whether an order that was sent in parts has got one more of them.

    It grows up to the quantity that was asked for, and is open again, if only for the new part.
    """
    if before is None or not before.quantity < after.quantity <= asked:
        return False
    return after.filled_quantity >= before.filled_quantity


def events_between(before: Order | None, after: Order, actor: str) -> tuple[OrderEvent, ...]:
    """Return what happened to an order between two tellings of its broker, in order.

    before: None where this is the first that is heard of it.
    """
    changes = (
        *_arrival(before, after),
        *_terms(before, after),
        *_fill(before, after),
        *_legs(before, after),
        *_end(before, after),
    )
    common: dict[str, Any] = {
        "client_order_id": after.client_order_id,
        "symbol": after.symbol,
        "actor": actor,
        "occurred_at": after.updated_at,
    }
    return tuple(OrderEvent(**{**common, **change}) for change in changes)


Change = dict[str, Any]


def _arrival(before: Order | None, after: Order) -> Iterator[Change]:
    if before is None and after.status is not OrderStatus.REJECTED:
        yield {
            "kind": Kind.ACKNOWLEDGED,
            "occurred_at": after.submitted_at,
            "quantity": after.quantity,
            "price": after.limit_price or after.stop_price,
        }


def _terms(before: Order | None, after: Order) -> Iterator[Change]:
    if before is None:
        return
    if (before.quantity, before.limit_price) != (after.quantity, after.limit_price):
        yield {"kind": Kind.REPLACED, "quantity": after.quantity, "price": after.limit_price}
    if after.stop_price is not None and before.stop_price != after.stop_price:
        yield {"kind": Kind.STOP_MOVED, "price": after.stop_price}


def _fill(before: Order | None, after: Order) -> Iterator[Change]:
    if after.filled_quantity > (before.filled_quantity if before else 0):
        is_whole = after.status is OrderStatus.FILLED
        yield {
            "kind": Kind.FILLED if is_whole else Kind.PARTIALLY_FILLED,
            "quantity": after.filled_quantity,
            "price": after.average_fill_price,
        }


def _legs(before: Order | None, after: Order) -> Iterator[Change]:
    """Yield what became of the exits; a broker may move a stop by giving it a new number."""
    known = {leg.venue_order_id: leg for leg in before.legs} if before else {}
    stops = {leg.price for leg in before.open_legs if leg.leg is FillLeg.STOP} if before else set()
    for leg in after.legs:
        yield from _leg_changes(known.get(leg.venue_order_id), leg)
        if stops and leg.leg is FillLeg.STOP and leg.status.is_open and leg.price not in stops:
            yield {"kind": Kind.STOP_MOVED, "price": leg.price, "quantity": leg.quantity}


def _leg_changes(before: OrderLeg | None, after: OrderLeg) -> Iterator[Change]:
    if after.filled_quantity > (before.filled_quantity if before else 0):
        is_whole = after.status is OrderStatus.FILLED
        yield {
            "kind": Kind.FILLED if is_whole else Kind.PARTIALLY_FILLED,
            "quantity": after.filled_quantity,
            "price": after.price,
            "detail": after.leg.value,
        }
    if before and before.status.is_open and after.status in ENDS:
        yield {"kind": ENDS[after.status], "detail": after.leg.value}


def _end(before: Order | None, after: Order) -> Iterator[Change]:
    has_ended = after.status in ENDS and (before is None or before.status is not after.status)
    if has_ended:
        yield {"kind": ENDS[after.status], "detail": after.reason}


def _digits(value: Decimal | None) -> str | None:
    """Return a number without the zeros that one answer writes and the next leaves out."""
    return None if value is None else f"{value.normalize():f}"
