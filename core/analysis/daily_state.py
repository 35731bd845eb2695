"""The daily bars of one symbol with their readings, extended bar by bar."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from struct import Struct
from typing import Any

import numpy as np
import pandas as pd

from core.analysis.bar_arrays import BarArrays, FloatArray, columns_of
from core.analysis.indicators import VOLUME_MEAN_BARS
from core.analysis.streaming import IndicatorStream
from core.domain.feeds import Label
from core.domain.market import DailyBar, Indicators
from core.errors import DomainError

COLUMNS = ["open", "high", "low", "close", "volume"]
ROW = np.dtype([("day", "<i4"), *((name, "<f8") for name in COLUMNS)])
PACKED = Struct("<i5d")  # the same bytes, for one bar


@dataclass(frozen=True)
class DailyReading:
    """What a snapshot needs of a symbol's daily bars at one moment; nothing changes it any more.

    high, low, close: oldest first. mean_volume: of the last 20 bars, in shares.
    provider: that of the last bar, then any others.
    sha256: of the rows as (proleptic day number, open, high, low, close, volume), little-endian
        int32 and float64, so that a post can be traced to exactly these bars.
    """

    indicators: Indicators
    high: FloatArray
    low: FloatArray
    close: FloatArray
    mean_volume: float
    first_date: date
    last_date: date
    provider: str
    label: Label
    sha256: str

    def recent(self, bars: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return high, low and close of at most so many newest bars."""
        return self.high[-bars:], self.low[-bars:], self.close[-bars:]

    @property
    def count(self) -> int:
        return len(self.close)

    @property
    def last_close(self) -> float:
        return float(self.close[-1])

    @property
    def previous_close(self) -> float:
        return float(self.close[-2])


class DailyState:
    """A symbol's daily bars and their readings, the same however the bars arrived."""

    def __init__(self, bars: pd.DataFrame) -> None:
        """Take at least 220 bars, oldest first, in shares of one moment.

        Raises: InsufficientDataError for too few bars or a number that is not finite.
        """
        arrays = BarArrays.of(bars)
        self._stream = IndicatorStream.open(arrays)
        rows = _rows(bars)
        self._digest = sha256(rows.tobytes())
        self._volumes = deque(arrays.volume[-VOLUME_MEAN_BARS:].tolist(), VOLUME_MEAN_BARS)
        self._bars = np.empty((3, 2 * len(bars)))
        self._bars[:, : len(bars)] = arrays[:3]
        self.count = len(bars)
        self.first_date: date = bars.iloc[0]["session_date"]
        self._providers = set(bars["provider"])
        self._remember(next(bars.tail(1).itertuples()))

    def append(self, bars: Iterable[DailyBar]) -> None:
        """Add newer bars, oldest first.

        Raises: InsufficientDataError for what is no bar; DomainError for a bar that is not newer.
        """
        for bar in bars:
            if bar.session_date <= self.last_date:
                raise DomainError(f"the bar of {bar.session_date} is not newer than the others")
            self._stream.update(bar.high, bar.low, bar.close, bar.volume)
            numbers = (bar.open, bar.high, bar.low, bar.close, bar.volume)
            self._digest.update(PACKED.pack(bar.session_date.toordinal(), *numbers))
            self._put(bar.high, bar.low, bar.close)
            self._volumes.append(bar.volume)
            self._providers.add(bar.provider)
            self._remember(bar)

    def read(self) -> DailyReading:
        """Return what the bars say now.

        Raises: InsufficientDataError for bars without any range or volume.
        """
        bars = self._bars[:, : self.count]  # a view, no copy: what is there is never written again
        bars.flags.writeable = False
        high, low, close = bars
        others = sorted(self._providers - {self._last_provider})
        return DailyReading(
            indicators=self._stream.indicators(),
            high=high,
            low=low,
            close=close,
            mean_volume=math.fsum(self._volumes) / len(self._volumes),
            first_date=self.first_date,
            last_date=self.last_date,
            provider=", ".join([self._last_provider, *others]),
            label=self._label,
            sha256=self._digest.hexdigest(),
        )

    def _put(self, *bar: float) -> None:
        if self.count == self._bars.shape[1]:
            self._bars = np.concatenate([self._bars, np.empty_like(self._bars)], axis=1)
        self._bars[:, self.count] = bar
        self.count += 1

    def _remember(self, bar: Any) -> None:
        self.last_date: date = bar.session_date
        self._last_provider, self._label = str(bar.provider), Label(bar.label)


def _rows(bars: pd.DataFrame) -> np.ndarray[Any, Any]:
    rows = np.empty(len(bars), dtype=ROW)
    rows["day"] = [day.toordinal() for day in bars["session_date"]]
    for name, column in zip(COLUMNS, _columns(bars), strict=True):
        rows[name] = column
    return rows


def _columns(bars: pd.DataFrame) -> Sequence[FloatArray]:
    return columns_of(bars, COLUMNS)
