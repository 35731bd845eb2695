"""Reads orders as Alpaca has them: one by either of its ids, or a list of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Any

from core.adapters.alpaca_rest import NAME
from core.adapters.brokers.alpaca.calls import Calls
from core.adapters.brokers.alpaca.client import TradingClient, sdk
from core.adapters.brokers.alpaca.wire import WireOrder, parse_order
from core.errors import UnexpectedResponseError

PAGE, MAX_PAGES = 500, 40


class OrderReader:
    def __init__(self, client: TradingClient, calls: Calls) -> None:
        self._client = client
        self._calls = calls

    def by_client_id(self, key: str) -> WireOrder | None:
        """Return an order, maybe without its legs; None where Alpaca is sure that it has none."""
        call = partial(self._client.get_order_by_client_id, key)
        return self._calls.find("order_by_client_id", call, parse_order)

    def by_id(self, order_id: str) -> WireOrder | None:
        """Return one order with its legs."""
        nested = sdk.GetOrderByIdRequest(nested=True)
        call = partial(self._client.get_order_by_id, order_id, nested)
        return self._calls.find("order", call, parse_order)

    def must(self, order_id: str) -> WireOrder:
        """Return an order that another one names."""
        order = self.by_id(order_id)
        if order is None:
            reason = f"an order refers to {order_id}, which is not there"
            raise UnexpectedResponseError(NAME, "order", reason)
        return order

    def open_orders(self) -> Iterator[WireOrder]:
        """Yield what Alpaca calls open, each order by itself."""
        return self._list({"status": "open", "nested": "false"}, None)

    def heads(self, symbols: Iterable[str], since: datetime | None) -> Iterator[WireOrder]:
        """Yield orders with their legs, newest first, back to what came in at `since`.

        symbols: none for all, as of an order of several options, which has none itself.
        """
        names = ",".join(sorted(symbols))
        wanted = {"status": "all", "nested": "true"} | ({"symbols": names} if names else {})
        return self._list(wanted, since)

    def _list(self, params: dict[str, str], since: datetime | None) -> Iterator[WireOrder]:
        asked = params | {"limit": str(PAGE), "direction": "desc"}
        for _ in range(MAX_PAGES):
            call = partial(self._client.get, "/orders", dict(asked))
            page = self._calls.read("orders", call, _parse_orders)
            yield from page
            if len(page) < PAGE or (since and page[-1].submitted_at < since):
                return
            asked["before_order_id"] = page[-1].id
        reason = f"more than {MAX_PAGES * PAGE:,} orders"
        raise UnexpectedResponseError(NAME, "orders", reason)


def _parse_orders(answer: Any) -> list[WireOrder]:
    if not isinstance(answer, list):
        raise TypeError("it is not a list")
    return [parse_order(order) for order in answer]
