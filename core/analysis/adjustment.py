"""Bars as if splits and dividends had always been in force; the stored bars stay as traded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd

from core.analysis.bar_arrays import FloatArray
from core.domain.feeds import CorporateAction
from core.errors import DomainError

PRICES = ["open", "high", "low", "close"]
# New shares per old share. 3:2 and the like are no clue: prices move by a third without a split.
COMMON_RATIOS = (2, 3, 4, 5, 10, 20, 1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 10)
RATIO_TOLERANCE = 0.03
LEAST_MOVE = 0.45


def adjust_for_splits(
    bars: pd.DataFrame, actions: Sequence[CorporateAction], as_of: date
) -> pd.DataFrame:
    """Return bars in shares of `as_of`: prices divided and volume multiplied by later ratios.

    Shape: bars of one symbol as they were traded, oldest first, with session_date as dates. A
        split acts on the bars before its ex-date, and on none if that is after `as_of`. Of
        two reports of one split, from two providers, the first is taken.
    """
    splits = _in_force(bars, actions, "split", as_of)
    if not splits:
        return bars
    ratios = _later_product(bars, splits, [split.ratio or 1.0 for split in splits])
    adjusted = bars[PRICES].div(ratios, axis=0)
    return bars.assign(**adjusted, volume=bars["volume"] * ratios)


def adjust_for_dividends(
    bars: pd.DataFrame, actions: Sequence[CorporateAction], as_of: date
) -> pd.DataFrame:
    """Return bars whose changes are total returns: prices before an ex-date lose the dividend.

    Shape: as for `adjust_for_splits`, and before it: a dividend is measured against the last
        close before its ex-date as it was traded. Prices are in no currency afterwards.
    Raises: DomainError for a dividend that is not less than that close.
    Source: CRSP, factor to adjust prices: 1 - dividend / previous close.
    """
    dividends = _in_force(bars, actions, "dividend", as_of)
    if not dividends:
        return bars
    factors = _later_product(bars, dividends, [_factor(bars, action) for action in dividends])
    return bars.assign(**bars[PRICES].mul(factors, axis=0))


def split_like(before: float, after: float) -> str | None:
    """Return the ratio of the split that a price moved like, as "4:1"; None for any other move."""
    move = after / before
    if abs(move - 1) < LEAST_MOVE:
        return None
    near = (one for one in COMMON_RATIOS if abs(move * one - 1) <= RATIO_TOLERANCE)
    ratio = next(near, None)
    if ratio is None:
        return None
    return f"{ratio:g}:1" if ratio > 1 else f"1:{1 / ratio:g}"


def _in_force(
    bars: pd.DataFrame,
    actions: Sequence[CorporateAction],
    kind: Literal["split", "dividend"],
    as_of: date,
) -> list[CorporateAction]:
    """Return the symbol's actions of a kind up to `as_of`, the first of those on one date."""
    if bars.empty:
        return []
    symbol = bars["symbol"].iloc[0]
    first: dict[date, CorporateAction] = {}
    for action in actions:
        if (action.symbol, action.kind) == (symbol, kind) and action.ex_date <= as_of:
            first.setdefault(action.ex_date, action)
    return list(first.values())


def _later_product(
    bars: pd.DataFrame, actions: Sequence[CorporateAction], values: Sequence[float]
) -> FloatArray:
    """Return for each bar the product of the values of the actions after its session."""
    product = np.ones(len(bars))
    for action, value in zip(actions, values, strict=True):
        product[: _first_bar_of(bars, action.ex_date)] *= value
    return product


def _factor(bars: pd.DataFrame, dividend: CorporateAction) -> float:
    place, amount = _first_bar_of(bars, dividend.ex_date), dividend.amount_usd or 0.0
    if not place:
        return 1.0
    close = float(bars["close"].iloc[place - 1])
    if amount >= close:
        raise DomainError(
            f"{dividend.symbol} cannot have paid {amount} on {dividend.ex_date}: "
            f"it had closed at {close}; correct the dividend of {dividend.provider}"
        )
    return 1 - amount / close


def _first_bar_of(bars: pd.DataFrame, session_date: date) -> int:
    return int(bars["session_date"].searchsorted(session_date))
