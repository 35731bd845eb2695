"""What the desk says of its past, and what it lets out of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core import bootstrap
from core.desk import Desk
from core.domain.audit import GENESIS
from core.domain.lifecycle import TacticEventKind as Kind
from core.errors import StoreError
from core.settings import Settings
from core.storage.storage import Storage
from tests.storage import samples


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = bootstrap.build(Settings(data_dir=tmp_path / "var"))
    yield opened
    opened.close()


def tell(desk: Desk) -> Storage:
    """Publish two plans, the second of which goes on."""
    storage: Storage = desk._services.storage
    for symbol in ("AAPL", "MSFT"):
        tactic = samples.tactic(symbol)
        storage.tactics.append(tactic)
        storage.tactics.append_events(samples.life(Kind.PUBLISHED, of=tactic))
    storage.tactics.append_resolution(samples.resolution())
    return storage


def test_a_new_desk_has_an_empty_record(desk: Desk) -> None:
    record = desk.track_record.read()
    assert (record.total.count, record.rows, record.resolved.empty) == (0, (), True)
    assert (record.ledger.entries, record.ledger.sha256) == (0, GENESIS)


def test_the_record_tells_results_by_kind_and_what_is_open(desk: Desk) -> None:
    tell(desk)
    record = desk.track_record.read()
    assert [(row.setup, row.count, row.enough) for row in record.rows] == [
        ("ema_pullback", 1, False)
    ]
    assert [row.side for row in record.rows_by_side] == ["long"]
    assert record.resolved["tactic_id"].tolist() == [samples.tactic().tactic_id]
    found = record.reconciliation
    assert (found.published, found.resolved, found.open, found.is_balanced) == (2, 1, 1, True)
    assert record.ledger.entries == 3


def test_a_desk_whose_chain_is_broken_exports_nothing(desk: Desk, tmp_path: Path) -> None:
    storage = tell(desk)
    with storage.store.write() as cursor:
        cursor.execute("update resolutions set system_r = 9")
    with pytest.raises(StoreError, match="the audit chain does not hold at entry"):
        desk.track_record.export(tmp_path / "ledger")
    assert not (tmp_path / "ledger").exists()
