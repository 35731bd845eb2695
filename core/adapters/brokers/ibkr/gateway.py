"""Turns at the gateway: one operation after another, each bounded, each with errors of ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TypeVar

from ib_async import IB
from ib_async.wrapper import RequestError

from core.adapters.brokers.ibkr import codes
from core.adapters.brokers.ibkr.address import NAME
from core.adapters.brokers.ibkr.connection import Complaint, Connection
from core.adapters.brokers.ibkr.hours import ServerClock
from core.errors import (
    AdapterError,
    OutcomeUnknownError,
    UnavailableError,
    UnexpectedResponseError,
)

BROKEN = (ValueError, TypeError, LookupError, ArithmeticError, AssertionError)

AnswerT = TypeVar("AnswerT")
Now = Callable[[], datetime]


class Gateway:
    """What operations have of the connection. patience_s: how long any one answer may take."""

    def __init__(self, connection: Connection, patience_s: float, now: Now) -> None:
        self._connection = connection
        self._patience_s = patience_s
        self._now = now
        self._lock = asyncio.Lock()

    @property
    def account(self) -> str:
        return self._connection.account

    @property
    def clock(self) -> ServerClock:
        return self._connection.clock

    @property
    def remembers_since(self) -> datetime:
        return self._connection.remembers_since

    @property
    def client_id(self) -> int:
        return self._connection.address.client_id

    @asynccontextmanager
    async def turn(self, operation: str) -> AsyncIterator[IB]:
        """Give one operation the connection, and the others time to wait.

        Raises: UnavailableError, AuthenticationError, RejectedError, UnexpectedResponseError.
        """
        async with self._translated(operation, UnavailableError):
            self._refuse_by_night(operation)
            async with asyncio.timeout(self._patience_s):
                await self._lock.acquire()
            try:
                yield await self._connection.use(operation)
            finally:
                self._lock.release()

    @asynccontextmanager
    async def sent(self, operation: str) -> AsyncIterator[None]:
        """Hold a write and what follows it: without an answer its outcome is unknown."""
        async with self._translated(operation, OutcomeUnknownError):
            yield

    async def ask(self, answer: Awaitable[AnswerT]) -> AnswerT:
        """Wait for an answer.

        A gateway that stays silent loses its connection: what it may still say later would be
        taken for the answer to the next question.
        """
        try:
            async with asyncio.timeout(self._patience_s):
                return await answer
        except (TimeoutError, asyncio.CancelledError):
            self._connection.drop("it did not answer")
            raise

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until what the gateway tells makes something so."""
        await self.ask(self._until(is_so))

    async def pause_until(self, is_so: Callable[[], bool], seconds: float) -> bool:
        """Wait a moment for something that may also not come, and tell whether it came."""
        try:
            async with asyncio.timeout(seconds):
                await self._until(is_so)
        except TimeoutError:
            return False
        return True

    def complaint(self, order_id: int) -> Complaint | None:
        return self._connection.complaints.get(order_id)

    def forget_complaint(self, order_id: int) -> None:
        self._connection.complaints.pop(order_id, None)

    async def _until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            if not self._connection.is_up:
                raise ConnectionError("the gateway ended the connection")
            self._connection.moved.clear()
            await self._connection.moved.wait()

    def _refuse_by_night(self, operation: str) -> None:
        window = self._connection.address.window
        if window is not None and window.holds(self._now()):
            reason = f"the gateway restarts every night between {window}: ask again after that"
            raise UnavailableError(NAME, operation, reason)

    @asynccontextmanager
    async def _translated(
        self, operation: str, silence: type[UnavailableError | OutcomeUnknownError]
    ) -> AsyncIterator[None]:
        try:
            yield
        except UnavailableError as error:
            raise silence(NAME, operation, error.reason) from error
        except AdapterError:
            raise
        except RequestError as error:
            raise codes.to_error(operation, error.code, error.message) from error
        except TimeoutError as error:
            reason = f"no answer from the gateway within {self._patience_s:.0f} s"
            raise silence(NAME, operation, reason) from error
        except OSError as error:  # a ConnectionError is one
            raise silence(NAME, operation, str(error)) from error
        except BROKEN as error:
            reason = f"{type(error).__name__} {error}"
            raise UnexpectedResponseError(NAME, operation, reason) from error


def utc_now() -> datetime:
    return datetime.now(UTC)
