"""What goes out to the broker: an entry, one in a symbol at a time, and the end of an order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from core.domain.flow import EffectRecord, EffectState
from core.domain.order_keys import entry_of, is_protection
from core.domain.orders import Order, OrderRequest, Purpose
from core.errors import RejectedError, UnavailableError
from core.flow.effects import EffectLedger, Lookup
from core.ports import Broker

MAY_BE_OUT = (EffectState.SENDING, EffectState.UNKNOWN)


@dataclass(frozen=True)
class BrokerEffect:
    """What every write to the broker has in common."""

    broker: Broker

    @property
    def target(self) -> str:
        return self.broker.name

    @property
    def timeout_s(self) -> float:
        return self.broker.timeout_s

    @property
    def lookup(self) -> Lookup:
        return "authoritative"


@dataclass(frozen=True)
class SubmitOrder(BrokerEffect):
    """The effect of an entry order. ledger: the one that it goes through."""

    ledger: EffectLedger
    submitted_at: datetime

    def send(self, key: str, request: dict[str, Any]) -> dict[str, Any]:
        order = OrderRequest.model_validate(request)
        is_new = not self.broker.order_by_client_id(key)  # one that is there is answered again
        if is_new and order.purpose is Purpose.ENTRY:
            self._check_alone(order)
        return answer(self.broker.submit(order, self.submitted_at))

    def find(self, key: str, request: dict[str, Any]) -> dict[str, Any] | None:
        """An order that is smaller than asked may have been cut: sending it again completes it."""
        order = self.broker.order_by_client_id(key)
        is_whole = order is not None and order.quantity >= Decimal(request["quantity"])
        return answer(order) if order and is_whole else None

    def _check_alone(self, order: OrderRequest) -> None:
        """Ask once more whether the symbol is free, now that the own intent is written down.

        So of two orders that go out at once at least one sees the other. The ledger is read
        before the broker: an order that has left the one has reached the other.
        Raises: RejectedError; UnavailableError for the older of two, which looks again once the
            newer one has given way or is out.
        """
        rival = _rival(self.ledger, order)
        reason = f"another order of {order.symbol} may be on its way, {rival.key}" if rival else ""
        if rival and rival.state is EffectState.SENDING and self._is_older(order, rival):
            raise UnavailableError(self.target, "submit", reason)
        reason = reason or in_use(self.broker, order.symbol)
        if reason:
            raise RejectedError(self.target, "submit", reason)

    def _is_older(self, order: OrderRequest, rival: EffectRecord) -> bool:
        own = self.ledger.get(order.client_order_id)
        return own is not None and _age(own) < _age(rival)


@dataclass(frozen=True)
class ClosePosition(BrokerEffect):
    """The effect of ending an order: its entry is cancelled, what is filled is flattened.

    Doing it twice does nothing.
    """

    def send(self, key: str, request: dict[str, Any]) -> dict[str, Any]:
        self.broker.cancel(request["client_order_id"])
        self._withdraw_protection(request["client_order_id"])
        self.broker.close_position(request["client_order_id"], request["reason"])
        return {"external_id": request["client_order_id"]}

    def _withdraw_protection(self, client_order_id: str) -> None:
        """Cancel what else would sell the position: the broker holds its shares for that."""
        for order in self.broker.open_orders():
            own = order.client_order_id
            if is_protection(own) and entry_of(own) == client_order_id:
                self.broker.cancel(own)

    def find(self, key: str, request: dict[str, Any]) -> dict[str, Any] | None:
        return None  # closing a flat position does nothing, so it may be asked again


def in_use(broker: Broker, symbol: str) -> str:
    """Say that a symbol has an order or a position: one open plan each."""
    used = {o.symbol for o in broker.open_orders()} | {p.symbol for p in broker.positions()}
    return f"{symbol} is traded already" if symbol in used else ""


def is_sent(ledger: EffectLedger, key: str) -> bool:
    """Tell whether an order was sent, or may have been."""
    record = ledger.get(key)
    return record is not None and record.state in {*MAY_BE_OUT, EffectState.DONE}


def _rival(ledger: EffectLedger, order: OrderRequest) -> EffectRecord | None:
    """Return the oldest other entry of an order's symbol that may be out by now."""
    known = [record for state in MAY_BE_OUT for record in ledger.list(state)]
    others = (record for record in known if record.key != order.client_order_id)
    same = (record for record in others if record.request.get("symbol") == order.symbol)
    return min(same, key=_age, default=None)


def _age(record: EffectRecord) -> tuple[datetime, str]:
    return record.created_at, record.key


def answer(order: Order) -> dict[str, Any]:
    """Return what the ledger keeps of an order."""
    return {"external_id": order.venue_order_id, "order": order.model_dump(mode="json")}
