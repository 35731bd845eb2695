"""Headlines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.domain.feeds import NewsItem
from core.storage.connection import Store
from core.storage.facts import FactTable

NEWS = FactTable(
    name="news",
    model=NewsItem,
    keys=("news_id", "symbol"),
    columns=("news_id", "symbol", "title", "source", "published_at", "provider", "label"),
)


class NewsItems:
    """Headlines per symbol; one headline may belong to several symbols."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, items: Sequence[NewsItem]) -> int:
        return NEWS.append(self._store, items)

    def known_of(
        self, symbols: Sequence[str], since: datetime, until: datetime
    ) -> dict[str, list[NewsItem]]:
        """Return `known` of several symbols with one query; one without headlines is left out."""
        condition = (
            "list_contains(?, symbol) and published_at between ? and ? "
            "order by published_at, news_id"
        )
        found: dict[str, list[NewsItem]] = {}
        for item in NEWS.find(self._store, condition, (list(symbols), since, until)):
            found.setdefault(item.symbol, []).append(item)
        return found

    def known(self, symbol: str, since: datetime, until: datetime) -> list[NewsItem]:
        """Return what was published in [since, until], oldest first."""
        condition = "symbol = ? and published_at between ? and ? order by published_at, news_id"
        return NEWS.find(self._store, condition, (symbol, since, until))
