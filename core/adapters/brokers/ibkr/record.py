"""What IBKR forgets after a day or a restart: the orders that were sent, and what they traded.

One SQLite file. An order is written before it is sent, so that a process that dies between the two
knows that it may have been.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from core.domain.orders import Order, OrderRequest
from core.domain.trading import Fill, FillLeg
from core.errors import UnavailableError, UnexpectedResponseError

BUSY_TIMEOUT_S = 2.0
SCHEMA = (
    """create table if not exists orders (
        client_order_id text primary key, request text not null, submitted_at text not null,
        sent_at text not null, cancel_asked_at text, seen text)""",
    """create table if not exists fills (
        number integer primary key, execution text not null unique, client_order_id text not null,
        symbol text not null, fill_id text not null unique, content text not null)""",
    "create index if not exists fills_by_order on fills (client_order_id)",
    "create index if not exists fills_by_symbol on fills (symbol)",
    """create table if not exists numbers (
        name text not null, client_id integer not null, value integer not null,
        primary key (name, client_id))""",
)


@dataclass(frozen=True)
class Entry:
    """One order of ours. seen: what IBKR last said of it, None if it never said anything."""

    request: OrderRequest
    submitted_at: datetime
    sent_at: datetime
    cancel_asked_at: datetime | None = None
    seen: Order | None = None


class Record:
    """The file; threads and processes take turns at it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with _translated("connect"):
            path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._connect()) as connection:
                connection.execute("pragma journal_mode = wal")
                for statement in SCHEMA:
                    connection.execute(statement)

    def add(self, request: OrderRequest, submitted_at: datetime, sent_at: datetime) -> None:
        """Note that an order is about to be sent, again if the last time nothing came of it."""
        row = (
            request.client_order_id, request.model_dump_json(), submitted_at.isoformat(),
            sent_at.isoformat(),
        )  # fmt: skip
        self._change(
            "insert or replace into orders (client_order_id, request, submitted_at, sent_at) "
            "values (?, ?, ?, ?)",
            row,
        )

    def remove(self, client_order_id: str) -> None:
        """Forget an order that surely was not taken."""
        self._change("delete from orders where client_order_id = ?", (client_order_id,))

    def note_cancel(self, client_order_id: str, at: datetime) -> None:
        self._change(
            "update orders set cancel_asked_at = ? where client_order_id = ?",
            (at.isoformat(), client_order_id),
        )

    def note_seen(self, orders: Iterable[Order]) -> None:
        """Keep what IBKR says of orders of ours; nothing is written where nothing is new."""
        with self._connected("note_seen") as connection:
            connection.execute("begin immediate")
            connection.executemany(
                "update orders set seen = ?1 where client_order_id = ?2 and seen is not ?1",
                [(order.model_dump_json(), order.client_order_id) for order in orders],
            )
            connection.execute("commit")

    def entries(self, client_order_ids: Iterable[str]) -> dict[str, Entry]:
        """Return those of the orders named that are ours, by client order id."""
        query = (
            "select request, submitted_at, sent_at, cancel_asked_at, seen from orders "
            "where client_order_id = ?"
        )
        with self._connected("entries") as connection:
            rows = {
                name: connection.execute(query, (name,)).fetchone() for name in client_order_ids
            }
        return {name: _to_entry(row) for name, row in rows.items() if row}

    def add_fills(self, fills: Iterable[tuple[str, Fill]]) -> None:
        """Keep fills by their execution; one that is kept already stays as it was told."""
        with self._connected("add_fills") as connection:
            connection.execute("begin immediate")
            connection.executemany(
                "insert or ignore into fills (execution, client_order_id, symbol, fill_id, "
                "content) values (?, ?, ?, ?, ?)",
                [
                    (key, f.client_order_id, f.symbol, f.fill_id, f.model_dump_json())
                    for key, f in fills
                ],
            )
            connection.execute("commit")

    def fills(self, client_order_ids: Iterable[str]) -> dict[str, tuple[Fill, ...]]:
        """Return the fills of the orders named, oldest first, by client order id."""
        query = "select content from fills where client_order_id = ? order by number"
        with self._connected("fills") as connection:
            rows = {
                name: connection.execute(query, (name,)).fetchall() for name in client_order_ids
            }
        return {
            name: tuple(Fill.model_validate_json(content) for (content,) in found)
            for name, found in rows.items()
        }

    def fills_after(self, fill_id: str) -> list[Fill]:
        """Return the fills that were kept after one, all where this record does not know it."""
        query = (
            "select content from fills where number > "
            "coalesce((select number from fills where fill_id = ?), 0) order by number"
        )
        with self._connected("fills_since") as connection:
            rows = connection.execute(query, (fill_id,)).fetchall()
        return [Fill.model_validate_json(content) for (content,) in rows]

    def holdings(self, symbol: str) -> dict[str, Decimal]:
        """Return the signed shares that entries of ours hold of a symbol, by their own fills."""
        query = "select content from fills where symbol = ? order by number"
        with self._connected("holdings") as connection:
            rows = connection.execute(query, (symbol,)).fetchall()
        fills = [Fill.model_validate_json(content) for (content,) in rows]
        held = {fill.client_order_id: Decimal(0) for fill in fills if fill.leg is FillLeg.ENTRY}
        for fill in fills:
            if fill.client_order_id in held:
                held[fill.client_order_id] += fill.side.sign * fill.quantity
        return held

    def used_number(self, client_id: int) -> int:
        """Return the highest order id that a client ever sent, 0 if it sent none."""
        return self._number("used", client_id)

    def confirmed_number(self, client_id: int) -> int:
        """Return the highest order id that IBKR took of a client, 0 if it took none."""
        return self._number("confirmed", client_id)

    def note_used(self, client_id: int, number: int) -> None:
        self._note_number("used", client_id, number)

    def note_confirmed(self, client_id: int, number: int) -> None:
        self._note_number("confirmed", client_id, number)

    def _number(self, name: str, client_id: int) -> int:
        query = "select value from numbers where name = ? and client_id = ?"
        with self._connected("numbers") as connection:
            row = connection.execute(query, (name, client_id)).fetchone()
        return int(row[0]) if row else 0

    def _note_number(self, name: str, client_id: int, number: int) -> None:
        self._change(
            "insert into numbers (name, client_id, value) values (?1, ?2, ?3) "
            "on conflict (name, client_id) do update set value = max(value, ?3)",
            (name, client_id, number),
        )

    def _change(self, statement: str, values: tuple[object, ...]) -> None:
        with self._connected("record") as connection:
            connection.execute(statement, values)

    @contextmanager
    def _connected(self, operation: str) -> Iterator[sqlite3.Connection]:
        with _translated(operation), closing(self._connect()) as connection:
            yield connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        connection.execute("pragma synchronous = full")
        return connection


def _to_entry(row: tuple[str, ...]) -> Entry:
    request, submitted_at, sent_at, cancel_asked_at, seen = row
    return Entry(
        request=OrderRequest.model_validate_json(request),
        submitted_at=datetime.fromisoformat(submitted_at),
        sent_at=datetime.fromisoformat(sent_at),
        cancel_asked_at=datetime.fromisoformat(cancel_asked_at) if cancel_asked_at else None,
        seen=Order.model_validate_json(seen) if seen else None,
    )


@contextmanager
def _translated(operation: str) -> Iterator[None]:
    try:
        yield
    except (sqlite3.OperationalError, OSError) as error:  # locked, full, read-only: not written
        raise UnavailableError("ibkr", operation, f"ibkr.sqlite: {error}") from error
    except sqlite3.DatabaseError as error:
        raise UnexpectedResponseError("ibkr", operation, f"ibkr.sqlite: {error}") from error
