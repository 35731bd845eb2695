"""The engine database: SQLite beside the store, or PostgreSQL for several processes."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from dbos import DBOS

from core.errors import ConfigurationError, StoreError
from core.flow.tables import metadata

_CREATE_LOCK = 727_001  # any number that no other program on the server uses
_BUSY_TIMEOUT_MS = 30_000
_AGAIN_S = 0.02
_UNUSABLE = ("readonly database", "database or disk is full", "disk i/o error", "unable to open")


def open_database(url: str) -> sa.Engine:
    """Open the engine database and create what is missing in it.

    Raises: StoreError in one line if it cannot be used.
    """
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise ConfigurationError("ENGINE_DATABASE_URL is not a database address") from None
    place = parsed.render_as_string(hide_password=True)
    try:
        engine = _open_sqlite(parsed) if _is_sqlite(parsed) else _open_server(parsed)
        try:
            DBOS.migrate(url)
            _create_tables(engine)
        except BaseException:
            engine.dispose()
            raise
    except (sa.exc.DBAPIError, sqlite3.Error, OSError) as error:
        raise StoreError(f"cannot use {place}: {_one_line(error)}") from error
    sa.event.listen(engine, "handle_error", _say_unusable)
    return engine


def _create_tables(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        # Two processes that look for the tables and create them at once would race.
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("begin immediate")
        else:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_CREATE_LOCK)))
        metadata.create_all(connection)


def _is_sqlite(url: sa.URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _open_sqlite(url: sa.URL) -> sa.Engine:
    path = Path(url.database or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_MS / 1000)
    try:
        _write_ahead(connection)
    finally:
        connection.close()
    engine = sa.create_engine(url, pool_size=10, max_overflow=10)
    sa.event.listen(engine, "connect", _configure_sqlite)
    return engine


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log, which SQLite refuses at once while another one does so."""
    deadline, never = time.monotonic() + _BUSY_TIMEOUT_MS / 1000, threading.Event()
    while True:
        try:
            connection.execute("pragma journal_mode=wal")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            never.wait(_AGAIN_S)


def _configure_sqlite(connection: Any, _record: object) -> None:
    # A deferred transaction that turns into a writer fails at once instead of waiting.
    connection.isolation_level = "IMMEDIATE"
    connection.execute(f"pragma busy_timeout={_BUSY_TIMEOUT_MS}")
    connection.execute("pragma foreign_keys=on")


def _open_server(url: sa.URL) -> sa.Engine:
    if url.get_backend_name() != "postgresql":
        raise ConfigurationError("ENGINE_DATABASE_URL must be sqlite:/// or postgresql://")
    server = url.set(drivername="postgresql+psycopg")
    return sa.create_engine(server, pool_pre_ping=True, pool_size=10, max_overflow=10)


def _say_unusable(context: sa.ExceptionContext) -> None:
    text = str(context.original_exception).lower()
    if any(part in text for part in _UNUSABLE):
        reason = _one_line(context.original_exception)
        raise StoreError(f"the engine database cannot be used: {reason}")


def _one_line(error: BaseException) -> str:
    original = getattr(error, "orig", None) or error
    return str(original).strip().splitlines()[0] if str(original).strip() else repr(original)
