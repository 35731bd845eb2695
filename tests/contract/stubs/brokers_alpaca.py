"""Alpaca's trading service: a market in memory behind its HTTP and its websocket."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from pytest_httpserver import HTTPServer

from core.adapters.brokers.alpaca import AlpacaBroker
from core.adapters.brokers.alpaca.client import Timeouts
from tests.contract.stubs.alpaca.answers import stamp
from tests.contract.stubs.alpaca.service import Service
from tests.contract.stubs.alpaca.stream import UpdateServer, stream_server
from tests.contract.stubs.exchange import Exchange, ExchangeFill, ExchangeOrder, Start

KEYS = ("stub-key", "stub-secret")
LAST_PRICE = Decimal(100)
LISTED = ("TSLA", "AAPL", "BRK.B", "HTBR")
BY_HAND = {"order_class": "simple", "role": "", "asset_class": "us_equity"}
QUICK = Timeouts(settle=5, pause=0.02)


def install(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> AlpacaVenue:
    """Start the service, and point the adapter at it."""
    monkeypatch.setenv("APCA_API_KEY_ID", KEYS[0])
    monkeypatch.setenv("APCA_API_SECRET_KEY", KEYS[1])
    monkeypatch.setenv("APCA_API_BASE_URL", httpserver.url_for("").rstrip("/"))
    return AlpacaVenue(httpserver)


class AlpacaVenue:
    """The market behind Alpaca; `service` and `stream` say what else can happen to it."""

    def __init__(self, server: HTTPServer) -> None:
        self.exchange = Exchange(Start.LAST, dict.fromkeys(LISTED, LAST_PRICE))
        self.exchange.unborrowable.add("HTBR")
        self.exchange.listeners.append(self._publish)
        self.service = Service(self.exchange, KEYS)
        self.url = server.url_for("").rstrip("/")
        server.expect_request(re.compile(r"^/v2/")).respond_with_handler(self.service)
        self.stream: UpdateServer = stream_server()
        self.stream.reset(KEYS)
        self.broker = self.reconnect()

    def trade(self, symbol: str, price: Decimal, shares: Decimal | None = None) -> None:
        self.exchange.trade(symbol, price, shares)

    def halt(self, symbol: str) -> None:
        self.exchange.halt(symbol)

    def open(self, symbol: str) -> None:
        self.exchange.open(symbol)

    def end_session(self) -> None:
        self.exchange.end_session()

    def trade_by_hand(self, symbol: str, quantity: Decimal, price: Decimal) -> str:
        return self.exchange.trade_by_hand(symbol, quantity, price).client_order_id

    def reconnect(self, timeouts: Timeouts = QUICK) -> AlpacaBroker:
        broker = AlpacaBroker(KEYS, self.url, stream_url=self.stream.url, timeouts=timeouts)
        broker.connect()
        return broker

    def _publish(self, event: str, order: ExchangeOrder, fill: ExchangeFill | None) -> None:
        order.note = order.note or BY_HAND | {"intent": f"{order.side}_to_open"}
        message = {
            "event": event,
            "timestamp": stamp(order.updated_at),
            "order": self.service.tell(order, nested=False),
        }
        if fill is not None:
            message |= {
                "execution_id": fill.id,
                "price": str(fill.price),
                "qty": str(fill.quantity),
            }
        self.stream.publish(message)
