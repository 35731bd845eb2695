"""How often a vendor may be asked, and when a provider is left alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event, Lock
from time import monotonic

from core.domain.feed_policy import BreakerPolicy, BreakerState

MINUTE_SECONDS = 60


@dataclass(frozen=True)
class Timing:
    """How time passes: `clock` measures seconds, `now` dates what the pages show, `wait` waits."""

    clock: Callable[[], float] = monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    wait: Callable[[float], object] = lambda seconds: Event().wait(seconds)


class TokenBucket:
    """Gives out so many tokens; each comes back a minute after it was taken.

    All providers of one vendor share it, and their threads.
    """

    def __init__(self, tokens: int | None, clock: Callable[[], float]) -> None:
        """`tokens` of None is no limit."""
        self.tokens, self._clock = tokens, clock
        self._taken_at: deque[float] = deque()
        self._lock = Lock()

    def left(self) -> int | None:
        """Return how many tokens there are now, None without a limit."""
        with self._lock:
            return self._left()

    def take(self) -> bool:
        """Take a token; False means that there is none."""
        with self._lock:
            left = self._left()
            if left:
                self._taken_at.append(self._clock())
            return left is None or left > 0

    def owe(self, tokens: int) -> None:
        """Take tokens whether they are there or not; those that are not, as soon as they are."""
        if self.tokens is None:
            return
        with self._lock:
            self._left()
            for _ in range(tokens):
                self._taken_at.append(self._next_at())

    def seconds_to_next(self) -> float:
        """Return how long there will be no token, 0 if there is one."""
        with self._lock:
            return self._next_at() - self._clock() if self._left() == 0 else 0.0

    def _left(self) -> int | None:
        if self.tokens is None:
            return None
        now = self._clock()
        while self._taken_at and now - self._taken_at[0] >= MINUTE_SECONDS:
            self._taken_at.popleft()
        return max(0, self.tokens - len(self._taken_at))

    def _next_at(self) -> float:
        """Return when the next token is there; `tokens` before it have to come back first."""
        taken, limit = self._taken_at, self.tokens
        if limit is None or len(taken) < limit:
            return self._clock()
        return max(self._clock(), taken[-limit] + MINUTE_SECONDS)


class CircuitBreaker:
    """Opens after failures in a row; lets one trial through after the cool-down. Locks nothing."""

    def __init__(self, policy: BreakerPolicy, clock: Callable[[], float]) -> None:
        self._policy, self._clock = policy, clock
        self._failures = 0
        self._open_until: float | None = None
        self._is_trying = False
        self.openings = 0

    @property
    def state(self) -> BreakerState:
        if self._open_until is None:
            return "closed"
        return "open" if self._clock() < self._open_until else "half-open"

    @property
    def lets_through(self) -> bool:
        return self.state != "open" and not self._is_trying

    def seconds_left(self) -> float:
        """Return how long it stays open, 0 if it is not."""
        return max(0.0, self._open_until - self._clock()) if self._open_until is not None else 0.0

    def started(self) -> None:
        """Learn that a call was let through; the first after the cool-down is the trial."""
        self._is_trying = self.state == "half-open"

    def succeeded(self) -> None:
        self._failures, self._open_until, self._is_trying = 0, None, False

    def failed(self) -> None:
        self._failures += 1
        if self._is_trying or self._failures >= self._policy.failures:
            self.open(cool_downs=1)

    def open(self, cool_downs: int) -> None:
        self._open_until = self._clock() + cool_downs * self._policy.cool_down_seconds
        self._failures, self._is_trying = 0, False
        self.openings += 1
