"""The desk's time: the wall's, or a replayed one for the demo."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Protocol, runtime_checkable


@runtime_checkable
class Clock(Protocol):
    """Tells what time it is for the desk. Leases and time-outs use the machine's time instead."""

    is_replay: bool

    def now(self) -> datetime: ...


class WallClock:
    """The real time."""

    is_replay = False

    def now(self) -> datetime:
        return datetime.now(UTC)


class ReplayClock:
    """The moment that the replay has reached; it stands still in between."""

    is_replay = True

    def __init__(
        self, position: Callable[[], datetime | None], start: Callable[[], datetime]
    ) -> None:
        """`start` tells the moment before the first session; it is asked only until then."""
        self._position, self._start = position, cache(start)

    def now(self) -> datetime:
        return self._position() or self._start()
