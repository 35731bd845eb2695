"""What happened on the way of each order."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.order_events import OrderEvent
from core.storage.connection import Store
from core.storage.facts import FactTable

PATH = FactTable(
    name="order_path",
    model=OrderEvent,
    keys=("event_id",),
    columns=(
        "event_id", "client_order_id", "symbol", "kind", "occurred_at", "actor", "quantity",
        "price", "detail",
    ),
)  # fmt: skip


class OrderEvents:
    """The events of all orders; one that is told again adds nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, events: Sequence[OrderEvent]) -> int:
        return PATH.append(self._store, events)

    def of_order(self, client_order_id: str) -> list[OrderEvent]:
        """Return the events of one order in the order they occurred."""
        condition = "client_order_id = ? order by occurred_at, rowid"
        return PATH.find(self._store, condition, (client_order_id,))
