"""Alpaca's trading service over a market in memory; every word is checked by its document."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from werkzeug import Request, Response

from core.domain.orders import OrderKind
from tests.contract.stubs.alpaca import answers, spec
from tests.contract.stubs.alpaca.faults import Faults, spoil
from tests.contract.stubs.alpaca.rules import (
    NOT_FOUND,
    REFUSALS,
    NoError,
    bad,
    check_stop,
    check_tick,
    take,
)
from tests.contract.stubs.exchange import Exchange, ExchangeOrder, RefusedError, Status

CONFIGURATION = {"suspend_trade": False, "no_shorting": False, "fractional_trading": True}
WAITING = {Status.HELD, Status.PENDING_CANCEL}


class Service:
    """Answers over HTTP. requests: what was asked, as "POST /v2/orders"; bodies: what they held.

    faults and meanwhile: what goes wrong with the next ones, and what happens just before.
    slow_cancels: how many requests a cancel takes. shows_replaced_legs: whether a group is told
    with its first legs, as they are now, instead of with what took their places.
    """

    def __init__(self, exchange: Exchange, keys: tuple[str, str]) -> None:
        self.exchange = exchange
        self.faults = Faults()
        self.requests: list[str] = []
        self.bodies: list[str] = []
        self.violations: list[str] = []
        self.is_checked = True
        self.slow_cancels = 0
        self.shows_replaced_legs = False
        self._keys = keys
        self._cancels: dict[str, int] = {}
        self._meanwhile: list[tuple[str, Callable[[], object]]] = []

    def __call__(self, request: Request) -> Response:
        asked = f"{request.method} {request.path}"
        self.requests.append(asked)
        self.bodies.append(request.get_data(as_text=True))
        self._happen(asked)
        fault = self.faults.take(request)
        if fault is not None and not fault.value.is_done:
            return spoil(fault, request, None)
        answer = self._answer(request)
        return answer if fault is None else spoil(fault, request, answer)

    def meanwhile(self, on: str, action: Callable[[], object]) -> None:
        """Let something happen just before the next request that starts so is dealt with."""
        self._meanwhile.append((on, action))

    def count(self, method: str, path: str = "/v2/orders") -> int:
        return self.requests.count(f"{method} {path}")

    def _happen(self, asked: str) -> None:
        for planned in self._meanwhile:
            if asked.startswith(planned[0]):
                self._meanwhile.remove(planned)
                planned[1]()
                return

    def _answer(self, request: Request) -> Response:
        body = json.loads(request.data) if request.data else None
        with self.exchange.lock:
            status, answer = self._checked(request, body)
        text = "" if answer is None else json.dumps(answer)
        return Response(text, status, content_type="application/json")

    def _checked(self, request: Request, body: Any) -> tuple[int, Any]:
        try:
            if self.is_checked:
                spec.check_request(request.method, request.path, request.args, body)
            status, answer = self._tried(request, body)
            if self.is_checked:
                spec.check_answer(request.method, request.path, status, answer)
        except spec.ViolationError as violation:
            self.violations.append(str(violation))
            return 400, {"code": 40010000, "message": f"not in the document: {violation}"}
        return status, answer

    def _tried(self, request: Request, body: Any) -> tuple[int, Any]:
        names = ("APCA-API-KEY-ID", "APCA-API-SECRET-KEY")
        if tuple(request.headers.get(name) for name in names) != self._keys:
            return 401, {"code": 40110000, "message": "request is not authorized"}
        self._finish_cancels()
        try:
            return self._route(request, body)
        except NoError as no:
            return no.status, {"code": no.code, "message": no.message}
        except RefusedError as refused:
            status, code, message = REFUSALS[refused.refusal]
            return status, {"code": code, "message": message}

    def _route(self, request: Request, body: Any) -> tuple[int, Any]:
        parts = request.path.removeprefix("/v2/").split("/")
        name = f"_{request.method}_{parts[0].replace(':', '_')}".lower()
        if len(parts) > 1 and parts[0] == "account":
            name += f"_{parts[1]}"
        elif len(parts) > 1:
            name += "_one"
            return getattr(self, name)(request, parts[1], body)
        return getattr(self, name)(request, body)

    # orders

    def _post_orders(self, request: Request, body: Any) -> tuple[int, Any]:
        return 200, self.tell(take(self.exchange, body), nested=True)

    def _get_orders(self, request: Request, body: Any) -> tuple[int, Any]:
        nested, wanted = request.args.get("nested") == "true", request.args.get("status", "open")
        limit, before = int(request.args.get("limit", 50)), request.args.get("before_order_id")
        symbols = set(filter(None, request.args.get("symbols", "").split(",")))
        found = [o for o in self._listed(wanted) if not symbols or o.symbol in symbols]
        if nested:
            found = [order for order in found if _is_head(order)]
        if before:
            found = found[[order.id for order in found].index(before) + 1 :]
        return 200, [self.tell(order, nested=nested) for order in found[:limit]]

    def _get_orders_one(self, request: Request, order_id: str, body: Any) -> tuple[int, Any]:
        nested = request.args.get("nested", "").lower() == "true"
        return 200, self.tell(self._must(order_id), nested=nested)

    def _get_orders_by_client_order_id(self, request: Request, body: Any) -> tuple[int, Any]:
        key = request.args["client_order_id"]
        for order in self.exchange.orders:
            if order.client_order_id == key:
                return 200, self.tell(order, nested=False)
        raise NoError(404, NOT_FOUND, f"order not found for {key}")

    def _delete_orders_one(self, request: Request, order_id: str, body: Any) -> tuple[int, Any]:
        order = self._must(order_id)
        if not order.status.is_open or order.status is Status.PENDING_CANCEL:
            raise bad(f'order is already in "{order.status}" state')
        for each in _with_group(order):
            if self.slow_cancels and each.status.works:
                self.exchange.ask_cancel(each.id)
                self._cancels[each.id] = self.slow_cancels
            elif each.status.is_open:
                self.exchange.cancel(each.id)
        return 204, None

    def _patch_orders_one(self, request: Request, order_id: str, body: Any) -> tuple[int, Any]:
        order = self._must(order_id)
        changes = {name: Decimal(str(value)) for name, value in body.items()}
        for name, price in changes.items():
            check_tick(name, price)
        if not order.status.is_open or order.status is Status.PENDING_CANCEL:
            raise bad(f"order status {order.status} is not replaceable")
        self._check_change(order, changes)
        return 200, self.tell(self.exchange.replace(order_id, **changes), nested=False)

    def _check_change(self, order: ExchangeOrder, changes: dict[str, Decimal]) -> None:
        if "stop_price" in changes and not order.kind.has_stop:
            raise bad(f"{order.kind} orders must not have stop_price")
        if "stop_price" in changes and order.group is not None:
            entry, last = order.group.entry, self.exchange.last[order.symbol]
            waits = order.status is Status.HELD and entry is not None
            base = entry.limit_price if entry is not None and waits else None
            check_stop(self.exchange, order, changes["stop_price"], base or last)

    # the account

    def _get_account(self, request: Request, body: Any) -> tuple[int, Any]:
        return 200, answers.account(self.exchange, "PA2STUB00001")

    def _get_account_activities(self, request: Request, body: Any) -> tuple[int, Any]:
        """Tell of fills; only the oldest first is asked for."""
        args, fills = request.args, sorted(self.exchange.fills, key=answers.activity_id)
        if "after" in args:
            after = datetime.fromisoformat(args["after"])
            fills = [fill for fill in fills if fill.filled_at > after]
        if "page_token" in args:
            fills = [fill for fill in fills if answers.activity_id(fill) > args["page_token"]]
        return 200, [answers.activity(fill) for fill in fills[: int(args.get("page_size", 100))]]

    def _patch_account_configurations(self, request: Request, body: Any) -> tuple[int, Any]:
        (self.exchange.suspended.add if body["suspend_trade"] else self.exchange.suspended.discard)(
            ""
        )
        return 200, CONFIGURATION | body

    def _get_positions(self, request: Request, body: Any) -> tuple[int, Any]:
        return 200, answers.positions(self.exchange)

    def _get_clock(self, request: Request, body: Any) -> tuple[int, Any]:
        now = datetime.now(UTC)
        opens, closes = now + timedelta(hours=20), now + timedelta(hours=2)
        return 200, {
            "timestamp": answers.stamp(now),
            "is_open": True,
            "next_open": answers.stamp(opens),
            "next_close": answers.stamp(closes),
        }

    def _get_assets_one(self, request: Request, symbol: str, body: Any) -> tuple[int, Any]:
        if symbol not in self.exchange.last:
            raise NoError(404, NOT_FOUND, f"asset not found for {symbol}")
        return 200, answers.asset(self.exchange, symbol)

    # how it looks

    def tell(self, order: ExchangeOrder, *, nested: bool) -> dict[str, Any]:
        legs = [answers.told(leg) for leg in self._legs(order)] if nested else []
        return answers.told(order, legs or None)

    def _legs(self, order: ExchangeOrder) -> Iterator[ExchangeOrder]:
        if order.group is None or not _is_head(order):
            return
        for leg in order.group.exits:
            if leg is not order and leg.id != order.replaced_by:
                yield self._first(leg) if self.shows_replaced_legs else leg

    def _first(self, order: ExchangeOrder) -> ExchangeOrder:
        while order.replaces:
            order = self._must(order.replaces)
        return order

    def _listed(self, wanted: str) -> list[ExchangeOrder]:
        """Return orders, newest first; what is held is not open to Alpaca."""
        newest = reversed(self.exchange.orders)
        if wanted == "all":
            return list(newest)
        return [
            o
            for o in newest
            if (o.status.works and answers.status(o) != "held") is (wanted == "open")
        ]

    def _must(self, order_id: str) -> ExchangeOrder:
        order = self.exchange.order(order_id)
        if order is None:
            raise NoError(404, NOT_FOUND, f"order not found for {order_id}")
        return order

    def _finish_cancels(self) -> None:
        for order_id, left in list(self._cancels.items()):
            self._cancels[order_id] = left - 1
            if left <= 1:
                del self._cancels[order_id]
                if self._must(order_id).status is Status.PENDING_CANCEL:
                    self.exchange.cancel(order_id)


def _is_head(order: ExchangeOrder) -> bool:
    """Tell whether others are told under it: an entry, or the take-profit of a pair."""
    group = order.group
    if group is None or not order.is_exit:
        return True
    return group.entry is None and order.kind is OrderKind.LIMIT


def _with_group(order: ExchangeOrder) -> list[ExchangeOrder]:
    """Return what goes with an order that is cancelled."""
    group = order.group
    if group is None:
        return [order]
    heads = [] if group.entry is None else [group.entry]
    return [order, *(each for each in [*heads, *group.exits] if each is not order)]
