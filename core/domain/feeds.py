"""What feeds deliver besides bars: headlines, fundamentals, corporate actions, quotes."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from core.domain.base import Frozen, Number, Price, Symbol, UtcDatetime

FeedName = Literal["bars", "intraday", "quotes", "actions", "news", "fundamentals"]
Title = Annotated[str, Field(min_length=1, max_length=300)]


# A figure that earlier facts did not hold: left out while unknown, so that they keep their id.
Later = Annotated[Number | None, Field(exclude_if=lambda value: value is None)]


class Label(StrEnum):
    """How a fact came to be; shown wherever the fact is shown."""

    REAL = "real"
    DERIVED = "derived"
    SYNTHETIC = "synthetic"


class NewsItem(Frozen):
    """A headline as one provider published it, in plain text; an update of it is another item.

    symbols: those that the provider names, maybe none; which ones it is about is a NewsReading's.
    """

    news_id: Annotated[str, Field(min_length=1, max_length=200)]
    symbols: tuple[Symbol, ...]
    title: Title
    summary: Annotated[str, Field(max_length=1000)] = ""
    source: Annotated[str, Field(min_length=1, max_length=100)]
    url: Annotated[str, Field(max_length=2000)] = ""
    published_at: UtcDatetime
    provider: str
    label: Label


class NewsReading(Frozen):
    """What the desk makes of a headline: its story, the symbols it is about, its tone.

    story_id: the news_id of the first item that told the same story.
    sentiment: -1 (bad for the price) to 1; `method` names the rules and their version.
    """

    news_id: str
    story_id: str
    symbols: tuple[Symbol, ...]
    sentiment: Annotated[float, Field(ge=-1, le=1)]
    method: str


class Fundamentals(Frozen):
    """What was reported for a symbol as of a date. Money in USD."""

    symbol: Symbol
    as_of_date: date
    sector: str
    market_cap_usd: Number | None = None
    price_earnings_ratio: Number | None = None
    earnings_per_share_usd: Number | None = None
    revenue_usd: Later = None
    net_income_usd: Later = None
    revenue_growth_fraction: Number | None = None
    gross_margin_fraction: Number | None = None
    net_margin_fraction: Number | None = None
    next_earnings_date: date | None = None
    provider: str
    label: Label


class CorporateAction(Frozen):
    """A split or a cash dividend, in force from the open of `ex_date`.

    ratio: new shares per old share of a split, 4.0 for 4:1. amount_usd: per share of a dividend.
    """

    symbol: Symbol
    kind: Literal["split", "dividend"]
    ex_date: date
    ratio: Price | None = None
    amount_usd: Price | None = None
    provider: str
    label: Label

    @model_validator(mode="after")
    def _has_its_own_number(self) -> CorporateAction:
        wanted = (True, False) if self.kind == "split" else (False, True)
        if (self.ratio is not None, self.amount_usd is not None) != wanted:
            raise ValueError("a split has a ratio, a dividend an amount, and neither has both")
        return self


class Quote(Frozen):
    """The newest prices of a symbol. Prices in USD per share; sizes in shares, None if unknown."""

    symbol: Symbol
    bid: Price | None = None
    ask: Price | None = None
    bid_size: Annotated[float, Field(ge=0)] | None = None
    ask_size: Annotated[float, Field(ge=0)] | None = None
    last: Price | None = None
    quoted_at: UtcDatetime
    provider: str
    label: Label

    @model_validator(mode="after")
    def _has_a_price(self) -> Quote:
        if self.bid is None and self.ask is None and self.last is None:
            raise ValueError("a quote needs a bid, an ask or a last price")
        if self.bid is not None and self.ask is not None and self.bid > self.ask:
            raise ValueError("the bid is above the ask")
        return self


class SessionHours(Frozen):
    """When a session opens and closes."""

    session_date: date
    opens_at: UtcDatetime
    closes_at: UtcDatetime


class QuarantinedRow(Frozen):
    """A row that was refused, kept with the reason."""

    source: str
    kind: Literal["bar", "quote", "action", "news", "fundamentals", "import"]
    key: str
    reason: str
    payload: str
    recorded_at: UtcDatetime


class FeedCheck(Frozen):
    """The result of one fetch from one feed.

    error: why nothing came. note: what was missing although something came.
    """

    feed: FeedName
    provider: str
    run_id: str
    checked_at: UtcDatetime
    rows_read: int = Field(ge=0)
    rows_stored: int = Field(ge=0)
    rows_quarantined: int = Field(ge=0)
    newest_at: UtcDatetime | None = None
    error: str = ""
    note: str = ""


class DataFinding(Frozen):
    """Something about the data that the operator should know, told once.

    dispute: two providers tell different prices. revision: a stored bar came back changed.
    rescaled: stored bars came back divided by one ratio. calendar: the market's hours differ.
    """

    kind: Literal["dispute", "revision", "rescaled", "calendar"]
    symbol: str
    text: str
    found_at: UtcDatetime
    run_id: str
