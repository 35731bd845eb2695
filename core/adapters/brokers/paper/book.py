"""The paper venue's own book: orders, fills and marks in one SQLite file, in transactions."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from core.adapters.brokers.paper.ticket import Progress, Ticket
from core.domain.orders import OrderRequest, OrderStatus
from core.domain.trading import Asset, Fill

COLUMNS = "number, request, status, submitted_at, updated_at, expires_at, progress"
SUSPENSION = "suspended"


@dataclass(frozen=True)
class Mark:
    """The last close seen of a symbol, in USD per share."""

    price: Decimal
    label: str
    seen_until: datetime


class Book:
    """The book inside one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(
        self,
        request: OrderRequest,
        submitted_at: datetime,
        expires_at: datetime | None,
        progress: Progress,
    ) -> Ticket:
        row = (
            request.client_order_id, request.symbol, request.model_dump_json(),
            OrderStatus.ACCEPTED.value, True, submitted_at.isoformat(), submitted_at.isoformat(),
            expires_at.isoformat() if expires_at else None, progress.model_dump_json(),
        )  # fmt: skip
        done = self._connection.execute(
            "insert into orders (client_order_id, symbol, request, status, is_working, "
            "submitted_at, updated_at, expires_at, progress) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )
        status, number = OrderStatus.ACCEPTED, int(done.lastrowid or 0)
        return Ticket(number, request, status, submitted_at, submitted_at, expires_at, progress)

    def keep(self, pairs: Iterable[tuple[Ticket, Ticket]]) -> None:
        """Keep what has become of tickets, and their new fills in the order of time."""
        news = [(before, after) for before, after in pairs if after is not before]
        self._connection.executemany(
            "update orders set status = ?, is_working = ?, updated_at = ?, progress = ? "
            "where number = ?",
            [
                (t.status.value, t.is_working, t.updated_at.isoformat(),
                 t.progress.model_dump_json(), t.number)
                for _, t in news
            ],
        )  # fmt: skip
        fills = [(fill, t.number) for b, t in news for fill in t.fills[len(b.fills) :]]
        fills.sort(key=lambda pair: (pair[0].filled_at, pair[0].symbol, pair[1]))
        self._connection.executemany(
            "insert into fills (fill_id, client_order_id, content) values (?, ?, ?)",
            [(fill.fill_id, fill.client_order_id, fill.model_dump_json()) for fill, _ in fills],
        )

    def note_close(self, ticket: Ticket, reason: str) -> None:
        self._connection.execute(
            "update orders set close_reason = ? where number = ?", (reason, ticket.number)
        )

    def ticket(self, client_order_id: str) -> Ticket | None:
        return next(iter(self._tickets("orders.client_order_id = ?", client_order_id)), None)

    def working(self, symbols: Sequence[str] | None = None) -> list[Ticket]:
        """Return what may still trade, of some symbols or of all, exits included, oldest first."""
        if symbols is None:
            return self._tickets("orders.is_working")
        wanted = "orders.is_working and orders.symbol in (select value from json_each(?))"
        return self._tickets(wanted, json.dumps(symbols))

    def next_number(self) -> int:
        row = self._connection.execute("select coalesce(max(number), 0) + 1 from orders")
        return int(row.fetchone()[0])

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

    def mark(self, marks: dict[str, Mark]) -> None:
        self._connection.executemany(
            "insert or replace into marks (symbol, price, label, seen_until) values (?, ?, ?, ?)",
            [
                (symbol, str(mark.price), mark.label, mark.seen_until.isoformat())
                for symbol, mark in marks.items()
            ],
        )

    def newest_at(self) -> datetime | None:
        """Return the latest moment that the venue knows of."""
        row = self._connection.execute(
            "select max(at) from (select max(seen_until) as at from marks "
            "union all select max(updated_at) from orders)"
        ).fetchone()
        return datetime.fromisoformat(row[0]) if row[0] else None

    def list_asset(self, asset: Asset) -> None:
        self._connection.execute(
            "insert or replace into assets (symbol, content) values (?, ?)",
            (asset.symbol, asset.model_dump_json()),
        )

    def assets(self) -> dict[str, Asset]:
        rows = self._connection.execute("select symbol, content from assets")
        return {symbol: Asset.model_validate_json(content) for symbol, content in rows}

    def suspend(self) -> None:
        self._connection.execute("insert or ignore into switches (name) values (?)", (SUSPENSION,))

    def resume(self) -> None:
        self._connection.execute("delete from switches where name = ?", (SUSPENSION,))

    def is_suspended(self) -> bool:
        row = self._connection.execute("select 1 from switches where name = ?", (SUSPENSION,))
        return row.fetchone() is not None

    def _tickets(self, condition: str, *values: object) -> list[Ticket]:
        rows = self._connection.execute(
            f"select {COLUMNS} from orders where {condition} order by number",  # noqa: S608 - ours
            values,
        ).fetchall()
        fills = self._fills_of(condition, values)
        return [_parse(row, fills.get(row[0], ())) for row in rows]

    def _fills_of(self, condition: str, values: tuple[object, ...]) -> dict[int, tuple[Fill, ...]]:
        """Return the fills of orders by the order's number, oldest first."""
        rows = self._connection.execute(
            "select orders.number, content from fills join orders using (client_order_id) "  # noqa: S608 - ours
            f"where {condition} order by fills.number",
            values,
        )
        found: dict[int, list[Fill]] = {}
        for number, content in rows:
            found.setdefault(number, []).append(Fill.model_validate_json(content))
        return {number: tuple(fills) for number, fills in found.items()}


def _parse(row: tuple[Any, ...], fills: tuple[Fill, ...]) -> Ticket:
    number, request, status, submitted_at, updated_at, expires_at, progress = row
    return Ticket(
        number=number,
        asked=OrderRequest.model_validate_json(request),
        status=OrderStatus(status),
        submitted_at=datetime.fromisoformat(submitted_at),
        updated_at=datetime.fromisoformat(updated_at),
        expires_at=datetime.fromisoformat(expires_at) if expires_at else None,
        progress=Progress.model_validate_json(progress),
        fills=fills,
    )
