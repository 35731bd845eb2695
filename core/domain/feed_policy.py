"""What the desk asks of its feeds, read from data/feeds.yaml, and what it finds they deliver."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from core.domain.base import Frozen, Price, Symbol, UtcDatetime
from core.domain.feeds import FeedName
from core.domain.market import Timeframe

Minutes = Annotated[int, Field(strict=True, ge=1, le=60 * 24 * 366)]
ProviderName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,49}$")]
FeedState = Literal["ok", "late", "failed", "never"]
BreakerState = Literal["closed", "open", "half-open"]


class FreshnessSla(Frozen):
    """How old a feed may be, in minutes, in market hours and outside."""

    open_minutes: Minutes
    closed_minutes: Minutes

    @model_validator(mode="after")
    def _is_laxer_outside(self) -> FreshnessSla:
        if self.closed_minutes < self.open_minutes:
            raise ValueError("closed_minutes may not be shorter than open_minutes")
        return self


class Freshness(Frozen):
    """The SLA of every feed but the daily bars, which are due after a close; none may be missing.

    intraday: how old the newest bar may be, after the close how long before it that bar may end.
        The others: how old the newest success may be.
    """

    intraday: FreshnessSla
    quotes: FreshnessSla
    actions: FreshnessSla
    news: FreshnessSla
    fundamentals: FreshnessSla

    def of(self, feed: FeedName) -> FreshnessSla:
        sla: FreshnessSla = getattr(self, feed)
        return sla


class BreakerPolicy(Frozen):
    """After how many failures in a row a provider is left alone, and for how long."""

    failures: Annotated[int, Field(strict=True, ge=1, le=100)] = 5
    cool_down_seconds: Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)] = 60


class ProviderPolicy(Frozen):
    """How hard one provider may be asked; `requests_per_minute` of None is no limit."""

    requests_per_minute: Annotated[int, Field(strict=True, ge=1, le=100_000)] | None = 60
    breaker: BreakerPolicy = BreakerPolicy()


class FeedPolicy(Frozen):
    """The file data/feeds.yaml. Fractions are 0..1: 0.005 is 0.5 %."""

    version: Annotated[str, Field(min_length=1)]
    freshness: Freshness
    providers: dict[ProviderName, ProviderPolicy]
    news_days: Annotated[int, Field(strict=True, ge=1, le=60)]
    overlap_sessions: Annotated[int, Field(strict=True, ge=1, le=250)]
    price_difference_fraction: Annotated[float, Field(gt=0, le=0.5)]
    cross_check_symbols: Annotated[int, Field(strict=True, ge=0, le=1000)]
    bars_due_minutes: Annotated[int, Field(strict=True, ge=10, le=24 * 60)]
    patience_seconds: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)]

    def provider(self, name: str) -> ProviderPolicy:
        """Return the provider's own policy, or the cautious default where the file has none."""
        return self.providers.get(name, ProviderPolicy())


class FeedHealth(Frozen):
    """Whether a feed is as fresh as agreed. Ages in minutes.

    Bars are as old as their newest row, `newest_at`; the other feeds as their newest success.
    state: `late` is too old while nothing failed, `failed` is too old or empty and the newest
        try failed, `never` has brought nothing yet.
    missing_symbols: those whose bars are not there although they are due.
    """

    feed: FeedName
    state: FeedState
    age_minutes: Annotated[float, Field(ge=0)] | None
    allowed_minutes: Minutes
    newest_success_at: UtcDatetime | None
    error: str = ""
    newest_at: UtcDatetime | None = None
    missing_symbols: tuple[str, ...] = ()


class Gap(Frozen):
    """A run of bars that should be there and are not; daily bars start at midnight UTC."""

    symbol: Symbol
    timeframe: Timeframe
    first: UtcDatetime
    last: UtcDatetime
    count: int = Field(ge=1)

    @model_validator(mode="after")
    def _is_ordered(self) -> Gap:
        if self.first > self.last or (self.count == 1) != (self.first == self.last):
            raise ValueError("a gap ends after it begins, or is one bar")
        return self


class PriceDispute(Frozen):
    """Two providers tell different closes of one session. Prices in USD per share.

    kind: `split` where the ratio of the prices is that of a known split.
    difference_fraction: the difference over the lower price.
    """

    symbol: Symbol
    session_date: date
    provider_a: str
    price_a: Price
    provider_b: str
    price_b: Price
    difference_fraction: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    kind: Literal["difference", "split"]


class ProviderState(Frozen):
    """How a provider does, for the pages; `tokens` of None is no limit."""

    name: str
    breaker: BreakerState
    open_until: UtcDatetime | None
    tokens: Annotated[int, Field(ge=0)] | None
    last_error: str
    last_success_at: UtcDatetime | None
    last_failure_at: UtcDatetime | None


class StreamState(Frozen):
    """How the live stream does, for the pages; the name is empty where none is chosen.

    connected_at: since when the newest connection stands, or stood before it was lost.
    error: why it ended, or what it met since it last connected.
    """

    name: str
    is_on: bool
    connected_at: UtcDatetime | None = None
    last_message_at: UtcDatetime | None = None
    error: str = ""
