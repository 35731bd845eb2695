"""How the stub gateway takes, changes and cancels orders, on the exchange behind it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from tests.contract.stubs.brokers_ibkr_book import GatewayBook
from tests.contract.stubs.brokers_ibkr_orders import StubOrder, is_in_cents
from tests.contract.stubs.brokers_ibkr_wire import Fields, PlaceOrder, error
from tests.contract.stubs.exchange import Exchange
from tests.contract.stubs.exchange_orders import Group, Refusal, RefusedError

READ_ONLY = (
    321,
    "Error validating request.-'bK' : cause - The API interface is currently in Read-Only mode.",
)
BETWEEN_TICKS = (
    110, "The price does not conform to the minimum price variation for this contract.",
)  # fmt: skip


class GatewayDesk(GatewayBook):
    """Takes orders.

    duplicates: how many of the next order ids it says were used before. refused_type: what it
    refuses, such as MKT. counts_anew: it gives out order ids from 1 on, as after a restart.
    """

    def __init__(self, exchange: Exchange, account: str, now: datetime) -> None:
        super().__init__(exchange, account, now)
        self.duplicates = 0
        self.counts_anew = self.is_read_only = False
        self.refused_type = ""
        self._groups: dict[str, Group] = {}
        self._actions = {"3": self._place, "4": self._cancel, **self.answers}

    def next_order_id(self, client_id: int) -> int:
        if self.counts_anew:
            return 1
        return 1 + max((o.order_id for o in self.orders if o.client_id == client_id), default=0)

    def handle(self, client_id: int, fields: Sequence[str]) -> Iterable[Fields]:
        """Do what a client asks, and return the answers to it; what needs none gets none."""
        with self._exchange.lock:
            return list(self._actions.get(fields[0], _nothing)(client_id, fields))

    # orders

    def _place(self, client_id: int, fields: Sequence[str]) -> Iterable[Fields]:
        asked = PlaceOrder.parse(fields)
        known = self._of(client_id, asked.order_id)
        complaint = self._complaint(asked, known)
        if complaint is not None:
            return [error(asked.order_id, *complaint)]
        if known is not None:
            return self._modify(known, asked)
        stub = StubOrder(
            client_id=client_id,
            order_id=asked.order_id,
            symbol=asked.symbol,
            con_id=self._con_ids[asked.symbol.replace(" ", ".")],
            account=asked.account,
            asked=asked,
            waits="ApiPending",
        )
        self.orders.append(stub)
        parent = self._of(client_id, asked.parent_id) if asked.parent_id else None
        if parent is not None:
            parent.children.append(stub)
        return self._transmit(parent or stub) if asked.transmit else []

    def _complaint(self, asked: PlaceOrder, known: StubOrder | None) -> tuple[int, str] | None:
        if self.is_read_only:
            return READ_ONLY
        if asked.kind == self.refused_type:
            return 201, f"Order rejected - reason:no {asked.kind} now"
        if self.duplicates or (known is not None and not known.is_open):
            self.duplicates = max(0, self.duplicates - 1)
            return 103, "Duplicate order id"
        return None if is_in_cents(asked) else BETWEEN_TICKS

    def _transmit(self, head: StubOrder) -> Iterable[Fields]:
        family = [head, *head.children]
        for stub in family:
            stub.take()
        try:
            self._to_exchange(family)
        except RefusedError as refused:
            return self._refuse(family, refused.refusal)
        return []

    def _to_exchange(self, family: Sequence[StubOrder]) -> None:
        """Let the exchange take the head, and then its children as its exits."""
        head = family[0]
        group = Group() if len(family) > 1 else self._oca_group(head)
        for stub in family:
            made = stub.to_exchange(group)
            if group is not None and stub is head and len(family) > 1:
                group.entry = made
            self._exchange.submit(made)

    def _oca_group(self, stub: StubOrder) -> Group | None:
        assert stub.asked is not None
        name = stub.asked.oca_group
        if not name:
            return None
        return self._groups.setdefault(name, Group(quantity=stub.asked.quantity))

    def _refuse(self, family: Sequence[StubOrder], refusal: Refusal) -> Iterable[Fields]:
        head = family[0]
        if refusal is Refusal.NOT_SHORTABLE:
            for stub in family:
                stub.waits, stub.why_held = "PreSubmitted", "locate"
            text = "Shares for this order are not immediately available for short sale."
            shown = [message for stub in family for message in stub.messages()]
            return [*shown, error(head.order_id, 404, text)]
        for stub in family:
            stub.waits = ""
            self.orders.remove(stub)
        children = [stub.status_message() for stub in family[1:]]
        return [error(head.order_id, 201, f"Order rejected - reason:{refusal}"), *children]

    def _modify(self, known: StubOrder, asked: PlaceOrder) -> Iterable[Fields]:
        if asked.parent_id and not self._is_open(known.client_id, asked.parent_id):
            return [error(asked.order_id, 135, f"Can't find order with id ={asked.parent_id}")]
        if known.order is None:
            return [error(asked.order_id, 105, "Order being modified does not match the original")]
        kind = known.order.kind
        self._exchange.change(
            known.order.id,
            limit_price=asked.limit_price if kind.has_limit else None,
            stop_price=asked.aux_price if kind.has_stop else None,
            quantity=asked.quantity,
        )
        return []

    def _cancel(self, client_id: int, fields: Sequence[str]) -> Iterable[Fields]:
        order_id = int(fields[2])
        stub = self._of(client_id, order_id)
        if stub is None:
            text = f"OrderId {order_id} that needs to be cancelled is not found."
            return [error(order_id, 10147, text)]
        if not stub.is_open:
            text = f"OrderId {order_id} that needs to be cancelled can not be cancelled"
            return [error(order_id, 10148, f"{text}, state: {stub.status}.")]
        if stub.order is not None:
            self._exchange.cancel(stub.order.id)
            return [error(order_id, 202, "Order Canceled - reason:")]
        family = [stub, *stub.children]
        for each in family:
            each.waits = ""
            self.orders.remove(each)
        return [each.status_message() for each in family]


def _nothing(_: int, __: Sequence[str]) -> Iterable[Fields]:
    return []
