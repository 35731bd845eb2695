"""Orders carry their protection, and shares are split without losing one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.domain.orders import OrderRequest, OrderStatus
from core.domain.trading import OrderSide, Position, allocate


def request(**changes: Any) -> OrderRequest:
    """Return a limit buy of ten at 101, stop 98, half at 104 and half at 107."""
    bracket = {
        "stop_price": changes.pop("stop", "98"),
        "take_profits": [
            {"price": price, "quantity": quantity}
            for price, quantity in changes.pop("aims", [("104", 5), ("107", 5)])
        ],
    }
    fields: dict[str, Any] = {
        "client_order_id": "order:T:entry", "symbol": "ACME", "side": "buy", "quantity": 10,
        "limit_price": "101", "bracket": bracket,
    }  # fmt: skip
    return OrderRequest.model_validate(fields | changes)


def test_an_order_with_its_bracket_is_accepted_on_both_sides() -> None:
    assert request().side is OrderSide.BUY
    sell = request(side="sell", stop="104", aims=[("98", 5), ("95", 5)])
    assert (sell.side.sign, sell.side.opposite) == (-1, OrderSide.BUY)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"stop": "101"}, "the stop is on the wrong side of the entry"),
        ({"stop": "102"}, "the stop is on the wrong side of the entry"),
        ({"side": "sell"}, "the stop is on the wrong side of the entry"),
        ({"aims": [("101", 10)]}, "a take-profit is on the wrong side of the entry"),
        ({"aims": [("104", 5), ("100", 5)]}, "a take-profit is on the wrong side of the entry"),
        ({"aims": [("104", 5), ("107", 4)]}, "the take-profits do not cover the quantity"),
        ({"aims": []}, "at least 1 item"),
        ({"aims": [("104", 0), ("107", 10)]}, "greater than 0"),
        ({"quantity": 0}, "greater than 0"),
        ({"limit_price": "NaN"}, "finite number"),
        ({"client_order_id": ""}, "at least 1 character"),
    ],
)
def test_an_unprotected_order_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        request(**changes)


def test_the_hash_changes_with_the_order() -> None:
    assert request().content_sha256 == request().content_sha256
    assert request().content_sha256 != request(stop="97").content_sha256


@pytest.mark.parametrize(
    ("quantity", "fractions", "parts"),
    [
        (10, (0.5, 0.5), (5, 5)),
        (7, (0.5, 0.5), (3, 4)),
        (1, (0.5, 0.5), (0, 1)),
        (10, (0.7, 0.3), (7, 3)),
        (100, (0.29, 0.71), (29, 71)),
        (5, (1.0,), (5,)),
    ],
)
def test_rounding_goes_to_the_last_leg(
    quantity: int, fractions: tuple[float, ...], parts: tuple[int, ...]
) -> None:
    assert allocate(Decimal(quantity), fractions) == tuple(map(Decimal, parts))


@given(st.integers(1, 10**6), st.lists(st.integers(1, 99), min_size=1, max_size=3))
def test_no_share_is_lost(quantity: int, weights: list[int]) -> None:
    fractions = tuple(weight / sum(weights) for weight in weights)
    parts = allocate(Decimal(quantity), fractions)
    assert sum(parts) == quantity
    assert all(part >= 0 and part == int(part) for part in parts)


def test_a_short_position_gains_when_the_price_falls() -> None:
    position = Position(
        symbol="ACME", quantity=Decimal(-10), average_entry_price=Decimal(100),
        last_price=Decimal(94),
    )  # fmt: skip
    assert (position.unrealized_pnl, position.market_value) == (60, -940)


def test_what_may_still_fill_is_open() -> None:
    assert [status.value for status in OrderStatus if status.is_open] == [
        "accepted",
        "partially_filled",
        "pending_cancel",
    ]
