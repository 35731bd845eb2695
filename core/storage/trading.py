"""Orders as asked and as told, fills, and what the account held."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from core.domain.base import content_sha256
from core.domain.orders import Order, OrderRequest
from core.domain.trading import Account, Fill, Position
from core.storage.connection import Store
from core.storage.facts import FactTable
from core.storage.inserts import insert_absent

REQUESTS = FactTable(
    name="order_requests",
    model=OrderRequest,
    keys=("client_order_id",),
    columns=(
        "client_order_id", "symbol", "side", "quantity", "limit_price", "bracket.stop_price",
    ),
)  # fmt: skip
ORDERS = FactTable(
    name="order_events",
    model=Order,
    keys=("client_order_id", "order_sha256"),
    identity="order_sha256",
    columns=(
        "client_order_id", "symbol", "side", "status", "quantity", "limit_price",
        "filled_quantity", "average_fill_price", "submitted_at", "updated_at",
    ),
)  # fmt: skip
FILLS = FactTable(
    name="fills",
    model=Fill,
    keys=("fill_id",),
    columns=(
        "fill_id", "client_order_id", "symbol", "side", "leg", "quantity", "price", "fees",
        "filled_at", "label",
    ),
)  # fmt: skip
ACCOUNTS = FactTable(
    name="accounts",
    model=Account,
    keys=("account_sha256",),
    identity="account_sha256",
    columns=("account_id", "as_of", "equity", "cash", "buying_power"),
)
POSITIONS = FactTable(
    name="positions",
    model=Position,
    keys=("sample_sha256", "symbol"),
    columns=("symbol", "quantity", "average_entry_price", "last_price"),
)

LATEST_ORDERS = """
qualify row_number() over (partition by client_order_id order by updated_at desc, rowid desc) = 1
order by submitted_at, client_order_id
"""
EQUITY_AT = "select equity from accounts where as_of <= ? order by as_of desc, rowid desc limit 1"


class Trading:
    """Everything that is appended about orders and money."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append_request(self, request: OrderRequest, tactic_id: str, version: int) -> None:
        """Keep what is about to be asked of the broker; the first of a key counts."""
        REQUESTS.append(self._store, [request], tactic_id=tactic_id, version=version)

    def request(self, client_order_id: str) -> OrderRequest:
        """Return what was asked of the broker.

        Raises: NotFoundError.
        """
        condition = "client_order_id = ?"
        return REQUESTS.get(self._store, client_order_id, condition, (client_order_id,))

    def append_orders(self, orders: Sequence[Order]) -> int:
        """Keep each order whose state differs from those already kept."""
        return ORDERS.append(self._store, orders)

    def latest_orders(self) -> list[Order]:
        """Return the last known state of each order, in the order they were submitted."""
        return ORDERS.find(self._store, f"true {LATEST_ORDERS}")

    def append_fills(self, fills: Sequence[Fill]) -> int:
        return FILLS.append(self._store, fills)

    def fills(self, client_order_id: str | None = None) -> list[Fill]:
        """Return the fills of one order, or all, oldest first."""
        condition = "client_order_id = ? or ? is null order by filled_at, rowid"
        return FILLS.find(self._store, condition, (client_order_id, client_order_id))

    def fill_cursor(self) -> str:
        """Return up to where the broker's fills are kept, "" at the start."""
        row = self._store.one("select cursor from fill_cursors order by rowid desc limit 1")
        return str(row[0]) if row else ""

    def save_fill_cursor(self, cursor: str, recorded_at: datetime) -> None:
        """Keep a new place; the one that is the newest already is not kept again."""
        with self._store.write() as writer:
            newest = "select cursor from fill_cursors order by rowid desc limit 1"
            writer.execute(
                f"insert into fill_cursors select ?, ? where ? is distinct from ({newest})",
                [cursor, recorded_at.astimezone(UTC).replace(tzinfo=None), cursor],
            )

    def append_account(self, account: Account) -> None:
        """Keep what the account held; of two readings at one moment the later one counts."""
        ACCOUNTS.append(self._store, [account])

    def equity_at(self, moment: datetime) -> float | None:
        """Return the equity in USD as it was last read by a moment, None if it never was."""
        row = self._store.one(EQUITY_AT, (moment,))
        return float(row[0]) if row else None

    def peak_equity(self, account_id: str) -> float | None:
        """Return the highest equity in USD that the account was ever read with, if it was."""
        row = self._store.one(
            "select max(equity) from accounts where account_id = ?", (account_id,)
        )
        return float(row[0]) if row and row[0] is not None else None

    def append_positions(self, as_of: datetime, positions: Sequence[Position]) -> None:
        """Keep what was open at one moment; no position says that the account was flat.

        Of two readings at one moment the later one counts.
        """
        held = [position.model_dump(mode="json") for position in positions]
        sample = {
            "sample_sha256": content_sha256({"as_of": as_of.isoformat(), "positions": held}),
            "as_of": as_of,
            "positions": len(positions),
            "stored_at": datetime.now(UTC),
        }
        batch = self._store.batch("position_samples", [sample])
        with self._store.write() as cursor:
            is_new = insert_absent(cursor, "position_samples", batch, ("sample_sha256",))
            if is_new and positions:
                key = {"sample_sha256": sample["sample_sha256"], "as_of": as_of}
                POSITIONS.insert(cursor, self._store, positions, **key)
