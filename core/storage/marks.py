"""Where open plans stood, each time that the monitor looked."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.marks import PlanMark
from core.storage.connection import Store
from core.storage.facts import FactTable

MARKS = FactTable(
    name="plan_marks",
    model=PlanMark,
    keys=("tactic_id", "version", "scenario_key", "bars_to"),
    columns=(
        "tactic_id", "version", "scenario_key", "marked_at", "bars_to", "status", "running_r",
    ),
)  # fmt: skip


class Marks:
    """The marks of all plans; a second look at the same bars adds nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, marks: Sequence[PlanMark]) -> int:
        return MARKS.append(self._store, marks)

    def of_tactic(self, tactic_id: str) -> list[PlanMark]:
        """Return the marks of a tactic, oldest first."""
        return MARKS.find(self._store, "tactic_id = ? order by bars_to, rowid", (tactic_id,))
