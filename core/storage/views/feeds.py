"""How fresh the data is, how much there is, and what was refused."""

from __future__ import annotations

import pandas as pd

from core.storage.views.base import StoreView

FEEDS = """
select feed, provider, checked_at, newest_at, rows_read, rows_stored, rows_quarantined, error,
    coalesce(body->>'$.note', '') as note, run_id,
    max(checked_at) filter (error = '') over (partition by feed, provider) as newest_ok_at
from feed_checks
qualify row_number() over (partition by feed, provider order by checked_at desc, rowid desc) = 1
order by feed, provider
"""
FEED_ROWS = """
select 'bars' as feed, provider, timeframe as detail, label, count(*) as rows,
    count(distinct symbol) as symbols, min(started_at) as first_at, max(started_at) as last_at
from bars group by provider, timeframe, label
union all
select 'news', provider, '', label, count(*), (
        select count(distinct s) from (
            select unnest(r.symbols) as s from news_readings r join news m using (news_id)
            where m.provider = news.provider)),
    min(published_at), max(published_at)
from news group by provider, label
union all
select 'fundamentals', provider, '', body->>'$.label', count(*), count(distinct symbol),
    min(as_of_date)::timestamp, max(as_of_date)::timestamp
from fundamentals group by provider, body->>'$.label'
order by all
"""
QUARANTINE = """
select source, kind, reason, count(*) as rows, arg_max(key, (recorded_at, rowid)) as newest_key,
    min(recorded_at) as first_at, max(recorded_at) as last_at
from quarantine group by source, kind, reason order by last_at desc, rows desc
"""
QUARANTINED_ROWS = """
select source, kind, key, reason, body->>'$.payload' as payload, recorded_at
from quarantine order by recorded_at desc, rowid desc limit ?
"""


class FeedViews(StoreView):
    """The state of the data."""

    def feeds(self) -> pd.DataFrame:
        """Return the newest check per feed and provider with the columns of `Overview.feeds`."""
        return self._store.frame(FEEDS)

    def feed_rows(self) -> pd.DataFrame:
        """Return how much of each kind is stored.

        Shape: feed, provider, detail (the timeframe of bars), label, rows, symbols, first_at,
            last_at.
        """
        return self._store.frame(FEED_ROWS)

    def quarantine(self) -> pd.DataFrame:
        """Return the refused rows by reason, newest first.

        Shape: source, kind, reason, rows, newest_key, first_at, last_at.
        """
        return self._store.frame(QUARANTINE)

    def quarantined_rows(self, limit: int = 100) -> pd.DataFrame:
        """Return single refused rows: source, kind, key, reason, payload, recorded_at."""
        return self._store.frame(QUARANTINED_ROWS, (limit,))
