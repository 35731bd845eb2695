"""Snapshots of what was known, and what analysts made of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from core.domain.insights import Insight
from core.domain.market import MarketSnapshot
from core.storage.connection import Store
from core.storage.facts import FactTable

SNAPSHOTS = FactTable(
    name="snapshots",
    model=MarketSnapshot,
    keys=("snapshot_id",),
    identity="snapshot_id",
    columns=("symbol", "session_date", "as_of"),
)
INSIGHTS = FactTable(
    name="insights",
    model=Insight,
    keys=("insight_id",),
    columns=(
        "insight_id", "snapshot_id", "symbol", "session_date", "engine", "stance", "conviction",
    ),
)  # fmt: skip


class Insights:
    """Snapshots and insights; the id of each is the hash of its content."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append_snapshots(self, snapshots: Sequence[MarketSnapshot]) -> None:
        SNAPSHOTS.append(self._store, snapshots)

    def append_snapshot(self, snapshot: MarketSnapshot) -> str:
        self.append_snapshots([snapshot])
        return snapshot.snapshot_id

    def snapshots(self, snapshot_ids: Sequence[str]) -> list[MarketSnapshot]:
        """Return the snapshots of these ids that exist, by symbol."""
        condition = "list_contains(?, snapshot_id) order by symbol"
        return SNAPSHOTS.find(self._store, condition, (list(snapshot_ids),))

    def snapshot(self, snapshot_id: str) -> MarketSnapshot:
        """Return one snapshot.

        Raises: NotFoundError.
        """
        return SNAPSHOTS.get(self._store, snapshot_id, "snapshot_id = ?", (snapshot_id,))

    def append_insights(self, insights: Sequence[Insight]) -> None:
        INSIGHTS.append(self._store, insights)

    def append_insight(self, insight: Insight) -> str:
        self.append_insights([insight])
        return insight.insight_id

    def insights(self, insight_ids: Sequence[str]) -> list[Insight]:
        """Return the insights of these ids that exist, by symbol."""
        condition = "list_contains(?, insight_id) order by symbol"
        return INSIGHTS.find(self._store, condition, (list(insight_ids),))

    def insight(self, insight_id: str) -> Insight:
        """Return one insight.

        Raises: NotFoundError.
        """
        return INSIGHTS.get(self._store, insight_id, "insight_id = ?", (insight_id,))

    def for_session(self, session_date: date) -> list[Insight]:
        """Return the insights of one session, by symbol, in the order they were stored."""
        condition = "session_date = ? order by symbol, rowid"
        return INSIGHTS.find(self._store, condition, (session_date,))
