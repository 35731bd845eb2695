"""What is known of the market: bars and headlines."""

from __future__ import annotations

from datetime import date

import pandas as pd

from core.domain.market import Timeframe
from core.storage.views.base import StoreView

HEADLINES = """
with read as (
    select news_id, story_id, symbols, sentiment from news_readings
    qualify row_number() over (partition by news_id order by received_at desc, rowid desc) = 1
)
select any_value(symbols) as symbols, arg_min(title, published_at) as title,
    list(distinct source order by source) as sources, min(published_at) as published_at,
    any_value(provider) as provider, any_value(label) as label,
    arg_min(body->>'$.url', published_at) as url, avg(sentiment) as sentiment
from news join read using (news_id) where ? is null or list_contains(symbols, ?)
group by story_id order by published_at desc, title limit ?
"""


class MarketViews(StoreView):
    """The market page."""

    def intraday_bars(self, symbol: str, session_date: date) -> pd.DataFrame:
        """Return the 5-minute bars of one session."""
        return self._bars.between(symbol, Timeframe.FIVE_MINUTES, session_date, session_date)

    def headlines(self, symbol: str | None = None, limit: int = 50) -> pd.DataFrame:
        """Return the newest stories, each with all who told it.

        Shape: symbols, title, sources, published_at, provider, label, url, sentiment.
        """
        return self._store.frame(HEADLINES, (symbol, symbol, limit))
