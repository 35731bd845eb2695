"""What the stub gateway knows, and what it answers to questions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any

from tests.contract.stubs.brokers_ibkr_orders import NEW_YORK, StubOrder, Traded
from tests.contract.stubs.brokers_ibkr_wire import (
    Fields,
    contract_details,
    contract_fields,
    error,
    portfolio,
    positions,
)
from tests.contract.stubs.exchange import Exchange
from tests.contract.stubs.exchange_orders import ExchangeFill, ExchangeOrder

SHORTABLE, NOT_LENT = "3.0", "1.0"
Send = Callable[[int | None, Iterable[Fields]], None]
Action = Callable[[int, Sequence[str]], Iterable[Fields]]


class GatewayBook:
    """The orders and trades of all clients, of one account; `send` is how it speaks unasked.

    keeps_commissions: executions come without. Orders and executions are told on their day alone.
    """

    def __init__(self, exchange: Exchange, account: str, now: datetime) -> None:
        self.accounts = self.account = account
        self.now = now
        self.orders: list[StubOrder] = []
        self.traded: list[Traded] = []
        self.send: Send = lambda *_: None
        self.keeps_commissions = False
        self._exchange = exchange
        self._con_ids = {symbol: 700_000 + n for n, symbol in enumerate(sorted(exchange.last))}
        self._executions = 0
        exchange.listeners.append(self._on_change)

    @property
    def answers(self) -> dict[str, Action]:
        """Return what answers a message, by its number."""
        return {
            "1": self._market_data, "5": self._open_orders, "6": self._account_updates,
            "7": self._executed, "9": self._details, "16": self._open_orders, "49": self._time,
            "61": self._positions, "62": self._summary, "99": self._completed,
        }  # fmt: skip

    def _open_orders(self, client_id: int, fields: Sequence[str]) -> Iterable[Fields]:
        everyone = fields[0] == "16"
        shown = [o for o in self.orders if o.is_open and (everyone or o.client_id == client_id)]
        return [*(message for stub in shown for message in stub.messages()), [53, 1]]

    def _completed(self, client_id: int, fields: Sequence[str]) -> Iterable[Fields]:
        day = self._day(self.now)
        over = [o for o in self.orders if o.exited_on == day and not o.is_open]
        return [*(stub.completed(f"{day:%Y%m%d} 12:00:00 EST") for stub in over), [102]]

    def _executed(self, client_id: int, fields: Sequence[str]) -> Iterable[Fields]:
        request_id, today = int(fields[2]), self._day(self.now)
        of_today = [one for one in self.traded if self._day(one.at) == today]
        told = (message for one in of_today for message in self._told(one, request_id))
        return [*told, [55, 1, request_id]]

    def _told(self, one: Traded, request_id: int) -> list[Fields]:
        return one.messages(request_id)[: 1 if self.keeps_commissions else 2]

    def _positions(self, client_id: int, fields: Sequence[str]) -> Iterable[Fields]:
        held = [(self._contract(s), h.quantity, h.cost / h.quantity) for s, h in self._held()]
        return positions(self.account, held)

    def _account_updates(self, client_id: int, fields: Sequence[str]) -> Iterable[Fields]:
        if fields[2] != "1":
            return []
        exchange, account = self._exchange, self.account
        power, equity = exchange.buying_power(account), exchange.equity(account)
        money = {
            "NetLiquidation": equity, "TotalCashValue": exchange.cash(account),
            "BuyingPower": power, "AvailableFunds": power / 2,
        }  # fmt: skip
        values = [[6, 2, tag, f"{value:.2f}", "USD", account] for tag, value in money.items()]
        held = [
            portfolio(account, self._contract(s), h.quantity, exchange.last[s], h.cost / h.quantity)
            for s, h in self._held()
        ]
        return [*values, *held, [8, 1, "10:00"], [54, 1, account]]

    def _summary(self, client_id: int, fields: Sequence[str]) -> Iterable[Fields]:
        return [[64, 1, fields[2]]]

    def _time(self, client_id: int, fields: Sequence[str]) -> Iterable[Fields]:
        return [[49, 1, int(self.now.timestamp())]]

    def _details(self, client_id: int, fields: Sequence[str]) -> Iterable[Fields]:
        request_id, symbol = fields[2], fields[4]
        con_id = self._con_ids.get(symbol.replace(" ", "."))
        if con_id is None:
            text = "No security definition has been found for the request"
            return [error(int(request_id), 200, text)]
        return [contract_details(request_id, con_id, symbol), [52, 1, request_id]]

    def _market_data(self, client_id: int, fields: Sequence[str]) -> Iterable[Fields]:
        lent = fields[4].replace(" ", ".") not in self._exchange.unborrowable
        return [[45, 6, fields[2], 46, SHORTABLE if lent else NOT_LENT]]

    def _on_change(self, event: str, order: ExchangeOrder, fill: ExchangeFill | None) -> None:
        stub = order.note or self._by_hand(order)
        stub.order, stub.waits = order, ""
        if not order.status.is_open:
            stub.exited_on = self._day(self.now)
        messages: list[Fields] = []
        if fill is not None:
            self._executions += 1
            one = Traded(stub, fill, self.now, self._executions)
            self.traded.append(one)
            messages += self._told(one, -1)
        self.send(stub.client_id, [*messages, *stub.messages()])

    def _by_hand(self, order: ExchangeOrder) -> StubOrder:
        """An order from TWS itself has no order id and no reference."""
        stub = StubOrder(
            client_id=0,
            order_id=0,
            symbol=order.symbol.replace(".", " "),
            con_id=self._con_ids[order.symbol],
            account=self.account,
        )
        stub.take()
        order.note = stub
        self.orders.append(stub)
        return stub

    def _of(self, client_id: int, order_id: int) -> StubOrder | None:
        own = (o for o in self.orders if (o.client_id, o.order_id) == (client_id, order_id))
        return next(own, None)

    def _is_open(self, client_id: int, order_id: int) -> bool:
        found = self._of(client_id, order_id)
        return found is not None and found.is_open

    def _held(self) -> Iterable[tuple[str, Any]]:
        return self._exchange.held(self.account).items()

    def _contract(self, symbol: str) -> dict[str, Any]:
        return contract_fields(self._con_ids[symbol], symbol.replace(".", " "))

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(NEW_YORK).date()
