"""The kill switch: how deep it reaches, what it has to cancel and close, and what is left."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from core.domain.base import Frozen, UtcDatetime
from core.domain.order_keys import entry_of
from core.domain.orders import Order, OrderKind, OrderRequest, Purpose
from core.domain.protection import Held
from core.domain.trading import FillLeg, OrderSide

ZERO = Decimal(0)
LEAVING = frozenset({FillLeg.TIME_STOP, FillLeg.EXIT})
FLATTEN = "flatten:"


class HaltDepth(StrEnum):
    """From the mildest on. stop_entries: nothing new goes out; what works at the broker works on.

    cancel: the desk's open entries are cancelled as well; positions keep their brackets. flatten:
    all orders of the account are cancelled, and all positions closed, whosever they are.
    """

    STOP_ENTRIES = "stop_entries"
    CANCEL = "cancel"
    FLATTEN = "flatten"

    @property
    def cancels(self) -> bool:
        return self is not HaltDepth.STOP_ENTRIES


class Halt(Frozen):
    """One press of the kill switch. run_id: of what follows from it, "" where nothing does."""

    halted_at: UtcDatetime
    depth: HaltDepth
    reason: str = Field(min_length=1)
    actor: str = Field(min_length=1)
    run_id: str = ""


class HaltOutcome(Frozen):
    """What a run of the kill switch has come to, as the broker says.

    left: what is still there against its depth, in words; none means that it was verified.
    cancelled, closed: client order ids. is_suspended: the broker takes no new order either.
    """

    run_id: str
    depth: HaltDepth
    recorded_at: UtcDatetime
    cancelled: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    is_suspended: bool = False

    @property
    def is_verified(self) -> bool:
        return not self.left


@dataclass(frozen=True)
class Closing:
    """Shares to be closed. entry_id: whose they are, "" for those of nobody here."""

    symbol: str
    entry_id: str
    quantity: Decimal
    sign: int

    def request(self, client_order_id: str) -> OrderRequest:
        """Return the order that sells them, or buys them back, at the market."""
        return OrderRequest(
            client_order_id=client_order_id,
            symbol=self.symbol,
            side=OrderSide.SELL if self.sign > 0 else OrderSide.BUY,
            quantity=self.quantity,
            purpose=Purpose.EXIT,
            kind=OrderKind.MARKET,
        )


def flatten_key(symbol: str, run_id: str, number: int) -> str:
    """Return the business key of the n-th order of a run that closes what is nobody's here."""
    more = "" if number == 1 else f":{number}"
    return f"{FLATTEN}{symbol}:{run_id}{more}"


def to_cancel(orders: Sequence[Order], own: Collection[str], depth: HaltDepth) -> list[Order]:
    """Return what a depth wants to be cancelled. own: the entries of the desk.

    The exits of the desk's own positions go with these, so that none is without a stop meanwhile.
    """
    entries = [order for order in orders if _is_entry(order) and order.client_order_id in own]
    if depth is not HaltDepth.FLATTEN:
        return entries if depth.cancels else []
    foreign = (order for order in orders if _owner(order) not in own and order.is_working)
    return entries + [order for order in foreign if not order.client_order_id.startswith(FLATTEN)]


def closings(positions: Mapping[str, Decimal], held: Sequence[Held]) -> Iterator[Closing]:
    """Yield what closes every position: of each entry what the broker still holds, then the rest.

    Shares that were sold by hand are not there to be sold once more.
    """
    for symbol, quantity in sorted(positions.items()):
        sign, left = (1 if quantity > 0 else -1), abs(quantity)
        for entry in held:
            if entry.symbol == symbol and entry.quantity * sign > 0 and left:
                part = min(left, abs(entry.quantity))
                yield Closing(symbol, entry.entry_id, part, sign)
                left -= part
        if left:
            yield Closing(symbol, "", left, sign)


def on_its_way(closing: Closing, orders: Sequence[Order], own: Collection[str]) -> Decimal:
    """Return how many of the shares orders at the market are selling, or buying back, already."""
    related = (o for o in orders if o.symbol == closing.symbol)
    whose = (o for o in related if (_owner(o) if _owner(o) in own else "") == closing.entry_id)
    return sum((_leaving(order) for order in whose), ZERO)


def _leaving(order: Order) -> Decimal:
    legs = (leg for leg in order.open_legs if leg.leg in LEAVING)
    going = sum((leg.quantity - leg.filled_quantity for leg in legs), ZERO)
    is_exit = order.purpose is Purpose.EXIT and order.kind is OrderKind.MARKET
    if is_exit and order.status.is_open:
        going += order.quantity - order.filled_quantity
    return going


def _is_entry(order: Order) -> bool:
    return order.purpose is Purpose.ENTRY and order.status.is_open


def _owner(order: Order) -> str:
    return entry_of(order.client_order_id)
