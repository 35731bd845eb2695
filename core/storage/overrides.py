"""Both books, the overrides between them, what was said about them, and the levels they led to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from core.domain.base import Frozen, canonical_json
from core.domain.discipline import Comparison, LevelState
from core.domain.overrides import Override, OverrideNote
from core.storage.connection import Store
from core.storage.facts import FactTable
from core.storage.inserts import Cursor
from core.storage.values import plain

COMPARISONS = FactTable(
    name="book_comparisons",
    model=Comparison,
    keys=("case_id", "revision"),
    columns=(
        "case_id", "account", "session_date", "symbol", "tactic_id", "ended_at", "system_r",
        "actual_r", "planned_r_usd",
    ),
)  # fmt: skip
OVERRIDES = FactTable(
    name="overrides",
    model=Override,
    keys=("override_id", "revision"),
    columns=(
        "override_id", "kind", "case_id", "account", "symbol", "tactic_id", "occurred_at",
        "session_date", "cost_usd", "cost_r",
    ),
)  # fmt: skip
NOTES = FactTable(
    name="override_notes",
    model=OverrideNote,
    keys=("note_id",),
    identity="note_id",
    columns=("override_id", "noted_at", "actor", "emotion"),
)
LEVELS = FactTable(
    name="discipline_levels",
    model=LevelState,
    keys=("session_date", "revision"),
    columns=("session_date", "level", "overrides", "cost_r"),
)
Judged = TypeVar("Judged", bound=Frozen)


class Overrides:
    """Everything that is appended about discipline; what is judged as before adds nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(
        self,
        comparisons: Sequence[Comparison],
        overrides: Sequence[Override],
        judged_at: datetime,
    ) -> int:
        """Store what is new or judged otherwise than before, all or nothing; return how many."""
        with self._store.write() as cursor:
            books = self._revise(cursor, COMPARISONS, comparisons, judged_at)
            return books + self._revise(cursor, OVERRIDES, overrides, judged_at)

    def append_level(self, state: LevelState, judged_at: datetime) -> int:
        """Store the level after a session, if it is another one than before."""
        with self._store.write() as cursor:
            return self._revise(cursor, LEVELS, [state], judged_at)

    def append_note(self, note: OverrideNote) -> int:
        return NOTES.append(self._store, [note])

    def get(self, override_id: str) -> Override:
        """Return an override as it was last judged.

        Raises: NotFoundError.
        """
        condition = "override_id = ? order by revision desc limit 1"
        return OVERRIDES.get(self._store, override_id, condition, (override_id,))

    def _revise(
        self, cursor: Cursor, table: FactTable[Judged], facts: Sequence[Judged], at: datetime
    ) -> int:
        """Insert the facts that differ from the newest of their key, as its next revision."""
        key, stored = table.keys[0], 0
        for fact in facts:
            cursor.execute(
                f"select revision, body from {table.name} where {key} = ? "
                "order by revision desc limit 1",
                [plain(getattr(fact, key))],
            )
            newest = cursor.fetchall()
            if newest and newest[0][1] == canonical_json(fact):
                continue
            revision = newest[0][0] + 1 if newest else 1
            stored += table.insert(cursor, self._store, [fact], revision=revision, judged_at=at)
        return stored
