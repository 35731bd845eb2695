"""Snapshots: what was known of each symbol at one moment, from the store alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pandas as pd

from core.analysis.daily_state import DailyState
from core.analysis.indicators import read_lead, read_regime
from core.analysis.levels import levels_of
from core.analysis.rendering import one_line
from core.analysis.sessions import SessionReading, read_session
from core.domain.feeds import Fundamentals, SessionHours
from core.domain.market import Headline, Lead, MarketSnapshot, Timeframe
from core.errors import InsufficientDataError
from core.flow import calendars
from core.steps.moment import CALENDAR
from core.steps.services import Services
from core.storage.news import Story

HEADLINES = 5
LEVEL_BARS = 400  # where the market turned longer ago is forgotten
HEADLINE_AGE = timedelta(days=5)


@dataclass(frozen=True)
class Known:
    """What is stored about all symbols at the moment of a snapshot, by symbol."""

    as_of: datetime
    session_date: date
    daily: Mapping[str, DailyState]
    failed: Mapping[str, str]
    sessions: Mapping[str, SessionReading]
    leads: tuple[Lead, ...]
    news: Mapping[str, Sequence[Story]]
    fundamentals: Mapping[str, Fundamentals]


def take_snapshots(
    services: Services, session_date: date, as_of: datetime
) -> tuple[list[MarketSnapshot], dict[str, str]]:
    """Return the snapshots of all symbols as of a moment, and why a symbol has none.

    Nothing that was received later is in them, so that the same moment gives the same snapshots.
    """
    known, taken = _gather(services, session_date, as_of), list[MarketSnapshot]()
    without_data = {s: known.failed[s] for s in services.universe.symbols if s in known.failed}
    for symbol in services.universe.symbols:
        if symbol in without_data:
            continue
        try:
            taken.append(_snapshot(symbol, known))
        except InsufficientDataError as error:
            without_data[symbol] = str(error)
    return taken, without_data


def _gather(services: Services, session_date: date, as_of: datetime) -> Known:
    storage, universe = services.storage, services.universe
    daily, failed = services.board.states(universe.all, session_date, as_of)
    fresh, stale = _split_by_freshness(daily, session_date)
    sessions = _sessions(services, fresh, session_date, as_of)
    return Known(
        as_of=as_of,
        session_date=session_date,
        daily=fresh,
        failed=failed | stale,
        sessions=sessions,
        leads=tuple(_leads(universe.leads, fresh, sessions)),
        news=storage.news.known_of(universe.symbols, as_of - HEADLINE_AGE, as_of),
        fundamentals=storage.fundamentals.latest_of(universe.symbols, session_date, as_of),
    )


def _split_by_freshness(
    daily: Mapping[str, DailyState], session_date: date
) -> tuple[dict[str, DailyState], dict[str, str]]:
    """Set aside the symbols that lack the bar of the session before: older ones mislead."""
    before = calendars.sessions(CALENDAR, session_date - timedelta(days=14), session_date)
    newest = max(day for day in before if day < session_date)
    stale = {
        symbol: f"the newest bar of {symbol} is of {state.last_date}, that of {newest} is missing"
        for symbol, state in daily.items()
        if state.last_date < newest
    }
    return {symbol: state for symbol, state in daily.items() if symbol not in stale}, stale


def _sessions(
    services: Services, daily: Mapping[str, DailyState], session_date: date, as_of: datetime
) -> dict[str, SessionReading]:
    """Read the session's own bars, where some were received by then."""
    found = services.storage.bars.intraday_of(list(daily), session_date, as_of)
    if not found:
        return {}
    opens, closes = calendars.hours(CALENDAR, session_date)
    hours = SessionHours(session_date=session_date, opens_at=opens, closes_at=closes)
    readings = {
        symbol: read_session(bars, hours, daily[symbol].last_close)
        for symbol, bars in found.items()
    }
    return {symbol: reading for symbol, reading in readings.items() if reading is not None}


def _leads(
    symbols: Sequence[str],
    daily: Mapping[str, DailyState],
    sessions: Mapping[str, SessionReading],
) -> list[Lead]:
    """Return the leads that have data; a snapshot without its lead says so."""
    found = []
    for symbol in symbols:
        if symbol in daily:
            state = daily[symbol]
            closes = pd.DataFrame({"close": state.recent(state.count)[2]})
            found.append(read_lead(symbol, closes, state.label, sessions.get(symbol)))
    return found


def _snapshot(symbol: str, known: Known) -> MarketSnapshot:
    state, session = known.daily[symbol], known.sessions.get(symbol)
    indicators = state.indicators()
    last = session.last if session else state.last_close
    previous = state.last_close if session else state.previous_close
    return MarketSnapshot(
        symbol=symbol,
        as_of=known.as_of,
        session_date=known.session_date,
        timeframe=Timeframe.DAY,
        provider=state.provider,
        label=state.label,
        bars_first_date=state.first_date,
        bars_last_date=state.last_date,
        bars_count=state.count,
        bars_sha256=state.sha256,
        last=last,
        previous_close=previous,
        change_fraction=last / previous - 1,
        previous_high=state.last_high,
        previous_low=state.last_low,
        indicators=indicators,
        levels=levels_of(state.recent(LEVEL_BARS), indicators, last, session),
        lead=known.leads[0] if known.leads else None,
        leads=known.leads,
        regime=read_regime(indicators),
        **_session_fields(session),
        headlines=_headlines(known.news.get(symbol, ())),
        fundamentals=known.fundamentals.get(symbol),
    )


def _session_fields(session: SessionReading | None) -> dict[str, float | None]:
    if session is None:
        return {}
    fields = session._asdict()
    del fields["last"]
    return fields


def _headlines(stories: Sequence[Story]) -> tuple[Headline, ...]:
    """Return the newest stories, each by its first headline and with all who told it."""
    told: dict[str, list[Story]] = {}
    for story in stories:
        told.setdefault(story.reading.story_id, []).append(story)
    return tuple(
        Headline(
            news_id=first.item.news_id,
            source=first.item.source,
            title=one_line(first.item.title),
            published_at=first.item.published_at,
            label=first.item.label,
            told_by=len({one.item.source for one in members}),
            sentiment=first.reading.sentiment,
        )
        for members in list(told.values())[-HEADLINES:]
        for first in members[:1]
    )
