"""Links the rows of the ledger into the audit chain, in the transaction that stores them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from core.domain.audit import GENESIS, AuditEntry, link
from core.domain.base import canonical_json, content_sha256
from core.storage.inserts import Cursor, insert
from core.storage.values import plain

LEDGER: dict[str, tuple[str, ...]] = {
    "tactics": ("tactic_id", "version"),
    "tactic_events": ("event_id",),
    "resolutions": ("tactic_id", "version", "scenario_key"),
    "order_requests": ("client_order_id",),
    "fills": ("fill_id",),
    "content_versions": ("content_id", "version"),
    "publications": ("publication_id",),
}
SUBJECTS = {"tactic_events": "tactic_id", "fills": "client_order_id"}


class Statement(NamedTuple):
    """What an entry says, before it has a place in the chain."""

    recorded_at: datetime
    actor: str
    action: str
    subject_id: str
    payload: str


def chain(cursor: Cursor, statements: Sequence[Statement]) -> list[AuditEntry]:
    """Append the statements to the chain; the caller holds the writer's transaction."""
    newest = "select max(sequence), arg_max(sha256, sequence) from audit_chain"
    head = cursor.execute(newest).fetchall()[0]
    sequence, sha256 = (0, GENESIS) if head[0] is None else head
    entries = []
    for statement in statements:
        sequence, previous = sequence + 1, sha256
        recorded_at, *rest = statement
        sha256 = link(previous, sequence, (recorded_at.isoformat(), *rest))
        entries.append(
            AuditEntry(
                sequence=sequence,
                **statement._asdict(),
                previous_sha256=previous,
                sha256=sha256,
            )
        )
    _insert(cursor, entries)
    return entries


def chain_rows(cursor: Cursor, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Link newly stored rows of a ledger table."""
    now = datetime.now(UTC)
    statements = [
        Statement(
            recorded_at=now,
            actor=str(row.get("actor", "desk")),
            action=f"{table}.append",
            subject_id=str(row[SUBJECTS.get(table, LEDGER[table][0])]),
            payload=canonical_json({"key": row_key(table, row), "sha256": row_sha256(row)}),
        )
        for row in rows
    ]
    if statements:
        chain(cursor, statements)


def row_key(table: str, row: Mapping[str, Any]) -> str:
    """Return the text by which the chain names a row."""
    return "/".join(str(row[name]) for name in LEDGER[table])


def row_sha256(row: Mapping[str, Any]) -> str:
    """Return the hash of a stored row, all of its columns included."""
    return content_sha256({name: _text(value) for name, value in row.items()})


def _text(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _insert(cursor: Cursor, entries: Sequence[AuditEntry]) -> None:
    names = AuditEntry.model_fields
    insert(
        cursor,
        "audit_chain",
        {name: [plain(getattr(entry, name)) for entry in entries] for name in names},
    )
