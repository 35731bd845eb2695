"""Fetch, check and store what the outside world knows: one step per feed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd

from core.analysis.gaps import missing_bars
from core.domain.feeds import CorporateAction, Fundamentals
from core.domain.market import BarQuery, Timeframe
from core.errors import InsufficientDataError
from core.flow import calendars
from core.flow.catalog import StepContext, step
from core.ports import FundamentalsSource, MarketData
from core.steps.bar_feed import fetch_bars
from core.steps.board import start_of
from core.steps.feed_record import attempting, followed, is_due, stored_at
from core.steps.missing_bars import Question, missing_days, newest_settled, to_all
from core.steps.moment import CALENDAR, known_at, received_at, session_of
from core.steps.news_feed import fetch_news
from core.steps.quote_feed import fetch_quotes
from core.steps.symbol_feed import FRESH, SymbolFeed, fetch

AHEAD = timedelta(days=30)
MINUTES = 5
REPAIRED = timedelta(days=8)  # no plan waits longer for the bars of its own session


@step("feeds.bars")
def bars(context: StepContext) -> dict[str, Any]:
    """Bring the daily bars up to the last session whose bar was final before this moment."""
    with attempting(context, "bars", context.services.adapters.market_data):
        until = newest_settled(known_at(context))
        questions = missing_days(context, followed(context), until)
    return fetch_bars(context, questions)


@step("feeds.intraday")
def intraday(context: StepContext) -> dict[str, Any]:
    """Bring the 5-minute bars of the whole session so far: the providers are asked by date.

    Where a plan is open, from the first recent session on that has holes. The replay asks only
    with `replayed`: its bars are made up, and cost their time.
    """
    day = session_of(received_at(context))
    skips = context.services.clock.is_replay and not context.options.get("replayed")
    if skips or not calendars.is_session(CALENDAR, day):
        return FRESH | {"note": "no session, or a replayed one, whose bars come at its close"}
    since, recent = _planned_since(context, day), day - REPAIRED
    questions = [
        _intraday(context, symbol, max(since.get(symbol, day), recent), day)
        for symbol in followed(context)
    ]
    return fetch_bars(context, questions)


@step("feeds.session_bars")
def session_bars(context: StepContext) -> dict[str, Any]:
    """Bring the day's bars; 5-minute ones where a plan or a position is open, or some are there."""
    today = context.session_date
    daily = [
        to_all(context, BarQuery(symbol=symbol, timeframe=Timeframe.DAY, start=today, end=today))
        for symbol in followed(context)
    ]
    intraday = [
        _intraday(context, symbol, start, today)
        for symbol, start in (_begun(context) | _open_since(context)).items()
    ]
    return fetch_bars(context, [*daily, *intraday])


@step("feeds.plan_bars")
def plan_bars(context: StepContext) -> dict[str, Any]:
    """Bring the session's 5-minute bars of the symbols with an open plan or position."""
    today, symbols = context.session_date, _open_since(context)
    return fetch_bars(context, [_intraday(context, symbol, today, today) for symbol in symbols])


@step("feeds.quotes")
def quotes(context: StepContext) -> dict[str, Any]:
    """Store the newest quotes."""
    return fetch_quotes(context)


@step("feeds.actions")
def actions(context: StepContext) -> dict[str, Any]:
    """Store the splits and dividends of the history and of the next month."""
    services = context.services
    start, end = start_of(context.session_date), context.session_date + AHEAD

    def ask(symbol: str) -> Callable[[MarketData], list[CorporateAction]]:
        return lambda source: source.actions(symbol, start, end)

    def keep(provider: str, found: Mapping[str, list[CorporateAction]]) -> int:
        storage, at = services.storage.actions, stored_at(context)
        return sum(
            storage.replace(symbol, provider, (start, end), told, at)
            for symbol, told in found.items()
        )

    feed = SymbolFeed("actions", services.adapters.market_data, ask, keep)
    return fetch(context, feed, followed(context))


@step("feeds.news")
def news(context: StepContext) -> dict[str, Any]:
    """Store the headlines of the last days, and what they say."""
    return fetch_news(context) if is_due(context, "news") else dict(FRESH)


@step("feeds.fundamentals")
def fundamentals(context: StepContext) -> dict[str, Any]:
    """Store what is known of each company as of the session."""
    services, as_of = context.services, context.session_date

    def ask(symbol: str) -> Callable[[FundamentalsSource], list[Fundamentals]]:
        def question(source: FundamentalsSource) -> list[Fundamentals]:
            found = source.fundamentals(symbol, as_of)
            if found is None:
                nothing = f"{source.name} has no fundamentals of {symbol} as of {as_of}"
                raise InsufficientDataError(nothing)
            return [found]

        return question

    def keep(_provider: str, found: Mapping[str, list[Fundamentals]]) -> int:
        told = [one for answer in found.values() for one in answer]
        return services.storage.fundamentals.append(told, stored_at(context))

    feed = SymbolFeed("fundamentals", services.adapters.fundamentals, ask, keep)
    return fetch(context, feed, services.universe.symbols)


def _intraday(context: StepContext, symbol: str, start: date, end: date) -> Question:
    five = Timeframe.FIVE_MINUTES
    return to_all(context, BarQuery(symbol=symbol, timeframe=five, start=start, end=end))


def _begun(context: StepContext) -> dict[str, date]:
    """Map each symbol that has some of the session's 5-minute bars to the session."""
    today = context.session_date
    return dict.fromkeys(context.services.storage.bars.intraday_of(followed(context), today), today)


def _open_since(context: StepContext) -> dict[str, date]:
    """Map each symbol with an open plan or position to the first session it needs bars of."""
    positions, today = context.services.adapters.broker.positions(), context.session_date
    return {position.symbol: today for position in positions} | _planned_since(context, today)


def _planned_since(context: StepContext, today: date) -> dict[str, date]:
    """Map each symbol with an open plan to the first session whose bars it lacks, or today."""
    storage, since = context.services.storage, dict[str, date]()
    for tactic in storage.tactics.unresolved(today):
        since[tactic.symbol] = min(tactic.session_date, since.get(tactic.symbol, today))
    if not since:
        return {}
    first = min(since.values())
    traded = storage.bars.sessions_of(list(since), first, today)
    found = storage.bars.intraday_between(list(since), first, today)
    return {
        symbol: _first_lacking(
            [day for day in traded.get(symbol, ()) if start <= day < today],
            found.get(symbol),
            today,
        )
        for symbol, start in since.items()
    }


def _first_lacking(past: Sequence[date], bars: pd.DataFrame | None, today: date) -> date:
    """Return the first past session without 5-minute bars, or the first recent one with holes.

    A hole where nothing traded is asked for again, too, but only for as long as it is recent.
    """
    known = {} if bars is None else dict(list(bars.groupby("session_date")["started_at"]))
    lacking = (
        day
        for day in past
        if day not in known or (day >= today - REPAIRED and _has_holes(day, known[day]))
    )
    return min(lacking, default=today)


def _has_holes(session: date, started_at: pd.Series[pd.Timestamp]) -> bool:
    starts = started_at.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    return bool(missing_bars(starts, *calendars.hours(CALENDAR, session), MINUTES))
