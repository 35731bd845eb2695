"""The hash chain: each entry holds the hash of the one before, so that nothing can be rewritten."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from pydantic import Field

from core.domain.base import Frozen, Sha256, UtcDatetime

GENESIS = "0" * 64


class AuditEntry(Frozen):
    sequence: int = Field(ge=1)
    recorded_at: UtcDatetime
    actor: str
    action: str
    subject_id: str
    payload: str
    previous_sha256: Sha256
    sha256: Sha256


class ChainReport(Frozen):
    """The result of verifying the chain."""

    ok: bool
    rows: int
    head_sha256: str
    first_bad: int | None = None


def link(previous_sha256: str, sequence: int, body: tuple[str, ...]) -> str:
    """Return the hash of an entry from its predecessor's hash, its place and its fields."""
    text = json.dumps([previous_sha256, sequence, *body], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def entry_hash(entry: AuditEntry) -> str:
    body = (
        entry.recorded_at.isoformat(), entry.actor, entry.action, entry.subject_id, entry.payload,
    )  # fmt: skip
    return link(entry.previous_sha256, entry.sequence, body)


def verify_chain(entries: Iterable[AuditEntry]) -> ChainReport:
    """Recompute every link; `first_bad` is the first sequence that does not hold."""
    head, rows = GENESIS, 0
    for entry in entries:
        rows += 1
        intact = (
            entry.sequence == rows
            and entry.previous_sha256 == head
            and entry.sha256 == entry_hash(entry)
        )
        if not intact:
            return ChainReport(ok=False, rows=rows, head_sha256=head, first_bad=rows)
        head = entry.sha256
    return ChainReport(ok=True, rows=rows, head_sha256=head)
