from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.feeds import Label
from core.errors import StoreError
from core.storage import connection
from core.storage.connection import Store
from core.storage.inserts import Columns
from core.storage.storage import Storage
from tests.storage import samples

ROWS = st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 3)), max_size=12)
SCRATCH = "create or replace table scratch (name varchar not null, number integer not null)"
KEYS = ("name", "number")


def scratch(storage: Storage) -> Store:
    with storage.store.write() as cursor:
        cursor.execute(SCRATCH)
    return storage.store


def execute(store: Store, *statements: str, nonsense: bool = False) -> None:
    with store.write() as cursor:
        for statement in statements:
            cursor.execute(statement)
        if nonsense:
            raise TypeError("nonsense")


def table(rows: list[tuple[str, int]]) -> Columns:
    return {"name": [row[0] for row in rows], "number": [row[1] for row in rows]}


def stored(store: Store) -> list[tuple[str, int]]:
    return store.all("select name, number from scratch order by rowid")


@given(rows=ROWS)
def test_appending_twice_stores_what_appending_once_stores(
    shared_storage: Storage, rows: list[tuple[str, int]]
) -> None:
    store = scratch(shared_storage)
    assert store.append("scratch", table(rows), KEYS) == len(set(rows))
    assert store.append("scratch", table(rows), KEYS) == 0
    assert stored(store) == list(dict.fromkeys(rows))


@given(known=ROWS, rows=ROWS)
def test_of_a_half_present_batch_the_absent_half_is_stored(
    shared_storage: Storage, known: list[tuple[str, int]], rows: list[tuple[str, int]]
) -> None:
    store = scratch(shared_storage)
    store.append("scratch", table(known), KEYS)
    assert store.append("scratch", table(rows), KEYS) == len(set(rows) - set(known))
    assert stored(store) == list(dict.fromkeys([*known, *rows]))


@given(rows=ROWS, order=st.randoms())
def test_the_order_inside_a_batch_does_not_change_what_is_stored(
    shared_storage: Storage, rows: list[tuple[str, int]], order: object
) -> None:
    store, shuffled = scratch(shared_storage), list(rows)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    store.append("scratch", table(shuffled), KEYS)
    assert set(stored(store)) == set(rows)


def test_the_first_row_of_a_key_counts(storage: Storage) -> None:
    store = scratch(storage)
    assert store.append("scratch", table([("a", 2), ("a", 1)]), ("name",)) == 1
    assert stored(store) == [("a", 2)]


def test_a_failed_write_leaves_nothing(storage: Storage) -> None:
    store = scratch(storage)
    with pytest.raises(StoreError, match="NOT NULL"):
        execute(
            store, "insert into scratch values ('a', 1)", "insert into scratch values (null, 1)"
        )
    assert stored(store) == []


def test_an_error_of_the_caller_rolls_back_and_passes_through(storage: Storage) -> None:
    store = scratch(storage)
    with pytest.raises(TypeError, match="nonsense"):
        execute(store, "insert into scratch values ('a', 1)", nonsense=True)
    assert stored(store) == []
    assert store.append("scratch", table([("a", 1)]), KEYS) == 1


def test_a_row_that_lacks_a_column_is_refused(storage: Storage) -> None:
    with pytest.raises(StoreError, match="expected the columns"):
        storage.store.append_rows("fill_cursors", [{"cursor": "1"}], ("cursor",))


def test_a_time_without_a_zone_is_refused(storage: Storage) -> None:
    row = {"cursor": "1", "recorded_at": datetime(2024, 1, 5)}  # noqa: DTZ001
    with pytest.raises(StoreError, match="has no zone"):
        storage.store.append_rows("fill_cursors", [row], ("cursor",))


def test_times_go_in_from_any_zone_and_come_out_in_utc(storage: Storage) -> None:
    given_at = datetime(2024, 1, 5, 9, 30, 0, 1, tzinfo=timezone(timedelta(hours=-5)))
    row = {"cursor": "1", "recorded_at": given_at}
    storage.store.append_rows("fill_cursors", [row], ("cursor",))
    expected = datetime(2024, 1, 5, 14, 30, 0, 1, tzinfo=UTC)
    assert storage.store.one("select recorded_at from fill_cursors") == (expected,)
    frame = storage.store.frame("select * from fill_cursors where recorded_at = ?", (given_at,))
    assert frame["recorded_at"].tolist() == [expected]


def test_dates_in_a_frame_are_dates(storage: Storage) -> None:
    frame = storage.store.frame("select date '2024-01-05' as d union all select null order by d")
    assert frame["d"].tolist()[0] == date(2024, 1, 5)


def test_enums_and_decimals_may_be_parameters(storage: Storage) -> None:
    params = (Label.REAL, Decimal("1.5"))
    assert storage.store.one("select ?, ?::decimal(18, 6)", params) == ("real", Decimal("1.5"))


def test_sql_cannot_reach_the_variables_of_the_program(storage: Storage) -> None:
    secret = samples.bars()
    with pytest.raises(StoreError, match="secret"):
        storage.store.all("select * from secret")
    assert len(secret)


def test_eight_threads_read_and_write_without_mixing_up(storage: Storage) -> None:
    store, wrong = scratch(storage), []

    def work(thread: int) -> None:
        for number in range(20):
            store.append("scratch", table([(f"t{thread}", number)]), KEYS)
            seen = store.all(
                "select ?, count(*) from scratch where name = ?", [thread, f"t{thread}"]
            )
            if seen != [(thread, number + 1)]:
                wrong.append(seen)

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert store.one("select count(*), count(distinct (name, number)) from scratch") == (160, 160)


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("in the way")
    with pytest.raises(StoreError, match="cannot use the data folder"):
        Store(blocker / "data" / "desk.duckdb")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_that_is_no_database_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "desk.duckdb"
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreError, match="not a valid DuckDB database") as caught:
        Store(path)
    assert "\n" not in str(caught.value)


def test_a_file_of_another_version_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise duckdb.IOException("IO Error: Trying to read a database file with version 99\nmore")

    monkeypatch.setattr(connection.duckdb, "connect", refuse)
    with pytest.raises(StoreError, match=r"version 99$"):
        Store(tmp_path / "desk.duckdb")


def test_a_closed_store_answers_with_a_store_error(tmp_path: Path) -> None:
    store = Store(tmp_path / "desk.duckdb")
    store.close()
    with pytest.raises(StoreError):
        store.all("select 1")


def test_a_backup_of_an_open_store_is_a_whole_store(storage: Storage, tmp_path: Path) -> None:
    storage.bars.append(samples.bars())
    events = [samples.tactic_event(kind) for kind in ("drafted", "approved", "armed")]
    storage.tactics.append_events(events)
    target = tmp_path / "it's a copy" / "desk.duckdb"
    storage.backup(target)
    storage.tactics.append(samples.tactic())
    restored = Storage(target)
    assert restored.audit.verify().ok
    assert restored.tactics.events(samples.tactic().tactic_id) == events
    assert len(restored.bars.daily("AAPL", samples.SESSION)) == 5
    assert restored.tactics.for_session(samples.SESSION) == []
    restored.close()
    assert [path.name for path in target.parent.iterdir()] == ["desk.duckdb"]


def test_a_second_backup_replaces_the_first(storage: Storage, tmp_path: Path) -> None:
    storage.backup(tmp_path / "copy.duckdb")
    storage.tactics.append(samples.tactic())
    storage.backup(tmp_path / "copy.duckdb")
    restored = Storage(tmp_path / "copy.duckdb")
    assert restored.tactics.get(samples.tactic().tactic_id) == samples.tactic()
    restored.close()


def test_a_backup_into_a_folder_that_cannot_be_made_is_a_store_error(
    storage: Storage, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot write the backup"):
        storage.backup(tmp_path / "file" / "copy.duckdb")


def test_the_self_check_finds_a_chain_that_lost_a_row(storage: Storage) -> None:
    for name in ("first", "second"):
        storage.audit.record("operator", "noted", name, {}, samples.MORNING)
    storage.store.self_check()
    with storage.store.write() as cursor:
        cursor.execute("delete from audit_chain where sequence = 1")
    with pytest.raises(StoreError, match="has 1 rows and ends at 2"):
        storage.store.self_check()
