"""The daily state of every symbol, kept in memory between snapshots."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from core.analysis.adjustment import adjust_for_splits
from core.analysis.daily_state import DailyReading, DailyState
from core.domain.feeds import CorporateAction
from core.domain.market import DailyBar
from core.errors import InsufficientDataError
from core.storage.storage import Storage

Splits = tuple[CorporateAction, ...]

YEARS = 2  # whole years of bars before the session's own: a fixed start, whoever computes when


@dataclass
class Held:
    """A state and what it was made of.

    It read what was stored by `fetched_through` (the wall's clock), and of that what was received
    by `known_by`.
    """

    state: DailyState
    splits: Splits
    providers: list[str]
    since: date
    known_by: datetime
    fetched_through: datetime

    def is_news(self, bar: DailyBar) -> bool:
        """Tell whether a bar is one that the state cannot know."""
        return bar.fetched_at > self.fetched_through or bar.received_at > self.known_by

    def may_take(self, bars: Sequence[DailyBar]) -> bool:
        """Tell whether bars only follow on those of the state, on their scale."""
        newer = [bar.session_date for bar in bars if bar.session_date > self.state.last_date]
        is_scaled = all(split.ex_date <= min(newer) for split in self.splits) if newer else True
        old = bars[: len(bars) - len(newer)]
        return is_scaled and not any(self.is_news(bar) for bar in old)


class Board:
    """Answers from memory where that is exact, from the store where it is not."""

    def __init__(self, storage: Storage) -> None:
        self._storage, self._lock = storage, threading.Lock()
        self._held: dict[str, Held] = {}

    def states(
        self, symbols: Sequence[str], session_date: date, known_by: datetime
    ) -> tuple[dict[str, DailyReading], dict[str, str]]:
        """Return the state of each symbol before a session, as known at a moment; and why not."""
        known = self._storage.actions.known_of(symbols, known_by)
        splits = {symbol: _in_force(known.get(symbol, []), session_date) for symbol in symbols}
        with self._lock:
            kept = [s for s in symbols if self._may_go_on(s, splits[s], session_date, known_by)]
            current = self._extend(kept, session_date, known_by)
            missing = [symbol for symbol in symbols if symbol not in current]
            opened, failed = self._open(missing, splits, session_date, known_by)
            return _read(current | opened, failed)

    def _may_go_on(
        self,
        symbol: str,
        splits: Splits,
        session_date: date,
        known_by: datetime,
    ) -> bool:
        held = self._held.get(symbol)
        return (
            held is not None
            and held.known_by <= known_by
            and held.since == start_of(session_date)
            and held.splits == splits
            and held.providers == self._storage.bars.preferred(known_by)
            and held.state.last_date < session_date
        )

    def _extend(
        self, symbols: Sequence[str], session_date: date, known_by: datetime
    ) -> dict[str, DailyState]:
        """Bring held states up to a moment; leave out those that more than newer bars change."""
        if not symbols:
            return {}
        held = {symbol: self._held[symbol] for symbol in symbols}
        through = self._storage.bars.fetched_through()
        changes = self._storage.bars.changes(
            symbols,
            session_date,
            last_session=min(one.state.last_date for one in held.values()),
            fetched_after=min(one.fetched_through for one in held.values()),
            known_after=min(one.known_by for one in held.values()),
            known_by=known_by,
        )
        current = {}
        for symbol, one in held.items():
            bars = changes.get(symbol, [])
            if not one.may_take(bars) or not _append(one.state, bars):
                del self._held[symbol]
                continue
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
        providers = self._storage.bars.preferred(known_by)
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
                    state=opened[symbol],
                    splits=splits[symbol],
                    providers=providers,
                    since=start_of(session_date),
                    known_by=known_by,
                    fetched_through=through,
                )
        return opened, failed


def _append(state: DailyState, bars: Iterable[DailyBar]) -> bool:
    """Add the newer ones of some bars; tell whether all of them could be."""
    try:
        state.append([bar for bar in bars if bar.session_date > state.last_date])
    except InsufficientDataError:
        return False
    return True


def _read(
    states: Mapping[str, DailyState], failed: Mapping[str, str]
) -> tuple[dict[str, DailyReading], dict[str, str]]:
    readings, unread = dict[str, DailyReading](), dict(failed)
    for symbol, state in states.items():
        try:
            readings[symbol] = state.read()
        except InsufficientDataError as error:
            unread[symbol] = f"{symbol}: {error}"
    return readings, unread


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
