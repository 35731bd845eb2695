"""Numbered SQL files, each applied once, in order, and never changed afterwards."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import duckdb

from core.errors import StoreError

FOLDER = Path(__file__).with_name("migrations")


class Migration(NamedTuple):
    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrate(connection: duckdb.DuckDBPyConnection) -> None:
    """Bring the database to the schema of this code.

    Raises: StoreError if an applied migration was changed or the database is newer.
    """
    connection.execute(
        "create table if not exists schema_migrations (number integer not null, "
        "name varchar not null, sha256 varchar not null, applied_at timestamp not null)"
    )
    applied = connection.execute(
        "select number, name, sha256 from schema_migrations order by number"
    ).fetchall()
    migrations = read_migrations(FOLDER)
    _check(applied, migrations)
    for migration in migrations[len(applied) :]:
        _apply(connection, migration)


def read_migrations(folder: Path) -> list[Migration]:
    """Return the migrations of a folder, numbered from 1 without gaps."""
    migrations = [
        Migration(int(file.name.split("_")[0]), file.stem, file.read_text(encoding="utf-8"))
        for file in sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    ]
    if [migration.number for migration in migrations] != list(range(1, len(migrations) + 1)):
        raise StoreError(f"the migrations in {folder} are not numbered from 1 without gaps")
    return migrations


def _check(applied: list[tuple[int, str, str]], migrations: list[Migration]) -> None:
    if len(applied) > len(migrations):
        newest = applied[-1][1]
        raise StoreError(
            f"the database was written by a newer desk (it has {newest}); update the desk"
        )
    for (number, name, sha256), migration in zip(applied, migrations, strict=False):
        if (number, sha256) != (migration.number, migration.sha256):
            raise StoreError(
                f"the applied migration {name} differs from {migration.name} of this desk; "
                "restore the file or a backup"
            )


def _apply(connection: duckdb.DuckDBPyConnection, migration: Migration) -> None:
    connection.begin()
    try:
        connection.execute(migration.sql)
        connection.execute(
            "insert into schema_migrations values (?, ?, ?, ?)",
            [
                migration.number,
                migration.name,
                migration.sha256,
                datetime.now(UTC).replace(tzinfo=None),
            ],
        )
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
