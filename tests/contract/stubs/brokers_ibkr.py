"""A gateway of Interactive Brokers to connect to, and the market behind it."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from core.adapters.brokers.ibkr import IbkrBroker, connection, create
from core.adapters.brokers.ibkr.hours import market_clock
from core.settings import Settings
from tests.contract.stubs.brokers_ibkr_desk import GatewayDesk
from tests.contract.stubs.brokers_ibkr_server import Server
from tests.contract.stubs.brokers_ibkr_wire import error
from tests.contract.stubs.exchange import Exchange, Start

ACCOUNT = "DU7000017"
FIRST_CLIENT = 17
OPENING = datetime(2026, 11, 24, 15, tzinfo=UTC)
LISTED = ("TSLA", "AAPL", "BRK.B", "HTBR")


def install(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> IbkrVenue:
    """Start the gateway, and point the adapter at it; its restart is at no hour.

    Its clients are not paced: that IBKR wants it has a test of its own.
    """
    monkeypatch.setattr(connection, "MESSAGES_A_SECOND", 0)
    venue = IbkrVenue()
    for name, value in venue.settings().items():
        monkeypatch.setenv(name.upper(), str(value))
    return venue


class IbkrVenue:
    """Each connection is one more client, as only one of each id may be connected at a time."""

    def __init__(self, start: Start = Start.FIRST) -> None:
        self.exchange = Exchange(start, dict.fromkeys(LISTED, Decimal(100)))
        self.exchange.unborrowable.add("HTBR")
        self.desk = GatewayDesk(self.exchange, ACCOUNT, OPENING)
        self.server = Server(self.desk)
        self.desk.send = self.server.send
        self.folder = Path(tempfile.mkdtemp(prefix="ibkr-"))
        self._client_ids = count(FIRST_CLIENT)
        weakref.finalize(self, self.server.stop)
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        self.broker = self.reconnect()

    def settings(self, client_id: int = FIRST_CLIENT) -> dict[str, object]:
        return {
            "ibkr_host": "127.0.0.1", "ibkr_port": self.server.port, "ibkr_account": ACCOUNT,
            "ibkr_client_id": client_id, "ibkr_restart_window": "",
        }  # fmt: skip

    def reconnect(self) -> IbkrBroker:
        asked = self.settings(next(self._client_ids))
        broker = create(Settings(_env_file=None, data_dir=self.folder, **asked))
        broker.connect()
        return broker

    def trade(self, symbol: str, price: Decimal, shares: Decimal | None = None) -> None:
        self.exchange.trade(symbol, price, shares)

    def halt(self, symbol: str) -> None:
        self.exchange.halt(symbol)

    def open(self, symbol: str) -> None:
        self.exchange.open(symbol)

    def end_session(self) -> None:
        """End it at its close; the next call finds the market open again."""
        self.desk.now = market_clock(self.desk.now).next_close
        self.exchange.end_session()
        self.desk.now = market_clock(self.desk.now).next_open + timedelta(minutes=30)

    def trade_by_hand(self, symbol: str, quantity: Decimal, price: Decimal) -> str:
        order = self.exchange.trade_by_hand(symbol, quantity, price, ACCOUNT)
        return f"ibkr-{order.note.permanent_id}"

    # faults

    def restart(self) -> None:
        """Restart the gateway: executions are forgotten, and it counts order ids anew."""
        self.desk.now += timedelta(minutes=1)
        self.desk.traded.clear()
        self.desk.counts_anew = True
        self.server.drop_all()

    def lose_servers(self) -> None:
        text = "Connectivity between IBKR and Trader Workstation has been lost."
        self.server.send(None, [error(-1, 1100, text)])

    def find_servers(self) -> None:
        text = "Connectivity between IBKR and Trader Workstation has been restored"
        self.server.send(None, [error(-1, 1102, f"{text} - data maintained.")])
