"""Bars, and the snapshot of what was known at one moment."""

from __future__ import annotations

import operator
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, model_validator

from core.domain.base import (
    Fraction,
    Frozen,
    Later,
    Number,
    Price,
    Symbol,
    UtcDatetime,
    content_sha256,
)
from core.domain.feeds import Fundamentals, Label

NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
OutOfHundred = Annotated[float, Field(ge=0, le=100)]
Turn = Literal["up", "down", "none"]


OVERBOUGHT, OVERSOLD = 70, 30  # RSI 14


class Timeframe(StrEnum):
    DAY = "1d"
    FIVE_MINUTES = "5m"
    MINUTE = "1m"


BAR_COLUMNS = (
    "symbol",
    "timeframe",
    "session_date",
    "started_at",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "provider",
    "label",
)


class DailyBar(NamedTuple):
    """One daily bar as a row of the store: thousands come at once, so it is no model."""

    symbol: str
    session_date: date
    open: float
    high: float
    low: float
    close: float
    volume: float
    provider: str
    label: str
    fetched_at: datetime
    received_at: datetime


class BarQuery(Frozen):
    """Bars of one symbol over a range of sessions, both ends included."""

    symbol: Symbol
    timeframe: Timeframe
    start: date
    end: date


LevelSource = Literal[
    "vwap", "ema8", "ema21", "sma50", "sma200", "bb_upper", "bb_lower", "pivot", "r1", "s1",
    "pdh", "pdl", "pmh", "pml", "swing", "round", "manual",
]  # fmt: skip


class Level(Frozen):
    kind: Literal["support", "resistance"]
    price: Price
    source: LevelSource
    strength: Fraction = 0.5
    note: str = ""


class Pivots(Frozen):
    """Classic pivots of one bar for the next session. Prices in USD per share.

    A support of a wide bar can be negative: it is then no level.
    """

    pivot: Number
    r1: Number
    s1: Number
    r2: Number
    s2: Number


class Indicators(Frozen):
    """TA-Lib readings of the last completed bar. Prices in USD per share.

    macd_curl: the last three histogram values turn towards zero. macd_cross: the histogram
        changed its sign on the last bar. bollinger_width: of the middle, as a fraction.
        bollinger_squeeze: the width is below 0.8 of its mean over 50 bars.
    """

    ema8: Price
    ema21: Price
    sma50: Price
    sma200: Price
    bollinger_upper: Price
    bollinger_middle: Price
    bollinger_lower: Number
    macd: Number
    macd_signal: Number
    macd_histogram: tuple[Number, Number, Number]
    rsi14: OutOfHundred
    atr14: Price
    atr14_mean: Price
    relative_volume: NotNegative
    macd_curl: Later[Turn] = None
    macd_cross: Later[Turn] = None
    bollinger_width: Later[NotNegative] = None
    bollinger_squeeze: Later[bool] = None
    adx14: Later[OutOfHundred] = None
    atr_state: Later[Literal["low", "normal", "high"]] = None
    volume_state: Later[Literal["weak", "normal", "strong"]] = None
    pivots: Later[Pivots] = None


class Lead(Frozen):
    """The market's lead: direction of an index or basket that leads the symbol.

    above_vwap: the session's newest price against the session's VWAP, None before its first bar.
    """

    symbol: Symbol
    last: Price
    above_ema21: bool
    above_sma50: bool
    change_fraction: Number
    label: Label
    above_vwap: Later[bool] = None
    ema21: Later[Price] = None
    sma50: Later[Price] = None
    vwap: Later[Price] = None


class Regime(Frozen):
    """Trend, and volatility by the ATR against its mean. chop: ADX 14 is below 20."""

    trend: Literal["up", "down", "flat"]
    volatility: Literal["low", "normal", "high"]
    chop: Later[bool] = None


class MarketEvent(Frozen):
    """A data release or another moment at which the market may jump."""

    at: UtcDatetime
    name: str
    importance: Literal["high", "medium", "low"]


class Headline(Frozen):
    """The first headline of a story. told_by: how many sources tell it. sentiment: -1 to 1."""

    news_id: str
    source: str
    title: str
    published_at: UtcDatetime
    label: Label
    told_by: Annotated[int, Field(ge=1, exclude_if=lambda sources: sources == 1)] = 1
    sentiment: Later[Annotated[float, Field(ge=-1, le=1)]] = None


class MarketSnapshot(Frozen):
    """What was known about one symbol at one moment. Its id is the hash of its content.

    lead: the first of `leads`. vwap, gap_fraction and the pre-market's readings are the
        session's own, None while no intraday bar of it is known. opening_range_*: of the first
        five minutes. session_relative_volume: the session's volume so far against the mean of 20
        sessions, taken for the part of the session that has passed. events: today's releases.
        vix: the newest close of the index, where its bars were imported and are a few days old.
    """

    symbol: Symbol
    as_of: UtcDatetime
    session_date: date
    timeframe: Timeframe
    provider: str
    label: Label
    bars_first_date: date
    bars_last_date: date
    bars_count: int = Field(gt=0)
    bars_sha256: str
    last: Price
    previous_close: Price
    change_fraction: Number
    previous_high: Price
    previous_low: Price
    indicators: Indicators
    levels: tuple[Level, ...]
    lead: Lead | None
    leads: Annotated[tuple[Lead, ...], Field(exclude_if=operator.not_)] = ()
    regime: Regime
    vwap: Later[Price] = None
    premarket_vwap: Later[Price] = None
    premarket_high: Later[Price] = None
    premarket_low: Later[Price] = None
    gap_fraction: Later[Number] = None
    session_open: Later[Price] = None
    session_high: Later[Price] = None
    session_low: Later[Price] = None
    opening_range_high: Later[Price] = None
    opening_range_low: Later[Price] = None
    session_relative_volume: Later[NotNegative] = None
    vix: Later[Price] = None
    events: Annotated[tuple[MarketEvent, ...], Field(exclude_if=operator.not_)] = ()
    headlines: tuple[Headline, ...] = ()
    fundamentals: Fundamentals | None = None

    @model_validator(mode="after")
    def _knows_only_the_past(self) -> MarketSnapshot:
        if self.bars_last_date >= self.session_date:
            raise ValueError("a snapshot before the session may not hold the session's own bar")
        if any(headline.published_at > self.as_of for headline in self.headlines):
            raise ValueError("a headline was published after the snapshot's moment")
        return self

    @model_validator(mode="after")
    def _has_one_first_lead(self) -> MarketSnapshot:
        if self.leads and self.lead != self.leads[0]:
            raise ValueError("the lead must be the first of the leads")
        return self

    @property
    def snapshot_id(self) -> str:
        return content_sha256(self)
