"""The broker: the account, its orders and fills."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol, runtime_checkable

import pandas as pd

from core.domain.trading import Account, BrokerCapabilities, Fill, Order, OrderRequest, Position


@runtime_checkable
class Broker(Protocol):
    """Holds the account and the orders. Contract: tests/contract/test_brokers.py."""

    name: str
    timeout_s: float

    def capabilities(self) -> BrokerCapabilities: ...

    def account(self) -> Account: ...

    def positions(self) -> list[Position]: ...

    def open_orders(self) -> list[Order]: ...

    def order_by_client_id(self, client_order_id: str) -> Order | None:
        """Return None only where the broker is sure that there is no such order."""
        ...

    def submit(self, request: OrderRequest, submitted_at: datetime) -> Order:
        """Submit once: the same `client_order_id` again returns the same order.

        Raises: RejectedError, UnavailableError (surely not placed), OutcomeUnknownError.
        """
        ...

    def cancel(self, client_order_id: str) -> None:
        """Cancel an open order. Cancelling a closed or unknown one does nothing."""
        ...

    def close_position(self, client_order_id: str, reason: str) -> None:
        """Flatten what is left of one order at the next price. A flat one does nothing."""
        ...

    def fills_since(self, cursor: str) -> tuple[list[Fill], str]:
        """Return the fills after `cursor` ("" for all), oldest first, and the new cursor."""
        ...


@runtime_checkable
class SimulatedVenue(Protocol):
    """A broker that trades against bars it is shown, as the paper broker does."""

    def process(self, bars: pd.DataFrame) -> None:
        """Match the open orders against the bars, in time order; bars seen before do nothing."""
        ...
