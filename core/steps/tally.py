"""What came of a feed that never ends, told once a minute."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from core.domain.feeds import FeedName
from core.flow.catalog import StepContext
from core.steps.feed_record import NONE, record

EVERY = timedelta(minutes=1)


class Tally:
    """Adds up the counts of one feed since its last check."""

    def __init__(self, feed: FeedName) -> None:
        self._feed: FeedName = feed
        self._counts: dict[str, Any] = {}
        self._recorded_at: datetime | None = None

    def add(self, counts: Mapping[str, Any]) -> None:
        """Add counts, with `newest_at` as an ISO text or None."""
        before = self._counts
        newest = [one for one in (before.get("newest_at"), counts.get("newest_at")) if one]
        self._counts = {name: before.get(name, 0) + counts.get(name, 0) for name in NONE}
        self._counts["newest_at"] = max(newest, default=None)

    def record_if_due(self, context: StepContext, provider: str) -> None:
        """Keep a check of what came, if something came and the last check is a minute old."""
        if self._recorded_at is not None and context.as_of - self._recorded_at < EVERY:
            return
        if self._counts:
            record(context, self._feed, provider, self._counts)
            self._counts, self._recorded_at = {}, context.as_of
