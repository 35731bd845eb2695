from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from core.domain.audit import GENESIS, ChainReport
from core.domain.base import content_sha256
from core.domain.trading import FillLeg
from core.errors import StoreError
from core.storage import chain as chaining
from core.storage.chain import LEDGER
from core.storage.storage import Storage
from tests.storage import samples

ID = samples.tactic().tactic_id


@pytest.fixture
def ledger(storage: Storage) -> Storage:
    """One row in each table of the ledger, two fills, and one entry of the operator."""
    storage.tactics.append(samples.tactic())
    storage.tactics.append_events([samples.tactic_event()])
    storage.trading.append_request(samples.order_request(), ID, 1)
    storage.trading.append_fills([samples.fill(), samples.fill(leg=FillLeg.TARGET)])
    storage.tactics.append_resolution(samples.resolution())
    storage.content.append(samples.content())
    storage.content.append_publication(samples.publication())
    storage.audit.record("operator", "halt", "desk", {"reason": "lunch"}, samples.MORNING)
    return storage


def tamper(storage: Storage, *statements: str) -> ChainReport:
    with storage.store.write() as cursor:
        for statement in statements:
            cursor.execute(statement)
    return storage.audit.verify()


def test_an_empty_ledger_verifies(storage: Storage) -> None:
    assert storage.audit.verify() == ChainReport(ok=True, rows=0, head_sha256=GENESIS)


def test_every_row_of_the_ledger_is_chained_once(ledger: Storage) -> None:
    report = ledger.audit.verify()
    assert (report.ok, report.rows, report.first_bad) == (True, len(LEDGER) + 2, None)
    assert ledger.audit.count() == report.rows
    entries = ledger.audit.entries(limit=100)
    assert [entry.sequence for entry in entries] == list(range(report.rows, 0, -1))
    assert entries[0].sha256 == report.head_sha256
    assert {entry.action for entry in entries} == {"halt", *(f"{table}.append" for table in LEDGER)}


def test_appending_again_adds_no_entry(ledger: Storage) -> None:
    ledger.tactics.append(samples.tactic())
    ledger.trading.append_fills([samples.fill(), samples.fill(leg=FillLeg.TARGET)])
    ledger.audit.record("operator", "halt", "desk", {"reason": "lunch"}, samples.MORNING)
    assert ledger.audit.count() == len(LEDGER) + 2


def test_an_entry_says_who_did_what_to_whom(ledger: Storage) -> None:
    entry = ledger.audit.entries(limit=1)[0]
    assert (entry.actor, entry.action, entry.subject_id) == ("operator", "halt", "desk")
    assert entry.payload == '{"reason":"lunch"}'
    assert entry.recorded_at == samples.MORNING


@pytest.mark.parametrize("table", LEDGER)
def test_a_changed_row_is_found(ledger: Storage, table: str) -> None:
    report = tamper(ledger, f"update {table} set body = replace(body, '1', '2')")  # noqa: S608
    expected = {e.sequence for e in ledger.audit.entries(99) if e.action == f"{table}.append"}
    assert not report.ok
    assert report.first_bad == min(expected)


@pytest.mark.parametrize("table", LEDGER)
def test_a_removed_row_is_found(ledger: Storage, table: str) -> None:
    report = tamper(ledger, f"delete from {table}")  # noqa: S608
    assert not report.ok
    assert report.rows == len(LEDGER) + 2


def test_a_changed_column_beside_the_body_is_found(ledger: Storage) -> None:
    assert not tamper(ledger, "update fills set price = price + 0.000001").ok


def test_two_swapped_rows_are_found(ledger: Storage) -> None:
    swap = "update fills set fill_id = if(fill_id like '%entry', replace(fill_id, 'entry', 'target'), replace(fill_id, 'target', 'entry'))"  # noqa: E501
    assert tamper(ledger, swap).first_bad == 4


def test_a_row_that_was_slipped_in_is_found(ledger: Storage) -> None:
    slipped = "insert into fills select * replace ('other' as fill_id) from fills limit 1"
    assert tamper(ledger, slipped).first_bad == len(LEDGER) + 3


def test_a_doubled_row_is_found(ledger: Storage) -> None:
    assert not tamper(ledger, "insert into publications from publications").ok


def test_a_changed_entry_is_found(ledger: Storage) -> None:
    assert tamper(ledger, "update audit_chain set actor = 'x' where sequence = 3").first_bad == 3


def test_a_removed_entry_is_found(ledger: Storage) -> None:
    assert tamper(ledger, "delete from audit_chain where sequence = 3").first_bad == 3


def test_two_swapped_entries_are_found(ledger: Storage) -> None:
    swap = "update audit_chain set sequence = 5 - sequence where sequence in (2, 3)"
    assert tamper(ledger, swap).first_bad == 2


def test_a_ledger_row_whose_last_entry_was_cut_off_is_found(ledger: Storage) -> None:
    last = "delete from audit_chain where action in ('halt', 'publications.append')"
    assert tamper(ledger, last).first_bad == len(LEDGER) + 1


def test_a_row_is_never_stored_without_its_entry(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StoreError("no room")

    monkeypatch.setattr(chaining, "_insert", fail)
    with pytest.raises(StoreError, match="no room"):
        storage.tactics.append(samples.tactic())
    monkeypatch.undo()
    assert storage.tactics.for_session(samples.SESSION) == []
    assert storage.audit.count() == 0


def test_the_hash_of_a_row_can_be_recomputed_from_the_row_alone(ledger: Storage) -> None:
    frame = ledger.store.all("select * from publications")
    names = [
        row[0] for row in ledger.store.all("select name from pragma_table_info('publications')")
    ]
    row = dict(zip(names, frame[0], strict=True))
    for name in ("published_at", "stored_at"):
        row[name] = row[name].replace(tzinfo=None).isoformat()
    entry = next(e for e in ledger.audit.entries(99) if e.action == "publications.append")
    assert content_sha256(row) in entry.payload


def test_the_chain_goes_on_after_reopening(tmp_path: Path) -> None:
    for day in range(3):
        storage = Storage(tmp_path / "desk.duckdb")
        moment = samples.MORNING + timedelta(days=day)
        storage.audit.record("operator", "noted", "desk", {}, moment)
        assert storage.audit.verify().rows == day + 1
        storage.close()
