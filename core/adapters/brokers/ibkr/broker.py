"""IBKR as the desk's broker: synchronous outside, ib_async on a loop of its own inside."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event
from typing import Any, TypeVar

from core.adapters.brokers.ibkr.address import NAME, Address
from core.adapters.brokers.ibkr.connection import gap
from core.adapters.brokers.ibkr.floor import Floor
from core.adapters.brokers.ibkr.hours import parse_window
from core.adapters.brokers.ibkr.loop import LoopThread
from core.adapters.brokers.ibkr.record import Record
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
from core.errors import OutcomeUnknownError, RejectedError, UnavailableError
from core.settings import Settings

PATIENCE_S = 5.0
TICK_S, RETRY_S = 0.25, 2.0
ANSWERS = 6  # at most so many answers does one call wait for

log = logging.getLogger(__name__)
ResultT = TypeVar("ResultT")


def create(settings: Settings) -> IbkrBroker:
    """Build it; it connects when it is first asked. Raises: ConfigurationError."""
    address = Address(
        host=settings.ibkr_host,
        port=settings.ibkr_port,
        client_id=settings.ibkr_client_id,
        account=settings.ibkr_account,
        window=parse_window(settings.ibkr_restart_window),
    )
    return IbkrBroker(address, settings.data_dir / "ibkr.sqlite")


class IbkrBroker:
    """Trades US stocks in one account, through a TWS or IB Gateway that the operator runs.

    patience_s: how long one answer of the gateway may take.
    """

    name = NAME

    def __init__(
        self,
        address: Address,
        path: Path,
        patience_s: float = PATIENCE_S,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.timeout_s = ANSWERS * patience_s
        self._address = address
        self._record = Record(path)
        self._patience_s, self._now = patience_s, now
        self._start_anew()

    def capabilities(self) -> BrokerCapabilities:
        return BrokerCapabilities(
            bracket=True,
            several_take_profits=False,
            short=True,
            fractional=False,
            is_live=self._address.is_live,
            oco=True,
            trailing=True,
            replace=True,
            stream=True,
        )

    def connect(self) -> None:
        self._read("connect", self._floor.connect())

    def close(self) -> None:
        if self._loop.is_running:
            self._read("close", self._floor.close())
        self._loop.stop()
        self._start_anew()

    def clock(self) -> MarketClock:
        return self._read("clock", self._floor.clock())

    def account(self) -> Account:
        return self._read("account", self._floor.money.account())

    def positions(self) -> list[Position]:
        return self._read("positions", self._floor.money.positions())

    def asset(self, symbol: str) -> Asset:
        return self._read("asset", self._floor.asset(symbol.upper()))

    def open_orders(self) -> list[Order]:
        return self._read("open_orders", self._floor.open_orders())

    def order_by_client_id(self, client_order_id: str) -> Order | None:
        return self._read("order_by_client_id", self._floor.order(client_order_id))

    def fills_since(self, cursor: str) -> tuple[list[Fill], str]:
        """Return the fills after the one that `cursor` names.

        Where the record of them was lost, all that IBKR still tells are told again, under the
        same fill ids.
        """
        fills = self._read("fills_since", self._floor.fills_after(cursor))
        return fills, fills[-1].fill_id if fills else cursor

    def submit(self, request: OrderRequest, submitted_at: datetime) -> Order:
        if submitted_at.tzinfo is None:
            raise RejectedError(NAME, "submit", f"the time {submitted_at} has no zone")
        return self._write("submit", self._floor.submitting.submit(request, submitted_at))

    def replace(self, client_order_id: str, change: OrderChange) -> Order:
        return self._write("replace", self._floor.changing.replace(client_order_id, change))

    def cancel(self, client_order_id: str) -> None:
        self._write("cancel", self._floor.changing.cancel(client_order_id))

    def close_position(self, client_order_id: str, reason: str) -> None:
        log.info("%s is closed: %s", client_order_id, reason)
        self._write("close_position", self._floor.closing.close_position(client_order_id))

    def suspend(self) -> None:
        """Refuse: IBKR has no such switch. Raises: RejectedError."""
        raise RejectedError(NAME, "suspend", "IBKR cannot be told to refuse orders")

    def resume(self) -> None:
        """Refuse: IBKR has no such switch. Raises: RejectedError."""
        raise RejectedError(NAME, "resume", "IBKR cannot be told to refuse orders")

    def listen(self, on_update: Callable[[TradeUpdate], None], stop: Event) -> None:
        """Tell of changes until `stop` is set. Raises: AuthenticationError."""
        told: SimpleQueue[TradeUpdate] = SimpleQueue()
        listeners = self._floor.connection.listeners
        listeners.append(told.put)
        told.put(gap())  # whatever happened before
        try:
            while not stop.is_set():
                self._keep_connected(stop)
                _deliver(told, on_update)
        finally:
            listeners.remove(told.put)

    def _keep_connected(self, stop: Event) -> None:
        if self._floor.connection.is_up:
            return
        try:
            self.connect()
        except UnavailableError as error:
            log.info("nothing is heard of IBKR: %s", error)
            stop.wait(RETRY_S)

    def _start_anew(self) -> None:
        """Locks belong to the loop that first used them: each loop has its own floor."""
        self._loop = LoopThread("ibkr")
        self._floor = Floor(self._address, self._record, self._patience_s, self._now)

    def _read(self, operation: str, work: Coroutine[Any, Any, ResultT]) -> ResultT:
        try:
            return self._loop.run(work, self.timeout_s)
        except (TimeoutError, CancelledError):
            raise UnavailableError(NAME, operation, self._no_end) from None

    def _write(self, operation: str, work: Coroutine[Any, Any, ResultT]) -> ResultT:
        try:
            return self._loop.run(work, self.timeout_s)
        except (TimeoutError, CancelledError):
            raise OutcomeUnknownError(NAME, operation, self._no_end) from None

    @property
    def _no_end(self) -> str:
        return f"it was closed, or came to no end in {self.timeout_s:.0f} s"


def _deliver(told: SimpleQueue[TradeUpdate], on_update: Callable[[TradeUpdate], None]) -> None:
    """Hand over what was told, after waiting a tick for it."""
    try:
        update = told.get(timeout=TICK_S)
        while True:
            on_update(update)
            update = told.get_nowait()
    except Empty:
        return
