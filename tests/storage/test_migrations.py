from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import StoreError
from core.storage import migrating
from core.storage.connection import Store


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    migrations = tmp_path / "migrations"
    migrations.mkdir()
    (migrations / "0001_first.sql").write_text("create table one (a integer);")
    monkeypatch.setattr(migrating, "FOLDER", migrations)
    return migrations


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "desk.duckdb"


def applied(path: Path) -> list[tuple[object, ...]]:
    store = Store(path)
    rows = store.all("select number, name from schema_migrations order by number")
    store.close()
    return rows


def test_migrations_are_applied_once_and_in_order(folder: Path, path: Path) -> None:
    assert applied(path) == [(1, "0001_first")]
    (folder / "0002_second.sql").write_text("create table two (a integer); drop table one;")
    assert applied(path) == applied(path) == [(1, "0001_first"), (2, "0002_second")]


def test_a_changed_applied_migration_is_refused(folder: Path, path: Path) -> None:
    applied(path)
    (folder / "0001_first.sql").write_text("create table other (a integer);")
    with pytest.raises(StoreError, match="the applied migration 0001_first differs"):
        Store(path)


def test_a_database_of_a_newer_desk_is_refused(folder: Path, path: Path) -> None:
    (folder / "0002_second.sql").write_text("create table two (a integer);")
    applied(path)
    (folder / "0002_second.sql").unlink()
    with pytest.raises(StoreError, match=r"newer desk .it has 0002_second"):
        Store(path)


def test_a_failing_migration_leaves_the_database_as_it_was(folder: Path, path: Path) -> None:
    broken = folder / "0002_second.sql"
    broken.write_text("create table two (a integer); select nonsense;")
    with pytest.raises(StoreError, match="nonsense"):
        Store(path)
    broken.write_text("create table two (a integer);")
    assert applied(path) == [(1, "0001_first"), (2, "0002_second")]


def test_a_gap_in_the_numbers_is_refused(folder: Path, path: Path) -> None:
    (folder / "0003_third.sql").write_text("select 1;")
    with pytest.raises(StoreError, match="without gaps"):
        Store(path)


def test_every_shipped_migration_creates_and_never_alters_facts() -> None:
    for migration in migrating.read_migrations(migrating.FOLDER):
        text = migration.sql.lower()
        banned = ("update ", "delete ", "references ", "create index", "primary key")
        assert [word for word in banned if word in text] == []
