"""Whether an order at Alpaca is the one that is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from core.adapters.brokers.alpaca.client import sdk
from core.adapters.brokers.alpaca.wire import WireOrder

Prices = tuple[Decimal | None, ...]


def is_same(wanted: sdk.OrderRequest, found: WireOrder, legs: Iterable[WireOrder]) -> bool:
    """Compare what was asked; prices that were changed afterwards are not compared."""
    return (
        _asked(wanted) == _told(found)
        and _prices(wanted) == _told_prices(found)
        and all(_is_same_leg(wanted, leg) for leg in legs)
    )


def _asked(wanted: sdk.OrderRequest) -> tuple[object, ...]:
    order_class = wanted.order_class.value if wanted.order_class else "simple"
    side = wanted.side.value if wanted.side else ""
    quantity, tif = _decimal(wanted.qty), wanted.time_in_force.value
    return wanted.symbol or "", side, wanted.type.value, order_class, quantity, tif


def _told(found: WireOrder) -> tuple[object, ...]:
    order_class, side = found.order_class or "simple", found.side
    if order_class == "mleg":
        return "", "", found.kind, order_class, found.quantity, found.time_in_force
    return found.symbol, side, found.kind, order_class, found.quantity, found.time_in_force


def _prices(wanted: sdk.OrderRequest) -> Prices:
    limit = getattr(wanted, "limit_price", None)
    if wanted.order_class is sdk.OrderClass.OCO and wanted.take_profit:
        limit = wanted.take_profit.limit_price
    trails = (getattr(wanted, name, None) for name in ("trail_price", "trail_percent"))
    stop = getattr(wanted, "stop_price", None)
    return tuple(_decimal(price) for price in (limit, stop, *trails))


def _told_prices(found: WireOrder) -> Prices:
    moves = found.kind == "trailing_stop"
    stop = None if moves else found.stop_price
    return found.limit_price, stop, found.trail_price, found.trail_percent


def _is_same_leg(wanted: sdk.OrderRequest, leg: WireOrder) -> bool:
    if leg.replaces or leg.status == "replaced":
        return True
    if leg.order_class == "mleg":
        options = {(each.symbol, each.side) for each in wanted.legs or ()}
        return (leg.symbol, leg.side) in {(name, side.value) for name, side in options if side}
    if leg.is_stop:
        return wanted.stop_loss is not None and leg.stop_price == _decimal(
            wanted.stop_loss.stop_price
        )
    target = wanted.take_profit
    return target is not None and leg.limit_price == _decimal(target.limit_price)


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))
