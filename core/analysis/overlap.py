"""Whether a provider tells the same of bars that are stored already."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

PRICES = ["open", "high", "low", "close"]
SAME = 1e-6
# Prices in cents, divided by a split's ratio and rounded again, are off by a little.
RATIO_TOLERANCE = 0.005
SMALLEST_SPLIT_FRACTION = 0.04


def overlap_difference(stored: pd.DataFrame, fetched: pd.DataFrame) -> list[date]:
    """Return the sessions of which a bar came back with another price, oldest first.

    Shape: the columns of `BAR_COLUMNS`; good bars of one symbol, timeframe and provider. Bars that
        only one of the two has say nothing.
    """
    both = differing(stored, fetched)
    return sorted(set(both["session_date"]))


def common_ratio(stored: pd.DataFrame, fetched: pd.DataFrame) -> float | None:
    """Return by what all prices that differ were divided: 4.0 if somebody applied a 4:1 split.

    None where they differ otherwise, or by less than any split.
    Shape: as of `overlap_difference`.
    """
    both = differing(stored, fetched)
    if both.empty:
        return None
    ratios = _prices(both, "_stored") / _prices(both, "_fetched")
    middle = float(np.median(ratios))
    is_common = np.isclose(ratios, middle, rtol=RATIO_TOLERANCE, atol=0).all()
    return middle if is_common and abs(middle - 1) > SMALLEST_SPLIT_FRACTION else None


def differing(stored: pd.DataFrame, fetched: pd.DataFrame) -> pd.DataFrame:
    """Return the bars of one timeframe that came back with another price, with both prices.

    Shape: symbol, started_at, session_date, and each price as `_stored` and as `_fetched`.
    """
    keys = ["symbol", "started_at"]
    both = stored[[*keys, "session_date", *PRICES]].merge(
        fetched[[*keys, *PRICES]], on=keys, suffixes=("_stored", "_fetched")
    )
    old, new = _prices(both, "_stored"), _prices(both, "_fetched")
    same = np.isclose(new, old, rtol=SAME, atol=0).all(axis=1)
    return both.iloc[np.flatnonzero(~same)]


def _prices(both: pd.DataFrame, suffix: str) -> NDArray[np.float64]:
    return both[[name + suffix for name in PRICES]].to_numpy(dtype=float)
