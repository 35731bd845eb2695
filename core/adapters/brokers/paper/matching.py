"""What one bar does to one bracket order: pure rules over small values.

Implemented is `domain.md` section 8, the rules of zone tactics, with a limit entry:

- the entry fills where the bar reaches the limit, at the limit or at a better open;
- on the entry bar the stop counts and the targets do not;
- stop and target in one later bar: stop first, also where the bar opened beyond the target;
- a gap through the stop fills at the open, a gap through a target fills at the target.

The market-entry policy of `numerics.md` section 3 differs where a bar opens beyond the target.
A short order is the mirror image of a long one: every comparison carries the side's sign.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from core.domain.trading import CENT, FillLeg, OrderRequest, OrderSide, TakeProfit

FEE_FRACTION = Decimal("0.0001")
SLIPPAGE_USD = Decimal("0.02")
MARKET_LEGS = {FillLeg.STOP, FillLeg.TIME_STOP}


@dataclass(frozen=True)
class Bar:
    """One bar; the span is when its prices were traded. Prices in USD per share."""

    symbol: str
    started_at: datetime
    ended_at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    label: str


@dataclass(frozen=True)
class Working:
    """What of an order still works: the entry, or the exits that are left, nearest first."""

    request: OrderRequest
    entered: bool
    targets: tuple[TakeProfit, ...]

    @property
    def rest(self) -> Decimal:
        """Return the shares held: the targets left always cover them."""
        held = self.targets if self.entered else ()
        return sum((target.quantity for target in held), Decimal(0))


@dataclass(frozen=True)
class Execution:
    """One leg that traded, at its price before costs."""

    leg: FillLeg
    quantity: Decimal
    price: Decimal


def by_distance(request: OrderRequest) -> tuple[TakeProfit, ...]:
    """Return the take-profits, nearest to the limit first."""
    sign = request.side.sign
    return tuple(sorted(request.bracket.take_profits, key=lambda target: sign * target.price))


def match(order: Working, bar: Bar) -> tuple[Execution, ...]:
    """Return what the bar executes, in the order in which it is booked."""
    if not order.entered:
        return _enter(order, bar)
    if not order.targets:
        return ()
    stop = _stop(order.request, order.rest, bar)
    return (stop,) if stop else _take_profits(order, bar)


def booked_price(side: OrderSide, leg: FillLeg, price: Decimal) -> Decimal:
    """Return the price after slippage, in whole cents against the one who trades; at least one."""
    slippage = SLIPPAGE_USD if leg in MARKET_LEGS else Decimal(0)
    rounding = ROUND_CEILING if side is OrderSide.BUY else ROUND_FLOOR
    return max(CENT, (price + side.sign * slippage).quantize(CENT, rounding))


def fee(quantity: Decimal, price: Decimal) -> Decimal:
    return (quantity * price * FEE_FRACTION).quantize(CENT, ROUND_HALF_UP)


def traded_side(request: OrderRequest, leg: FillLeg) -> OrderSide:
    return request.side if leg is FillLeg.ENTRY else request.side.opposite


def _enter(order: Working, bar: Bar) -> tuple[Execution, ...]:
    request, sign = order.request, order.request.side.sign
    if sign * _adverse(sign, bar) > sign * request.limit_price:
        return ()
    price = _lower(sign, bar.open, request.limit_price)
    entry = Execution(FillLeg.ENTRY, request.quantity, price)
    stop = _stop(request, request.quantity, bar)
    return (entry, stop) if stop else (entry,)


def _stop(request: OrderRequest, quantity: Decimal, bar: Bar) -> Execution | None:
    sign, stop = request.side.sign, request.bracket.stop_price
    if sign * _adverse(sign, bar) > sign * stop:
        return None
    return Execution(FillLeg.STOP, quantity, _lower(sign, bar.open, stop))


def _take_profits(order: Working, bar: Bar) -> tuple[Execution, ...]:
    sign = order.request.side.sign
    best = bar.high if sign > 0 else bar.low
    reached = (target for target in order.targets if sign * best >= sign * target.price)
    return tuple(Execution(FillLeg.TARGET, target.quantity, target.price) for target in reached)


def _adverse(sign: int, bar: Bar) -> Decimal:
    """Return how far the bar went against a buyer, mirrored for a seller."""
    return bar.low if sign > 0 else bar.high


def _lower(sign: int, one: Decimal, other: Decimal) -> Decimal:
    return min(one, other, key=lambda price: sign * price)
