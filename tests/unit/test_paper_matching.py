"""The paper venue's matching, against the fill cases of numerics.md under domain.md's rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from core.adapters.brokers.paper.matching import Bar, Execution, Working, booked_price, fee, match
from core.domain.trading import Bracket, FillLeg, OrderRequest, OrderSide, TakeProfit

START = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)


def order(side: OrderSide = OrderSide.BUY, *, entered: bool, targets: tuple[int, ...]) -> Working:
    exits = tuple(TakeProfit(price=Decimal(price), quantity=Decimal(10)) for price in targets)
    request = OrderRequest(
        client_order_id="order:1:entry",
        symbol="TSLA",
        side=side,
        quantity=Decimal(10 * len(exits)),
        limit_price=Decimal(100),
        bracket=Bracket(stop_price=Decimal(100 - side.sign * 10), take_profits=exits),
    )
    return Working(request, entered, exits)


def bar(*prices: float) -> Bar:
    opened, high, low, close = (Decimal(str(price)) for price in prices)
    end = START + timedelta(minutes=5)
    return Bar("TSLA", START, end, opened, high, low, close, "synthetic")


def mirrored(bar: Bar) -> Bar:
    return replace(
        bar, open=200 - bar.open, high=200 - bar.low, low=200 - bar.high, close=200 - bar.close
    )


LATER = [
    pytest.param((88, 95, 80, 90), FillLeg.STOP, 88, id="gap through the stop: open"),
    pytest.param((132, 140, 85, 90), FillLeg.STOP, 90, id="open beyond the target: stop first"),
    pytest.param((132, 140, 120, 135), FillLeg.TARGET, 130, id="gap through the target: target"),
    pytest.param((88, 131, 80, 90), FillLeg.STOP, 88, id="gap through the stop, then the target"),
    pytest.param((100, 131, 89, 100), FillLeg.STOP, 90, id="both in one bar: stop first"),
    pytest.param((100, 130, 91, 100), FillLeg.TARGET, 130, id="the target is touched"),
    pytest.param((100, 110, 90, 100), FillLeg.STOP, 90, id="the stop is touched"),
]


@pytest.mark.parametrize(("prices", "leg", "price"), LATER)
def test_a_later_bar_exits_by_rule(prices: tuple[float, ...], leg: FillLeg, price: int) -> None:
    executions = match(order(entered=True, targets=(130,)), bar(*prices))

    assert executions == (Execution(leg, Decimal(10), Decimal(price)),)


@pytest.mark.parametrize(("prices", "leg", "price"), LATER)
def test_a_short_order_exits_as_the_mirror_image(
    prices: tuple[float, ...], leg: FillLeg, price: int
) -> None:
    short = order(OrderSide.SELL, entered=True, targets=(70,))

    assert match(short, mirrored(bar(*prices))) == (
        Execution(leg, Decimal(10), Decimal(200 - price)),
    )


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        ((100, 135, 85, 100), [("entry", 100), ("stop", 90)]),
        ((100, 110, 90, 100), [("entry", 100), ("stop", 90)]),
        ((100, 135, 95, 134), [("entry", 100)]),
        ((97, 99, 95, 98), [("entry", 97)]),
        ((88, 99, 85, 98), [("entry", 88), ("stop", 88)]),
        ((105, 135, 100.01, 134), []),
        ((105, 135, 100, 134), [("entry", 100)]),
    ],
)
def test_the_entry_bar_counts_the_stop_alone(
    prices: tuple[float, ...], expected: list[tuple[str, int]]
) -> None:
    executions = match(order(entered=False, targets=(130,)), bar(*prices))

    assert [(e.leg.value, e.price) for e in executions] == expected


def test_several_targets_may_fill_in_one_bar() -> None:
    executions = match(order(entered=True, targets=(110, 120, 130)), bar(100, 125, 99, 120))

    assert [(e.leg, e.price) for e in executions] == [(FillLeg.TARGET, 110), (FillLeg.TARGET, 120)]


def test_the_stop_takes_all_that_is_left() -> None:
    (stop,) = match(order(entered=True, targets=(110, 120, 130)), bar(100, 105, 90, 95))

    assert stop.quantity == 30


def test_a_bar_between_stop_and_target_does_nothing() -> None:
    assert match(order(entered=True, targets=(130,)), bar(100, 129.99, 90.01, 105)) == ()


def test_an_order_without_anything_left_does_nothing() -> None:
    assert match(replace(order(entered=True, targets=(130,)), targets=()), bar(1, 200, 1, 1)) == ()


@pytest.mark.parametrize(
    ("side", "leg", "price", "booked"),
    [
        (OrderSide.BUY, FillLeg.ENTRY, "97.123", "97.13"),
        (OrderSide.SELL, FillLeg.ENTRY, "97.127", "97.12"),
        (OrderSide.SELL, FillLeg.STOP, "98", "97.98"),
        (OrderSide.BUY, FillLeg.STOP, "98", "98.02"),
        (OrderSide.SELL, FillLeg.TARGET, "104", "104.00"),
        (OrderSide.SELL, FillLeg.TIME_STOP, "97.125", "97.10"),
        (OrderSide.SELL, FillLeg.STOP, "0.01", "0.01"),
    ],
)
def test_costs_and_rounding_go_against_the_trader(
    side: OrderSide, leg: FillLeg, price: str, booked: str
) -> None:
    assert booked_price(side, leg, Decimal(price)) == Decimal(booked)


def test_the_fee_is_a_hundredth_of_a_percent_in_cents() -> None:
    assert fee(Decimal(10), Decimal("100.50")) == Decimal("0.10")
