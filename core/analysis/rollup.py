"""Five-minute bars made of the minute bars that a stream delivers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from core.domain.feeds import Label
from core.domain.market import BAR_COLUMNS, Timeframe

WINDOW = timedelta(minutes=5)
PARTS = {
    "session_date": ("session_date", "first"),
    "open": ("open", "first"),
    "high": ("high", "max"),
    "low": ("low", "min"),
    "close": ("close", "last"),
    "volume": ("volume", "sum"),
}


def to_five_minutes(minutes: pd.DataFrame, until: datetime) -> pd.DataFrame:
    """Return the bars of the windows that had ended by `until`, oldest first.

    A minute without a trade has no bar, so a window may be made of fewer than five.
    Shape: the columns of `BAR_COLUMNS`, `started_at` aware; good minute bars, each once, in any
        order. The result is labelled "derived".
    """
    started = windows_of(minutes).rename("started_at")
    ended = minutes[started + WINDOW <= pd.Timestamp(until)].sort_values("started_at")
    groups = ended.groupby([ended["symbol"], ended["provider"], started[ended.index]], sort=False)
    bars = groups.agg(**PARTS).reset_index()
    bars = bars.assign(timeframe=str(Timeframe.FIVE_MINUTES), label=str(Label.DERIVED))
    return bars.sort_values(["started_at", "symbol"], ignore_index=True)[list(BAR_COLUMNS)]


def windows_of(minutes: pd.DataFrame) -> pd.Series[pd.Timestamp]:
    """Return the start of the window of each bar."""
    starts: pd.Series[pd.Timestamp] = minutes["started_at"].dt.floor(WINDOW)
    return starts


def window_end(at: datetime) -> datetime:
    """Return the end of the window that a moment lies in."""
    start: datetime = pd.Timestamp(at).floor(WINDOW).to_pydatetime()
    return start + WINDOW


class MinuteWindows:
    """The minute bars of the newest windows, for what a stream tells since `since`.

    A window that began before, or of which a minute was refused, is not made: its bar would be
    wrong. One more window than the current one is held, since late trades change its minutes.
    """

    def __init__(self, since: datetime) -> None:
        self._since = pd.Timestamp(since)
        self._minutes: pd.DataFrame | None = None
        self._spoiled: set[tuple[str, pd.Timestamp]] = set()
        self._given: set[tuple[object, ...]] = set()

    @property
    def held(self) -> int:
        """How many minutes are held."""
        return 0 if self._minutes is None else len(self._minutes)

    def add(self, minutes: pd.DataFrame) -> None:
        """Take good minute bars; one that comes again replaces the one before."""
        fresh = minutes[windows_of(minutes) >= self._since]
        if len(fresh):
            both = [fresh] if self._minutes is None else [self._minutes, fresh]
            held = pd.concat(both, ignore_index=True)
            self._minutes = held.drop_duplicates(["symbol", "started_at"], keep="last")

    def spoil(self, starts: Iterable[tuple[str, datetime]]) -> None:
        """Learn which minutes, by symbol and start, were refused."""
        self._spoiled |= {(symbol, pd.Timestamp(at).floor(WINDOW)) for symbol, at in starts}

    def ended(self, until: datetime) -> pd.DataFrame:
        """Return the bars of the windows that ended by `until`, and were not given like this."""
        if self._minutes is None:
            return pd.DataFrame(columns=list(BAR_COLUMNS))
        bars = to_five_minutes(self._minutes, until)
        keys = zip(bars["symbol"], bars["started_at"], strict=True)
        bars = bars[np.array([key not in self._spoiled for key in keys], dtype=bool)]
        rows = list(bars.itertuples(index=False, name=None))
        new = bars[np.array([row not in self._given for row in rows], dtype=bool)]
        self._given = set(rows)
        self._forget(until)
        return new

    def _forget(self, until: datetime) -> None:
        """Drop what is older than the window that ended last, for good."""
        self._since = max(self._since, pd.Timestamp(until).floor(WINDOW) - WINDOW)
        if self._minutes is not None:
            self._minutes = self._minutes[windows_of(self._minutes) >= self._since]
        self._spoiled = {one for one in self._spoiled if one[1] >= self._since}
