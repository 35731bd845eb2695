"""Opening the engine database, and what an unusable one says."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.errors import ConfigurationError, StoreError
from core.flow.database import open_database
from core.flow.desk_state import DeskState
from tests.flow.conftest import both


@both
def test_eight_processes_may_open_it_at_once(url: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        for engine in list(pool.map(open_database, [url] * 8)):
            assert "effects" in sa.inspect(engine).get_table_names()
            engine.dispose()


def test_a_switch_to_the_write_ahead_log_waits_for_another_one(tmp_path: Path) -> None:
    path = tmp_path / "engine.sqlite"
    holder = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    holder.execute("create table t (x)")
    holder.execute("begin exclusive")
    with ThreadPoolExecutor(1) as pool:
        opening = pool.submit(open_database, f"sqlite:///{path}")
        with pytest.raises(TimeoutError):
            opening.result(timeout=0.2)
        holder.execute("commit")
        holder.close()
        opening.result(timeout=60).dispose()


def test_sqlite_gets_its_folder_and_write_ahead_log(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'deep' / 'er' / 'engine.sqlite'}")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("pragma journal_mode").scalar() == "wal"
    engine.dispose()


@both
def test_instants_are_kept_to_the_microsecond(database: sa.Engine) -> None:
    instant = datetime(2026, 11, 24, 9, 30, 0, 123457, tzinfo=UTC)
    DeskState(database).advance_replay(instant)
    assert DeskState(database).replay_position() == instant


def test_a_folder_that_cannot_be_made_is_a_store_error_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot use sqlite") as caught:
        open_database(f"sqlite:///{tmp_path / 'file' / 'engine.sqlite'}")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_database_is_a_store_error(tmp_path: Path) -> None:
    path = tmp_path / "engine.sqlite"
    path.write_text("this is a letter, not a database " * 50)
    with pytest.raises(StoreError, match="not a database"):
        open_database(f"sqlite:///{path}")


def test_a_full_disk_is_a_store_error(database: sa.Engine) -> None:
    with database.connect() as connection:
        pages = connection.exec_driver_sql("pragma page_count").scalar()
        connection.exec_driver_sql(f"pragma max_page_count={pages}")
        insert = "insert into desk_state values ('k', ?, 1, 0, 'ada', '')"
        with pytest.raises(StoreError, match="database or disk is full"):
            connection.exec_driver_sql(insert, ("x" * 1_000_000,))
        connection.rollback()


def test_a_read_only_database_is_a_store_error(database: sa.Engine) -> None:
    with database.connect() as connection:
        connection.exec_driver_sql("pragma query_only=on")
        with pytest.raises(StoreError, match="readonly database"):
            connection.exec_driver_sql("delete from desk_state")
        connection.exec_driver_sql("pragma query_only=off")
        connection.rollback()


@pytest.mark.parametrize("url", ["nonsense", "mysql://localhost/x"])
def test_another_kind_of_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="ENGINE_DATABASE_URL"):
        open_database(url)


@pytest.mark.postgres
def test_a_server_that_is_not_there_is_a_store_error_without_the_password() -> None:
    with pytest.raises(StoreError) as caught:
        open_database("postgresql://me:secret@127.0.0.1:1/none")
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
