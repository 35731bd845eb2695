"""The way of an order, as steps record it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.domain.order_events import (
    OrderEvent,
    OrderEventKind,
    events_between,
    is_completion,
    is_progress,
)
from core.domain.orders import Order, OrderRequest
from core.errors import (
    EffectParkedError,
    EffectRejectedError,
    EffectUnclearError,
    NotFoundError,
)
from core.flow.catalog import StepContext
from core.storage.storage import Storage

# What surely has not happened, and may be tried again, is no event.
FAILURES: dict[type[Exception], OrderEventKind] = {
    EffectRejectedError: OrderEventKind.REJECTED,
    EffectUnclearError: OrderEventKind.UNKNOWN,
    EffectParkedError: OrderEventKind.UNKNOWN,
}


@dataclass(frozen=True)
class Teller:
    """Who records what happens to orders, and when. actor: a run or a person."""

    storage: Storage
    actor: str
    at: datetime

    def tell(self, asked: OrderRequest | Order, kind: OrderEventKind, detail: str = "") -> None:
        """Record what becomes of an order, as it is asked for or as the broker tells it."""
        event = OrderEvent(
            client_order_id=asked.client_order_id,
            symbol=asked.symbol,
            kind=kind,
            occurred_at=self.at,
            actor=self.actor,
            quantity=asked.quantity,
            price=asked.limit_price or asked.stop_price,
            detail=detail[:500],
        )
        self.storage.order_events.append([event])

    def tell_failure(self, asked: OrderRequest, error: Exception) -> None:
        """Record that an order was refused, or that nobody knows whether it arrived."""
        kinds = (kind for failure, kind in FAILURES.items() if isinstance(error, failure))
        kind = next(kinds, None)
        if kind is not None:
            self.tell(asked, kind, str(error))

    def keep(
        self, orders: Sequence[Order], known: Mapping[str, Order] | None = None
    ) -> list[Order]:
        """Keep what the broker told of orders, with the events that lie between.

        What no order can do by itself, such as opening again after its end, is not kept: the
        comparison with the broker tells of it. known: the last telling of each, where it is at
        hand. Return what was news.
        """
        trading = self.storage.trading
        if known is None:
            known = {order.client_order_id: order for order in trading.latest_orders()}
        pairs = [(known.get(order.client_order_id), order) for order in orders]
        news = [
            (before, _in_sequence(before, order))
            for before, order in pairs
            if before != order and self._may_follow(before, order)
        ]
        events = [event for pair in news for event in events_between(*pair, self.actor)]
        self.storage.order_events.append(events)
        trading.append_orders([order for _, order in news])
        return [order for _, order in news]

    def _may_follow(self, before: Order | None, order: Order) -> bool:
        if is_progress(before, order):
            return True
        try:
            asked = self.storage.trading.request(order.client_order_id).quantity
        except NotFoundError:
            return False
        return is_completion(before, order, asked)


def _in_sequence(before: Order | None, order: Order) -> Order:
    """Return the order as the newest telling, whatever the broker's clock says."""
    if before is None or order.updated_at >= before.updated_at:
        return order
    return order.model_copy(update={"updated_at": before.updated_at})


def teller_of(context: StepContext) -> Teller:
    """Return who records what happens to orders in a step."""
    return Teller(context.services.storage, context.run_id, context.as_of)
