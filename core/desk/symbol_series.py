"""What a symbol's chart is drawn from: its total returns, and the lines in its candles."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd

from core.analysis.adjustment import adjust_for_dividends, adjust_for_splits
from core.analysis.bar_arrays import BarArrays
from core.analysis.indicators import indicator_series
from core.analysis.sessions import vwap_series
from core.domain.feeds import CorporateAction, Label
from core.errors import DomainError, InsufficientDataError
from core.flow import calendars
from core.steps.moment import CALENDAR

AVERAGES = ("ema8", "ema21", "sma50", "sma200")


class TotalReturn(NamedTuple):
    """Daily bars that change by total returns, with their averages; the newest one is the price.

    ex_dates: of the dividends that are in them. problem: why there are no bars, if that is known.
    """

    bars: pd.DataFrame
    ex_dates: tuple[date, ...] = ()
    problem: str = ""


def total_return(
    traded: pd.DataFrame, actions: Sequence[CorporateAction], today: date
) -> TotalReturn:
    """Return the total returns of bars as they were traded, in today's shares."""
    if traded.empty:
        return TotalReturn(traded)
    first, last = traded["session_date"].iloc[0], traded["session_date"].iloc[-1]
    paid = [one for one in actions if one.kind == "dividend" and first < one.ex_date <= last]
    try:
        adjusted = adjust_for_dividends(traded, paid, last)
    except DomainError as error:
        return TotalReturn(traded.head(0), problem=str(error))
    if paid:
        label = adjusted["label"].replace(str(Label.REAL), str(Label.DERIVED))
        adjusted = adjusted.assign(label=label)
    bars = with_averages(adjust_for_splits(adjusted, actions, today))
    return TotalReturn(bars, tuple(one.ex_date for one in paid))


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
