"""What an order may ask for: each kind with its prices, no entry without its protection."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from core.domain.orders import (
    Bracket,
    OptionLeg,
    Order,
    OrderChange,
    OrderKind,
    OrderLeg,
    OrderRequest,
    OrderStatus,
    Purpose,
    TakeProfit,
)
from core.domain.trading import FillLeg, OrderSide
from tests.storage.samples import MORNING


def bracket(stop: int = 98, target: int = 107, shares: int = 10) -> Bracket:
    exits = (TakeProfit(price=Decimal(target), quantity=Decimal(shares)),)
    return Bracket(stop_price=Decimal(stop), take_profits=exits)


def asked(**changes: Any) -> OrderRequest:
    content = {
        "client_order_id": "order:x:entry", "symbol": "TSLA", "side": OrderSide.BUY,
        "quantity": Decimal(10), "limit_price": Decimal(101), "bracket": bracket(),
    }  # fmt: skip
    return OrderRequest.model_validate(content | changes)


def way_out(**changes: Any) -> OrderRequest:
    plain = {"side": OrderSide.SELL, "purpose": Purpose.EXIT, "bracket": None}
    return asked(**plain | changes)


PRICES: dict[OrderKind, dict[str, Decimal | None]] = {
    OrderKind.MARKET: {"limit_price": None},
    OrderKind.LIMIT: {"limit_price": Decimal(101)},
    OrderKind.STOP: {"limit_price": None, "stop_price": Decimal(101)},
    OrderKind.STOP_LIMIT: {"limit_price": Decimal(102), "stop_price": Decimal(101)},
    OrderKind.TRAILING_STOP: {"limit_price": None, "trail_fraction": Decimal("0.02")},
}


@pytest.mark.parametrize("kind", OrderKind)
def test_a_kind_takes_its_own_prices_and_no_others(kind: OrderKind) -> None:
    assert way_out(kind=kind, **PRICES[kind]).kind is kind
    for other in set(OrderKind) - {kind}:
        with pytest.raises(ValidationError, match=r"price|trail"):
            way_out(kind=kind, **PRICES[other])


def test_an_entry_without_protection_is_refused_and_an_exit_is_not() -> None:
    with pytest.raises(ValidationError, match="an entry brings its protection"):
        asked(bracket=None)
    assert way_out().bracket is None


@pytest.mark.parametrize("kind", [OrderKind.MARKET, OrderKind.STOP])
def test_an_entry_at_an_unknown_price_still_has_its_stop_below_its_target(kind: OrderKind) -> None:
    assert asked(kind=kind, **PRICES[kind]).bracket == bracket()
    with pytest.raises(ValidationError, match="wrong side"):
        asked(kind=kind, bracket=bracket(stop=108), **PRICES[kind])


def test_a_pair_of_exits_protects_the_position_that_it_ends() -> None:
    pair = way_out(limit_price=Decimal(107), bracket=bracket())
    assert pair.is_oco
    assert pair.position_sign == 1
    with pytest.raises(ValidationError, match="wrong side"):
        way_out(limit_price=Decimal(107), bracket=bracket(stop=108))


LEG = OptionLeg(symbol="TSLA260313C00410000", side=OrderSide.BUY)


def test_options_are_entered_for_a_debit_that_is_the_largest_loss() -> None:
    assert asked(legs=(LEG,), bracket=None).legs == (LEG,)
    with pytest.raises(ValidationError, match="for a debit"):
        asked(legs=(LEG,), bracket=None, side=OrderSide.SELL)
    with pytest.raises(ValidationError, match="without a bracket"):
        asked(legs=(LEG,))


def test_a_change_names_what_it_changes() -> None:
    with pytest.raises(ValidationError, match="names what it changes"):
        OrderChange()


def test_only_open_stops_protect_and_only_for_what_they_have_left() -> None:
    def leg(kind: FillLeg, status: OrderStatus, filled: int = 0) -> OrderLeg:
        return OrderLeg(
            leg=kind, venue_order_id="v", price=Decimal(98), quantity=Decimal(10),
            filled_quantity=Decimal(filled), status=status,
        )  # fmt: skip

    order = Order(
        client_order_id="order:x:entry", venue_order_id="v", symbol="TSLA", side=OrderSide.BUY,
        quantity=Decimal(30), limit_price=Decimal(101), bracket=None, status=OrderStatus.FILLED,
        legs=(
            leg(FillLeg.STOP, OrderStatus.PARTIALLY_FILLED, filled=4),
            leg(FillLeg.STOP, OrderStatus.CANCELED),
            leg(FillLeg.TARGET, OrderStatus.ACCEPTED),
        ),
        filled_quantity=Decimal(30), average_fill_price=Decimal(101),
        submitted_at=MORNING, updated_at=MORNING,
    )  # fmt: skip
    assert order.protected_quantity == 6
    assert order.is_working
