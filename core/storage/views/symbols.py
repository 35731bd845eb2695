"""One symbol and the watch list, as the newest snapshots tell them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from core.domain.market import MarketSnapshot
from core.storage.actions import Actions, Quotes
from core.storage.insights import SNAPSHOTS
from core.storage.views.base import StoreView

# The inner query reads two narrow columns of all snapshots; their bodies are read for few of them.
NEWEST = """
(symbol, as_of) in (
    select (symbol, max(as_of)) from snapshots
    where list_contains(?, symbol) and as_of <= ? group by symbol)
qualify row_number() over (partition by symbol order by rowid desc) = 1 order by symbol
"""
NEWS_TONE = """
with read as (
    select r.news_id, story_id, symbols, sentiment, published_at
    from news_readings r join news n using (news_id) where published_at between ? and ?
    qualify row_number() over (partition by r.news_id order by r.received_at desc, r.rowid desc) = 1
)
select symbol, count(distinct story_id) as stories, avg(sentiment) as sentiment
from (select unnest(symbols) as symbol, story_id, sentiment from read)
where list_contains(?, symbol) group by symbol
"""
FINDINGS = """
select kind, symbol, text, found_at from data_findings order by found_at desc, rowid desc limit ?
"""


class SymbolViews(StoreView):
    """The market page."""

    def newest_snapshots(self, symbols: Sequence[str], known_by: datetime) -> list[MarketSnapshot]:
        """Return the newest snapshot of each symbol that has one, by symbol."""
        return SNAPSHOTS.find(self._store, NEWEST, (list(symbols), known_by))

    def news_tone(self, symbols: Sequence[str], since: datetime, until: datetime) -> pd.DataFrame:
        """Return how many stories there are of each symbol and how they sound.

        Shape: symbol, stories, sentiment (-1 to 1).
        """
        return self._store.frame(NEWS_TONE, (since, until, list(symbols)))

    def actions_of(self, symbol: str, known_by: datetime) -> pd.DataFrame:
        """Return splits and dividends: kind, ex_date, ratio, amount_usd, provider; oldest first."""
        found = Actions(self._store).known_of([symbol], known_by).get(symbol, [])
        columns = ["kind", "ex_date", "ratio", "amount_usd", "provider"]
        return pd.DataFrame([action.model_dump() for action in found], columns=columns)

    def quotes_of(self, symbols: Sequence[str], known_by: datetime) -> pd.DataFrame:
        """Return the newest quotes: symbol, bid, ask, last, quoted_at, provider, label."""
        found = Quotes(self._store).latest_of(symbols, known_by).values()
        columns = ["symbol", "bid", "ask", "last", "quoted_at", "provider", "label"]
        return pd.DataFrame([quote.model_dump() for quote in found], columns=columns)

    def findings(self, limit: int = 100) -> pd.DataFrame:
        """Return what the checks of the data found, newest first: kind, symbol, text, found_at."""
        return self._store.frame(FINDINGS, (limit,))
