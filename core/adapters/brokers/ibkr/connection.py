"""The connection to a TWS or IB Gateway: made when it is needed, made anew when it was lost."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from ib_async import IB, CommissionReport, Contract, Fill, Trade
from ib_async.ib import StartupFetchNONE

from core.adapters.brokers.ibkr import codes
from core.adapters.brokers.ibkr.address import NAME, Address
from core.adapters.brokers.ibkr.hours import ServerClock
from core.adapters.brokers.ibkr.record import Record
from core.adapters.brokers.ibkr.refs import client_order_id
from core.domain.trading import TradeUpdate
from core.errors import UnavailableError

PAUSES_S = (0.5, 1, 2, 4, 8, 16, 30)
MESSAGES_A_SECOND = 45  # IBKR cuts off who sends more than 50
NO_TIME = datetime.min.replace(tzinfo=UTC)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Complaint:
    """What IBKR said against an order, or with the order id -1 against the connection."""

    code: int
    message: str


class Connection:
    """Lives on one event loop. account: the one that is traded, "" before the first connection.

    remembers_since: a gateway that counts order ids anew has restarted, and may have forgotten.
    """

    def __init__(self, address: Address, patience_s: float, record: Record) -> None:
        self.address = address
        self.account = address.account
        self.complaints: dict[int, Complaint] = {}
        self.clock = ServerClock()
        self.moved = asyncio.Event()
        self.listeners: list[Callable[[TradeUpdate], None]] = []
        self.traded: Callable[[Fill], None] = _forget
        self.remembers_since = NO_TIME
        self._patience_s = patience_s
        self._record = record
        self._ib: IB | None = None
        self._was_connected = self._is_cut_off = False
        self._failures, self._retry_at, self._trouble = 0, 0.0, ""

    @property
    def is_up(self) -> bool:
        return self._ib is not None and self._ib.isConnected()

    async def use(self, operation: str) -> IB:
        """Return the connected client, after connecting it where that is due.

        Raises: UnavailableError, AuthenticationError.
        """
        if self._ib is None or not self._ib.isConnected():
            self._ib = await self._connect(operation)
        if self._is_cut_off:
            reason = "the gateway has lost IBKR's servers and waits for them (1100)"
            raise UnavailableError(NAME, operation, reason)
        return self._ib

    def drop(self, reason: str) -> None:
        log.warning("the connection to IBKR's gateway is dropped: %s", reason)
        self.close()

    def close(self) -> None:
        ib, self._ib = self._ib, None
        if ib is not None and ib.isConnected():
            ib.disconnect()
        self.moved.set()

    def _tell(self, update: TradeUpdate) -> None:
        for listener in tuple(self.listeners):
            listener(update)

    async def _connect(self, operation: str) -> IB:
        wait_s = self._retry_at - time.monotonic()
        if wait_s > 0:
            reason = f"{self._trouble}; the next try is in {wait_s:.1f} s"
            raise UnavailableError(NAME, operation, reason)
        self.complaints.clear()
        self._is_cut_off = False
        try:
            async with asyncio.timeout(self._patience_s):
                ib = await self._open(operation)
        except (OSError, TimeoutError) as error:  # a ConnectionError is an OSError
            self._note_failure(error)
            raise UnavailableError(NAME, operation, self._trouble) from error
        self._failures = 0
        if self._was_connected:
            self._tell(gap())
        self._was_connected = True
        return ib

    async def _open(self, operation: str) -> IB:
        ib, address = self._client(), self.address
        try:
            await ib.connectAsync(
                address.host, address.port, address.client_id,
                timeout=self._patience_s, fetchFields=StartupFetchNONE,
            )  # fmt: skip
            self.account = address.choose(operation, ib.managedAccounts())
            next_number = ib.client.getReqId()
            # ib_async then numbers beyond the open orders, and knows whose updates come in
            await ib.reqAllOpenOrdersAsync()
            self.clock.set(await ib.reqCurrentTimeAsync())
        except BaseException:
            ib.disconnect()
            raise
        if next_number <= self._record.confirmed_number(address.client_id):
            self.remembers_since = self.clock.now()
        number_from(ib, self._record.used_number(address.client_id) + 1)
        return ib

    def _client(self) -> IB:
        ib = IB()
        ib.RaiseRequestErrors = True
        ib.client.MaxRequests = MESSAGES_A_SECOND
        ib.errorEvent += self._on_error
        ib.updateEvent += self.moved.set
        ib.disconnectedEvent += self.moved.set
        ib.openOrderEvent += self._on_order
        ib.orderStatusEvent += self._on_order
        ib.execDetailsEvent += self._on_execution
        ib.commissionReportEvent += self._on_commission
        return ib

    def _note_failure(self, error: Exception) -> None:
        said = self.complaints.get(-1)
        why = f"{said.message} ({said.code})" if said else str(error) or "it does not answer"
        self._trouble = f"no gateway at {self.address}: {why}; is it running and logged in?"
        self._retry_at = time.monotonic() + PAUSES_S[min(self._failures, len(PAUSES_S) - 1)]
        self._failures += 1

    def _on_error(self, number: int, code: int, message: str, _: Contract | None) -> None:
        if codes.is_harmless(code) and code not in codes.CUT_OFF:
            log.debug("IBKR says of %d: %s (%d)", number, message, code)
            return
        log.warning("IBKR says of %d: %s (%d)", number, message, code)
        self.complaints[number] = Complaint(code, message)
        if code in codes.CUT_OFF:
            self._is_cut_off = True
        elif code in codes.RESTORED:
            self._is_cut_off = False
            self._tell(gap())
        elif code == codes.PORT_RESET:
            self.drop(message)

    def _on_order(self, trade: Trade) -> None:
        name = client_order_id(trade.order.orderRef, trade.order.permId)
        self._tell(_update(name, trade.orderStatus.status))

    def _on_execution(self, trade: Trade, fill: Fill) -> None:
        name = client_order_id(fill.execution.orderRef, fill.execution.permId)
        self._tell(_update(name, "fill"))

    def _on_commission(self, _: Trade, fill: Fill, __: CommissionReport) -> None:
        self.traded(fill)


def number_from(ib: IB, number: int) -> None:
    """Let the next order ids be at least `number`."""
    ib.client.updateReqId(number)  # type: ignore[no-untyped-call]  # ib_async leaves it untyped


def _forget(_: Fill) -> None:
    return


def gap() -> TradeUpdate:
    """Return the update after which everything must be read anew."""
    return _update("", "gap")


def _update(name: str, event: str) -> TradeUpdate:
    return TradeUpdate(client_order_id=name, event=event, at=datetime.now(UTC))
