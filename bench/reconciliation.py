"""Desk against broker: 1,000 orders and 200 positions over HTTP, as every five minutes."""

from __future__ import annotations

import logging
import multiprocessing
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from core.adapters.alerts.log import LogAlerts
from core.adapters.brokers.alpaca import AlpacaBroker
from core.domain.orders import Bracket, OrderRequest, TakeProfit
from core.domain.reconciliation import ReconciliationRun, RunState, reconcile
from core.domain.trading import OrderSide
from core.flow.database import open_database
from core.flow.effects import EffectLedger
from core.steps.account_reading import Reading, read_account
from core.steps.desk_side import desk_side, known
from core.steps.order_events import Teller
from core.steps.reconcile import compare
from core.storage.storage import Storage

Row = tuple[str, float, str, str]
SYMBOLS, ORDERS, ROUNDS = 200, 1_000, 7
KEYS = ("bench-key", "bench-secret")
TARGET = "<= 500 ms"


def run() -> list[Row]:
    """Return (name, value, unit, target) of each measure."""
    with served() as url, tempfile.TemporaryDirectory() as folder:
        services = _services(Path(folder), url)
        try:
            return _measured(services)
        finally:
            services.storage.close()


def _measured(services: Any) -> list[Row]:
    broker = services.adapters.broker
    for request in requests():
        services.storage.trading.append_request(request, request.client_order_id[6:-6], 1)
    started = time.perf_counter()
    _look(services)
    first = (time.perf_counter() - started) * 1000
    again = statistics.median(_milliseconds(lambda: _look(services)) for _ in range(ROUNDS))
    desk = desk_side(services, datetime.now(UTC))
    reading = read_account(broker, known(services, desk))
    assert isinstance(reading, Reading)
    assert (len(reading.side.orders), len(reading.side.positions)) == (ORDERS, SYMBOLS)
    pure = statistics.median(
        _milliseconds(lambda: reconcile(desk, reading.side)) for _ in range(ROUNDS)
    )
    what = f"{ORDERS:,} orders and {SYMBOLS} positions"
    return [
        (f"{what} reconciled over HTTP", again, "ms", TARGET),
        (f"{what} caught up with after a night", first, "ms", ""),
        (f"{what} compared, without asking", pure, "ms", ""),
    ]


def _look(services: Any) -> ReconciliationRun:
    done = compare(services, Teller(services.storage, "bench", datetime.now(UTC)))
    assert done.state is RunState.AGREED, (done.no_answer, done.differences[:2])
    return done


def _services(folder: Path, url: str) -> Any:
    """The stores of a desk over a broker, and of its other services what the steps touch."""
    database = open_database(f"sqlite:///{folder / 'engine.sqlite'}")
    adapters = SimpleNamespace(
        broker=AlpacaBroker(KEYS, url), alerts=LogAlerts(folder / "alerts.jsonl")
    )
    return SimpleNamespace(
        storage=Storage(folder / "desk.duckdb"),
        ledger=EffectLedger(database, "bench"),
        adapters=adapters,
    )


def requests() -> Iterator[OrderRequest]:
    """Yield five entries a symbol, of which the first one is at the market."""
    for number in range(ORDERS):
        place, symbol = divmod(number, SYMBOLS)
        limit = Decimal(100 if place == 0 else 50 + place)
        yield OrderRequest(
            client_order_id=f"order:TBOW-S{symbol:03}-20261124-D{place}:entry",
            symbol=f"S{symbol:03}",
            side=OrderSide.BUY,
            quantity=Decimal(1),
            limit_price=limit,
            bracket=Bracket(
                stop_price=limit - 5,
                take_profits=(TakeProfit(price=limit + 60, quantity=Decimal(1)),),
            ),
        )


@contextmanager
def served() -> Iterator[str]:
    """Give the address of a market with these orders in it, served by a process of its own."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,))
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("stop")
        process.join(10)


def serve(pipe: Connection) -> None:
    """Serve the stub that the broker's contract is tested with, until told to stop."""
    from pytest_httpserver import HTTPServer

    from tests.contract.stubs.alpaca.service import Service
    from tests.contract.stubs.exchange import Exchange, Start

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    names = [f"S{number:03}" for number in range(SYMBOLS)]
    exchange = Exchange(Start.LAST, dict.fromkeys(names, Decimal(100)))
    service = Service(exchange, KEYS)
    service.is_checked = False
    with HTTPServer("127.0.0.1", 0, threaded=True) as server:
        _fill(exchange)
        server.expect_request(re.compile("^/v2/")).respond_with_handler(service)
        pipe.send(server.url_for("").rstrip("/"))
        pipe.recv()


def _fill(exchange: Any) -> None:
    from core.adapters.brokers.alpaca.request import to_alpaca
    from tests.contract.stubs.alpaca.rules import take

    for request in requests():
        take(exchange, to_alpaca(request).to_request_fields())
    for symbol in list(exchange.last):
        exchange.trade(symbol, Decimal(100))
    for each in (*exchange.fills, *exchange.orders):
        for name in ("filled_at", "submitted_at", "updated_at"):
            if hasattr(each, name):
                object.__setattr__(each, name, getattr(each, name) - timedelta(hours=2))


def _milliseconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000
