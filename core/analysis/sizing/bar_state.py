"""What sizing reads of the bars of many symbols, one bar of all of them at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import talib

from core.analysis.bar_arrays import BarArrays, FloatArray, check_bars
from core.analysis.indicators import ATR_MEAN_BARS, VOLUME_MEAN_BARS
from core.analysis.sizing.volatility import DECAY, SESSIONS_PER_YEAR, ewma_variance

ATR_BARS = 14
MINIMUM_BARS = ATR_BARS + ATR_MEAN_BARS


class SizingReadings(NamedTuple):
    """By symbol, NaN where the newest bar is missing or is none: that symbol is not sized.

    atr, atr_mean: USD per share. volatility: EWMA, per year. average_volume: shares a bar.
    """

    atr: FloatArray
    atr_mean: FloatArray
    volatility: FloatArray
    average_volume: FloatArray


class BarState:
    """The readings as arrays over symbols; they equal those of the whole history."""

    def __init__(self, histories: Sequence[BarArrays]) -> None:
        """Take at least 64 bars of each symbol, oldest first.

        Raises: InsufficientDataError, see `check_bars`.
        """
        for bars in histories:
            check_bars(bars, MINIMUM_BARS)
        ranges = [talib.ATR(*bars[:3], timeperiod=ATR_BARS)[-ATR_MEAN_BARS:] for bars in histories]
        self._ranges = np.array(ranges).T.copy()
        self._volumes = np.array([bars.volume[-VOLUME_MEAN_BARS:] for bars in histories]).T.copy()
        self._close = np.array([bars.close[-1] for bars in histories])
        returns = [np.diff(np.log(bars.close)) for bars in histories]
        self._variance = np.array([ewma_variance(one) for one in returns])
        self._atr = self._ranges[-1].copy()
        self._places = np.zeros((2, len(histories)), dtype=np.intp)
        self._columns = np.arange(len(histories))

    def update(self, bar: BarArrays) -> SizingReadings:
        """Take one bar of every symbol; what is no bar leaves its symbol as it was."""
        high, low, close, volume = bar
        with np.errstate(invalid="ignore"):
            known = (low > 0) & (low <= close) & (close <= high) & (volume >= 0)
            known &= np.isfinite(high) & np.isfinite(volume)
        if known.all():
            return self._advance(bar, self._columns)
        whole = SizingReadings(*np.full((4, len(known)), np.nan))
        found = self._advance(BarArrays(*(one[known] for one in bar)), self._columns[known])
        for all_rows, read in zip(whole, found, strict=True):
            all_rows[known] = read
        return whole

    def _advance(self, bar: BarArrays, at: np.ndarray) -> SizingReadings:
        """Take bars of the symbols in the columns `at`."""
        previous = self._close[at]
        true_range = np.maximum(bar.high, previous) - np.minimum(bar.low, previous)
        self._atr[at] = (self._atr[at] * (ATR_BARS - 1) + true_range) / ATR_BARS
        moved = np.log(bar.close / previous)
        self._variance[at] = DECAY * self._variance[at] + (1 - DECAY) * moved * moved
        self._close[at] = bar.close
        self._remember(self._ranges, 0, self._atr[at], at)
        self._remember(self._volumes, 1, bar.volume, at)
        return SizingReadings(
            self._atr[at],
            self._ranges[:, at].mean(axis=0),
            np.sqrt(SESSIONS_PER_YEAR * self._variance[at]),
            self._volumes[:, at].mean(axis=0),
        )

    def _remember(self, ring: FloatArray, which: int, newest: FloatArray, at: np.ndarray) -> None:
        """Write over the oldest row of each column."""
        places = self._places[which]
        ring[places[at], at] = newest
        places[at] = (places[at] + 1) % len(ring)
