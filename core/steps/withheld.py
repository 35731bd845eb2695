"""Symbols that get no snapshot, because what is known of them would mislead."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from core.analysis.adjustment import split_like
from core.analysis.daily_state import DailyReading
from core.analysis.sessions import SessionReading
from core.flow import calendars
from core.steps.moment import CALENDAR
from core.steps.services import Services

UNTOLD = (
    "the price of {} moved by {:+.1%} like a {} split that nobody told; "
    "check it, or wait for the split"
)


def split_by_freshness(
    daily: Mapping[str, DailyReading], session_date: date
) -> tuple[dict[str, DailyReading], dict[str, str]]:
    """Set aside the symbols that lack the bar of the session before: older ones mislead."""
    before = calendars.sessions(CALENDAR, session_date - timedelta(days=14), session_date)
    newest = max(day for day in before if day < session_date)
    stale = {
        symbol: f"the newest bar of {symbol} is of {state.last_date}, that of {newest} is missing"
        for symbol, state in daily.items()
        if state.last_date < newest
    }
    return {symbol: state for symbol, state in daily.items() if symbol not in stale}, stale


def untold_splits(
    services: Services,
    daily: Mapping[str, DailyReading],
    sessions: Mapping[str, SessionReading],
    session_date: date,
    as_of: datetime,
) -> dict[str, str]:
    """Tell which symbols moved like a split, in the session or on the last day, with none known.

    Every reading of theirs would compare old shares with new ones.
    """
    doubtful = {}
    for symbol, state in daily.items():
        moves = [(state.last_date, state.last_close / state.previous_close)]
        if symbol in sessions:
            moves.append((session_date, 1 + sessions[symbol].gap_fraction))
        for ex_date, move in moves:
            ratio = split_like(1.0, move)
            if ratio and not _is_told(services, symbol, ex_date, as_of):
                doubtful[symbol] = UNTOLD.format(symbol, move - 1, ratio)
    return doubtful


def _is_told(services: Services, symbol: str, ex_date: date, as_of: datetime) -> bool:
    known = services.storage.actions.known_of([symbol], as_of).get(symbol, [])
    return any(action.kind == "split" and action.ex_date == ex_date for action in known)
