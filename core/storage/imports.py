"""Imports of an operator's own files, and the broker's history that they brought."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.imports import BrokerActivity, ImportReport
from core.storage.connection import Store
from core.storage.facts import FactTable

IMPORTS = FactTable(
    name="imports",
    model=ImportReport,
    keys=("import_id",),
    identity="import_id",
    columns=(
        "kind", "file_name", "file_sha256", "imported_at", "rows_read", "rows_stored",
        "rows_duplicate", "rows_quarantined", "understood.first_date", "understood.last_date",
    ),
)  # fmt: skip
ACTIVITIES = FactTable(
    name="broker_activities",
    model=BrokerActivity,
    keys=("activity_id",),
    columns=(
        "activity_id", "account", "activity_date", "place", "traded", "code", "quantity", "price",
        "amount",
    ),
)  # fmt: skip
KNOWN = """
select activity_id from broker_activities
where activity_id in (select unnest(?::varchar[]))
"""


class Imports:
    """What was imported, and the activities of a broker."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def record(self, report: ImportReport) -> None:
        IMPORTS.append(self._store, [report])

    def append(self, activities: Sequence[BrokerActivity]) -> int:
        """Store the activities that are not known yet; return how many these were."""
        return ACTIVITIES.append(self._store, activities)

    def known(self, activity_ids: Sequence[str]) -> set[str]:
        """Return those of the ids that are stored."""
        return {row[0] for row in self._store.all(KNOWN, (list(activity_ids),))}

    def activities(self) -> list[BrokerActivity]:
        """Return every activity, oldest day first."""
        return ACTIVITIES.find(self._store, "true order by activity_date, rowid")

    def count(self) -> int:
        """Return how many activities there are; they are never changed."""
        return int(self._store.all("select count(*) from broker_activities")[0][0])
