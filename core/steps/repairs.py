"""What has to be asked again because a stream has not told it, and when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from core.domain.market import BarQuery

RETRY = timedelta(minutes=1)

Repair = tuple[datetime, BarQuery]


class Repairs:
    """Questions with the moment from which on they are due; one that fails is due again."""

    def __init__(self) -> None:
        self._open: set[Repair] = set()

    def ask(self, queries: Iterable[BarQuery], at: datetime) -> None:
        """Note questions that are due at a moment."""
        self._open |= {(at, query) for query in queries}

    def due(self, now: datetime) -> list[Repair]:
        """Return what is due; it stays so until it is settled."""
        return sorted((one for one in self._open if one[0] <= now), key=_by_symbol)

    def settle(self, repairs: Iterable[Repair], failed: Iterable[BarQuery], now: datetime) -> None:
        """Close what was tried, and open again what failed."""
        self._open -= set(repairs)
        self.ask(failed, now + RETRY)


def _by_symbol(repair: Repair) -> tuple[str, datetime]:
    return repair[1].symbol, repair[0]
