"""Snapshots: what was known of each symbol at one moment, from the store alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pandas as pd

from core.analysis.daily_state import DailyReading
from core.analysis.indicators import read_lead, read_regime
from core.analysis.levels import levels_of
from core.analysis.rendering import one_line
from core.analysis.sessions import SessionReading, read_session
from core.domain.feeds import Fundamentals, SessionHours
from core.domain.market import Headline, Lead, MarketEvent, MarketSnapshot, Timeframe
from core.errors import InsufficientDataError
from core.flow import calendars
from core.steps.moment import CALENDAR
from core.steps.services import Services, Universe
from core.steps.withheld import split_by_freshness, untold_splits
from core.storage.news import Story

HEADLINES = 5
LEVEL_BARS = 400  # where the market turned longer ago is forgotten
HEADLINE_AGE = timedelta(days=5)
VIX, VIX_AGE = "VIX", timedelta(days=5)


@dataclass(frozen=True)
class Known:
    """What is stored about all symbols at the moment of a snapshot, by symbol."""

    as_of: datetime
    session_date: date
    daily: Mapping[str, DailyReading]
    failed: Mapping[str, str]
    sessions: Mapping[str, SessionReading]
    leads: tuple[Lead, ...]
    events: tuple[MarketEvent, ...]
    news: Mapping[str, Sequence[Story]]
    fundamentals: Mapping[str, Fundamentals]
    vix: float | None


@dataclass(frozen=True)
class Taken:
    """Snapshots of the followed symbols, those of the other leads, and why a symbol has none."""

    symbols: list[MarketSnapshot]
    leads: list[MarketSnapshot]
    failed: dict[str, str]

    @property
    def all(self) -> list[MarketSnapshot]:
        return [*self.symbols, *self.leads]


def take_snapshots(services: Services, session_date: date, as_of: datetime) -> Taken:
    """Return the snapshots of all symbols and leads as of a moment.

    Nothing that was received later is in them, so that the same moment gives the same snapshots.
    The leads and the order of the providers are those of that moment, too.
    """
    symbols = services.universe.symbols
    remembered = services.storage.configurations.as_of(as_of).leads
    leads = services.universe.leads if remembered is None else remembered
    known = _gather(services, Universe(symbols, leads), session_date, as_of)
    failed = dict(known.failed)
    own = _snapshots(symbols, known, failed)
    # What a lead is led by is not asked: it would be itself.
    of_leads = dataclasses.replace(known, leads=())
    others = [lead for lead in leads if lead not in symbols]
    return Taken(own, _snapshots(others, of_leads, failed), failed)


def _snapshots(
    symbols: Iterable[str], known: Known, failed: dict[str, str]
) -> list[MarketSnapshot]:
    """Return the snapshots of the symbols that have data; add to `failed` why one has none."""
    taken = list[MarketSnapshot]()
    for symbol in symbols:
        if symbol in failed:
            continue
        try:
            taken.append(_snapshot(symbol, known))
        except InsufficientDataError as error:
            failed[symbol] = str(error)
    return taken


def _gather(services: Services, universe: Universe, session_date: date, as_of: datetime) -> Known:
    storage, symbols = services.storage, universe.all
    found, failed = services.board.states(symbols, session_date, as_of)
    fresh, stale = split_by_freshness(found, session_date)
    sessions = _sessions(services, fresh, session_date, as_of)
    doubtful = untold_splits(services, fresh, sessions, session_date, as_of)
    daily = {symbol: state for symbol, state in fresh.items() if symbol not in doubtful}
    return Known(
        as_of=as_of,
        session_date=session_date,
        daily=daily,
        failed=failed | stale | doubtful,
        sessions=sessions,
        leads=tuple(_leads(universe.leads, daily, sessions)),
        events=services.playbook.events.on(session_date),
        news=storage.news.known_of(symbols, as_of - HEADLINE_AGE, as_of),
        fundamentals=storage.fundamentals.latest_of(symbols, session_date, as_of),
        vix=_vix(services, session_date, as_of),
    )


def _sessions(
    services: Services, daily: Mapping[str, DailyReading], session_date: date, as_of: datetime
) -> dict[str, SessionReading]:
    """Read the session's own bars, where some were received by then."""
    found = services.storage.bars.intraday_of(list(daily), session_date, as_of)
    if not found:
        return {}
    opens, closes = calendars.hours(CALENDAR, session_date)
    hours = SessionHours(session_date=session_date, opens_at=opens, closes_at=closes)
    readings = {symbol: _session(bars, hours, daily[symbol]) for symbol, bars in found.items()}
    return {symbol: reading for symbol, reading in readings.items() if reading is not None}


def _session(bars: pd.DataFrame, hours: SessionHours, state: DailyReading) -> SessionReading | None:
    """Read one session; volumes of different providers do not compare, so it then has none."""
    reading = read_session(bars, hours, state.last_close)
    if reading is None or set(bars["provider"]) == {state.provider}:
        return reading
    return reading._replace(session_volume=None)


def _vix(services: Services, session_date: date, as_of: datetime) -> float | None:
    """Return the newest close of the volatility index; no provider feeds it, but a file may."""
    found = services.storage.bars.daily_of([VIX], session_date - VIX_AGE, session_date, as_of)
    return float(found[VIX]["close"].iloc[-1]) if VIX in found else None


def _leads(
    symbols: Sequence[str],
    daily: Mapping[str, DailyReading],
    sessions: Mapping[str, SessionReading],
) -> list[Lead]:
    """Return the leads that have data; a snapshot without its lead says so."""
    found = []
    for symbol in symbols:
        if symbol in daily:
            state = daily[symbol]
            closes = pd.DataFrame({"close": state.close})
            found.append(read_lead(symbol, closes, state.label, sessions.get(symbol)))
    return found


def _snapshot(symbol: str, known: Known) -> MarketSnapshot:
    state, session = known.daily[symbol], known.sessions.get(symbol)
    indicators = state.indicators
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
        previous_high=float(state.high[-1]),
        previous_low=float(state.low[-1]),
        indicators=indicators,
        levels=levels_of(state.recent(LEVEL_BARS), indicators, last, session),
        lead=known.leads[0] if known.leads else None,
        leads=known.leads,
        regime=read_regime(indicators),
        **(session.snapshot_fields(state.mean_volume) if session else {}),
        vix=known.vix,
        events=known.events,
        headlines=_headlines(known.news.get(symbol, ())),
        fundamentals=known.fundamentals.get(symbol),
    )


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
