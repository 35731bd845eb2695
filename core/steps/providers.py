"""Several providers of one port: asked in order, no faster than allowed, left alone when down."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from threading import Lock
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
from core.ports import CountsRequests
from core.steps.limits import CircuitBreaker, Timing, TokenBucket
from core.steps.memory import Memory

AdapterT = TypeVar("AdapterT")
ResultT = TypeVar("ResultT")

AUTHENTICATION_COOL_DOWNS = 10  # keys do not heal by themselves
SHORTEST_WAIT_S = 0.01  # so that a rounded moment cannot be waited for in vain
ANSWERS = (InsufficientDataError, RejectedError)  # the provider is well; it just said no
PASSED_OVER = (UnavailableError, AuthenticationError, UnexpectedResponseError, RejectedError)

Told = Callable[[str, AppError], None]


class Provider(Generic[AdapterT]):
    """One adapter behind its vendor's rate limit and its own breaker. Threads may share it.

    memory: for those who ask, what it need not be asked again.
    """

    def __init__(
        self,
        name: str,
        adapter: AdapterT,
        policy: ProviderPolicy,
        *,
        bucket: TokenBucket | None = None,
        timing: Timing | None = None,
    ) -> None:
        """`bucket` is the one of the vendor; without it the provider has its own."""
        self.name, self.adapter, self.memory = name, adapter, Memory()
        self._timing = timing or Timing()
        limit = policy.requests_per_minute
        self._bucket = bucket or TokenBucket(limit, self._timing.clock)
        self._breaker = CircuitBreaker(policy.breaker, self._timing.clock)
        self._lock = Lock()
        self._requests_charged = self._requests_sent()
        self._last_error = ""
        self._last_success_at: datetime | None = None
        self._last_failure_at: datetime | None = None

    def call(self, operation: Callable[[AdapterT], ResultT], patience_s: float = 0) -> ResultT:
        """Return what `operation` makes of the adapter; wait so long for the rate limit.

        Raises: UnavailableError without asking, if the circuit is open or the limit used up for
            longer; else what the adapter raises.
        """
        openings = self._admit(patience_s)
        try:
            result = operation(self.adapter)
        except ANSWERS:
            self._answered(openings)
            raise
        except BaseException as error:
            self._failed(error, openings)
            raise
        finally:
            self._charge()
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

    def _admit(self, patience_s: float) -> int:
        """Let a call through, at last; return how often the breaker had opened by then."""
        deadline = self._timing.clock() + patience_s
        while True:
            with self._lock:
                if not self._breaker.lets_through:
                    raise UnavailableError(self.name, "call", self._shut())
                if self._bucket.take():
                    self._breaker.started()
                    return self._breaker.openings
            pause = max(SHORTEST_WAIT_S, self._bucket.seconds_to_next())
            if self._timing.clock() + pause > deadline:
                raise UnavailableError(self.name, "call", self._used_up(pause))
            self._timing.wait(pause)

    def _used_up(self, pause: float) -> str:
        limit = f"the rate limit of {self._bucket.tokens} requests a minute is used up"
        return f"{limit}; ask again in {math.ceil(pause)} s"

    def _charge(self) -> None:
        """Take the tokens of the requests that went out besides the first."""
        with self._lock:
            sent = self._requests_sent()
            self._bucket.owe(sent - self._requests_charged - 1)
            self._requests_charged = sent

    def _requests_sent(self) -> int:
        return self.adapter.requests_sent if isinstance(self.adapter, CountsRequests) else 0

    def _shut(self) -> str:
        if self._breaker.state == "half-open":
            return "the circuit is open until the trial call that is on its way returns"
        until = f"{self._open_until():%Y-%m-%d %H:%M:%S} UTC"
        return f"the circuit is open until {until}, since {self._last_error}"

    def _open_until(self) -> datetime:
        return self._timing.now() + timedelta(seconds=self._breaker.seconds_left())

    def _answered(self, openings: int) -> None:
        with self._lock:
            self._last_success_at = self._timing.now()
            if openings == self._breaker.openings:  # else the call is older than the opening
                self._breaker.succeeded()

    def _failed(self, error: BaseException, openings: int) -> None:
        with self._lock:
            self._last_failure_at = self._timing.now()
            # The text of a foreign error may hold anything; ours hold no secrets.
            self._last_error = str(error) if isinstance(error, AppError) else type(error).__name__
            if openings != self._breaker.openings:
                return
            if isinstance(error, AuthenticationError):
                self._breaker.open(AUTHENTICATION_COOL_DOWNS)
            else:
                self._breaker.failed()


def first_answer(
    providers: Sequence[Provider[AdapterT]],
    call: Callable[[AdapterT], ResultT],
    patience_s: float = 0,
    *,
    is_answer: Callable[[ResultT], object] = lambda _: True,
    told: Told = lambda _name, _error: None,
) -> tuple[str, ResultT]:
    """Return the name and the answer of the first provider that has one, asked in their order.

    What is no answer, as nothing where there might be something, is returned if nobody has more
    and none failed. `told` learns of each error.
    Raises: InsufficientDataError if one said that it has no such data and no other answered; else
        the last error; each with the reasons of all.
    """
    failures: list[AdapterError | InsufficientDataError] = []
    empty: list[tuple[str, ResultT]] = []
    for provider in providers:
        try:
            found = provider.call(call, patience_s)
        except (*PASSED_OVER, InsufficientDataError) as error:
            told(provider.name, error)
            failures.append(error)
        else:
            if is_answer(found):
                return provider.name, found
            empty.append((provider.name, found))
    if empty and all(isinstance(error, InsufficientDataError) for error in failures):
        return empty[0]
    raise _summary(failures) from (failures[-1] if failures else None)


def states(providers: Iterable[Provider[Any]]) -> list[ProviderState]:
    """Return how each provider does."""
    return [provider.state() for provider in providers]


def _summary(failures: Sequence[AdapterError | InsufficientDataError]) -> AppError:
    if not failures:
        return ConfigurationError("no provider is configured for this feed")
    *earlier, last = failures
    before = "".join(f"; before that {error}" for error in earlier)
    was_unknown = any(isinstance(error, InsufficientDataError) for error in earlier)
    if was_unknown or isinstance(last, InsufficientDataError):
        return InsufficientDataError(f"{last}{before}")
    return type(last)(last.adapter, last.operation, f"{last.reason}{before}")
