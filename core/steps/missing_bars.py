"""Which bars to ask of whom: what is not stored, but not what a provider said it does not have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from core.domain.market import BarQuery, Timeframe
from core.flow import calendars
from core.flow.catalog import StepContext
from core.ports import MarketData
from core.steps.board import start_of
from core.steps.moment import CALENDAR, known_at, received_at
from core.steps.providers import Provider

SETTLING = timedelta(minutes=10)  # until then the bar of the day still changes


class Question(NamedTuple):
    """What is asked, and who is, in their order.

    is_about_holes: the newest session is there already, so it is no fault if nobody has these.
    """

    query: BarQuery
    providers: Sequence[Provider[MarketData]]
    is_about_holes: bool = False


def newest_settled(now: datetime) -> date:
    """Return the newest session whose daily bar is final."""
    return calendars.last_closed(CALENDAR, now - SETTLING)


def to_all(context: StepContext, query: BarQuery) -> Question:
    """Return the question that puts a query to every provider."""
    return Question(query, context.services.adapters.market_data)


def missing_days(context: StepContext, symbols: Sequence[str], until: date) -> list[Question]:
    """Return what to ask of daily bars up to a session, with some that are known for comparison.

    It is what the first provider may have that is not stored, put to all that may have some.
    """
    start, now = start_of(context.session_date), received_at(context)
    sessions = calendars.sessions(CALENDAR, start, until)
    missing = context.services.storage.bars.lacking(symbols, sessions, now)
    questions = (_question(context, symbol, missing.get(symbol, ()), until) for symbol in symbols)
    return [question for question in questions if question]


def _question(
    context: StepContext, symbol: str, missing: Sequence[date], until: date
) -> Question | None:
    now, providers = received_at(context), context.services.adapters.market_data
    denied = {one.name: one.memory.of(_topic(symbol), now) for one in providers}
    able = [one for one in providers if set(missing) - denied[one.name]]
    if not able:
        return None
    wanted = [day for day in missing if day not in denied[able[0].name]]
    query = BarQuery(
        symbol=symbol, timeframe=Timeframe.DAY, start=_before(context, wanted[0]), end=wanted[-1]
    )
    return Question(query, able, is_about_holes=wanted[-1] < until)


def deny(
    context: StepContext, provider: Provider[MarketData], query: BarQuery, have: Iterable[date]
) -> None:
    """Remember which days of a query a provider does not have; the newest one it may yet get."""
    newest = newest_settled(known_at(context))
    asked = calendars.sessions(CALENDAR, query.start, query.end)
    absent = {day for day in asked if day < newest} - set(have)
    provider.memory.keep(_topic(query.symbol), absent, received_at(context))


def must_exist(context: StepContext, query: BarQuery) -> bool:
    """Tell whether a provider that has the symbol must have some of these bars by now."""
    due = timedelta(minutes=context.services.playbook.feeds.bars_due_minutes)
    now = received_at(context)
    if query.timeframe is Timeframe.DAY:
        end = min(query.end, calendars.last_closed(CALENDAR, now - due))
        return query.start <= end and bool(calendars.sessions(CALENDAR, query.start, end))
    sessions = calendars.sessions(CALENDAR, query.start, query.end)
    return bool(sessions) and calendars.hours(CALENDAR, sessions[0])[0] <= now - due


def _before(context: StepContext, first: date) -> date:
    """Return from when to ask, so that some sessions come again; not before what is kept."""
    overlap = context.services.playbook.feeds.overlap_sessions
    start = start_of(context.session_date)
    return (calendars.sessions(CALENDAR, start, first)[:-1] or [first])[-overlap:][0]


def _topic(symbol: str) -> str:
    return f"no daily bar of {symbol}"
