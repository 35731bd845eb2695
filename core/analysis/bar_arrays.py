"""Bars as arrays that TA-Lib can take: of a NaN inside it makes wrong numbers, not an error."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import InsufficientDataError

FloatArray = NDArray[np.float64]


class BarArrays(NamedTuple):
    """Bars, oldest first. Prices in USD per share, volume in shares."""

    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray

    @classmethod
    def of(cls, bars: pd.DataFrame) -> BarArrays:
        """Take the columns of the same names. Raises: as `columns_of`."""
        return cls(*columns_of(bars, cls._fields))


def columns_of(bars: pd.DataFrame, names: Sequence[str]) -> list[FloatArray]:
    """Return the columns, whole numbers as floats.

    Raises: InsufficientDataError for no bars at all and for a column that is missing or is
        neither float64 nor integer.
    """
    if bars.empty:
        raise InsufficientDataError("there are no bars")
    missing = [name for name in names if name not in bars.columns]
    if missing:
        raise InsufficientDataError(f"the bars lack the columns {', '.join(missing)}")
    columns = {name: bars[name].to_numpy() for name in names}
    whole = {name: c.astype(np.float64) for name, c in columns.items() if c.dtype.kind in "iu"}
    columns |= whole
    check_type(columns)
    return [np.ascontiguousarray(column) for column in columns.values()]


def check_type(columns: Mapping[str, FloatArray]) -> None:
    """Refuse what is not float64: a float32 has already lost digits that were in the price."""
    for name, column in columns.items():
        if column.dtype != np.float64 or column.ndim != 1:
            raise InsufficientDataError(
                f"{name} is a {column.ndim}-dimensional array of {column.dtype}, "
                "one dimension of float64 is needed"
            )


def check_numbers(columns: Mapping[str, FloatArray], minimum: int) -> None:
    """Refuse too few bars, columns of unequal length, wrong types and numbers that are not finite.

    Raises: InsufficientDataError that names the column and the place.
    """
    check_type(columns)
    lengths = {name: len(column) for name, column in columns.items()}
    shortest = min(lengths.values())
    if shortest < max(lengths.values()):
        raise InsufficientDataError(f"the columns are not equally long: {lengths}")
    if shortest < minimum:
        raise InsufficientDataError(f"{shortest} bars, at least {minimum} are needed")
    for name, column in columns.items():
        _refuse(~np.isfinite(column), f"{name} is not a finite number")


def check_bars(bars: BarArrays, minimum: int) -> None:
    """Refuse bars that no market can have made.

    Raises: InsufficientDataError that says what is wrong and where.
    """
    high, low, close, volume = bars
    check_numbers(bars._asdict(), minimum)
    _refuse(low <= 0, "low is not positive")
    _refuse((close < low) | (close > high), "close is not between low and high")
    _refuse(volume < 0, "volume is negative")


def check_bar(high: float, low: float, close: float, volume: float) -> None:
    """Refuse one bar by the rules of `check_bars`; a comparison with NaN is false."""
    if not (0 < low <= close <= high < math.inf and 0 <= volume < math.inf):
        raise InsufficientDataError(
            f"no bar has high {high}, low {low}, close {close} and volume {volume}"
        )


def _refuse(wrong: NDArray[np.bool_], what: str) -> None:
    if wrong.any():
        raise InsufficientDataError(f"{what} in bar {int(wrong.argmax())} of {len(wrong)}")
