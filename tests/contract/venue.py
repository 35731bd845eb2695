"""The other side of a broker: what the sentences of the broker contract make the market do."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from core.ports import Broker


class Venue(Protocol):
    """A simulated market behind one broker adapter.

    Every stub of a broker module offers `install(httpserver, monkeypatch) -> Venue` beside its
    server; the paper broker's is made of bars. Prices in USD per share. A trade reaches market
    orders, limits at or beyond the price and stops that it touches, oldest order first; a stop
    becomes a market order and fills at the price of that trade; with `shares` it fills no more
    than these.
    """

    broker: Broker

    def trade(self, symbol: str, price: Decimal, shares: Decimal | None = None) -> None:
        """Let the market trade at a price."""
        ...

    def halt(self, symbol: str) -> None:
        """Let nothing of a symbol trade, nor be ordered, until `open` is said."""
        ...

    def open(self, symbol: str) -> None: ...

    def end_session(self) -> None:
        """Let the session end: what is good for the day expires."""
        ...

    def trade_by_hand(self, symbol: str, quantity: Decimal, price: Decimal) -> str:
        """Let the operator trade past the desk; a negative one sells. Return its id."""
        ...

    def reconnect(self) -> Broker:
        """Return the broker as a new process would see it: same account, nothing remembered."""
        ...
