"""The daily state of every symbol, kept in memory between snapshots."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from core.analysis.adjustment import adjust_for_splits
from core.analysis.daily_state import DailyState
from core.domain.feeds import CorporateAction
from core.errors import InsufficientDataError
from core.storage.storage import Storage

Splits = tuple[CorporateAction, ...]

YEARS = 2  # whole years of bars before the session's own: a fixed start, whoever computes when


@dataclass
class Held:
    """A state, what it was made of, and the moment up to which it knows.

    fetched_through: when the newest bar was stored that it may know, by the wall's clock.
    """

    state: DailyState
    splits: Splits
    since: date
    known_by: datetime
    fetched_through: datetime


class Board:
    """Answers from memory where that is exact, from the store where it is not."""

    def __init__(self, storage: Storage) -> None:
        self._storage, self._lock = storage, threading.Lock()
        self._held: dict[str, Held] = {}

    def states(
        self, symbols: Sequence[str], session_date: date, known_by: datetime
    ) -> tuple[dict[str, DailyState], dict[str, str]]:
        """Return the state of each symbol before a session, as known at a moment; and why not.

        The states are the board's own: read them before the next call.
        """
        known = self._storage.actions.known_of(symbols, known_by)
        splits = {symbol: _in_force(known.get(symbol, []), session_date) for symbol in symbols}
        with self._lock:
            kept = [s for s in symbols if self._may_go_on(s, splits[s], session_date, known_by)]
            current = self._extend(kept, session_date, known_by)
            missing = [symbol for symbol in symbols if symbol not in current]
            opened, failed = self._open(missing, splits, session_date, known_by)
            return current | opened, failed

    def _may_go_on(
        self,
        symbol: str,
        splits: tuple[CorporateAction, ...],
        session_date: date,
        known_by: datetime,
    ) -> bool:
        held = self._held.get(symbol)
        return (
            held is not None
            and held.known_by <= known_by
            and held.since == start_of(session_date)
            and held.splits == splits
            and held.state.last_date < session_date
        )

    def _extend(
        self, symbols: Sequence[str], session_date: date, known_by: datetime
    ) -> dict[str, DailyState]:
        """Bring held states up to a moment; leave out those of which an old bar was revised."""
        if not symbols:
            return {}
        held = {symbol: self._held[symbol] for symbol in symbols}
        through = self._storage.bars.fetched_through()
        changes = self._storage.bars.changes(
            symbols,
            session_date,
            last_session=min(one.state.last_date for one in held.values()),
            fetched_after=min(one.fetched_through for one in held.values()),
            known_by=known_by,
        )
        current = {}
        for symbol, one in held.items():
            bars = changes.get(symbol, [])
            old = [bar for bar in bars if bar.session_date <= one.state.last_date]
            if any(bar.fetched_at > one.fetched_through for bar in old):
                continue
            one.state.append(bars[len(old) :])
            one.known_by, one.fetched_through = known_by, through
            current[symbol] = one.state
        return current

    def _open(
        self,
        symbols: Sequence[str],
        splits: Mapping[str, Splits],
        session_date: date,
        known_by: datetime,
    ) -> tuple[dict[str, DailyState], dict[str, str]]:
        """Build states from the store; one of a moment before the held one's is not kept."""
        if not symbols:
            return {}, {}
        through = self._storage.bars.fetched_through()
        bars = adjusted_bars(self._storage, symbols, splits, session_date, known_by)
        opened, failed = dict[str, DailyState](), dict[str, str]()
        for symbol in symbols:
            if symbol not in bars:
                failed[symbol] = (
                    f"no daily bars of {symbol} had come by {known_by:%Y-%m-%d %H:%M} UTC"
                )
                continue
            try:
                opened[symbol] = DailyState(bars[symbol])
            except InsufficientDataError as error:
                failed[symbol] = f"{symbol}: {error}"
                continue
            held = self._held.get(symbol)
            if held is None or held.known_by <= known_by:
                self._held[symbol] = Held(
                    opened[symbol], splits[symbol], start_of(session_date), known_by, through
                )
        return opened, failed


def start_of(session_date: date) -> date:
    """Return from when on bars count for a session."""
    return date(session_date.year - YEARS, 1, 1)


def adjusted_bars(
    storage: Storage,
    symbols: Sequence[str],
    splits: Mapping[str, Sequence[CorporateAction]],
    session_date: date,
    known_by: datetime,
) -> dict[str, pd.DataFrame]:
    """Return the daily bars before a session in that session's shares, by symbol."""
    found = storage.bars.daily_of(symbols, start_of(session_date), session_date, known_by)
    return {
        symbol: adjust_for_splits(bars, splits.get(symbol, ()), session_date)
        for symbol, bars in found.items()
    }


def _in_force(
    actions: Iterable[CorporateAction], session_date: date
) -> tuple[CorporateAction, ...]:
    return tuple(a for a in actions if a.kind == "split" and a.ex_date <= session_date)
