"""Fetch, check and store what the outside world knows: one step per feed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any, TypeVar

from core.domain.feeds import CorporateAction, FeedName, Fundamentals
from core.domain.market import BarQuery, Timeframe
from core.errors import AppError
from core.flow import calendars
from core.flow.catalog import StepContext, step
from core.steps.bar_feed import fetch_bars, missing_days
from core.steps.board import start_of
from core.steps.feed_record import FailureWatch, is_due, record
from core.steps.moment import CALENDAR, known_at, received_at, session_of
from core.steps.news_feed import fetch_news
from core.steps.providers import Provider, first_answer

AdapterT = TypeVar("AdapterT")
AnswerT = TypeVar("AnswerT")
FRESH = {"rows_read": 0, "rows_stored": 0, "rows_quarantined": 0, "note": "still fresh enough"}


@step("feeds.bars")
def bars(context: StepContext) -> dict[str, Any]:
    """Bring the daily bars up to the last session that had closed before this moment."""
    until = calendars.last_closed(CALENDAR, known_at(context))
    queries = [missing_days(context, symbol, until) for symbol in context.services.universe.all]
    return fetch_bars(context, [query for query in queries if query])


@step("feeds.intraday")
def intraday(context: StepContext) -> dict[str, Any]:
    """Bring the session's 5-minute bars of every symbol, from the last known one on."""
    now = received_at(context)
    day = session_of(now)
    if not calendars.is_session(CALENDAR, day) or context.services.clock.is_replay:
        return FRESH | {"note": "no session, or a replayed one, whose bars come at its close"}
    queries = [
        BarQuery(symbol=symbol, timeframe=Timeframe.FIVE_MINUTES, start=day, end=day)
        for symbol in context.services.universe.all
    ]
    return fetch_bars(context, queries)


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
    return fetch_bars(context, daily + intraday)


@step("feeds.quotes")
def quotes(context: StepContext) -> dict[str, Any]:
    """Store the newest quotes."""
    services, symbols = context.services, context.services.universe.all
    watch = FailureWatch(services.adapters.market_data)
    try:
        name, found = first_answer(services.adapters.market_data, lambda s: s.quotes(symbols))
    except AppError:
        watch.record_failures(context, "quotes", answered=())
        raise
    stored = services.storage.quotes.append(found, received_at(context))
    newest = max((quote.quoted_at for quote in found), default=None)
    counts = {"rows_read": len(found), "rows_stored": stored, "rows_quarantined": 0}
    record(context, "quotes", name, counts | {"newest_at": newest})
    watch.record_failures(context, "quotes", answered=(name,))
    return counts


@step("feeds.actions")
def actions(context: StepContext) -> dict[str, Any]:
    """Store the splits and dividends of the history and of the next month."""
    if not is_due(context, "actions"):
        return FRESH
    services = context.services
    start = start_of(context.session_date)
    end = context.session_date + timedelta(days=30)

    def ask(symbol: str) -> tuple[str, list[CorporateAction]]:
        return first_answer(
            services.adapters.market_data, lambda source: source.actions(symbol, start, end)
        )

    return _each_symbol(
        context, "actions", services.adapters.market_data, services.universe.all, ask,
        lambda found: services.storage.actions.append(found, received_at(context)),
    )  # fmt: skip


@step("feeds.news")
def news(context: StepContext) -> dict[str, Any]:
    """Store the headlines of the last days, and what they say."""
    return fetch_news(context) if is_due(context, "news") else FRESH


@step("feeds.fundamentals")
def fundamentals(context: StepContext) -> dict[str, Any]:
    """Store what is known of each company as of the session."""
    if not is_due(context, "fundamentals"):
        return FRESH
    services, as_of = context.services, context.session_date

    def ask(symbol: str) -> tuple[str, list[Fundamentals]]:
        name, found = first_answer(
            services.adapters.fundamentals, lambda source: source.fundamentals(symbol, as_of)
        )
        return name, [found] if found else []

    return _each_symbol(
        context, "fundamentals", services.adapters.fundamentals, services.universe.symbols, ask,
        lambda found: services.storage.fundamentals.append(found, received_at(context)),
    )  # fmt: skip


def _each_symbol(
    context: StepContext,
    feed: FeedName,
    providers: Sequence[Provider[AdapterT]],
    symbols: Sequence[str],
    ask: Callable[[str], tuple[str, list[AnswerT]]],
    keep: Callable[[list[AnswerT]], int],
) -> dict[str, Any]:
    """Ask symbol by symbol, store what came, and record it per provider.

    Raises: the last error, if no symbol got an answer.
    """
    watch, answers, failed = FailureWatch(providers), dict[str, list[AnswerT]](), dict[str, str]()
    last_error: AppError | None = None
    for symbol in symbols:
        try:
            name, found = ask(symbol)
            answers.setdefault(name, []).extend(found)
        except AppError as error:
            failed[symbol], last_error = str(error), error
    total = {"rows_read": 0, "rows_stored": 0, "rows_quarantined": 0}
    for name, items in answers.items():
        counts = {"rows_read": len(items), "rows_stored": keep(items), "rows_quarantined": 0}
        record(context, feed, name, counts, "; ".join(failed.values()))
        total = {key: total[key] + counts[key] for key in total}
    watch.record_failures(context, feed, answered=answers)
    if last_error is not None and not answers:
        raise last_error
    return total | {"failed": failed}


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
