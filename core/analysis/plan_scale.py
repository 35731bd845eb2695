"""Bars on the scale of a plan: a split after its session moves no price of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pandas as pd

from core.analysis.adjustment import PRICES
from core.domain.feeds import CorporateAction


def on_scale_of(
    bars: pd.DataFrame, actions: Iterable[CorporateAction], session: date
) -> pd.DataFrame:
    """Return bars in shares of `session`: prices multiplied by the ratios of later splits.

    Shape: bars of one symbol as they were traded, with session_date as dates; actions of that
        symbol, each split once. A split acts on the bars from its ex-date on.
    """
    later = [one for one in actions if one.kind == "split" and one.ex_date > session]
    if not later or bars.empty:
        return bars
    ratios = pd.Series(1.0, index=bars.index)
    for split in later:
        ratios[bars["session_date"] >= split.ex_date] *= split.ratio or 1.0
    scaled = bars[PRICES].mul(ratios, axis=0)
    return bars.assign(**scaled, volume=bars["volume"] / ratios)
