"""What a stream delivers, checked and stored like everything else, and its gaps repaired."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from threading import Lock

import pandas as pd

from core.analysis.rollup import MinuteWindows, window_end
from core.domain.feeds import Quote
from core.domain.market import BarQuery, Timeframe
from core.errors import AppError
from core.flow import calendars
from core.flow.catalog import StepContext
from core.steps.bar_feed import ask_for_bars, store_bars, store_fetched
from core.steps.feed_record import record
from core.steps.moment import CALENDAR, session_of
from core.steps.providers import ANSWERS
from core.steps.repairs import Repair, Repairs
from core.steps.services import Services
from core.steps.tally import Tally

MINUTE = timedelta(minutes=1)
QUOTES_EVERY = timedelta(seconds=5)  # a busy symbol is quoted many times a second
LATE_MINUTE = timedelta(seconds=5)  # each symbol's minute comes in a message of its own
LATE_TRADES = timedelta(seconds=35)  # half a minute after its end a bar may come again
LONG_AGO = datetime.fromtimestamp(0, UTC)


class LiveFeed:
    """Takes what one stream delivers. After `close` nothing is stored any more.

    Minute bars are stored as they are, and the 5-minute bars made of them under the name of the
    stream, so that those of a provider, once they come, are preferred to ours.
    """

    def __init__(self, services: Services, name: str) -> None:
        self.connected_at: datetime | None = None
        self.last_message_at: datetime | None = None
        self._services, self._name, self._stream = services, name, f"{name} stream"
        self._lock, self._is_closed = Lock(), False
        self._windows, self._waiting = MinuteWindows(LONG_AGO), pd.DataFrame()
        self._reached = self._quotes_stored_at = LONG_AGO
        self._held_quotes: dict[str, Quote] = {}
        self._repairs = Repairs()
        self._bar_tally, self._quote_tally = Tally("intraday"), Tally("quotes")

    def connected(self, at: datetime) -> None:
        """Have everything asked that may have been missed; the window going on, when it is over."""
        with self._lock:
            self.connected_at = at
            self._windows, self._waiting = MinuteWindows(at), pd.DataFrame()
            for moment in (at, window_end(at) + LATE_TRADES):
                self._repairs.ask(self._session_queries(self._services.universe.all), moment)

    def bars(self, frame: pd.DataFrame) -> None:
        """Store minute bars, and the 5-minute bars that are whole by now."""
        with self._lock:
            if not self._is_closed:
                self._hear()
                held = [one for one in (self._waiting, frame) if len(one)]
                self._waiting = pd.concat(held, ignore_index=True)
                self._take_ended()

    def quotes(self, quotes: Sequence[Quote]) -> None:
        """Store the newest quotes, not more often than every few seconds."""
        with self._lock:
            if not self._is_closed:
                self._hear()
                self._held_quotes |= {quote.symbol: quote for quote in quotes}
                self._reach(max((quote.quoted_at for quote in quotes), default=LONG_AGO))
                self._store_quotes()

    def tick(self) -> None:
        """Do what is due without a message: what was held back, the feeds' checks, the repairs."""
        with self._lock:
            if self._is_closed:
                return
            self._store_quotes()
            self._take_ended()
            for tally in (self._bar_tally, self._quote_tally):
                tally.record_if_due(self._context(), self._stream)
            due = self._repairs.due(self._services.clock.now())
        if due:
            self._repair(due)

    def close(self) -> None:
        """Wait for what is being stored, and store nothing from then on."""
        with self._lock:
            self._is_closed = True

    def _hear(self) -> None:
        self.last_message_at = self._services.clock.now()

    def _reach(self, moment: datetime) -> None:
        """Note how far the stream has come; where its clock is ahead, ours counts."""
        self._reached = max(self._reached, min(moment, self._services.clock.now()))

    def _take_ended(self) -> None:
        """Store the bars that have ended by our clock; the others wait for a tick."""
        if self._waiting.empty:
            return
        now = pd.Timestamp(self._services.clock.now())
        bars = self._waiting.sort_values("started_at", kind="stable")
        bars = bars.drop_duplicates(["symbol", "started_at"], keep="last")
        goes_on = bars["started_at"].le(now) & (bars["started_at"] + MINUTE).gt(now)
        self._waiting = bars[goes_on]
        if not goes_on.all():
            self._store_minutes(bars[~goes_on])

    def _store_minutes(self, bars: pd.DataFrame) -> None:
        stored = store_bars(self._context(), self._name, bars)
        self._bar_tally.add(stored.counts)
        self._windows.add(stored.bars)
        refused = _keys(bars) - _keys(stored.bars)
        if refused:
            self._leave_to_providers(refused)
        if len(stored.bars):
            self._reach(stored.bars["started_at"].max() + MINUTE)
            self._store_windows()

    def _store_windows(self) -> None:
        bars = self._windows.ended(self._reached - LATE_MINUTE)
        if len(bars):
            store_bars(self._context(), self._stream, bars.assign(provider=self._stream))

    def _leave_to_providers(self, refused: set[tuple[str, datetime]]) -> None:
        """Make no bar of a window that lacks a minute; ask for it when it is over."""
        now = self._services.clock.now()
        self._windows.spoil(one for one in refused if one[1] <= now)
        queries = self._session_queries({symbol for symbol, _ in refused})
        self._repairs.ask(queries, window_end(now) + LATE_TRADES)

    def _store_quotes(self) -> None:
        now = self._services.clock.now()
        if not self._held_quotes or now - self._quotes_stored_at < QUOTES_EVERY:
            return
        quotes, self._held_quotes = list(self._held_quotes.values()), {}
        self._quotes_stored_at = now
        stored = self._services.storage.quotes.append(quotes)
        newest = max(quote.quoted_at for quote in quotes).isoformat()
        counts = {"rows_read": len(quotes), "rows_stored": stored, "newest_at": newest}
        self._quote_tally.add(counts)
        self._store_windows()

    def _session_queries(self, symbols: Iterable[str]) -> list[BarQuery]:
        day = session_of(self._services.clock.now())
        if not calendars.is_session(CALENDAR, day):
            return []
        return [
            BarQuery(symbol=symbol, timeframe=Timeframe.FIVE_MINUTES, start=day, end=day)
            for symbol in symbols
        ]

    def _repair(self, repairs: Sequence[Repair]) -> None:
        """Ask the providers; only what comes back is done under the lock."""
        queries = takewhile(lambda _: not self._is_closed, dict.fromkeys(q for _, q in repairs))
        context = self._context()
        fetched = ask_for_bars(context, queries)
        with self._lock:
            if self._is_closed:
                return
            counts = store_fetched(context, fetched)
            failed = {q: e for q, e in fetched.errors.items() if not isinstance(e, ANSWERS)}
            record(context, "intraday", f"{self._stream} repair", counts, error=_words(failed))
            self._repairs.settle(repairs, failed, self._services.clock.now())

    def _context(self) -> StepContext:
        now = self._services.clock.now()
        return StepContext(
            run_id="stream", workflow_id="stream", node_id="stream", as_of=now,
            session_date=session_of(now), inputs={}, results={}, options={},
            services=self._services,
        )  # fmt: skip


def _keys(bars: pd.DataFrame) -> set[tuple[str, datetime]]:
    return set(zip(bars["symbol"], bars["started_at"], strict=True))


def _words(failed: dict[BarQuery, AppError]) -> str:
    return "; ".join(f"{query.symbol}: {error}" for query, error in failed.items())
