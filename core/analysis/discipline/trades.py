"""Fills to trades: from flat to flat, an order of the desk with whatever was done to it by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from core.analysis.discipline.actual import ActualTrade, Execution
from core.analysis.discipline.moves import order_moves
from core.domain.order_keys import entry_of
from core.domain.orders import Order
from core.domain.overrides import MICRO, NOTHING
from core.domain.scenarios import Side
from core.domain.trading import Fill, FillLeg

OWN = "order:"  # how the keys of the desk's own entries begin

Told = Mapping[str, Sequence[Order]]


def actual_trades(fills: Iterable[Fill], orders: Told, account: str) -> list[ActualTrade]:
    """Return the trades of one account, in the order in which they were opened.

    `orders` are all that the broker said of each order, by its client order id. What is not the
    desk's own acts on the trade that is open in its symbol, or begins one.
    """
    ledger = _Ledger(account)
    for fill in sorted(fills, key=lambda one: one.filled_at):
        ledger.book(fill)
    return [_finish(trade, orders) for trade in ledger.trades]


@dataclass
class _Trade:
    """A trade as it grows; `held` is signed."""

    owner: str
    first: Fill
    side: Side
    account: str
    held: Decimal = NOTHING
    entries: list[Execution] = field(default_factory=list)
    exits: list[Execution] = field(default_factory=list)

    def add(self, fill: Fill, quantity: Decimal, fees: Decimal) -> None:
        """Take a part of a fill: what has the sign of the trade enters, the other exits."""
        signed = fill.side.sign * quantity
        part = Execution(
            at=fill.filled_at,
            quantity=quantity,
            value=quantity * fill.price,
            fees=fees,
            leg=fill.leg if _owner(fill.client_order_id) else FillLeg.EXTERNAL,
            order_id=fill.client_order_id,
        )
        (self.entries if signed * self.side.sign > 0 else self.exits).append(part)
        self.held += signed


class _Ledger:
    """All trades of one account; a fill belongs to the owner of its order, else to its symbol."""

    def __init__(self, account: str) -> None:
        self.account = account
        self.trades: list[_Trade] = []

    def book(self, fill: Fill) -> None:
        """Let a fill close or add to what is open; what is left of it begins a trade."""
        trade = self._open_one(fill)
        is_exit = trade is not None and fill.side.sign * trade.held < 0
        taken = min(fill.quantity, abs(trade.held)) if trade and is_exit else fill.quantity
        fees = fill.fees if taken == fill.quantity else _share(fill, taken)
        (trade or self._begin(fill)).add(fill, taken, fees)
        if taken < fill.quantity:
            self._begin(fill).add(fill, fill.quantity - taken, fill.fees - fees)

    def _open_one(self, fill: Fill) -> _Trade | None:
        """Return the open trade that a fill acts on: its owner's, or the oldest of its symbol."""
        owner = _owner(fill.client_order_id)
        for trade in self.trades:
            is_own = trade.owner == owner if owner else trade.first.symbol == fill.symbol
            if trade.held and is_own:
                return trade
        return None

    def _begin(self, fill: Fill) -> _Trade:
        side = Side.LONG if fill.side.sign > 0 else Side.SHORT
        self.trades.append(_Trade(_owner(fill.client_order_id), fill, side, self.account))
        return self.trades[-1]


def _owner(client_order_id: str) -> str:
    """Return the entry to which an order of the desk belongs, "" of any other."""
    entry = entry_of(client_order_id)
    return entry if entry.startswith(OWN) else ""


def _share(fill: Fill, quantity: Decimal) -> Decimal:
    return (fill.fees * quantity / fill.quantity).quantize(MICRO)


def _finish(trade: _Trade, orders: Told) -> ActualTrade:
    told = sorted(orders.get(trade.owner, ()), key=lambda one: one.updated_at)
    found = ActualTrade(
        trade_id=trade.first.fill_id,
        account=trade.account,
        symbol=trade.first.symbol,
        side=trade.side,
        entries=tuple(trade.entries),
        exits=tuple(trade.exits),
        decided_at=trade.entries[0].at,
        order_id=trade.owner,
        moves=order_moves(told),
        label=trade.first.label,
    )
    if not told:
        return found
    decided_at = min(told[0].submitted_at, found.decided_at)
    return replace(found, decided_at=decided_at, ordered=told[0].quantity)
