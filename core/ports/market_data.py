"""Market data: bars, quotes, corporate actions, the market's hours, and their stream."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from threading import Event
from typing import Protocol, runtime_checkable

import pandas as pd

from core.domain.feeds import CorporateAction, Quote, SessionHours
from core.domain.market import BarQuery


@runtime_checkable
class MarketData(Protocol):
    """Delivers bars. Contract: tests/contract/test_market_data.py."""

    name: str

    def symbols(self) -> tuple[str, ...]:
        """Return the symbols it is limited to, none if it serves any."""
        ...

    def bars(self, query: BarQuery) -> pd.DataFrame:
        """Return the bars as the provider gives them, unchecked, in prices as they were traded.

        Shape: the columns of `BAR_COLUMNS`, oldest first; `started_at` is aware UTC, for daily
            bars midnight UTC of the session date. Intraday bars are those of regular hours and,
            where the provider has them, of the pre-market from 04:00 New York time.
        Raises: InsufficientDataError for a symbol or a timeframe that the provider does not have;
            UnavailableError, AuthenticationError, UnexpectedResponseError.
        """
        ...

    def actions(self, symbol: str, start: date, end: date) -> list[CorporateAction]:
        """Return the splits and dividends with an ex-date from start to end, oldest first."""
        ...

    def quotes(self, symbols: Sequence[str]) -> list[Quote]:
        """Return the newest quote of each symbol that has one; none where the provider has none."""
        ...


@runtime_checkable
class MarketCalendar(Protocol):
    """A source that also publishes the market's hours."""

    name: str

    def session_hours(self, start: date, end: date) -> list[SessionHours]:
        """Return the sessions from start to end, both included, oldest first."""
        ...


@runtime_checkable
class CountsRequests(Protocol):
    """An adapter that may need several requests, or none, for one answer, and counts them."""

    @property
    def requests_sent(self) -> int:
        """Return how many requests it has sent so far."""
        ...


class StreamSink(Protocol):
    """Takes what a stream delivers; called from the stream's thread, one call at a time."""

    def connected(self, at: datetime) -> None:
        """Learn that the stream is up, again or for the first time: what was missed is missing."""
        ...

    def bars(self, frame: pd.DataFrame) -> None:
        """Take bars with the columns of `BAR_COLUMNS`, timeframe 1m."""
        ...

    def quotes(self, quotes: Sequence[Quote]) -> None: ...


@runtime_checkable
class MarketStream(Protocol):
    """Pushes bars and quotes. Contract: tests/contract/test_streams.py."""

    name: str

    def run(self, symbols: Sequence[str], sink: StreamSink, stop: Event) -> None:
        """Stream until `stop` is set; a lost connection is made anew, with growing pauses.

        Raises: AuthenticationError, ConfigurationError.
        """
        ...
