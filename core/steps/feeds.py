"""Fetch, check and store what the outside world knows: bars, headlines, fundamentals."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd

from core.analysis.quality import split_bars
from core.domain.feeds import FeedCheck
from core.domain.market import BAR_COLUMNS, BarQuery, Timeframe
from core.errors import AppError, InsufficientDataError
from core.flow.catalog import StepContext, step

HISTORY_DAYS = 560
NEWS_DAYS = 5


@step("feeds.bars")
def bars(context: StepContext) -> dict[str, Any]:
    """Bring the daily bars up to the last completed session before this one."""
    services, until = context.services, context.session_date - timedelta(days=1)
    queries = [_missing_days(context, symbol, until) for symbol in services.universe.all]
    return _fetch(context, [query for query in queries if query], "bars")


@step("feeds.session_bars")
def session_bars(context: StepContext) -> dict[str, Any]:
    """Bring the day's bars; 5-minute ones where a plan or a position is open."""
    today = context.session_date
    daily = [
        BarQuery(symbol=symbol, timeframe=Timeframe.DAY, start=today, end=today)
        for symbol in context.services.universe.all
    ]
    intraday = [
        BarQuery(symbol=symbol, timeframe=Timeframe.FIVE_MINUTES, start=start, end=today)
        for symbol, start in _open_since(context).items()
    ]
    return _fetch(context, daily + intraday, "bars")


def _missing_days(context: StepContext, symbol: str, until: date) -> BarQuery | None:
    start = context.session_date - timedelta(days=HISTORY_DAYS)
    stored = context.services.storage.bars.sessions(symbol, Timeframe.DAY, start, until)
    whole = bool(stored) and stored[0] <= start + timedelta(days=7)
    if whole and stored[-1] >= until:
        return None
    first = stored[-1] - timedelta(days=5) if whole else start
    return BarQuery(symbol=symbol, timeframe=Timeframe.DAY, start=first, end=until)


def _open_since(context: StepContext) -> dict[str, date]:
    """Map each symbol with an open plan or position to the first session it needs bars of."""
    services, today = context.services, context.session_date
    since = {position.symbol: today for position in services.adapters.broker.positions()}
    for tactic in services.storage.tactics.unresolved(today):
        since[tactic.symbol] = min(tactic.session_date, since.get(tactic.symbol, today))
    return {
        symbol: _first_missing_session(context, symbol, start) for symbol, start in since.items()
    }


def _first_missing_session(context: StepContext, symbol: str, start: date) -> date:
    today, stored_bars = context.session_date, context.services.storage.bars
    intraday = set(stored_bars.sessions(symbol, Timeframe.FIVE_MINUTES, start, today))
    daily = stored_bars.sessions(symbol, Timeframe.DAY, start, today)
    return min((day for day in daily if day not in intraday), default=today)


def _fetch(context: StepContext, queries: list[BarQuery], feed: str) -> dict[str, Any]:
    services = context.services
    provider = services.adapters.market_data
    frames, unknown = [], []
    try:
        for query in queries:
            try:
                frames.append(provider.bars(query))
            except InsufficientDataError as error:
                unknown.append(str(error))
        if unknown and not frames:
            raise InsufficientDataError("; ".join(unknown))
        counts = _store_bars(context, frames)
    except AppError as error:
        _record(context, feed, provider.name, error=str(error))
        raise
    _record(context, feed, provider.name, counts=counts, error="; ".join(unknown))
    return counts | {"unknown": unknown}


def _store_bars(context: StepContext, frames: list[pd.DataFrame]) -> dict[str, Any]:
    filled = [frame for frame in frames if len(frame)]
    if not filled:
        return {"rows_read": 0, "rows_stored": 0, "rows_quarantined": 0, "newest_at": None}
    services = context.services
    frame = pd.concat(filled, ignore_index=True)[list(BAR_COLUMNS)]
    good, bad = split_bars(frame, services.adapters.market_data.name, datetime.now(UTC))
    services.storage.quality.quarantine(bad)
    newest = good["started_at"].max().isoformat() if len(good) else None
    return {
        "rows_read": len(frame),
        "rows_stored": services.storage.bars.append(good) if len(good) else 0,
        "rows_quarantined": len(bad),
        "newest_at": newest,
    }


@step("feeds.news")
def news(context: StepContext) -> dict[str, Any]:
    """Store the headlines of the last days."""
    services, source = context.services, context.services.adapters.news
    try:
        items = source.headlines(
            services.universe.symbols, context.as_of - timedelta(days=NEWS_DAYS), context.as_of
        )
    except AppError as error:
        _record(context, "news", source.name, error=str(error))
        raise
    stored = services.storage.news.append(items)
    newest = max((item.published_at for item in items), default=None)
    counts = {"rows_read": len(items), "rows_stored": stored, "rows_quarantined": 0}
    _record(context, "news", source.name, counts | {"newest_at": newest})
    return counts


@step("feeds.fundamentals")
def fundamentals(context: StepContext) -> dict[str, Any]:
    """Store what is known of each company as of the session."""
    services, source = context.services, context.services.adapters.fundamentals
    try:
        found = [source.fundamentals(s, context.session_date) for s in services.universe.symbols]
    except AppError as error:
        _record(context, "fundamentals", source.name, error=str(error))
        raise
    known = [item for item in found if item is not None]
    stored = services.storage.fundamentals.append(known)
    counts = {"rows_read": len(known), "rows_stored": stored, "rows_quarantined": 0}
    _record(context, "fundamentals", source.name, counts)
    return counts


def _record(
    context: StepContext,
    feed: str,
    provider: str,
    counts: dict[str, Any] | None = None,
    error: str = "",
) -> None:
    empty = {"rows_read": 0, "rows_stored": 0, "rows_quarantined": 0}
    fields = {"feed": feed, "provider": provider, "run_id": context.run_id, "error": error}
    check = FeedCheck.model_validate(
        {**empty, **(counts or {}), **fields, "checked_at": context.services.clock.now()}
    )
    context.services.storage.quality.record_check(check)
