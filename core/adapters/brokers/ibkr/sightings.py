"""One order as IBKR shows it, open or completed, in our words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from ib_async import Contract, Trade
from ib_async.util import UNSET_DOUBLE

from core.adapters.brokers.ibkr.refs import Part, client_order_id, parse_ref
from core.domain.orders import OrderKind, OrderStatus
from core.domain.trading import OrderSide

ZERO = Decimal(0)
INACTIVE = "Inactive"
ENDED = {
    "Filled": OrderStatus.FILLED, "Cancelled": OrderStatus.CANCELED,
    "ApiCancelled": OrderStatus.CANCELED, INACTIVE: OrderStatus.REJECTED,
}  # fmt: skip
KINDS = {
    "MKT": OrderKind.MARKET, "LMT": OrderKind.LIMIT, "STP": OrderKind.STOP,
    "STP LMT": OrderKind.STOP_LIMIT, "TRAIL": OrderKind.TRAILING_STOP,
}  # fmt: skip
SIDES = {"BUY": OrderSide.BUY, "SELL": OrderSide.SELL, "SSHORT": OrderSide.SELL}


@dataclass(frozen=True)
class Sighting:
    """Quantities in shares, prices in USD per share."""

    trade: Trade
    name: str
    part: Part
    symbol: str
    side: OrderSide
    kind: OrderKind
    status: OrderStatus
    total: Decimal
    filled: Decimal
    average: Decimal | None
    limit_price: Decimal | None
    stop_price: Decimal | None
    reason: str

    @property
    def venue_order_id(self) -> str:
        """Return IBKR's permanent id, which stays the same over sessions and clients."""
        return str(self.trade.order.permId or self.trade.orderStatus.permId)

    @property
    def is_sent(self) -> bool:
        """Tell whether IBKR has it: its servers give it a permanent id, the gateway does not."""
        return bool(self.trade.order.permId or self.trade.orderStatus.permId)

    @property
    def can_wake(self) -> bool:
        """Tell whether it does not trade now and yet was not ended."""
        return self.trade.orderStatus.status == INACTIVE and self.trade.order.orderId > 0

    @property
    def rest(self) -> Decimal:
        return self.total - self.filled if self.status.is_open else ZERO


def sightings(trades: Iterable[Trade], account: str) -> list[Sighting]:
    """Return the orders of one account for US stocks."""
    return [_sighted(t) for t in trades if is_us_stock(t.contract) and _of(t, account)]


def number(value: object) -> Decimal | None:
    """Return what IBKR's float is, None where it is not set or 0."""
    if value in (None, "", 0, UNSET_DOUBLE):
        return None
    exact = Decimal(str(value))
    whole = exact.to_integral_value()
    return whole if exact == whole else exact.normalize()


def is_us_stock(contract: Contract) -> bool:
    return contract.secType == "STK" and contract.currency == "USD"


def from_ibkr(symbol: str) -> str:
    """Return the symbol with its class after a dot; IBKR writes a blank: "BRK B"."""
    return symbol.replace(" ", ".")


def to_ibkr(symbol: str) -> str:
    return symbol.replace(".", " ")


def _of(trade: Trade, account: str) -> bool:
    return trade.order.account in ("", account)


def _sighted(trade: Trade) -> Sighting:
    order, said = trade.order, trade.orderStatus
    # a completed order tells its fills in another field, and may tell no total at all
    filled = number(said.filled) or number(order.filledQuantity) or ZERO
    total = number(order.totalQuantity) or filled
    kind = KINDS.get(order.orderType, OrderKind.MARKET)
    part = parse_ref(order.orderRef)[1]
    return Sighting(
        trade=trade,
        name=client_order_id(order.orderRef, order.permId),
        part=part,
        symbol=from_ibkr(trade.contract.symbol),
        side=SIDES[order.action],
        kind=kind,
        status=_status(said.status, filled),
        total=total,
        filled=filled,
        average=number(said.avgFillPrice),
        limit_price=number(order.lmtPrice) if kind.has_limit else None,
        stop_price=_stop_price(trade, kind),
        reason=said.whyHeld,
    )


def _status(text: str, filled: Decimal) -> OrderStatus:
    if text in ENDED:
        return ENDED[text]
    if text == "PendingCancel":
        return OrderStatus.PENDING_CANCEL
    return OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.ACCEPTED


def _stop_price(trade: Trade, kind: OrderKind) -> Decimal | None:
    if kind is OrderKind.TRAILING_STOP:
        return number(trade.order.trailStopPrice)
    return number(trade.order.auxPrice) if kind.has_stop else None
