"""The hash-chained record of who did what, and the proof that the ledger was not rewritten."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from core.domain.audit import AuditEntry, ChainReport, verify_chain
from core.domain.base import canonical_json
from core.storage.chain import LEDGER, Statement, chain, row_key, row_sha256
from core.storage.connection import Store
from core.storage.values import plain

ENTRIES = "select * from audit_chain"
SAME = """
where subject_id = ? and action = ? and actor = ? and payload = ? and recorded_at = ? limit 1
"""


class Audit:
    """The chain over everything that must not change."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def record(
        self,
        actor: str,
        action: str,
        subject_id: str,
        payload: Mapping[str, Any],
        recorded_at: datetime,
    ) -> AuditEntry:
        """Append an entry; the very same one is appended once."""
        at = recorded_at.astimezone(UTC)
        statement = Statement(at, actor, action, subject_id, canonical_json(payload))
        params = (subject_id, action, actor, statement.payload, plain(at))
        with self._store.write() as cursor:
            found = cursor.execute(f"{ENTRIES} {SAME}", params).fetchall()
            return _entry(found[0]) if found else chain(cursor, [statement])[0]

    def entries(self, limit: int) -> list[AuditEntry]:
        """Return the newest entries, newest first."""
        rows = self._store.all(f"{ENTRIES} order by sequence desc limit ?", (limit,))
        return [_entry(row) for row in rows]

    def count(self) -> int:
        """Return how many entries the chain has."""
        return int(self._store.all("select count(*) from audit_chain")[0][0])

    def verify(self) -> ChainReport:
        """Recompute every link and compare every ledger row with the hash that was chained.

        `first_bad` is the first entry that does not hold: a broken link, or a row that was
        changed or removed; for a row that was never chained, the place after the last entry.
        """
        with self._store.read() as cursor:
            cursor.begin()
            entries = [
                _entry(row) for row in cursor.execute(f"{ENTRIES} order by rowid").fetchall()
            ]
            stored = {table: _hashes(cursor, table) for table in LEDGER}
            cursor.rollback()
        report = verify_chain(entries)
        bad = _first_difference(entries, stored)
        if not report.ok or bad is None:
            return report
        return report.model_copy(update={"ok": False, "first_bad": bad})


def _entry(row: tuple[Any, ...]) -> AuditEntry:
    values = dict(zip(AuditEntry.model_fields, row, strict=True))
    return AuditEntry(**{**values, "recorded_at": values["recorded_at"].replace(tzinfo=UTC)})


def _hashes(cursor: Any, table: str) -> list[tuple[str, str]]:
    cursor.execute(f"select * from {table}")
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [(row_key(table, row), row_sha256(row)) for row in rows]


def _first_difference(
    entries: Iterable[AuditEntry], stored: Mapping[str, list[tuple[str, str]]]
) -> int | None:
    expected, last = {}, 0
    for entry in entries:
        table, _, verb = entry.action.rpartition(".")
        last = entry.sequence
        if verb == "append" and table in LEDGER:
            said = json.loads(entry.payload)
            expected[table, said["key"]] = (said["sha256"], entry.sequence)
    bad = []
    for table, rows in stored.items():
        for key, sha256 in rows:
            chained, sequence = expected.pop((table, key), ("", last + 1))
            if chained != sha256:
                bad.append(sequence)
    bad += [sequence for _, sequence in expected.values()]
    return min(bad, default=None)
