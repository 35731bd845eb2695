"""What a bar pays at the market, at a limit, at a stop. The sign of a buyer is 1, of a seller -1.

Every rule is written for a buyer. A seller is the mirror image: each comparison carries the sign.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from core.domain.orders import OrderRequest
from core.domain.trading import CENT


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
    volume: Decimal
    label: str


def at_limit(sign: int, limit: Decimal, bar: Bar) -> Decimal | None:
    """Return what a buyer pays at a limit, None where the bar does not reach it."""
    lowest = bar.low if sign > 0 else bar.high
    if sign * lowest > sign * limit:
        return None
    return bar.open if sign * bar.open <= sign * limit else limit


def at_stop(sign: int, stop: Decimal, bar: Bar) -> Decimal | None:
    """Return what a buyer pays at a stop, None where the bar does not reach it."""
    if sign * highest(sign, bar) < sign * stop:
        return None
    return bar.open if sign * bar.open >= sign * stop else stop


def highest(sign: int, bar: Bar) -> Decimal:
    """Return the worst price for a buyer."""
    return bar.high if sign > 0 else bar.low


def seen(request: OrderRequest, best: Decimal, bar: Bar) -> Decimal:
    """Return the best price that a trailing stop has seen after the bar: it follows that alone."""
    sign = -request.side.sign
    return max(best, highest(sign, bar), key=lambda price: sign * price)


def trailing_stop(request: OrderRequest, best: Decimal) -> Decimal:
    """Return where a trailing stop stands after its best price, in whole cents away from it."""
    sign, trail = request.side.sign, request.trail_usd
    distance = best * (request.trail_fraction or Decimal(0)) if trail is None else trail
    rounding = ROUND_CEILING if sign > 0 else ROUND_FLOOR
    return (best + sign * distance).quantize(CENT, rounding)
