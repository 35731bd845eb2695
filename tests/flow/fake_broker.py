"""A broker in memory that does what a test says, and nothing by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Event
from typing import Any

from core.domain.orders import (
    Order,
    OrderChange,
    OrderKind,
    OrderLeg,
    OrderRequest,
    OrderStatus,
    Purpose,
)
from core.domain.trading import (
    Account,
    Asset,
    BrokerCapabilities,
    Fill,
    FillLeg,
    MarketClock,
    OrderSide,
    Position,
    TradeUpdate,
)
from core.errors import OutcomeUnknownError, RejectedError, UnavailableError

NOON = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
CAPABILITIES = BrokerCapabilities(
    bracket=True, several_take_profits=True, short=True, fractional=True, is_live=False, oco=True,
    replace=True, suspend=True,
)  # fmt: skip


@dataclass
class FakeBroker:
    """silent: no question is answered; mute: which ones are not. refuses: why nothing is taken.

    loses_answers: what is asked is done, and not told. before_positions runs each time that
    positions are asked for.
    """

    name: str = "fake"
    timeout_s: float = 1.0
    can: BrokerCapabilities = CAPABILITIES
    silent: bool = False
    mute: frozenset[str] = frozenset()
    loses_answers: bool = False
    refuses: str = ""
    retired: set[str] = field(default_factory=set)
    orders: dict[str, Order] = field(default_factory=dict)
    told: list[Fill] = field(default_factory=list)
    moved: dict[str, Decimal] = field(default_factory=dict)
    prices: dict[str, Decimal] = field(default_factory=dict)
    money: Decimal = Decimal(100_000)
    before_positions: Callable[[], None] = lambda: None
    minutes: int = 0
    asked: list[str] = field(default_factory=list)

    # what the port asks

    def capabilities(self) -> BrokerCapabilities:
        return self.can

    def connect(self) -> None:
        self._answers("connect")

    def close(self) -> None: ...

    def clock(self) -> MarketClock:
        return MarketClock(at=NOON, is_open=True, next_open=NOON, next_close=NOON)

    def account(self) -> Account:
        self._answers("account")
        flows = (-f.side.sign * f.quantity * f.price - f.fees for f in self.told)
        cash = self.money + sum(flows, Decimal(0))
        return Account(account_id="F1", equity=Decimal(100_000), cash=cash, buying_power=cash,
                       as_of=NOON)  # fmt: skip

    def positions(self) -> list[Position]:
        self._answers("positions")
        self.before_positions()
        held: dict[str, Decimal] = dict(self.moved)
        for fill in self.told:
            held[fill.symbol] = held.get(fill.symbol, Decimal(0)) + fill.side.sign * fill.quantity
        return [
            Position(symbol=symbol, quantity=quantity, average_entry_price=Decimal(100),
                     last_price=self.prices.get(symbol, Decimal(102)))
            for symbol, quantity in sorted(held.items()) if quantity
        ]  # fmt: skip

    def asset(self, symbol: str) -> Asset:
        self._answers("asset")
        is_tradable = symbol not in self.retired
        return Asset(symbol=symbol, is_tradable=is_tradable, is_shortable=True,
                     is_fractionable=True)  # fmt: skip

    def open_orders(self) -> list[Order]:
        self._answers("open_orders")
        return [order for order in self.orders.values() if order.is_working]

    def order_by_client_id(self, client_order_id: str) -> Order | None:
        self._answers("order_by_client_id")
        return self.orders.get(client_order_id)

    def fills_since(self, cursor: str) -> tuple[list[Fill], str]:
        self._answers("fills_since")
        return self.told[int(cursor or 0) :], str(len(self.told))

    def submit(self, request: OrderRequest, submitted_at: datetime) -> Order:
        self._takes("submit")
        known = self.orders.get(request.client_order_id)
        if known is None:
            known = self.orders[request.client_order_id] = _accepted(request, submitted_at)
        return self._answered("submit", known)

    def replace(self, client_order_id: str, change: OrderChange) -> Order:
        self._takes("replace")
        order = self.orders[client_order_id]
        legs = tuple(
            leg.model_copy(update={"price": change.stop_price}) if leg.leg is FillLeg.STOP else leg
            for leg in order.legs
        )
        stop = change.stop_price if order.kind is OrderKind.STOP else order.stop_price
        return self._answered("replace", self.change(client_order_id, legs=legs, stop_price=stop))

    def cancel(self, client_order_id: str) -> None:
        self._takes("cancel")
        if client_order_id in self.orders:
            self.change(client_order_id, status=OrderStatus.CANCELED, legs=())

    def close_position(self, client_order_id: str, reason: str) -> None:
        self._takes("close_position")

    def suspend(self) -> None: ...

    def resume(self) -> None: ...

    def listen(self, on_update: Callable[[TradeUpdate], None], stop: Event) -> None: ...

    # what the market and the operator do

    def fill_entry(self, client_order_id: str, quantity: int, price: str = "100.50") -> None:
        """Let an entry fill, in part or wholly; its exits stand from then on."""
        order = self.orders[client_order_id]
        done = order.filled_quantity + quantity
        is_whole = done == order.quantity
        self.change(
            client_order_id, filled_quantity=done, average_fill_price=Decimal(price),
            status=OrderStatus.FILLED if is_whole else OrderStatus.PARTIALLY_FILLED,
        )  # fmt: skip
        self._fill(order, order.side, FillLeg.ENTRY, Decimal(quantity), price)

    def fill_target(self, client_order_id: str, quantity: int, price: str = "104") -> None:
        """Let a take-profit fill; the stop stands for what is left."""
        order, left = self.orders[client_order_id], Decimal(quantity)
        legs = []
        for leg in order.legs:
            changes: dict[str, Any] = {}
            if leg.leg is FillLeg.STOP:
                rest = leg.quantity - quantity
                changes = {"quantity": rest} if rest else {"status": OrderStatus.CANCELED}
            elif left and leg.status.is_open:
                done, left = leg.filled_quantity + min(left, leg.quantity), Decimal(0)
                changes = {"filled_quantity": done}
                changes |= {"status": OrderStatus.FILLED} if done == leg.quantity else {}
            legs.append(leg.model_copy(update=changes))
        self.change(client_order_id, legs=tuple(legs))
        side = order.side.opposite if order.purpose is Purpose.ENTRY else order.side
        self._fill(order, side, FillLeg.TARGET, Decimal(quantity), price)

    def lose_stop(self, client_order_id: str) -> None:
        """Let the stop of an order vanish, as some brokers do after a part of a target filled."""
        legs = tuple(
            leg.model_copy(update={"status": OrderStatus.CANCELED})
            for leg in self.orders[client_order_id].legs
        )
        self.change(client_order_id, legs=legs)

    def trade_by_hand(self, symbol: str, quantity: int, price: str = "100") -> None:
        side = OrderSide.BUY if quantity > 0 else OrderSide.SELL
        name = f"hand-{len(self.told)}"
        self.told.append(
            Fill(fill_id=name, client_order_id=name, symbol=symbol, side=side,
                 leg=FillLeg.EXTERNAL, quantity=Decimal(abs(quantity)), price=Decimal(price),
                 fees=Decimal(0), filled_at=NOON, label="real")
        )  # fmt: skip

    def change(self, client_order_id: str, **changes: Any) -> Order:
        self.minutes += 1
        changes["updated_at"] = NOON + timedelta(minutes=self.minutes)
        changed = self.orders[client_order_id].model_copy(update=changes)
        self.orders[client_order_id] = changed
        return changed

    def _fill(
        self, order: Order, side: OrderSide, leg: FillLeg, quantity: Decimal, price: str
    ) -> None:
        self.told.append(
            Fill(fill_id=f"f{len(self.told)}", client_order_id=order.client_order_id,
                 symbol=order.symbol, side=side, leg=leg, quantity=quantity, price=Decimal(price),
                 fees=Decimal("0.01"), filled_at=NOON + timedelta(minutes=self.minutes),
                 label="real")
        )  # fmt: skip

    def _answers(self, operation: str) -> None:
        self.asked.append(operation)
        if self.silent or operation in self.mute:
            raise UnavailableError(self.name, operation, "time-out")

    def _takes(self, operation: str) -> None:
        self._answers(operation)
        if self.refuses:
            raise RejectedError(self.name, operation, self.refuses)

    def _answered(self, operation: str, order: Order) -> Order:
        if self.loses_answers:
            raise OutcomeUnknownError(self.name, operation, "504")
        return order


def _accepted(request: OrderRequest, at: datetime) -> Order:
    fields = {
        "client_order_id", "symbol", "side", "quantity", "purpose", "kind", "limit_price",
        "stop_price", "bracket",
    }  # fmt: skip
    return Order(
        **{name: getattr(request, name) for name in fields}, legs=_legs(request),
        venue_order_id=f"v-{request.client_order_id}", status=OrderStatus.ACCEPTED,
        filled_quantity=Decimal(0), average_fill_price=None, submitted_at=at, updated_at=at,
    )  # fmt: skip


def _legs(request: OrderRequest) -> tuple[OrderLeg, ...]:
    if request.bracket is None:
        return ()
    wanted = [(FillLeg.STOP, request.bracket.stop_price, request.quantity)]
    wanted += [(FillLeg.TARGET, one.price, one.quantity) for one in request.bracket.take_profits]
    return tuple(
        OrderLeg(leg=leg, venue_order_id=f"{request.client_order_id}-{place}", price=price,
                 quantity=quantity, status=OrderStatus.ACCEPTED)
        for place, (leg, price, quantity) in enumerate(wanted)
    )  # fmt: skip
