"""The SQLite file of the paper venue's book; threads and processes take turns at it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from core.adapters.brokers.paper.book import Book
from core.errors import UnavailableError, UnexpectedResponseError

BUSY_TIMEOUT_S = 10.0
SCHEMA = (
    """create table if not exists orders (
        number integer primary key, client_order_id text not null unique, symbol text not null,
        request text not null, status text not null, is_working integer not null,
        submitted_at text not null, updated_at text not null, expires_at text,
        close_reason text not null default '', progress text not null default '{}')""",
    """create table if not exists fills (
        number integer primary key, fill_id text not null unique, client_order_id text not null,
        content text not null)""",
    """create table if not exists marks (
        symbol text primary key, price text not null, label text not null,
        seen_until text not null)""",
    "create index if not exists fills_of_orders on fills (client_order_id)",
    "create index if not exists working_orders on orders (number) where is_working",
    "create table if not exists assets (symbol text primary key, content text not null)",
    "create table if not exists switches (name text primary key)",
)
# A book of an earlier version lacks the column; its orders have changed nothing yet.
ADD_PROGRESS = "alter table orders add column progress text not null default '{}'"


class BookFile:
    """Opens the book, one transaction at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with _translated("open"):
            path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._connect()) as connection:
                connection.execute("pragma journal_mode = wal")
                _upgrade(connection)

    @contextmanager
    def read(self, operation: str) -> Iterator[Book]:
        """Give one consistent view of the book."""
        with _translated(operation), closing(self._connect()) as connection:
            connection.execute("begin")
            yield Book(connection)

    @contextmanager
    def change(self, operation: str) -> Iterator[Book]:
        """Commit everything that is done inside, or nothing of it."""
        with _translated(operation), closing(self._connect()) as connection:
            connection.execute("begin immediate")
            yield Book(connection)
            connection.execute("commit")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        connection.execute("pragma synchronous = full")
        return connection


def _upgrade(connection: sqlite3.Connection) -> None:
    connection.execute("begin immediate")
    for statement in SCHEMA:
        connection.execute(statement)
    columns = {row[1] for row in connection.execute("pragma table_info(orders)")}
    if "progress" not in columns:
        connection.execute(ADD_PROGRESS)
    connection.execute("commit")


@contextmanager
def _translated(operation: str) -> Iterator[None]:
    try:
        yield
    except (sqlite3.OperationalError, OSError) as error:  # locked, full, read-only: not committed
        raise UnavailableError("paper", operation, str(error)) from error
    except sqlite3.DatabaseError as error:
        raise UnexpectedResponseError("paper", operation, str(error)) from error
