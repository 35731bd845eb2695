"""A chart of Yahoo, turned into bars and actions as they were traded."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from core.adapters.yahoo_rest import NAME
from core.domain.feeds import CorporateAction, Label
from core.domain.market import BAR_COLUMNS, BarQuery, Timeframe

NEW_YORK = ZoneInfo("America/New_York")
PRICES = ["open", "high", "low", "close"]
CLOSE = time(16)
TICK_DECIMALS = 4  # the finest tick of a US stock; Yahoo's 32-bit floats bring noise after it
DIVIDEND_DECIMALS = 6
LENGTHS = {Timeframe.FIVE_MINUTES: pd.Timedelta(5, "min"), Timeframe.MINUTE: pd.Timedelta(1, "min")}
NO_ROWS = pd.DataFrame(
    columns=["Open", "High", "Low", "Close", "Volume"],
    index=pd.DatetimeIndex([], tz=NEW_YORK),
    dtype=float,
)


@dataclass(frozen=True)
class Chart:
    """One answer; prices, volumes and dividends are those of today's shares, after every split.

    prices: yfinance's columns, indexed by aware times. splits, dividends: by ex-date.
    """

    prices: pd.DataFrame
    splits: Mapping[date, float]
    dividends: Mapping[date, float]
    last_price: float | None
    last_traded_at: datetime | None


NO_CHART = Chart(NO_ROWS, {}, {}, None, None)


def to_bars(prices: pd.DataFrame, splits: Mapping[date, float], query: BarQuery) -> pd.DataFrame:
    """Return the bars of `query` in prices as they were traded.

    Shape: the columns of `BAR_COLUMNS`. A row without any price is left out, one that lacks some
        is not; of two rows for one moment the first stays.
    """
    rows = prices.rename(columns=str.lower).dropna(subset=PRICES, how="all")
    bars = _with_times(rows, query.timeframe)
    bars = bars[bars["session_date"].between(query.start, query.end)]
    bars = bars.drop_duplicates("started_at").sort_values("started_at")
    facts = {"symbol": query.symbol, "timeframe": str(query.timeframe), "label": str(Label.REAL)}
    traded = _as_traded(bars, splits).assign(**facts, provider=NAME)
    return traded[list(BAR_COLUMNS)].reset_index(drop=True)


def to_actions(chart: Chart, symbol: str, start: date, end: date) -> list[CorporateAction]:
    """Return the splits and dividends from start to end, dividends per share as it was then."""
    facts: dict[str, Any] = {"symbol": symbol, "provider": NAME, "label": Label.REAL}
    splits = [
        CorporateAction(kind="split", ex_date=day, ratio=ratio, **facts)
        for day, ratio in chart.splits.items()
        if start <= day <= end
    ]
    dividends = [
        CorporateAction(
            kind="dividend", ex_date=day, amount_usd=_as_paid(amount, day, chart.splits), **facts
        )
        for day, amount in chart.dividends.items()
        if start <= day <= end
    ]
    return sorted([*splits, *dividends], key=lambda action: (action.ex_date, action.kind))


def _with_times(rows: pd.DataFrame, timeframe: Timeframe) -> pd.DataFrame:
    local = pd.DatetimeIndex(rows.index).tz_convert(NEW_YORK)
    if timeframe is Timeframe.DAY:
        midnight = local.tz_localize(None).normalize().tz_localize("UTC").as_unit("us")
        return rows.assign(session_date=local.date, started_at=midnight)
    # Yahoo stamps the newest bar with the moment of its last trade.
    started = local.tz_convert("UTC").floor(LENGTHS[timeframe]).as_unit("us")
    return rows.assign(session_date=local.date, started_at=started)[local.time < CLOSE]


def _as_traded(bars: pd.DataFrame, splits: Mapping[date, float]) -> pd.DataFrame:
    later = {day: _later_ratio(day, splits) for day in set(bars["session_date"])}
    ratios = bars["session_date"].map(later).astype(float)
    prices = bars[PRICES].astype(float).mul(ratios, axis="index").round(TICK_DECIMALS)
    volume = (bars["volume"] / ratios).round().astype("int64")
    return bars.assign(**{name: prices[name] for name in PRICES}, volume=volume)


def _as_paid(amount: float, day: date, splits: Mapping[date, float]) -> float:
    return round(amount * _later_ratio(day, splits), DIVIDEND_DECIMALS)


def _later_ratio(day: date, splits: Mapping[date, float]) -> float:
    """Return how many shares of today one share of `day` has become."""
    return math.prod(ratio for ex_date, ratio in splits.items() if ex_date > day)
