"""The operator's calendar of data releases: the file data/events.yaml."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from core.domain.base import Frozen
from core.domain.market import MarketEvent

NEW_YORK = ZoneInfo("America/New_York")


class Release(Frozen):
    """One kind of release and the days on which it comes, at one New York time."""

    name: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[A-Za-z][A-Za-z .&'-]*$")]
    importance: Literal["high", "medium", "low"]
    at: time
    days: tuple[date, ...] = Field(min_length=1)


class EventCalendar(Frozen):
    """Every release that the operator has written down; a day without one is not known as quiet."""

    version: str
    releases: tuple[Release, ...]

    def on(self, day: date) -> tuple[MarketEvent, ...]:
        """Return the events of one day, in the order of their times."""
        found = [
            MarketEvent(
                at=datetime.combine(day, release.at, NEW_YORK),
                name=release.name,
                importance=release.importance,
            )
            for release in self.releases
            if day in release.days
        ]
        return tuple(sorted(found, key=lambda event: (event.at, event.name)))
