"""A small market in memory that the stub of any broker can stand on; no vendor is in it.

What the market does (tests/contract/venue.py): `trade`, `halt`, `open`, `end_session`,
`trade_by_hand`. What a client does: `submit`, `cancel` (or first `ask_cancel`, for a vendor that
takes its time), `change` (the same order with other prices), `replace` (a new order in its place).
What there is: `orders` and `fills`, oldest first; `order`, `held`, `cash`, `equity`,
`buying_power`. `listeners` hear of every change: event, order, fill. Prices in USD per share;
everything is Decimal. Each call is atomic for all threads; `lock` makes several of them so.

An entry and its exits share a `Group`, an OCO pair has a group without an entry: submit the entry
first, then the exits. Exits wait until the entry has filled, from its first or from its last share
on (`Start`); what one of them trades is taken off the others, and the last share cancels them. An
entry that ends cancels the exits that wait for it; those that work go on. What a vendor adds
(whose cancel takes whom along, what a status is called, what a request may hold) is for its stub.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from threading import RLock
from typing import Any

from core.domain.orders import TimeInForce
from core.domain.trading import OrderSide
from tests.contract.stubs.exchange_orders import (
    ZERO,
    ExchangeFill,
    ExchangeOrder,
    Group,
    Holding,
    Listener,
    Refusal,
    RefusedError,
    Status,
    made_up,
    now,
)

START_CASH_USD, MARGIN = Decimal(100_000), 2


class Start(StrEnum):
    """From which share of the entry on its exits work."""

    FIRST = "first"
    LAST = "last"


class Exchange:
    """A market for the symbols of `last`, which holds their last prices."""

    def __init__(self, start: Start, last: dict[str, Decimal]) -> None:
        self.last = dict(last)
        self.unborrowable: set[str] = set()
        self.halted: set[str] = set()
        self.suspended: set[str] = set()  # accounts
        self.orders: list[ExchangeOrder] = []
        self.fills: list[ExchangeFill] = []
        self.listeners: list[Listener] = []
        self.lock = RLock()
        self._start = start
        self._by_id: dict[str, ExchangeOrder] = {}
        self._held: dict[tuple[str, str], Holding] = {}
        self._paid: dict[str, Decimal] = {}

    # what the market does

    def trade(self, symbol: str, price: Decimal, shares: Decimal | None = None) -> None:
        """Let a price trade: it reaches, oldest first, the orders that worked before it."""
        with self.lock:
            if symbol in self.halted:
                return
            self.last[symbol] = price
            left = Decimal("Infinity") if shares is None else shares
            for order in [o for o in self.orders if o.symbol == symbol and o.status.works]:
                if order.status.works and order.is_reached(price) and left > 0:
                    quantity = min(order.left, left)
                    left -= quantity
                    self._fill(order, quantity, price)

    def halt(self, symbol: str) -> None:
        self.halted.add(symbol)

    def open(self, symbol: str) -> None:
        self.halted.discard(symbol)

    def end_session(self) -> None:
        """Expire what is good for the day."""
        with self.lock:
            for order in self.open_orders():
                if order.status.is_open and order.time_in_force is TimeInForce.DAY:
                    self._end(order, Status.EXPIRED)

    def trade_by_hand(
        self, symbol: str, quantity: Decimal, price: Decimal, account: str = ""
    ) -> ExchangeOrder:
        """Fill an order of somebody else at once; a negative quantity sells."""
        side = OrderSide.BUY if quantity > 0 else OrderSide.SELL
        order = ExchangeOrder(symbol=symbol, side=side, quantity=abs(quantity), account=account)
        with self.lock:
            self.last[symbol] = price
            self._add(order)
            self._fill(order, order.quantity, price)
        return order

    # what a client does

    def submit(self, order: ExchangeOrder) -> ExchangeOrder:
        """Take an order, or raise RefusedError. An exit joins its group and waits if it must."""
        with self.lock:
            self._check(order)
            if order.group is not None and order.is_exit:
                order.group.exits.append(order)
                order.status = Status.NEW if order.group.rest > 0 else Status.HELD
            self._add(order)
        return order

    def ask_cancel(self, order_id: str) -> None:
        """Note that a cancel is under way: the order may still trade until `cancel`."""
        with self.lock:
            self._touch(self._must_be_open(order_id), Status.PENDING_CANCEL)

    def cancel(self, order_id: str) -> None:
        """End an order, and the exits that wait for it. RefusedError if it is not open."""
        with self.lock:
            self._end(self._must_be_open(order_id), Status.CANCELED)

    def change(self, order_id: str, **changes: Any) -> ExchangeOrder:
        """Give an open order other prices."""
        with self.lock:
            order = self._must_be_open(order_id)
            for name, value in changes.items():
                setattr(order, name, value)
            self._touch(order, order.status)
        return order

    def replace(self, order_id: str, **changes: Any) -> ExchangeOrder:
        """Put a new order, for what has not filled, into the place of an open one."""
        with self.lock:
            old = self._must_be_open(order_id)
            new = replace(
                old, **{"client_order_id": made_up()} | changes, id=made_up(), replaces=old.id,
                quantity=old.left, asked=old.asked - old.filled, filled=ZERO, cost=ZERO,
                submitted_at=now(), updated_at=now(),
            )  # fmt: skip
            if old.group is not None and old.is_exit:
                old.group.exits[old.group.exits.index(old)] = new
            elif old.group is not None:
                old.group.entry = new
            old.replaced_by = new.id
            self._touch(old, Status.REPLACED)
            self._add(new)
        return new

    # what there is

    def order(self, order_id: str) -> ExchangeOrder | None:
        return self._by_id.get(order_id)

    def open_orders(self) -> list[ExchangeOrder]:
        return [order for order in self.orders if order.status.is_open]

    def held(self, account: str = "") -> dict[str, Holding]:
        """Return what is not flat, by symbol."""
        mine = ((symbol, h) for (owner, symbol), h in self._held.items() if owner == account)
        return {symbol: holding for symbol, holding in mine if holding.quantity}

    def cash(self, account: str = "") -> Decimal:
        return START_CASH_USD - self._paid.get(account, ZERO)

    def equity(self, account: str = "") -> Decimal:
        values = (self.last[symbol] * h.quantity for symbol, h in self.held(account).items())
        return self.cash(account) + sum(values, ZERO)

    def buying_power(self, account: str = "") -> Decimal:
        """Return what margin leaves beside positions and open entries; it may be negative."""
        opening = (order for order in self.open_orders() if order.account == account)
        used = sum((self._needs(order) for order in opening), ZERO)
        values = (self.last[symbol] * h.quantity for symbol, h in self.held(account).items())
        return MARGIN * self.equity(account) - used - sum(map(abs, values), ZERO)

    # how it works

    def _check(self, order: ExchangeOrder) -> None:
        if order.symbol not in self.last:
            raise RefusedError(Refusal.UNKNOWN_SYMBOL)
        if order.symbol in self.halted:
            raise RefusedError(Refusal.HALTED)
        if order.account in self.suspended:
            raise RefusedError(Refusal.SUSPENDED)
        needs = self._needs(order)
        if needs and order.side is OrderSide.SELL and order.symbol in self.unborrowable:
            raise RefusedError(Refusal.NOT_SHORTABLE)
        if needs and needs > self.buying_power(order.account):
            raise RefusedError(Refusal.BUYING_POWER)

    def _needs(self, order: ExchangeOrder) -> Decimal:
        """Return what of an order would open a position, in USD."""
        if order.is_exit:
            return ZERO
        held = self._held.get((order.account, order.symbol), Holding()).quantity
        closes = max(ZERO, -order.side.sign * held)
        price = order.limit_price or order.stop_price or self.last[order.symbol]
        return max(ZERO, order.left - closes) * price

    def _must_be_open(self, order_id: str) -> ExchangeOrder:
        order = self._by_id.get(order_id)
        if order is None or not order.status.is_open:
            raise RefusedError(Refusal.NOT_OPEN)
        return order

    def _add(self, order: ExchangeOrder) -> None:
        order.best = order.best or self.last[order.symbol]
        order.asked = order.asked or order.quantity
        self.orders.append(order)
        self._by_id[order.id] = order
        self._tell("new", order)

    def _fill(self, order: ExchangeOrder, quantity: Decimal, price: Decimal) -> None:
        fill = ExchangeFill(order, quantity, price)
        self.fills.append(fill)
        order.filled += quantity
        order.cost += quantity * price
        place, change = (order.account, order.symbol), order.side.sign * quantity
        self._held[place] = self._held.get(place, Holding()).plus(change, price)
        self._paid[order.account] = self._paid.get(order.account, ZERO) + change * price
        if order.left == 0:
            order.status = Status.FILLED
        elif order.status is Status.NEW:
            order.status = Status.PARTIALLY_FILLED
        order.updated_at = fill.filled_at
        self._tell("fill" if order.left == 0 else "partial_fill", order, fill)
        if order.group is not None:
            order.group.exited += quantity if order.is_exit else ZERO
            self._adjust(order.group)

    def _adjust(self, group: Group) -> None:
        """Let the exits work for what is held, and end them when it is gone."""
        entry = group.entry
        if entry is not None and self._start is Start.LAST and entry.status is not Status.FILLED:
            return
        for order in [order for order in group.exits if order.status.is_open]:
            if group.rest <= 0:
                self._end(order, Status.CANCELED)
                continue
            asked = group.rest if order.kind.has_stop else order.asked - order.filled
            order.quantity = order.filled + min(asked, group.rest)
            if order.status is Status.HELD:
                self._touch(order, Status.NEW)

    def _end(self, order: ExchangeOrder, status: Status) -> None:
        self._touch(order, status)
        if order.group is not None and order.group.entry is order:
            for each in order.group.exits:
                if each.status is Status.HELD:
                    self._end(each, Status.CANCELED)

    def _touch(self, order: ExchangeOrder, status: Status) -> None:
        order.status, order.updated_at = status, now()
        self._tell(status.value, order)

    def _tell(self, event: str, order: ExchangeOrder, fill: ExchangeFill | None = None) -> None:
        for listener in self.listeners:
            listener(event, order, fill)
