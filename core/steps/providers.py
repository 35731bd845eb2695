"""Several providers of one port: asked in order, no faster than allowed, left alone when down."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from threading import Lock
from time import monotonic
from typing import Any, Generic, TypeVar

from core.domain.feed_policy import ProviderPolicy, ProviderState
from core.errors import (
    AdapterError,
    AppError,
    AuthenticationError,
    ConfigurationError,
    InsufficientDataError,
    RejectedError,
    UnavailableError,
    UnexpectedResponseError,
)
from core.steps.limits import CircuitBreaker, TokenBucket

AdapterT = TypeVar("AdapterT")
ResultT = TypeVar("ResultT")

AUTHENTICATION_COOL_DOWNS = 10  # keys do not heal by themselves
ANSWERS = (InsufficientDataError, RejectedError)  # the provider is well; it just said no
PASSED_OVER = (UnavailableError, AuthenticationError, UnexpectedResponseError)


class Provider(Generic[AdapterT]):
    """One adapter behind its rate limit and its breaker. Threads may share it; it never waits."""

    def __init__(
        self,
        name: str,
        adapter: AdapterT,
        policy: ProviderPolicy,
        *,
        clock: Callable[[], float] = monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`clock` measures seconds; `now` dates what the pages show."""
        self.name, self.adapter, self._now = name, adapter, now
        self._limit = policy.requests_per_minute
        self._bucket = TokenBucket(policy.requests_per_minute, clock)
        self._breaker = CircuitBreaker(policy.breaker, clock)
        self._lock = Lock()
        self._last_error = ""
        self._last_success_at: datetime | None = None
        self._last_failure_at: datetime | None = None

    def call(self, operation: Callable[[AdapterT], ResultT]) -> ResultT:
        """Return what `operation` makes of the adapter; it counts as one request.

        Raises: UnavailableError without asking, if the circuit is open or the limit used up; else
            what the adapter raises.
        """
        openings = self._admit()
        try:
            result = operation(self.adapter)
        except ANSWERS:
            self._answered(openings)
            raise
        except BaseException as error:
            self._failed(error, openings)
            raise
        self._answered(openings)
        return result

    def state(self) -> ProviderState:
        with self._lock:
            return ProviderState(
                name=self.name,
                breaker=self._breaker.state,
                open_until=self._open_until() if self._breaker.state == "open" else None,
                tokens=self._bucket.left(),
                last_error=self._last_error,
                last_success_at=self._last_success_at,
                last_failure_at=self._last_failure_at,
            )

    def _admit(self) -> int:
        """Let a call through; return how often the breaker had opened by then."""
        with self._lock:
            if not self._breaker.lets_through:
                raise UnavailableError(self.name, "call", self._shut())
            if not self._bucket.take():
                wait = math.ceil(self._bucket.seconds_to_next())
                limit = f"the rate limit of {self._limit} requests a minute is used up"
                raise UnavailableError(self.name, "call", f"{limit}; ask again in {wait} s")
            self._breaker.started()
            return self._breaker.openings

    def _shut(self) -> str:
        if self._breaker.state == "half-open":
            return "the circuit is open until the trial call that is on its way returns"
        until = f"{self._open_until():%Y-%m-%d %H:%M:%S} UTC"
        return f"the circuit is open until {until}, since {self._last_error}"

    def _open_until(self) -> datetime:
        return self._now() + timedelta(seconds=self._breaker.seconds_left())

    def _answered(self, openings: int) -> None:
        with self._lock:
            self._last_success_at = self._now()
            if openings == self._breaker.openings:  # else the call is older than the opening
                self._breaker.succeeded()

    def _failed(self, error: BaseException, openings: int) -> None:
        with self._lock:
            self._last_failure_at = self._now()
            # The text of a foreign error may hold anything; ours hold no secrets.
            self._last_error = str(error) if isinstance(error, AppError) else type(error).__name__
            if openings != self._breaker.openings:
                return
            if isinstance(error, AuthenticationError):
                self._breaker.open(AUTHENTICATION_COOL_DOWNS)
            else:
                self._breaker.failed()


def first_answer(
    providers: Sequence[Provider[AdapterT]], call: Callable[[AdapterT], ResultT]
) -> tuple[str, ResultT]:
    """Return the name and the answer of the first provider that has one, asked in their order.

    Raises: InsufficientDataError if one said that it has no such data and no other answered; else
        the last error; each with the reasons of all. RejectedError at once.
    """
    failures: list[AdapterError | InsufficientDataError] = []
    for provider in providers:
        try:
            return provider.name, provider.call(call)
        except (*PASSED_OVER, InsufficientDataError) as error:
            failures.append(error)
    if not failures:
        raise ConfigurationError("no provider is configured for this feed")
    raise _summary(failures) from failures[-1]


def states(providers: Iterable[Provider[Any]]) -> list[ProviderState]:
    """Return how each provider does."""
    return [provider.state() for provider in providers]


def _summary(failures: Sequence[AdapterError | InsufficientDataError]) -> AppError:
    *earlier, last = failures
    before = "".join(f"; before that {error}" for error in earlier)
    was_unknown = any(isinstance(error, InsufficientDataError) for error in earlier)
    if was_unknown or isinstance(last, InsufficientDataError):
        return InsufficientDataError(f"{last}{before}")
    return type(last)(last.adapter, last.operation, f"{last.reason}{before}")
