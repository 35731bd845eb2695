"""What a look at the whole account asks of the broker, each question a second time if need be.

A look is made of a question an order: if one lost answer spoiled it, the account of a busy day
could not be read any more while one answer in a thousand is lost. Asking changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import TypeVar

from core.domain.orders import Order
from core.domain.trading import Account, Asset, Fill, Position
from core.errors import UnavailableError, UnexpectedResponseError
from core.ports import Broker

PAUSE_S = 0.2

AnswerT = TypeVar("AnswerT")


@dataclass(frozen=True)
class BrokerReads:
    """The broker's questions, and nothing that it could be told to do."""

    broker: Broker

    @property
    def name(self) -> str:
        return self.broker.name

    def connect(self) -> None:
        self.broker.connect()

    def account(self) -> Account:
        return _asked(self.broker.account)

    def positions(self) -> list[Position]:
        return _asked(self.broker.positions)

    def open_orders(self) -> list[Order]:
        return _asked(self.broker.open_orders)

    def order_by_client_id(self, client_order_id: str) -> Order | None:
        return _asked(lambda: self.broker.order_by_client_id(client_order_id))

    def fills_since(self, cursor: str) -> tuple[list[Fill], str]:
        return _asked(lambda: self.broker.fills_since(cursor))

    def asset(self, symbol: str) -> Asset:
        return _asked(lambda: self.broker.asset(symbol))


def _asked(ask: Callable[[], AnswerT]) -> AnswerT:
    try:
        return ask()
    except (UnavailableError, UnexpectedResponseError):
        Event().wait(PAUSE_S)
        return ask()
