"""How often a provider may be called, and when it is left alone. Neither waits nor locks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from core.domain.feed_policy import BreakerPolicy, BreakerState

MINUTE_SECONDS = 60


class TokenBucket:
    """Gives out so many tokens; each comes back a minute after it was taken."""

    def __init__(self, tokens: int | None, clock: Callable[[], float]) -> None:
        self._tokens, self._clock = tokens, clock
        self._taken_at: deque[float] = deque()

    def left(self) -> int | None:
        """Return how many tokens there are now, None without a limit."""
        if self._tokens is None:
            return None
        now = self._clock()
        while self._taken_at and now - self._taken_at[0] >= MINUTE_SECONDS:
            self._taken_at.popleft()
        return self._tokens - len(self._taken_at)

    def take(self) -> bool:
        """Take a token; False means that there is none."""
        left = self.left()
        if left is None:
            return True
        if left > 0:
            self._taken_at.append(self._clock())
        return left > 0

    def seconds_to_next(self) -> float:
        return max(0.0, self._taken_at[0] + MINUTE_SECONDS - self._clock())


class CircuitBreaker:
    """Opens after failures in a row; lets one trial through after the cool-down."""

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
