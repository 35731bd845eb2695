"""Which shares no stop at the broker would close, and the order that closes the gap."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.domain.order_keys import entry_of, is_protection
from core.domain.orders import (
    Bracket,
    Order,
    OrderKind,
    OrderRequest,
    Purpose,
    TakeProfit,
    TimeInForce,
)
from core.domain.trading import FillLeg, OrderSide

ZERO = Decimal(0)
EXITS = frozenset({OrderKind.MARKET, OrderKind.STOP, OrderKind.STOP_LIMIT, OrderKind.TRAILING_STOP})
CLOSING = frozenset({FillLeg.STOP, FillLeg.TIME_STOP, FillLeg.EXIT})


@dataclass(frozen=True)
class Held:
    """What is left of one entry, by the fills that have arrived; negative is short."""

    entry_id: str
    symbol: str
    quantity: Decimal


@dataclass(frozen=True)
class Naked:
    """Shares that no stop would close. entry_id: whose they are, "" for those of nobody here."""

    symbol: str
    entry_id: str
    quantity: Decimal
    sign: int


def position_sign(order: Order) -> int:
    """Return 1 where an order builds or protects a long position, -1 for a short one."""
    return -order.side.sign if _is_exit(order) else order.side.sign


def _is_exit(order: Order) -> bool:
    """Tell whether an order gives risk back; an entry without protection is not the desk's.

    What others mean by an order nobody tells, so that one is counted against what is held.
    """
    return order.purpose is Purpose.EXIT or not (order.bracket or order.legs)


def covered(order: Order) -> Decimal:
    """Return how many shares of the position would be closed by an order, come what may.

    A stop that waits for its entry protects nothing yet. What is on its way out by a market order
    needs no stop. Two that stand for the same shares, as in an OCO pair, count once.
    """
    closing = sum(
        (leg.quantity - leg.filled_quantity for leg in order.open_legs if leg.leg in CLOSING), ZERO
    )
    if not _is_exit(order):
        exited = sum((leg.filled_quantity for leg in order.legs), ZERO)
        return max(min(closing, order.filled_quantity - exited), ZERO)
    is_pair = order.bracket is not None
    if order.status.is_open and (order.kind in EXITS or (is_pair and not order.legs)):
        return order.quantity - order.filled_quantity
    return closing


def naked(
    positions: Mapping[str, Decimal], held: Sequence[Held], orders: Sequence[Order]
) -> Iterator[Naked]:
    """Yield what is open at the broker and not covered, first what the desk's entries brought."""
    for symbol, quantity in sorted(positions.items()):
        sign = 1 if quantity > 0 else -1
        on_symbol = [o for o in orders if o.symbol == symbol and position_sign(o) == sign]
        missing = abs(quantity) - sum((covered(order) for order in on_symbol), ZERO)
        for own in held:
            if missing > 0 and own.symbol == symbol and own.quantity * sign > 0:
                part = min(missing, abs(own.quantity) - _covered_of(own.entry_id, on_symbol))
                if part > 0:
                    yield Naked(symbol, own.entry_id, part, sign)
                    missing -= part
        if missing > 0:
            yield Naked(symbol, "", missing, sign)


def _covered_of(entry_id: str, orders: Sequence[Order]) -> Decimal:
    return sum((covered(o) for o in orders if entry_of(o.client_order_id) == entry_id), ZERO)


def superfluous(positions: Mapping[str, Decimal], orders: Sequence[Order]) -> list[Order]:
    """Return the desk's protecting orders that stand for more than is held: they would open."""
    found: list[Order] = []
    for symbol in sorted({order.symbol for order in orders}):
        held = positions.get(symbol, ZERO)
        for sign in (1, -1):
            own = [o for o in orders if o.symbol == symbol and position_sign(o) == sign]
            excess = sum((covered(order) for order in own), ZERO) - max(held * sign, ZERO)
            for order in reversed([o for o in own if is_protection(o.client_order_id)]):
                if excess > 0:
                    found.append(order)
                    excess -= covered(order)
    return found


@dataclass(frozen=True)
class Protection:
    """What protects the rest of a position by its plan. last: the market's price, USD per share.

    targets: those that have not filled, the nearest first; none where the broker takes no pair.
    """

    stop: Decimal
    last: Decimal
    targets: tuple[TakeProfit, ...] = ()

    def request(self, client_order_id: str, gap: Naked) -> OrderRequest:
        """Return the order that closes a gap: a pair of stop and targets, or the stop alone.

        A market that is beyond the stop has met it: then the shares are sold as they would be.
        """
        side = OrderSide.SELL if gap.sign > 0 else OrderSide.BUY
        common: dict[str, Any] = {
            "client_order_id": client_order_id,
            "symbol": gap.symbol,
            "side": side,
            "quantity": gap.quantity,
            "purpose": Purpose.EXIT,
        }
        if gap.sign * (self.last - self.stop) <= 0:
            return OrderRequest(**common, kind=OrderKind.MARKET)
        legs = _legs(self.targets, gap, self.last)
        if not legs:
            stop = {"kind": OrderKind.STOP, "stop_price": self.stop}
            return OrderRequest(**common, **stop, time_in_force=TimeInForce.GTC)
        bracket = Bracket(stop_price=self.stop, take_profits=legs)
        pair = {"limit_price": legs[0].price, "bracket": bracket}
        return OrderRequest(**common, **pair, time_in_force=TimeInForce.GTC)


def _legs(targets: Sequence[TakeProfit], gap: Naked, last: Decimal) -> tuple[TakeProfit, ...]:
    """Give the shares to the targets ahead of the market, the nearest first, the rest to the last.

    One that the market has passed would fill at once: that is for the plan to decide.
    """
    ahead = [target for target in targets if gap.sign * (target.price - last) > 0]
    legs, left = list[TakeProfit](), gap.quantity
    for place, target in enumerate(ahead):
        part = left if place == len(ahead) - 1 else min(target.quantity, left)
        if part > 0:
            legs.append(TakeProfit(price=target.price, quantity=part))
            left -= part
    return tuple(legs)


def targets_left(bracket: Bracket, exited: Decimal, *, sign: int) -> tuple[TakeProfit, ...]:
    """Return the take-profits that have not filled, the nearest first, the next one maybe in part.

    exited: shares that were sold at targets.
    """
    left: list[TakeProfit] = []
    for target in sorted(bracket.take_profits, key=lambda one: sign * one.price):
        done = min(exited, target.quantity)
        exited -= done
        if done < target.quantity:
            left.append(TakeProfit(price=target.price, quantity=target.quantity - done))
    return tuple(left)
