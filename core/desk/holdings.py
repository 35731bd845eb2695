"""What is open, read from the books, the fills and what the broker last told."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pandas as pd

from core.domain.flow import EffectRecord, EffectState
from core.domain.holdings import FLATTEN, ZERO, Holding, external, flatten_key, sellable
from core.domain.order_keys import close_key, entry_of
from core.domain.orders import Order
from core.domain.reconciliation import EXTERNAL, books
from core.domain.reconciliation.books import Books
from core.domain.trading import OrderSide, Position
from core.steps.moment import session_of
from core.steps.protection import CLOSING_TAKES
from core.steps.services import Services
from core.steps.stops import stop_prices
from core.storage.views.positions import PositionViews

OPTION = re.compile(r"[A-Z]{1,6}\d{6}[CP]\d{8}")  # as OCC names a contract
SETTLED = frozenset({EffectState.DONE, EffectState.REJECTED})


class Holdings:
    """Reads the books; nobody is asked."""

    def __init__(self, services: Services) -> None:
        self._services, self._storage = services, services.storage
        self._views = PositionViews(self._storage.store, self._storage.bars)

    def read(self, trades: pd.DataFrame | None = None) -> list[Holding]:
        """Return what is open, the desk's own first, oldest first.

        trades: with the columns of `PositionsView.open`, read here where it is not given.
        """
        open_ = self._storage.views.open_positions() if trades is None else trades
        held, at_broker = self._books(), self._views.at_broker()
        working = self._views.working_orders(open_["client_order_id"].tolist())
        own = [
            found
            for row in open_.to_dict("records")
            if (found := self._own(row, held, working)) is not None
        ]
        listed = {(one.owner, one.symbol) for one in own}
        renamed = [_renamed(*key, held[key]) for key in sorted(held) if _is_left(key, listed)]
        rest = () if at_broker is None else self._external(held, at_broker, working)
        return [*own, *renamed, *rest]

    def find(self, seen: Holding) -> Holding | None:
        """Return a holding as it is now, None where it is flat."""
        return next((one for one in self.read() if one.name == seen.name), None)

    def _books(self) -> Books:
        kept = self._storage.reconciliations
        entries = (entry for adoption in kept.adopted() for entry in adoption.entries)
        return books(kept.traded(), kept.owners(), entries)

    def _own(
        self, row: Mapping[Hashable, Any], held: Books, working: Sequence[Order]
    ) -> Holding | None:
        """Return what is left of a trade. After a split its prices are those of the new shares."""
        owner, symbol, entry_id = row["tactic_id"], row["symbol"], row["client_order_id"]
        quantity = held.get((owner, symbol), ZERO)
        if not quantity:
            return None
        ratio = float(quantity) / row["quantity"]
        close_id, busy = self._close_of(entry_id)
        unit, last = row["r_per_share"] / ratio, _known(row["last"])
        entry = row["entry"] / ratio
        sign = 1 if quantity > 0 else -1
        return Holding(
            owner=owner, entry_id=entry_id, symbol=symbol, quantity=quantity,
            entry=entry, last=last, last_at=_known(row["last_at"]),
            open_r=None if last is None else sign * (last - entry) / unit,
            target=row["target"] / ratio, planned_stop=row["stop"] / ratio,
            stops=tuple(_stops(working, entry_id)), opened_at=_known(row["opened_at"]),
            age_sessions=int(row["age_sessions"]),
            close_id=close_id, closable=ZERO if busy else abs(quantity), unclosable=busy,
        )  # fmt: skip

    def _close_of(self, entry_id: str) -> tuple[str, str]:
        """Return the next key that closes an entry, and that one before is still at it."""
        base = close_key(entry_id)
        key, before = base, self._services.ledger.get(base)
        number, last = 1, None
        while before is not None and before.state in SETTLED:
            number, last = number + 1, before
            key = f"{base}:{number}"
            before = self._services.ledger.get(key)
        return key, _still_closing(last)

    def _external(
        self, held: Books, at_broker: Sequence[Position], working: Sequence[Order]
    ) -> Iterator[Holding]:
        told = {position.symbol: position for position in at_broker}
        net = {symbol: position.quantity for symbol, position in told.items()}
        for symbol, rest in external(held, net).items():
            leaving = sum((_leaving(order, symbol) for order in working), ZERO)
            free = sellable(rest, net.get(symbol, ZERO), leaving)
            position = told.get(symbol)
            is_all = position is not None and position.quantity == rest
            yield Holding(
                owner=EXTERNAL, entry_id="", symbol=symbol, quantity=rest,
                entry=float(position.average_entry_price) if position and is_all else None,
                last=float(position.last_price) if position else None,
                close_id=self._next_flatten(symbol, rest, free), closable=free,
                unclosable=_why_not(symbol, free, leaving),
            )  # fmt: skip

    def _next_flatten(self, symbol: str, rest: Decimal, free: Decimal) -> str:
        """Return the key of the next order; one that surely was not sent is the next again."""
        day, number = session_of(self._services.clock.now()), 1
        while True:
            key = flatten_key(symbol, day, number)
            before = self._services.ledger.get(key)
            if before is None or not (before.state in SETTLED or _is_another(before, rest, free)):
                return key
            number += 1


def _is_another(record: EffectRecord, rest: Decimal, free: Decimal) -> bool:
    """Tell whether an order that surely was not sent is not the one that is needed now."""
    asked = OrderSide(record.request["side"]), Decimal(str(record.request["quantity"]))
    needed = OrderSide.SELL if rest > 0 else OrderSide.BUY, free
    return record.state is EffectState.INTENDED and asked != needed


def _still_closing(record: EffectRecord | None) -> str:
    """Leases and the moments of effects are by the wall's clock, in the replay too."""
    if record is None or record.state is not EffectState.DONE:
        return ""
    is_fresh = datetime.now(UTC) - record.updated_at < CLOSING_TAKES
    return "it is being closed: the broker has taken the order" if is_fresh else ""


def _leaving(order: Order, symbol: str) -> Decimal:
    is_ours = order.client_order_id.startswith(f"{FLATTEN}{symbol}:")
    return order.quantity - order.filled_quantity if is_ours and order.status.is_open else ZERO


def _why_not(symbol: str, free: Decimal, leaving: Decimal) -> str:
    if OPTION.fullmatch(symbol):
        return "it is an option: close it at the broker"
    if free:
        return ""
    if leaving:
        return "it is being closed: the broker has taken the order"
    return "it stands against what tactics hold: closing it would open more of the other side"


def _stops(working: Sequence[Order], entry_id: str) -> Iterator[Decimal]:
    for order in working:
        if entry_of(order.client_order_id) == entry_id:
            yield from stop_prices(order)


def _is_left(key: tuple[str, str], listed: set[tuple[str, str]]) -> bool:
    return key not in listed and key[0] != EXTERNAL


def _renamed(owner: str, symbol: str, quantity: Decimal) -> Holding:
    return Holding(
        owner=owner,
        entry_id="",
        symbol=symbol,
        quantity=quantity,
        unclosable="it was bought under another symbol: close it at the broker",
    )


def _known(value: Any) -> Any:
    """Return a value of a frame as Python has it, None where it is missing."""
    if pd.isna(value):
        return None
    return value.to_pydatetime() if isinstance(value, pd.Timestamp) else value
