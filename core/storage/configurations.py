"""What of the settings a snapshot depends on, so that an earlier one can be made again."""

from __future__ import annotations

from datetime import datetime

from core.domain.base import Frozen, Symbol
from core.storage.connection import Store
from core.storage.facts import FactTable


class Configuration(Frozen):
    """The providers, the preferred ones first, and the market's leads (None: as followed today)."""

    market_data: tuple[str, ...] = ()
    fundamentals: tuple[str, ...] = ()
    leads: tuple[Symbol, ...] | None = None


CONFIGURATIONS = FactTable(
    name="desk_configurations",
    model=Configuration,
    keys=("configuration_id", "received_at"),
    identity="configuration_id",
    columns=(),
)
KNOWN = "select received_at, body from desk_configurations order by received_at, rowid"


class Configurations:
    """The configurations that the desk has had."""

    def __init__(self, store: Store, today: Configuration | None = None) -> None:
        """`today` counts until a first one is remembered."""
        self._store, self._today = store, today or Configuration()
        self._known: list[tuple[datetime, Configuration]] | None = None

    def remember(self, configuration: Configuration, at: datetime | None = None) -> bool:
        """Keep what is in force from a moment on (default: now); tell whether that is a change."""
        with self._store.write() as cursor:
            moment = at or self._store.moments.stamp()
            before = [one for since, one in self._all() if since <= moment]
            if before and before[-1] == configuration:
                return False
            CONFIGURATIONS.insert(cursor, self._store, [configuration], received_at=moment)
        self._known = None
        return True

    def as_of(self, moment: datetime) -> Configuration:
        """Return what was in force at a moment; before the first one that is known, that one."""
        known = self._all()
        if not known:
            return self._today
        return [one for place, (since, one) in enumerate(known) if since <= moment or not place][-1]

    def _all(self) -> list[tuple[datetime, Configuration]]:
        if self._known is None:
            rows = self._store.all(KNOWN)
            self._known = [(at, Configuration.model_validate_json(body)) for at, body in rows]
        return self._known
