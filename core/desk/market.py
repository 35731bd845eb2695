"""What is known of the market, how fresh it is, and who delivers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from core.analysis.adjustment import adjust_for_splits
from core.desk.live import Live
from core.desk.symbol_series import TotalReturn, total_return, with_averages, with_vwap
from core.desk.watch_list import COLUMNS, next_event, rows_of
from core.domain.feed_policy import FeedHealth, Gap, ProviderState, StreamState
from core.domain.feeds import CorporateAction, Fundamentals
from core.domain.market import MarketSnapshot, Timeframe
from core.errors import InsufficientDataError, NotFoundError
from core.flow import calendars
from core.steps.check import find_gaps
from core.steps.health import feed_health
from core.steps.moment import CALENDAR, session_of
from core.steps.providers import states
from core.steps.services import Services
from core.steps.snapshots import take_snapshots

NEWS_DAYS = 5
STORIES = 50
CHART_DAYS = 520  # 120 candles, and the 200 sessions before them for the slowest average
SPARKLINE_SESSIONS = 30


@dataclass(frozen=True)
class SymbolView:
    """Everything about one symbol.

    daily: bars in today's shares, oldest first, with ema8, ema21, sma50 and sma200; total_return:
        the same with dividends left in the share. intraday: the 5-minute bars of `intraday_date`,
        with vwap. NaN where a line is not known yet.
    stories: symbols, title, sources, published_at, provider, label, url, sentiment.
    actions: kind, ex_date, ratio, amount_usd, provider. quote: a row of `quotes_of`, or None.
    """

    symbol: str
    snapshot: MarketSnapshot | None
    daily: pd.DataFrame
    total_return: TotalReturn
    intraday: pd.DataFrame
    intraday_date: date | None
    stories: pd.DataFrame
    fundamentals: Fundamentals | None
    actions: pd.DataFrame
    quote: dict[str, Any] | None


class Market:
    """The watch list, one symbol, and the health of the data."""

    def __init__(self, services: Services, live: Live) -> None:
        self._services, self._views, self._live = services, services.storage.views, live

    def symbols(self) -> tuple[str, ...]:
        """Return the followed symbols, the market's leads last."""
        return self._services.universe.all

    def watch_list(self) -> pd.DataFrame:
        """Return one row per followed symbol, from its newest snapshot.

        Of a lead counts what is newer, its own snapshot or one that it leads.
        Shape: the columns of `watch_list.COLUMNS`. sparkline: the last closes in today's shares;
            next_event: earnings, dividend or split. Missing is None or NaN.
        """
        now, symbols = self._services.clock.now(), self.symbols()
        taken = {one.symbol: one for one in self._views.newest_snapshots(symbols, now)}
        known, today = rows_of(taken.values()), session_of(now)
        actions = self._services.storage.actions.known_of(symbols, now)
        lines = self._sparklines(actions, now)
        tone = self._views.news_tone(symbols, now - timedelta(days=NEWS_DAYS), now)
        told = {row["symbol"]: row for row in tone.to_dict("records")}
        rows = [
            known.get(symbol, {})
            | told.get(symbol, {})
            | next_event(taken.get(symbol), actions.get(symbol, ()), today)
            | {"symbol": symbol, "is_lead": symbol in self._services.universe.leads}
            | {"sparkline": lines.get(symbol)}
            for symbol in symbols
        ]
        return pd.DataFrame(rows, columns=[*COLUMNS])

    def symbol(self, symbol: str) -> SymbolView:
        """Return everything about one followed symbol. Raises: NotFoundError."""
        if symbol not in self.symbols():
            raise NotFoundError(f"{symbol!r} is not on the watch list")
        now, storage = self._services.clock.now(), self._services.storage
        today, taken = session_of(now), self._views.newest_snapshots([symbol], now)
        traded = self._traded([symbol], CHART_DAYS, now).get(symbol, pd.DataFrame())
        actions = storage.actions.known_of([symbol], now).get(symbol, [])
        day = storage.bars.last_session(symbol, Timeframe.FIVE_MINUTES)
        quotes = self._views.quotes_of([symbol], now).to_dict("records")
        return SymbolView(
            symbol=symbol,
            snapshot=taken[0] if taken else None,
            daily=with_averages(adjust_for_splits(traded, actions, today)),
            total_return=total_return(traded, actions, today),
            intraday=with_vwap(self._views.intraday_bars(symbol, day), day)
            if day
            else pd.DataFrame(),
            intraday_date=day,
            stories=self._views.headlines(symbol, STORIES),
            fundamentals=storage.fundamentals.latest_of([symbol], today, now).get(symbol),
            actions=self._views.actions_of(symbol, now),
            quote={str(k): v for k, v in quotes[0].items()} if quotes else None,
        )

    def snapshot_as_of(self, symbol: str, moment: datetime) -> MarketSnapshot:
        """Return what was known of a followed symbol at a moment, made anew from the store.

        Raises: NotFoundError, InsufficientDataError with the reason.
        """
        if symbol not in self.symbols():
            raise NotFoundError(f"{symbol!r} is not on the watch list")
        taken = take_snapshots(self._services, session_of(moment), moment)
        found = next((one for one in taken.all if one.symbol == symbol), None)
        if found is None:
            raise InsufficientDataError(taken.failed[symbol])
        return found

    def health(self) -> list[FeedHealth]:
        """Return how fresh each feed is against what data/feeds.yaml asks."""
        return feed_health(self._services, self._services.clock.now())

    def providers(self) -> dict[str, list[ProviderState]]:
        """Return how each provider does, by the kind of feed; nobody is asked for it."""
        adapters = self._services.adapters
        return {
            "market data": states(adapters.market_data),
            "news": states(adapters.news),
            "fundamentals": states(adapters.fundamentals),
        }

    def stream(self) -> StreamState:
        """Return how the live stream does."""
        return self._live.state()

    def gaps(self) -> list[Gap]:
        """Return the sessions of the last year whose daily bar is not there."""
        last = calendars.last_closed(CALENDAR, self._services.clock.now())
        return find_gaps(self._services, last)

    def findings(self) -> pd.DataFrame:
        """Return what the checks of the data found: kind, symbol, text, found_at."""
        return self._views.findings()

    def _traded(self, symbols: Sequence[str], days: int, now: datetime) -> dict[str, pd.DataFrame]:
        """Return the daily bars of the last days as they were traded, oldest first, by symbol."""
        start, end = session_of(now) - timedelta(days=days), session_of(now) + timedelta(days=1)
        return self._services.storage.bars.daily_of(symbols, start, end, now)

    def _sparklines(
        self, actions: Mapping[str, Sequence[CorporateAction]], now: datetime
    ) -> dict[str, list[float]]:
        """Return the last closes of the symbols in today's shares."""
        traded = self._traded(self.symbols(), 2 * SPARKLINE_SESSIONS, now)
        today = session_of(now)
        adjusted = {s: adjust_for_splits(b, actions.get(s, ()), today) for s, b in traded.items()}
        return {s: bars["close"].tolist()[-SPARKLINE_SESSIONS:] for s, bars in adjusted.items()}
