"""What a provider answered of late, so that it is not asked again; lost with the process."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime, timedelta
from threading import Lock

KEPT = timedelta(hours=24)


class Memory:
    """Keeps, by topic, for what there was an answer, and when."""

    def __init__(self) -> None:
        self._answered: dict[str, dict[Hashable, datetime]] = {}
        self._lock = Lock()

    def keep(self, topic: str, items: Iterable[Hashable], at: datetime) -> None:
        with self._lock:
            known = self._answered.get(topic, {})
            recent = {item: moment for item, moment in known.items() if at - moment < KEPT}
            self._answered[topic] = recent | dict.fromkeys(items, at)

    def of(self, topic: str, now: datetime, within: timedelta = KEPT) -> set[Hashable]:
        """Return what was answered in the time before `now`."""
        with self._lock:
            known = self._answered.get(topic, {})
            return {item for item, at in known.items() if timedelta(0) <= now - at < within}
