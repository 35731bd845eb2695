"""Headlines as they came, and what the desk reads in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from core.domain.feeds import NewsItem, NewsReading
from core.storage.connection import Store
from core.storage.facts import FactTable

NEWS = FactTable(
    name="news",
    model=NewsItem,
    keys=("news_id",),
    columns=("news_id", "title", "source", "published_at", "provider", "label"),
    known_by="received_at",
)
READINGS = FactTable(
    name="news_readings",
    model=NewsReading,
    keys=("reading_id",),
    identity="reading_id",
    columns=("news_id", "story_id", "symbols", "sentiment", "method"),
    known_by="received_at",
)
STORIES = """
with known as (
    select news_id, published_at, body from news where received_at <= ?
        and published_at between ? and ?
    qualify row_number() over (partition by news_id order by received_at desc) = 1
), read as (
    select news_id, story_id, symbols, body from news_readings where received_at <= ?
    qualify row_number() over (partition by news_id order by received_at desc, rowid desc) = 1
)
select known.body, read.body from known join read using (news_id)
where list_has_any(read.symbols, ?) order by published_at, news_id
"""


class Story(NamedTuple):
    """One headline with its reading."""

    item: NewsItem
    reading: NewsReading


class NewsItems:
    """Headlines; the newest reading of each counts."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, items: Sequence[NewsItem], received_at: datetime | None) -> int:
        return NEWS.append(self._store, items, received_at=received_at)

    def append_readings(self, readings: Sequence[NewsReading], received_at: datetime | None) -> int:
        return READINGS.append(self._store, readings, received_at=received_at)

    def published(self, since: datetime, until: datetime) -> list[NewsItem]:
        """Return what was published in [since, until] and received by its end, oldest first."""
        condition = (
            "published_at between ? and ? and received_at <= ? qualify row_number() over "
            "(partition by news_id order by received_at desc) = 1 order by published_at, news_id"
        )
        return NEWS.find(self._store, condition, (since, until, until))

    def readings(self, since: datetime, until: datetime) -> dict[str, NewsReading]:
        """Return the newest readings of what was published in [since, until], by news_id.

        Of those that were received by its end.
        """
        condition = (
            "news_id in (select news_id from news where published_at between ? and ?) "
            "and received_at <= ? qualify row_number() "
            "over (partition by news_id order by received_at desc, rowid desc) = 1"
        )
        found = READINGS.find(self._store, condition, (since, until, until))
        return {one.news_id: one for one in found}

    def known_of(
        self, symbols: Sequence[str], since: datetime, until: datetime
    ) -> dict[str, list[Story]]:
        """Return what was known at `until` of the headlines since `since`, oldest first, by symbol.

        One headline may belong to several symbols; a symbol without headlines is left out.
        """
        wanted = list(symbols)
        rows = self._store.all(STORIES, (until, since, until, until, wanted))
        found: defaultdict[str, list[Story]] = defaultdict(list)
        for item, reading in rows:
            story = Story(
                NewsItem.model_validate_json(item), NewsReading.model_validate_json(reading)
            )
            for symbol in sorted(set(story.reading.symbols).intersection(wanted)):
                found[symbol].append(story)
        return dict(found)
