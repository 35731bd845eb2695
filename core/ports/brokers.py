"""The broker: the account, its orders and fills."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from threading import Event
from typing import Protocol, runtime_checkable

import pandas as pd

from core.domain.orders import Order, OrderChange, OrderRequest
from core.domain.trading import (
    Account,
    Asset,
    BrokerCapabilities,
    Fill,
    MarketClock,
    Position,
    TradeUpdate,
)


@runtime_checkable
class Broker(Protocol):
    """Holds the account and the orders. Contract: tests/contract/test_brokers.py.

    A call that reads raises UnavailableError where the broker did not answer: no answer is never
    "nothing there". A call that writes raises RejectedError (final), UnavailableError (surely not
    done) or OutcomeUnknownError (look it up before anything else). Both: AuthenticationError.
    """

    name: str
    timeout_s: float

    def capabilities(self) -> BrokerCapabilities: ...

    def connect(self) -> None:
        """Make sure that the broker can be asked; connected already does nothing."""
        ...

    def close(self) -> None: ...

    def clock(self) -> MarketClock: ...

    def account(self) -> Account: ...

    def positions(self) -> list[Position]: ...

    def asset(self, symbol: str) -> Asset: ...

    def open_orders(self) -> list[Order]:
        """Return every order of the account that may still trade, ours or not, exits included.

        The exits of a bracket are legs of its order, which stays in the list as long as one works.
        """
        ...

    def order_by_client_id(self, client_order_id: str) -> Order | None:
        """Return None only where the broker is sure that there is no such order."""
        ...

    def fills_since(self, cursor: str) -> tuple[list[Fill], str]:
        """Return the fills after `cursor` ("" for all), oldest first, and the new cursor.

        The fills of a bracket's exits carry the client order id of the entry.
        """
        ...

    def submit(self, request: OrderRequest, submitted_at: datetime) -> Order:
        """Submit once: the same `client_order_id` again returns the same order."""
        ...

    def replace(self, client_order_id: str, change: OrderChange) -> Order:
        """Change an open order in place; what is so already does nothing."""
        ...

    def cancel(self, client_order_id: str) -> None:
        """Cancel what of an order has not filled. A closed or unknown one does nothing.

        The exits of an entry that has filled, wholly or in part, go on protecting what it holds.
        """
        ...

    def close_position(self, client_order_id: str, reason: str) -> None:
        """Cancel the exits of one order and flatten what is left of it. A flat one does nothing."""
        ...

    def suspend(self) -> None:
        """Let the broker refuse every new order, closing ones too."""
        ...

    def resume(self) -> None: ...

    def listen(self, on_update: Callable[[TradeUpdate], None], stop: Event) -> None:
        """Tell of changes until `stop` is set, over reconnects; after each a gap is told."""
        ...


@runtime_checkable
class SimulatedVenue(Protocol):
    """A broker that trades against bars it is shown, as the paper broker does."""

    def process(self, bars: pd.DataFrame) -> None:
        """Match the open orders against the bars, in time order; bars seen before do nothing."""
        ...
