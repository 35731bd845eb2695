"""Bars, and the snapshot of what was known at one moment."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from core.domain.base import Fraction, Frozen, Number, Price, Symbol, UtcDatetime, content_sha256
from core.domain.feeds import Fundamentals, Label


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


class Indicators(Frozen):
    """TA-Lib readings of the last completed bar. Prices in USD per share."""

    ema8: Price
    ema21: Price
    sma50: Price
    sma200: Price
    bollinger_upper: Price
    bollinger_middle: Price
    bollinger_lower: Price
    macd: Number
    macd_signal: Number
    macd_histogram: tuple[Number, Number, Number]
    rsi14: Annotated[float, Field(ge=0, le=100)]
    atr14: Price
    atr14_mean: Price
    relative_volume: Annotated[float, Field(ge=0)]


class Lead(Frozen):
    """The market's lead: direction of the index or basket that leads the symbol."""

    symbol: Symbol
    last: Price
    above_ema21: bool
    above_sma50: bool
    change_fraction: Number
    label: Label


class Regime(Frozen):
    trend: Literal["up", "down", "flat"]
    volatility: Literal["low", "normal", "high"]


class Headline(Frozen):
    news_id: str
    source: str
    title: str
    published_at: UtcDatetime
    label: Label


class MarketSnapshot(Frozen):
    """What was known about one symbol at one moment. Its id is the hash of its content."""

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
    regime: Regime
    headlines: tuple[Headline, ...] = ()
    fundamentals: Fundamentals | None = None

    @model_validator(mode="after")
    def _knows_only_the_past(self) -> MarketSnapshot:
        if self.bars_last_date >= self.session_date:
            raise ValueError("a snapshot before the session may not hold the session's own bar")
        if any(headline.published_at > self.as_of for headline in self.headlines):
            raise ValueError("a headline was published after the snapshot's moment")
        return self

    @property
    def snapshot_id(self) -> str:
        return content_sha256(self)
