"""Nothing in the chain can be changed, moved or taken out without being found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.domain.audit import GENESIS, AuditEntry, entry_hash, verify_chain


def entry(previous: str, sequence: int, **changes: Any) -> AuditEntry:
    fields: dict[str, Any] = {
        "sequence": sequence,
        "recorded_at": datetime(2024, 3, 4, tzinfo=UTC) + timedelta(minutes=sequence),
        "actor": "operator", "action": "approve", "subject_id": f"T{sequence}", "payload": "{}",
        "previous_sha256": previous, "sha256": GENESIS,
    }  # fmt: skip
    unsealed = AuditEntry.model_validate(fields | changes)
    return unsealed.model_copy(update={"sha256": entry_hash(unsealed)})


def chain(length: int = 4) -> list[AuditEntry]:
    entries: list[AuditEntry] = []
    for sequence in range(1, length + 1):
        entries.append(entry(entries[-1].sha256 if entries else GENESIS, sequence))
    return entries


def test_an_untouched_chain_holds() -> None:
    report = verify_chain(chain())
    assert (report.ok, report.rows, report.first_bad) == (True, 4, None)
    assert report.head_sha256 == chain()[-1].sha256


def test_an_empty_chain_holds() -> None:
    report = verify_chain([])
    assert (report.ok, report.rows, report.head_sha256) == (True, 0, GENESIS)


@pytest.mark.parametrize(
    "changes",
    [
        {"actor": "nobody"},
        {"action": "reject"},
        {"subject_id": "T9"},
        {"payload": '{"quantity": 1}'},
        {"recorded_at": datetime(2025, 1, 1, tzinfo=UTC)},
        {"previous_sha256": "f" * 64},
        {"sha256": "f" * 64},
        {"sequence": 7},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_changed_entry_is_found(changes: dict[str, Any]) -> None:
    entries = chain()
    entries[1] = entries[1].model_copy(update=changes)
    report = verify_chain(entries)
    assert (report.ok, report.first_bad) == (False, 2)


def test_an_entry_resealed_after_a_change_breaks_the_next_link() -> None:
    entries = chain()
    entries[1] = entry(entries[0].sha256, 2, actor="nobody")
    assert verify_chain(entries).first_bad == 3


def test_a_missing_entry_is_found() -> None:
    entries = chain()
    assert verify_chain([*entries[:1], *entries[2:]]).first_bad == 2
    assert verify_chain(entries[1:]).first_bad == 1


def test_entries_in_another_order_are_found() -> None:
    first, second, *rest = chain()
    assert verify_chain([second, first, *rest]).first_bad == 1


def test_the_hash_is_of_the_moment_not_of_its_zone() -> None:
    there = datetime.fromisoformat("2024-03-04T09:01:00+09:00")
    assert entry(GENESIS, 1, recorded_at=there).sha256 == chain()[0].sha256
