"""The lines that are drawn into a symbol's candles."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from core.analysis.bar_arrays import BarArrays
from core.analysis.indicators import indicator_series
from core.analysis.sessions import vwap_series
from core.errors import InsufficientDataError
from core.flow import calendars
from core.steps.moment import CALENDAR

AVERAGES = ("ema8", "ema21", "sma50", "sma200")


def with_averages(daily: pd.DataFrame) -> pd.DataFrame:
    """Return the daily bars with their moving averages, NaN until there are bars enough."""
    try:
        readings = indicator_series(*BarArrays.of(daily))
    except InsufficientDataError:
        return daily.assign(**dict.fromkeys(AVERAGES, np.nan))
    return daily.assign(**{name: getattr(readings, name) for name in AVERAGES})


def with_vwap(intraday: pd.DataFrame, session_date: date) -> pd.DataFrame:
    """Return the bars of one session with the VWAP since its open, NaN before it."""
    marked = intraday.assign(vwap=np.nan)
    try:
        opens, closes = calendars.hours(CALENDAR, session_date)
        is_regular = intraday["started_at"].ge(opens) & intraday["started_at"].lt(closes)
        marked.loc[is_regular, "vwap"] = vwap_series(BarArrays.of(intraday[is_regular]))
    except InsufficientDataError:  # no session, or no sound bar of it: there is no line
        return marked
    return marked
