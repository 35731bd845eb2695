"""The orders of the stub gateway: what IBKR adds to those of the exchange behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from core.domain.orders import OrderKind, TimeInForce
from core.domain.trading import OrderSide
from tests.contract.stubs.brokers_ibkr_wire import Fields, PlaceOrder, completed_order, open_order
from tests.contract.stubs.exchange_orders import ExchangeFill, ExchangeOrder, Group, Status

KINDS = {
    "MKT": OrderKind.MARKET, "LMT": OrderKind.LIMIT, "STP": OrderKind.STOP,
    "STP LMT": OrderKind.STOP_LIMIT, "TRAIL": OrderKind.TRAILING_STOP,
}  # fmt: skip
TYPES = {kind: text for text, kind in KINDS.items()}
STATUSES = {
    Status.HELD: "PreSubmitted", Status.NEW: "Submitted", Status.PARTIALLY_FILLED: "Submitted",
    Status.PENDING_CANCEL: "PendingCancel", Status.FILLED: "Filled", Status.CANCELED: "Cancelled",
    Status.EXPIRED: "Cancelled", Status.REPLACED: "Cancelled",
}  # fmt: skip
PERMANENT_IDS = count(1_900_000_001)
CENT = Decimal("0.01")
NEW_YORK = ZoneInfo("America/New_York")


@dataclass(eq=False, kw_only=True)
class StubOrder:
    """order: at the exchange, None while it is not there, and then `waits` tells why."""

    client_id: int
    order_id: int
    symbol: str
    con_id: int
    account: str
    asked: PlaceOrder | None = None
    order: ExchangeOrder | None = None
    waits: str = ""
    why_held: str = ""
    permanent_id: int = 0
    exited_on: date | None = None
    children: list[StubOrder] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return bool(self.waits) or (self.order is not None and self.order.status.is_open)

    @property
    def ref(self) -> str:
        return self.asked.ref if self.asked else ""

    @property
    def parent_id(self) -> int:
        return self.asked.parent_id if self.asked else 0

    @property
    def status(self) -> str:
        return STATUSES[self.order.status] if self.order else self.waits or "Cancelled"

    def take(self) -> None:
        """Give it the id that it keeps for ever."""
        self.permanent_id = self.permanent_id or next(PERMANENT_IDS)

    def to_exchange(self, group: Group | None) -> ExchangeOrder:
        asked = self.asked
        assert asked is not None
        kind, trails = KINDS[asked.kind], asked.kind == "TRAIL"
        percent = asked.trailing_percent
        return ExchangeOrder(
            symbol=self.symbol.replace(" ", "."),
            side=OrderSide(asked.action.lower()),
            quantity=asked.quantity,
            kind=kind,
            limit_price=asked.limit_price if kind.has_limit else None,
            stop_price=asked.aux_price if kind.has_stop else None,
            trail_usd=asked.aux_price if trails else None,
            trail_fraction=percent / 100 if percent else None,
            time_in_force=TimeInForce(asked.tif.lower()),
            account=asked.account,
            group=group,
            note=self,
        )

    def messages(self) -> list[Fields]:
        """Encode the order as it stands: openOrder while it is open, orderStatus always."""
        shown = [open_order(self._content())] if self.is_open else []
        return [*shown, self.status_message()]

    def completed(self, day: str) -> Fields:
        """Encode the order once it is over: IBKR then tells no total, but what was filled."""
        filled = self.order.filled if self.order else 0
        over = {"totalQuantity": 0, "filledQuantity": filled, "completedTime": day}
        return completed_order(self._content() | over)

    def status_message(self) -> Fields:
        order = self.order
        filled, left = (order.filled, order.left) if order else (Decimal(0), Decimal(0))
        average = (order.average_price if order else None) or 0
        return [
            3, self.order_id, self.status, filled, left, average, self.permanent_id,
            self.parent_id, 0, self.client_id, self.why_held, 0,
        ]  # fmt: skip

    def _content(self) -> dict[str, Any]:
        order, asked = self.order, self.asked
        content: dict[str, Any] = {
            "orderId": self.order_id, "clientId": self.client_id, "permId": self.permanent_id,
            "parentId": self.parent_id, "orderRef": self.ref, "account": self.account,
            "status": self.status, "conId": self.con_id, "symbol": self.symbol, "secType": "STK",
            "exchange": "SMART", "currency": "USD", "localSymbol": self.symbol,
        }  # fmt: skip
        if order is not None:
            return content | _of_exchange(order, asked.oca_group if asked else "")
        assert asked is not None
        return content | {
            "action": asked.action, "totalQuantity": asked.quantity, "orderType": asked.kind,
            "lmtPrice": asked.limit_price or 0, "auxPrice": asked.aux_price or 0, "tif": asked.tif,
        }  # fmt: skip


@dataclass(frozen=True)
class Traded:
    """One execution, with when it was by the gateway's clock."""

    stub: StubOrder
    fill: ExchangeFill
    at: datetime
    number: int

    def messages(self, request_id: int) -> list[Fields]:
        return [self._execution(request_id), self.commission()]

    def commission(self, usd: str = "0") -> Fields:
        return [59, 1, self.id, usd, "USD", "", "", ""]

    @property
    def id(self) -> str:
        return f"0000e0d5.{self.number:08x}.01.01"

    def _execution(self, request_id: int) -> Fields:
        stub, fill, order = self.stub, self.fill, self.fill.order
        at = self.at.astimezone(NEW_YORK).strftime("%Y%m%d %H:%M:%S America/New_York")
        return [
            11, request_id, stub.order_id, stub.con_id, stub.symbol, "STK", "", 0, "", "", "SMART",
            "USD", stub.symbol, "NMS", self.id, at, stub.account, "SMART",
            "BOT" if order.side.sign > 0 else "SLD", fill.quantity, fill.price, stub.permanent_id,
            stub.client_id, 0, order.filled, order.average_price, stub.ref, "", "", "", 1, 0,
        ]  # fmt: skip


def _of_exchange(order: ExchangeOrder, group: str) -> dict[str, Any]:
    trails = order.kind is OrderKind.TRAILING_STOP
    return {
        "action": order.side.upper(), "totalQuantity": order.quantity, "ocaGroup": group,
        "orderType": TYPES[order.kind], "lmtPrice": order.limit_price or 0,
        "auxPrice": (order.trail_usd if trails else order.stop_price) or 0,
        "trailStopPrice": order.stop_price if trails else "",
        "trailingPercent": 100 * order.trail_fraction if order.trail_fraction else "",
        "tif": order.time_in_force.upper(),
    }  # fmt: skip


def is_in_cents(asked: PlaceOrder) -> bool:
    return all(price % CENT == 0 for price in (asked.limit_price, asked.aux_price) if price)
