"""The paper venue's own book: orders, fills and marks in one SQLite file, in transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from core.adapters.brokers.paper.matching import Bar, Working, by_distance
from core.domain.trading import CENT, Fill, FillLeg, Order, OrderRequest, OrderStatus
from core.errors import UnavailableError, UnexpectedResponseError

BUSY_TIMEOUT_S = 10.0
SCHEMA = (
    """create table if not exists orders (
        number integer primary key, client_order_id text not null unique, symbol text not null,
        request text not null, status text not null, is_working integer not null,
        submitted_at text not null, updated_at text not null, expires_at text,
        close_reason text not null default '')""",
    """create table if not exists fills (
        number integer primary key, fill_id text not null unique, client_order_id text not null,
        content text not null)""",
    """create table if not exists marks (
        symbol text primary key, price text not null, label text not null,
        seen_until text not null)""",
)
COLUMNS = "number, client_order_id, request, status, submitted_at, updated_at, expires_at"


@dataclass(frozen=True)
class Mark:
    """The last close seen of a symbol, in USD per share."""

    price: Decimal
    label: str
    seen_until: datetime


@dataclass(frozen=True)
class Ticket:
    """One order in the book, with what it has traded."""

    number: int
    request: OrderRequest
    status: OrderStatus
    submitted_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    fills: tuple[Fill, ...] = ()

    @property
    def working(self) -> Working:
        exits = [fill.leg for fill in self.fills if fill.leg is not FillLeg.ENTRY]
        is_over = any(leg is not FillLeg.TARGET for leg in exits)
        targets = () if is_over else by_distance(self.request)[len(exits) :]
        return Working(self.request, self.status is OrderStatus.FILLED, targets)

    @property
    def is_working(self) -> bool:
        return self.status.is_open or self.working.rest > 0

    def ended(self, status: OrderStatus, at: datetime) -> Ticket:
        return replace(self, status=status, updated_at=at)

    def to_order(self) -> Order:
        entry = next((fill for fill in self.fills if fill.leg is FillLeg.ENTRY), None)
        return Order(
            client_order_id=self.request.client_order_id,
            venue_order_id=f"paper-{self.number}",
            symbol=self.request.symbol,
            side=self.request.side,
            quantity=self.request.quantity,
            limit_price=self.request.limit_price,
            bracket=self.request.bracket,
            status=self.status,
            filled_quantity=entry.quantity if entry else Decimal(0),
            average_fill_price=entry.price if entry else None,
            submitted_at=self.submitted_at,
            updated_at=self.updated_at,
        )


class Book:
    """The book inside one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(
        self, request: OrderRequest, submitted_at: datetime, expires_at: datetime | None
    ) -> Ticket:
        row = (
            request.client_order_id, request.symbol, request.model_dump_json(),
            OrderStatus.ACCEPTED.value, True, submitted_at.isoformat(), submitted_at.isoformat(),
            expires_at.isoformat() if expires_at else None,
        )  # fmt: skip
        done = self._connection.execute(
            "insert into orders (client_order_id, symbol, request, status, is_working, "
            "submitted_at, updated_at, expires_at) values (?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )
        status, number = OrderStatus.ACCEPTED, int(done.lastrowid or 0)
        return Ticket(number, request, status, submitted_at, submitted_at, expires_at)

    def save(self, ticket: Ticket) -> None:
        """Keep the ticket's state and the fills that are new."""
        self._connection.execute(
            "update orders set status = ?, is_working = ?, updated_at = ? where number = ?",
            (ticket.status.value, ticket.is_working, ticket.updated_at.isoformat(), ticket.number),
        )
        self._connection.executemany(
            "insert or ignore into fills (fill_id, client_order_id, content) values (?, ?, ?)",
            [(f.fill_id, f.client_order_id, f.model_dump_json()) for f in ticket.fills],
        )

    def note_close(self, ticket: Ticket, reason: str) -> None:
        self._connection.execute(
            "update orders set close_reason = ? where number = ?", (reason, ticket.number)
        )

    def ticket(self, client_order_id: str) -> Ticket | None:
        return next(iter(self._tickets("client_order_id = ?", client_order_id)), None)

    def working(self, symbol: str) -> list[Ticket]:
        return self._tickets("is_working and symbol = ?", symbol)

    def unfilled(self) -> list[Ticket]:
        return self._tickets("status = ?", OrderStatus.ACCEPTED.value)

    def fills(self, after: int = 0) -> list[tuple[int, Fill]]:
        rows = self._connection.execute(
            "select number, content from fills where number > ? order by number", (after,)
        )
        return [(number, Fill.model_validate_json(content)) for number, content in rows]

    def marks(self) -> dict[str, Mark]:
        rows = self._connection.execute("select symbol, price, label, seen_until from marks")
        return {
            symbol: Mark(Decimal(price), label, datetime.fromisoformat(seen_until))
            for symbol, price, label, seen_until in rows
        }

    def mark(self, bar: Bar) -> None:
        price = max(CENT, bar.close.quantize(CENT))
        self._connection.execute(
            "insert or replace into marks (symbol, price, label, seen_until) values (?, ?, ?, ?)",
            (bar.symbol, str(price), bar.label, bar.ended_at.isoformat()),
        )

    def newest_at(self) -> datetime | None:
        """Return the latest moment that the venue knows of."""
        row = self._connection.execute(
            "select max(at) from (select max(seen_until) as at from marks "
            "union all select max(updated_at) from orders)"
        ).fetchone()
        return datetime.fromisoformat(row[0]) if row[0] else None

    def _tickets(self, condition: str, *values: object) -> list[Ticket]:
        query = f"select {COLUMNS} from orders where {condition} order by number"  # noqa: S608
        return [self._to_ticket(row) for row in self._connection.execute(query, values).fetchall()]

    def _to_ticket(self, row: tuple[Any, ...]) -> Ticket:
        number, client_order_id, request, status, submitted_at, updated_at, expires_at = row
        fills = self._connection.execute(
            "select content from fills where client_order_id = ? order by number",
            (client_order_id,),
        )
        return Ticket(
            number=number,
            request=OrderRequest.model_validate_json(request),
            status=OrderStatus(status),
            submitted_at=datetime.fromisoformat(submitted_at),
            updated_at=datetime.fromisoformat(updated_at),
            expires_at=datetime.fromisoformat(expires_at) if expires_at else None,
            fills=tuple(Fill.model_validate_json(content) for (content,) in fills),
        )


class BookFile:
    """The SQLite file; threads and processes take turns at it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with _translated("open"):
            path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._connect()) as connection:
                connection.execute("pragma journal_mode = wal")
                for statement in SCHEMA:
                    connection.execute(statement)

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


@contextmanager
def _translated(operation: str) -> Iterator[None]:
    try:
        yield
    except (sqlite3.OperationalError, OSError) as error:  # locked, full, read-only: not committed
        raise UnavailableError("paper", operation, str(error)) from error
    except sqlite3.DatabaseError as error:
        raise UnexpectedResponseError("paper", operation, str(error)) from error
