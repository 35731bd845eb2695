"""Bars as the paper venue sees them: checked, by symbol, in time order, as arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.adapters.brokers.paper.prices import Bar
from core.domain.market import Timeframe
from core.errors import RejectedError

PRICES = ("open", "high", "low", "close")
COLUMNS = ("symbol", "timeframe", "session_date", "started_at", *PRICES, "volume", "label")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
FIVE_MINUTES = timedelta(minutes=5) // MICROSECOND
DAY_STARTS, DAY_LASTS = pd.Timedelta(hours=9.5), timedelta(hours=6.5) // MICROSECOND
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SymbolBars:
    """The bars of one symbol, oldest first, none of them overlapping.

    starts, ends: microseconds since 1970, when their prices were traded. Prices in USD per share.
    """

    symbol: str
    starts: Integers
    ends: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    labels: npt.NDArray[Any]

    def __len__(self) -> int:
        return len(self.starts)

    def bar(self, place: int) -> Bar:
        """Return one bar in exact prices: those that its floats are printed as."""
        return Bar(
            symbol=self.symbol,
            started_at=moment(self.starts[place]),
            ended_at=moment(self.ends[place]),
            open=exact(self.open[place]),
            high=exact(self.high[place]),
            low=exact(self.low[place]),
            close=exact(self.close[place]),
            volume=exact(self.volume[place]),
            label=str(self.labels[place]),
        )

    @cached_property
    def trades(self) -> npt.NDArray[np.bool_]:
        """Tell in which bars something was traded."""
        found: npt.NDArray[np.bool_] = self.volume > 0
        return found

    def quiet(self) -> SymbolBars:
        """Return the bars of a symbol that is halted: nothing trades in them."""
        return replace(self, volume=np.zeros(len(self)))

    def unseen(self, seen_until: datetime | None) -> SymbolBars:
        """Leave out what started before the end of what was seen, or of the bar before it."""
        first = 0 if seen_until is None else microseconds(seen_until)
        kept = self.starts >= first
        if (self.starts[1:] < self.ends[:-1]).any():
            kept = self._apart(first)
        return self if kept.all() else self.taken(np.flatnonzero(kept))

    def _apart(self, end: int) -> npt.NDArray[np.bool_]:
        kept = np.zeros(len(self), dtype=np.bool_)
        for place, start in enumerate(self.starts):
            if start >= end:
                kept[place], end = True, self.ends[place]
        return kept

    def taken(self, places: Integers | slice) -> SymbolBars:
        return SymbolBars(
            symbol=self.symbol,
            starts=self.starts[places],
            ends=self.ends[places],
            open=self.open[places],
            high=self.high[places],
            low=self.low[places],
            close=self.close[places],
            volume=self.volume[places],
            labels=self.labels[places],
        )


def exact(price: float) -> Decimal:
    return Decimal(str(float(price)))


def moment(at: int) -> datetime:
    return EPOCH + int(at) * MICROSECOND


def microseconds(at: datetime) -> int:
    return (at - EPOCH) // MICROSECOND


def parse_bars(bars: pd.DataFrame) -> list[SymbolBars]:
    """Return the bars by symbol.

    Raises: RejectedError if a column is missing, a time has no zone, a volume is no number or
        prices contradict.
    """
    if bars.empty:
        return []
    missing = [name for name in COLUMNS if name not in bars.columns]
    if missing:
        raise _rejected(f"the bars lack the columns {missing}")
    starts, ends = _spans(bars)
    open_, high, low, close, volume = (_numbers(bars[name]) for name in (*PRICES, "volume"))
    labels = bars["label"].to_numpy(object)
    whole = SymbolBars("", starts, ends, open_, high, low, close, volume, labels)
    _refuse_contradictions(bars, whole)
    codes, symbols = pd.factorize(bars["symbol"], sort=True)
    return _by_symbol(whole, codes, [str(symbol) for symbol in symbols])


def _by_symbol(bars: SymbolBars, codes: Integers, symbols: list[str]) -> list[SymbolBars]:
    order = np.lexsort((bars.starts, codes))
    ordered = bars.taken(order)
    edges = [int(edge) for edge in codes[order].searchsorted(range(len(symbols) + 1))]
    return [
        replace(ordered.taken(slice(first, last)), symbol=symbol)
        for symbol, first, last in zip(symbols, edges[:-1], edges[1:], strict=True)
    ]


def _spans(bars: pd.DataFrame) -> tuple[Integers, Integers]:
    """A daily bar traded in the regular hours of its session, whatever its time says."""
    timeframes = bars["timeframe"].astype(str).to_numpy(object)
    is_day, is_five = timeframes == Timeframe.DAY.value, timeframes == Timeframe.FIVE_MINUTES.value
    if not (is_day | is_five).all():
        raise _rejected(f"unknown timeframe {timeframes[~(is_day | is_five)][0]!r}")
    starts = np.empty(len(bars), dtype=np.int64)
    starts[is_day] = _session_starts(bars.loc[is_day, "session_date"])
    starts[is_five] = _starts(bars.loc[is_five, "started_at"])
    return starts, starts + np.where(is_day, DAY_LASTS, FIVE_MINUTES)


def _session_starts(days: pd.Series[Any]) -> Integers:
    codes, unique = pd.factorize(days)
    opens = pd.DatetimeIndex(pd.to_datetime(unique)) + DAY_STARTS
    found: Integers = _utc(opens.tz_localize("America/New_York"))[codes]
    return found


def _starts(times: pd.Series[Any]) -> Integers:
    if times.empty:
        return np.empty(0, dtype=np.int64)
    index = pd.DatetimeIndex(times)
    if index.tz is None:
        raise _rejected(f"the time {index[0]} of a bar has no zone")
    return _utc(index)


def _utc(times: pd.DatetimeIndex) -> Integers:
    found: Integers = times.tz_convert("UTC").as_unit("us").asi8
    return found


def _numbers(column: pd.Series[Any]) -> Floats:
    numeric = pd.to_numeric(column, errors="coerce")
    found: Floats = numeric.to_numpy(np.float64, na_value=np.nan)
    return found


def _refuse_contradictions(bars: pd.DataFrame, whole: SymbolBars) -> None:
    """Comparisons with what is no number are false, so that this is refused as well."""
    high, low, volume = whole.high, whole.low, whole.volume
    is_top = (high >= whole.open) & (high >= whole.close) & (high < np.inf)
    is_bottom = (low <= whole.open) & (low <= whole.close) & (low > 0)
    is_right = is_top & is_bottom & (volume >= 0) & (volume < np.inf)
    if not is_right.all():
        row = bars.iloc[int(np.argmin(is_right))]
        at = f"{row['symbol']} at {row['started_at']}"
        raise _rejected(f"the prices or the volume of {at} contradict each other")


def _rejected(reason: str) -> RejectedError:
    return RejectedError("paper", "process", reason)
