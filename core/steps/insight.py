"""From stored bars and headlines to a snapshot, and from the snapshot to an insight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pandas as pd

from core.analysis.indicators import read_indicators, read_lead, read_regime
from core.analysis.levels import find_levels
from core.analysis.rendering import one_line
from core.domain.base import content_sha256
from core.domain.feeds import Fundamentals, Label, NewsItem
from core.domain.market import Headline, Lead, MarketSnapshot, Timeframe
from core.errors import InsufficientDataError
from core.flow.catalog import StepContext, step

BARS = 400
HEADLINES = 5
STALE_AFTER = timedelta(days=6)  # longer than any run of days without a session
EMPTY = pd.DataFrame()


@dataclass(frozen=True)
class Known:
    """What is stored about all symbols at the moment of a snapshot, by symbol."""

    bars: Mapping[str, pd.DataFrame]
    lead: Lead | None
    news: Mapping[str, list[NewsItem]]
    fundamentals: Mapping[str, Fundamentals]


HEADLINE_AGE = timedelta(days=5)


@step("insight.snapshot")
def snapshot(context: StepContext) -> dict[str, Any]:
    """Freeze what is known of each symbol at this moment."""
    storage, universe = context.services.storage, context.services.universe
    known, taken, without_data = _gather(context), [], {}
    for symbol in universe.symbols:
        try:
            taken.append(take_snapshot(context, symbol, known))
        except InsufficientDataError as error:
            without_data[symbol] = str(error)
    if not taken:
        raise InsufficientDataError(f"no symbol has enough data: {without_data}")
    storage.insights.append_snapshots(taken)
    snapshots = {snapshot.symbol: snapshot.snapshot_id for snapshot in taken}
    return {"snapshots": snapshots, "without_data": without_data}


@step("insight.analyze")
def analyze(context: StepContext) -> dict[str, Any]:
    """Let the analyst judge each snapshot."""
    insights, analyst = context.services.storage.insights, context.services.adapters.analyst
    ids = list(context.results["snapshot"]["snapshots"].values())
    made = [analyst.analyze(taken) for taken in insights.snapshots(ids)]
    insights.append_insights(made)
    return {"insights": {i.symbol: i.insight_id for i in made}, "engine": analyst.name}


def _gather(context: StepContext) -> Known:
    storage, universe = context.services.storage, context.services.universe
    bars = storage.bars.daily_of(universe.all, context.session_date, BARS)
    since = context.as_of - HEADLINE_AGE
    return Known(
        bars=bars,
        lead=_lead(universe.lead, bars),
        news=storage.news.known_of(universe.symbols, since, context.as_of),
        fundamentals=storage.fundamentals.latest_of(universe.symbols, context.session_date),
    )


def take_snapshot(context: StepContext, symbol: str, known: Known) -> MarketSnapshot:
    """Return the snapshot of `symbol`, made of daily bars before the session.

    Raises: InsufficientDataError if there are too few bars.
    """
    bars = known.bars.get(symbol, EMPTY)
    _refuse_stale(context, symbol, bars)
    indicators = read_indicators(bars)
    last, previous = bars.iloc[-1], bars.iloc[-2]
    return MarketSnapshot(
        symbol=symbol,
        as_of=context.as_of,
        session_date=context.session_date,
        timeframe=Timeframe.DAY,
        provider=str(last["provider"]),
        label=Label(last["label"]),
        bars_first_date=bars.iloc[0]["session_date"],
        bars_last_date=last["session_date"],
        bars_count=len(bars),
        bars_sha256=bars_sha256(bars),
        last=float(last["close"]),
        previous_close=float(previous["close"]),
        change_fraction=float(last["close"] / previous["close"] - 1),
        previous_high=float(last["high"]),
        previous_low=float(last["low"]),
        indicators=indicators,
        levels=find_levels(bars, indicators, float(last["close"])),
        lead=known.lead,
        regime=read_regime(bars, indicators),
        headlines=_headlines(known.news.get(symbol, [])),
        fundamentals=known.fundamentals.get(symbol),
    )


def bars_sha256(bars: pd.DataFrame) -> str:
    """Return the hash of the bars' dates and prices, so that a post can be traced to them."""
    columns = ["session_date", "open", "high", "low", "close", "volume"]
    rows = [[str(row[0]), *map(float, row[1:])] for row in bars[columns].to_numpy().tolist()]
    return content_sha256({"bars": rows})


def _refuse_stale(context: StepContext, symbol: str, bars: pd.DataFrame) -> None:
    newest = None if bars.empty else bars.iloc[-1]["session_date"]
    if newest is not None and context.session_date - newest > STALE_AFTER:
        raise InsufficientDataError(
            f"the newest bar of {symbol} is of {newest}, too old for {context.session_date}"
        )


def _lead(symbol: str, bars: Mapping[str, pd.DataFrame]) -> Lead | None:
    if symbol not in bars:
        return None
    try:
        return read_lead(symbol, bars[symbol], Label(bars[symbol].iloc[-1]["label"]))
    except InsufficientDataError:
        return None  # an insight without its lead says so


def _headlines(items: list[NewsItem]) -> tuple[Headline, ...]:
    return tuple(
        Headline(
            news_id=item.news_id,
            source=item.source,
            title=one_line(item.title),
            published_at=item.published_at,
            label=item.label,
        )
        for item in items[-HEADLINES:]
    )
