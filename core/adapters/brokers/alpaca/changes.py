"""Orders that are submitted, changed and ended at Alpaca, each step of it once."""

from __future__ import annotations

import logging
import time
from decimal import Decimal
from functools import partial
from threading import Event

from core.adapters.alpaca_rest import NAME
from core.adapters.brokers.alpaca.calls import NOT_FOUND, Calls, RefusedError
from core.adapters.brokers.alpaca.client import Timeouts, TradingClient, sdk
from core.adapters.brokers.alpaca.families import CLOSES, Family, close_id, exits_id
from core.adapters.brokers.alpaca.identity import is_same
from core.adapters.brokers.alpaca.mapping import to_order
from core.adapters.brokers.alpaca.orders import Orders
from core.adapters.brokers.alpaca.request import exit_pair, market_exit, tick, to_alpaca
from core.adapters.brokers.alpaca.wire import ZERO, WireOrder, parse_order
from core.domain.orders import Bracket, Order, OrderChange, OrderRequest
from core.errors import OutcomeUnknownError, RejectedError

log = logging.getLogger(__name__)

TOO_LATE = {NOT_FOUND, 42210000}  # to cancel: it is not there, or has ended


class Changes:
    """Writes orders, and looks at what became of them."""

    def __init__(
        self, client: TradingClient, calls: Calls, orders: Orders, timeouts: Timeouts
    ) -> None:
        self._client = client
        self._calls = calls
        self._orders = orders
        self._timeouts = timeouts

    def submit(self, request: OrderRequest) -> Order:
        """Submit it once; an id that is taken is read back."""
        wanted = to_alpaca(request)
        try:
            order = self._send(wanted)
        except RefusedError as error:
            if not error.is_duplicate:
                raise
            return to_order(self._same(request, wanted))
        return to_order(self._orders.learn(Family(request.client_order_id, order, order)))

    def replace(self, family: Family, change: OrderChange) -> None:
        """Move the limit of what has not filled, and the stop that protects it."""
        if change.limit_price is not None:
            order = _movable(family)
            sign = -1 if (order.limit_price or ZERO) < 0 else 1  # options sold for a credit
            _check(family.bracket, family, change.limit_price)
            self._patch(order, "limit_price", order.limit_price, sign * change.limit_price)
        if change.stop_price is not None:
            stop = _stop(family)
            if family.bracket is not None:
                moved = family.bracket.model_copy(update={"stop_price": change.stop_price})
                _check(moved, family, None)
            self._patch(stop, "stop_price", stop.stop_price, change.stop_price)

    def cancel(self, family: Family) -> None:
        """End what has not filled, and protect what a cancelled entry holds."""
        if family.order.is_open or not family.is_entry:
            family = self._ended(family)
        if family.needs_rescue and family.bracket is not None:
            self._rescue(family, family.bracket)

    def flatten(self, family: Family) -> None:
        """End the exits, then sell at market what is left; a working close counts as sold."""
        if not family.is_entry or (family.order.is_open and not family.order.filled):
            return
        while family.to_cancel:  # an entry that filled meanwhile leaves its exits working
            family = self._ended(family)
        left = family.held - sum((each.left for each in family.closes if each.is_open), ZERO)
        if left <= 0:
            return
        number = len(family.closes) + 1
        if number > CLOSES:
            reason = f"{family.key}: {CLOSES} closes did not fill: flatten it at Alpaca"
            raise RejectedError(NAME, "close_position", reason)
        self._send_once(market_exit(close_id(family.key, number), family.order, left))

    def _rescue(self, family: Family, bracket: Bracket) -> None:
        """Protect what a cancelled entry holds; sell it where the market has reached the stop."""
        key, order, held = family.key, family.order, family.held
        try:
            self._send_once(exit_pair(exits_id(key), order, held, bracket))
        except RefusedError as error:
            if "stop_price" not in error.message:
                raise
            log.warning("%s: its stop is reached, %s is closed at market: %s", key, held, error)
            self._send_once(market_exit(close_id(key, 1), order, held))

    def _send(self, wanted: sdk.OrderRequest) -> WireOrder:
        return self._calls.write("submit", partial(self._client.submit_order, wanted), parse_order)

    def _send_once(self, wanted: sdk.OrderRequest) -> None:
        """Send what is sent in an entry's name; what is there was sent by another process."""
        try:
            self._send(wanted)
        except RefusedError as error:
            if not error.is_duplicate:
                raise

    def _same(self, request: OrderRequest, wanted: sdk.OrderRequest) -> Family:
        """Return the order that has the id, if it is the one that is asked for."""
        key = request.client_order_id
        family = self._orders.family(key)
        if family is None:
            raise OutcomeUnknownError(NAME, "submit", f"{key} is taken, and cannot be found")
        if not is_same(wanted, family.original, family.order.legs):
            raise RejectedError(NAME, "submit", f"{key} was used for another order")
        return family

    def _patch(self, order: WireOrder, field: str, stands: Decimal | None, price: Decimal) -> None:
        if stands == price:
            return
        wanted = sdk.ReplaceOrderRequest.model_validate({field: tick(price)})
        call = partial(self._client.replace_order_by_id, order.id, wanted)
        self._calls.write("replace", call, parse_order)

    def _ended(self, family: Family) -> Family:
        """Cancel what works of it now, closes apart, and return it when that has ended somehow.

        Raises: OutcomeUnknownError if Alpaca takes its time over it.
        """
        asked = {order.id for order in family.to_cancel}
        for order_id in asked:
            self._ask_cancel(order_id)
        deadline = time.monotonic() + self._timeouts.settle
        while asked:
            found = self._orders.family(family.key)
            if found is not None and asked.isdisjoint(each.id for each in found.to_cancel):
                return found
            if time.monotonic() > deadline:
                reason = f"{family.key} is still being cancelled"
                raise OutcomeUnknownError(NAME, "cancel", reason)
            Event().wait(self._timeouts.pause)
        return family

    def _ask_cancel(self, order_id: str) -> None:
        """Ask for it; too late is no error, as it is looked at afterwards."""
        call = partial(self._client.cancel_order_by_id, order_id)
        try:
            self._calls.write("cancel", call, lambda answer: answer)
        except RefusedError as error:
            if error.code not in TOO_LATE:
                raise


def _movable(family: Family) -> WireOrder:
    order = family.order
    if not order.is_open or order.filled or order.limit_price is None:
        reason = f"{family.key} is {order.status} with {order.filled} filled: its limit stands"
        raise RejectedError(NAME, "replace", reason)
    return order


def _stop(family: Family) -> WireOrder:
    alone = family.order if family.order.is_stop and family.order.is_open else None
    stop = family.stop or alone
    if stop is None:
        raise RejectedError(NAME, "replace", f"{family.key} has no open stop")
    return stop


def _check(bracket: Bracket | None, family: Family, entry: Decimal | None) -> None:
    refusal = bracket.refusal(family.exit_side.opposite.sign, entry) if bracket else ""
    if refusal:
        raise RejectedError(NAME, "replace", f"{family.key}: {refusal}")
