"""What the paper venue charges and allows, as data, and what follows for one execution."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from core.domain.orders import OrderRequest
from core.domain.trading import CENT, FillLeg, OrderSide

MARKET_LEGS = {FillLeg.STOP, FillLeg.TIME_STOP}
OWN_LEGS = {FillLeg.ENTRY, FillLeg.EXIT}


@dataclass(frozen=True)
class VenueRules:
    """Costs, liquidity and credit. Money in USD, fees as a fraction of what is traded.

    slippage_usd: a share, on all that trades at the market. volume_share: how much of a bar's
    volume the account's orders take together. margin: exposure allowed for each USD of equity.
    """

    start_cash_usd: Decimal = Decimal("100000.00")
    margin: Decimal = Decimal(2)
    fee_fraction: Decimal = Decimal("0.0001")
    slippage_usd: Decimal = Decimal("0.02")
    volume_share: Decimal = Decimal("0.1")

    def slippage(self, request: OrderRequest, leg: FillLeg) -> Decimal:
        """Return the slippage of a leg in USD a share; what waits at its limit has none."""
        is_own = leg in OWN_LEGS and not request.kind.has_limit
        return self.slippage_usd if is_own or leg in MARKET_LEGS else Decimal(0)

    def fee(self, quantity: Decimal, price: Decimal) -> Decimal:
        return (quantity * price * self.fee_fraction).quantize(CENT, ROUND_HALF_UP)

    def shares(self, volume: Decimal) -> Decimal:
        """Return the whole shares that a bar of this volume has for the account."""
        return (volume * self.volume_share).to_integral_value(ROUND_FLOOR)


def booked_price(side: OrderSide, price: Decimal, slippage_usd: Decimal) -> Decimal:
    """Return the price after slippage, in whole cents against the one who trades; at least one."""
    rounding = ROUND_CEILING if side is OrderSide.BUY else ROUND_FLOOR
    return max(CENT, (price + side.sign * slippage_usd).quantize(CENT, rounding))
