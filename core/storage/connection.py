"""The one connection to DuckDB: a cursor per call, one writer at a time, results fetched whole."""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from core.errors import StoreError, StoreLockedError
from core.storage.inserts import Columns, Cursor, Row, insert_absent
from core.storage.migrating import migrate
from core.storage.moments import Moments
from core.storage.values import aware_frame, aware_rows, plain

CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": "2GB",
    "threads": 1,
    "python_enable_replacements": False,
}


_WRITER_LOCKS: defaultdict[Path, threading.Lock] = defaultdict(threading.Lock)
"""Shared by all stores of one file in this process."""


class Store:
    """Owns the database file; no other process can open it meanwhile.

    Raises: StoreLockedError, StoreError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._root = _connect(self.path)
        self._writing = _WRITER_LOCKS[self.path]
        self._schemas: dict[str, pa.Schema] = {}
        self.moments = Moments()
        try:
            with self._writing:
                migrate(self._root)
        except (StoreError, duckdb.Error) as error:
            self._root.close()
            raise _translated(self.path, error) from error

    @contextmanager
    def read(self) -> Iterator[Cursor]:
        """Give a cursor; fetch everything before leaving."""
        try:
            cursor = self._root.cursor()
            try:
                yield cursor
            finally:
                cursor.close()
        except duckdb.Error as error:
            raise _translated(self.path, error) from error

    @contextmanager
    def write(self) -> Iterator[Cursor]:
        """Give the only writing cursor: everything in it is kept, or nothing."""
        with self._writing, self.read() as cursor:
            cursor.begin()
            try:
                yield cursor
                cursor.commit()
            except BaseException:
                _roll_back(cursor)
                raise

    def append(self, table: str, rows: Columns, keys: tuple[str, ...]) -> int:
        """Store the rows whose keys are absent; return how many these were."""
        with self.write() as cursor:
            return int(insert_absent(cursor, table, rows, keys))

    def append_rows(
        self, table: str, rows: Sequence[Mapping[str, object]], keys: tuple[str, ...]
    ) -> int:
        """Store the rows whose keys are absent; return how many these were."""
        return self.append(table, self.batch(table, rows), keys) if rows else 0

    def batch(self, table: str, rows: Sequence[Mapping[str, object]]) -> Columns:
        """Return `rows` as the table's columns.

        Raises: StoreError for a row that lacks a column or has one too many.
        """
        names = self.schema(table).names
        wrong = next((row for row in rows if row.keys() != set(names)), None)
        if wrong is not None:
            raise StoreError(f"{table}: expected the columns {sorted(names)}, got {sorted(wrong)}")
        return {name: [plain(row[name]) for row in rows] for name in names}

    def schema(self, table: str) -> pa.Schema:
        """Return the Arrow schema of a table."""
        if table not in self._schemas:
            with self.read() as cursor:
                relation = cursor.sql(f"from {table} limit 0")
                self._schemas[table] = relation.to_arrow_table().schema
        return self._schemas[table]

    def frame(self, sql: str, params: Sequence[object] = ()) -> pd.DataFrame:
        """Return the rows; times are aware UTC, dates are `datetime.date`."""
        with self.read() as cursor:
            cursor.execute(sql, [plain(value) for value in params])
            description = cursor.description
            return aware_frame(cursor.df(), description)

    def all(self, sql: str, params: Sequence[object] = ()) -> list[Row]:
        """Return the rows; times are aware UTC."""
        with self.read() as cursor:
            cursor.execute(sql, [plain(value) for value in params])
            description = cursor.description
            return aware_rows(cursor.fetchall(), description)

    def one(self, sql: str, params: Sequence[object] = ()) -> Row | None:
        """Return the first row, None where there is none."""
        rows = self.all(sql, params)
        return rows[0] if rows else None

    def self_check(self) -> None:
        """Scan every table and compare the chain's length with its head.

        Raises: StoreError that names what cannot be read or does not agree.
        """
        tables = self.all("select table_name from duckdb_tables() where not internal")
        for (table,) in tables:
            self.one(f'select count(*), max(hash(t)) from "{table}" t')
        rows, head = self.all("select count(*), coalesce(max(sequence), 0) from audit_chain")[0]
        if rows != head:
            raise StoreError(f"{self.path}: the audit chain has {rows} rows and ends at {head}")

    def backup(self, target: Path) -> None:
        """Write a complete copy of the open database to `target`; it is whole or absent."""
        partial = target.with_name(f"{target.name}.partial")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            partial.unlink(missing_ok=True)
            with self._writing, self.read() as cursor:
                _copy(cursor, partial)
            partial.replace(target)
        except OSError as error:
            raise StoreError(f"cannot write the backup {target}: {error.strerror}") from error

    def close(self) -> None:
        """Write everything into the file and give it up."""
        with self._writing:
            try:
                self._root.execute("checkpoint")
            except duckdb.Error as error:
                raise _translated(self.path, error) from error
            finally:
                self._root.close()


def _copy(cursor: Cursor, target: Path) -> None:
    name = cursor.execute("select current_database()").fetchall()[0][0]
    literal = str(target).replace("'", "''")
    cursor.execute(f"attach '{literal}' as backup_copy")
    try:
        cursor.execute(f'copy from database "{name}" to backup_copy')
    finally:
        cursor.execute("detach backup_copy")


def _connect(path: Path) -> Cursor:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return duckdb.connect(str(path), config=CONFIG)
    except OSError as error:
        raise StoreError(f"cannot use the data folder {path.parent}: {error.strerror}") from error
    except duckdb.Error as error:
        raise _translated(path, error) from error


def _roll_back(cursor: Cursor) -> None:
    try:
        cursor.rollback()
    except duckdb.Error:
        # A failed commit has already rolled back; the first error is the one to tell.
        return


def _translated(path: Path, error: Exception) -> StoreError:
    if isinstance(error, StoreError):
        return error
    text = str(error)
    if "Could not set lock" in text:
        holder = re.search(r"PID (\d+)", text)
        number = holder.group(1) if holder else "unknown"
        return StoreLockedError(
            f"another desk already owns {path} (PID {number}); stop it or set CONVERGENCE_DATA_DIR"
        )
    return StoreError(f"{path}: {text.splitlines()[0] if text else type(error).__name__}")
