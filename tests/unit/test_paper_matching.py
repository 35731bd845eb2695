"""The paper venue's matching, against the fill cases of domain.md and numerics.md."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.adapters.brokers.paper.matching import Execution, Working, match
from core.adapters.brokers.paper.prices import Bar
from core.adapters.brokers.paper.rules import VenueRules, booked_price
from core.domain.orders import Bracket, OrderKind, OrderRequest, Purpose, TakeProfit
from core.domain.trading import FillLeg, OrderSide

START = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)
PLENTY = Decimal(10_000)
AT_MARKET = {"kind": OrderKind.MARKET, "limit_price": None}


def order(
    side: OrderSide = OrderSide.BUY, *, entered: bool, targets: tuple[int, ...], **changes: Any
) -> Working:
    """Return an order at 100 with a stop 10 away and 10 shares for each target."""
    exits = tuple(TakeProfit(price=Decimal(price), quantity=Decimal(10)) for price in targets)
    content = {
        "client_order_id": "order:1:entry",
        "symbol": "TSLA",
        "side": side,
        "quantity": Decimal(10 * len(exits)),
        "limit_price": Decimal(100),
        "bracket": Bracket(stop_price=Decimal(100 - side.sign * 10), take_profits=exits),
    }
    request = OrderRequest.model_validate(content | changes)
    shares = "entered" if entered else "opening"
    return Working(request, **{shares: request.quantity})


def way_out(kind: OrderKind, **prices: Decimal) -> Working:
    """Return an order that sells 10 shares."""
    request = OrderRequest(
        client_order_id="order:1:exit",
        symbol="TSLA",
        side=OrderSide.SELL,
        quantity=Decimal(10),
        purpose=Purpose.EXIT,
        kind=kind,
        **prices,
    )
    return Working(request, opening=Decimal(10))


def bar(*prices: float) -> Bar:
    opened, high, low, close = (Decimal(str(price)) for price in prices)
    end = START + timedelta(minutes=5)
    return Bar("TSLA", START, end, opened, high, low, close, Decimal(1000), "synthetic")


def mirrored(bar: Bar) -> Bar:
    return replace(
        bar, open=200 - bar.open, high=200 - bar.low, low=200 - bar.high, close=200 - bar.close
    )


def done(order: Working, bar: Bar, shares: Decimal = PLENTY) -> list[tuple[FillLeg, int, Decimal]]:
    executions = match(order, bar, shares).executions
    return [(e.leg, int(e.quantity), e.price) for e in executions]


LATER = [
    pytest.param((88, 95, 80, 90), FillLeg.STOP, 88, id="gap through the stop: open"),
    pytest.param((132, 140, 85, 90), FillLeg.STOP, 90, id="open beyond the target: stop first"),
    pytest.param((132, 140, 120, 135), FillLeg.TARGET, 130, id="gap through the target: target"),
    pytest.param((88, 131, 80, 90), FillLeg.STOP, 88, id="gap through the stop, then the target"),
    pytest.param((100, 131, 89, 100), FillLeg.STOP, 90, id="both in one bar: stop first"),
    pytest.param((100, 130, 91, 100), FillLeg.TARGET, 130, id="the target is touched"),
    pytest.param((100, 110, 90, 100), FillLeg.STOP, 90, id="the stop is touched"),
]
LATER_AT_MARKET = [
    pytest.param((88, 95, 80, 90), FillLeg.STOP, 88, id="gap through the stop: open"),
    pytest.param((132, 140, 85, 90), FillLeg.TARGET, 132, id="open beyond the target: open"),
    pytest.param((88, 131, 80, 90), FillLeg.STOP, 88, id="gap through the stop, then the target"),
    pytest.param((100, 131, 89, 100), FillLeg.STOP, 90, id="both in one bar: stop first"),
    pytest.param((100, 130, 91, 100), FillLeg.TARGET, 130, id="the target is touched"),
]


@pytest.mark.parametrize(("prices", "leg", "price"), LATER)
def test_a_later_bar_exits_by_rule(prices: tuple[float, ...], leg: FillLeg, price: int) -> None:
    assert done(order(entered=True, targets=(130,)), bar(*prices)) == [(leg, 10, price)]


@pytest.mark.parametrize(("prices", "leg", "price"), LATER)
def test_a_short_order_exits_as_the_mirror_image(
    prices: tuple[float, ...], leg: FillLeg, price: int
) -> None:
    short = order(OrderSide.SELL, entered=True, targets=(70,))

    assert done(short, mirrored(bar(*prices))) == [(leg, 10, 200 - price)]


@pytest.mark.parametrize(("prices", "leg", "price"), LATER_AT_MARKET)
def test_what_was_entered_at_the_market_exits_as_the_backtest_does(
    prices: tuple[float, ...], leg: FillLeg, price: int
) -> None:
    long = order(entered=True, targets=(130,), **AT_MARKET)
    short = order(OrderSide.SELL, entered=True, targets=(70,), **AT_MARKET)

    assert done(long, bar(*prices)) == [(leg, 10, price)]
    assert done(short, mirrored(bar(*prices))) == [(leg, 10, 200 - price)]


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
def test_on_the_bar_of_a_waiting_entry_the_stop_counts_alone(
    prices: tuple[float, ...], expected: list[tuple[str, int]]
) -> None:
    executions = match(order(entered=False, targets=(130,)), bar(*prices), PLENTY).executions

    assert [(e.leg.value, e.price) for e in executions] == expected


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        ((100, 135, 85, 100), [("entry", 100), ("stop", 90)]),
        ((100, 110, 90, 100), [("entry", 100), ("stop", 90)]),
        ((100, 130, 91, 120), [("entry", 100), ("target", 130)]),
        ((100, 129, 91, 120), [("entry", 100)]),
        ((131, 132, 129, 130), [("entry", 131), ("target", 131)]),
    ],
)
def test_an_entry_at_the_market_fills_at_the_open_with_its_whole_bracket(
    prices: tuple[float, ...], expected: list[tuple[str, int]]
) -> None:
    at_market = order(entered=False, targets=(130,), **AT_MARKET)

    executions = match(at_market, bar(*prices), PLENTY).executions
    assert [(e.leg.value, e.price) for e in executions] == expected


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        ((100, 104, 99, 103), []),
        ((100, 105, 99, 103), [("entry", 105)]),
        ((107, 108, 106, 107), [("entry", 107)]),
        ((100, 135, 99, 134), [("entry", 105)]),
        ((100, 106, 89, 95), [("entry", 105), ("stop", 90)]),
    ],
)
def test_a_stop_entry_follows_the_price_up(
    prices: tuple[float, ...], expected: list[tuple[str, int]]
) -> None:
    breakout = order(
        entered=False,
        targets=(130,),
        kind=OrderKind.STOP,
        limit_price=None,
        stop_price=Decimal(105),
    )

    executions = match(breakout, bar(*prices), PLENTY).executions
    assert [(e.leg.value, e.price) for e in executions] == expected


def test_several_targets_may_fill_in_one_bar() -> None:
    held = order(entered=True, targets=(110, 120, 130))

    expected = [(FillLeg.TARGET, 10, 110), (FillLeg.TARGET, 10, 120)]
    assert done(held, bar(100, 125, 99, 120)) == expected


def test_a_gap_through_one_of_two_targets_leaves_the_other_to_the_stop() -> None:
    held = order(entered=True, targets=(110, 130), **AT_MARKET)

    expected = [(FillLeg.TARGET, 10, 115), (FillLeg.STOP, 10, 90)]
    assert done(held, bar(115, 116, 89, 90)) == expected


def test_the_stop_takes_all_that_is_left() -> None:
    held = order(entered=True, targets=(110, 120, 130))

    assert done(held, bar(100, 105, 90, 95)) == [(FillLeg.STOP, 30, 90)]


def test_a_bar_between_stop_and_target_does_nothing() -> None:
    assert done(order(entered=True, targets=(130,)), bar(100, 129.99, 90.01, 105)) == []


def test_an_order_without_anything_left_does_nothing() -> None:
    nothing = replace(order(entered=True, targets=(130,)), taken=Decimal(10))

    assert done(nothing, bar(1, 200, 1, 1)) == []


# a bar that has few shares


def test_the_entry_takes_the_shares_of_a_bar_before_the_stop() -> None:
    matched = match(order(entered=False, targets=(130,)), bar(100, 110, 85, 90), Decimal(4))

    assert matched.executions == (Execution(FillLeg.ENTRY, Decimal(4), Decimal(100)),)
    assert matched.is_stopped


def test_a_stop_that_was_reached_sells_the_rest_at_the_next_open() -> None:
    held = order(entered=True, targets=(130,))
    matched = match(held, bar(100, 110, 85, 90), Decimal(4))

    rest = replace(held, sold=Decimal(4), is_stopped=matched.is_stopped)
    assert done(rest, bar(140, 150, 139, 145)) == [(FillLeg.STOP, 6, 140)]


def test_the_nearest_target_takes_the_shares_of_a_bar_first() -> None:
    held = order(entered=True, targets=(110, 120))

    expected = [(FillLeg.TARGET, 10, 110), (FillLeg.TARGET, 5, 120)]
    assert done(held, bar(100, 125, 99, 120), Decimal(15)) == expected


def test_a_part_that_was_entered_is_covered_by_the_nearest_targets() -> None:
    part = replace(order(entered=True, targets=(110, 120)), entered=Decimal(14))

    expected = [(FillLeg.TARGET, 10, 110), (FillLeg.TARGET, 4, 120)]
    assert done(part, bar(100, 125, 99, 120)) == expected


# exits of their own


@pytest.mark.parametrize(
    ("prices", "price"),
    [((95, 97, 91, 92), None), ((95, 97, 90, 92), 90), ((88, 97, 85, 92), 88)],
)
def test_a_stop_order_sells_from_its_price_down(
    prices: tuple[float, ...], price: int | None
) -> None:
    expected = [] if price is None else [(FillLeg.EXIT, 10, price)]

    assert done(way_out(OrderKind.STOP, stop_price=Decimal(90)), bar(*prices)) == expected


def test_a_stop_limit_that_is_jumped_over_waits_at_its_limit() -> None:
    exit_ = way_out(OrderKind.STOP_LIMIT, stop_price=Decimal(90), limit_price=Decimal(89))
    matched = match(exit_, bar(85, 88, 80, 86), PLENTY)
    assert (matched.executions, matched.is_triggered) == ((), True)

    waiting = replace(exit_, is_triggered=True)
    assert done(waiting, bar(86, 88.99, 85, 88)) == []
    assert done(waiting, bar(86, 95, 85, 94)) == [(FillLeg.EXIT, 10, 89)]


def test_a_trailing_stop_follows_the_highs_of_the_bars_before() -> None:
    trailing = way_out(OrderKind.TRAILING_STOP, trail_usd=Decimal(5))
    first = match(trailing, bar(100, 103, 96, 102), PLENTY)
    assert (first.executions, first.best_price) == ((), 103)

    assert done(replace(trailing, best_price=Decimal(103)), bar(102, 110, 98.01, 109)) == []
    followed = replace(trailing, best_price=Decimal(110))
    assert done(followed, bar(109, 120, 105, 106)) == [(FillLeg.EXIT, 10, 105)]
    assert done(followed, bar(104, 104, 103, 103)) == [(FillLeg.EXIT, 10, 104)]


def test_a_trailing_fraction_is_a_part_of_the_best_price() -> None:
    trailing = way_out(OrderKind.TRAILING_STOP, trail_fraction=Decimal("0.03"))
    best = replace(trailing, best_price=Decimal("101.55"))

    assert done(best, bar(100, 101, 98.51, 99)) == []
    assert done(best, bar(100, 101, 98.5, 99)) == [(FillLeg.EXIT, 10, Decimal("98.50"))]


# costs


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
    limited = order(entered=True, targets=(130,)).request
    slippage = VenueRules().slippage(limited, leg)

    assert booked_price(side, Decimal(price), slippage) == Decimal(booked)


def test_what_trades_at_the_market_slips_and_what_waits_at_a_limit_does_not() -> None:
    rules, at_market = VenueRules(), order(entered=False, targets=(130,), **AT_MARKET).request

    assert rules.slippage(at_market, FillLeg.ENTRY) == Decimal("0.02")
    assert rules.slippage(way_out(OrderKind.MARKET).request, FillLeg.EXIT) == Decimal("0.02")
    limited = way_out(OrderKind.LIMIT, limit_price=Decimal(104)).request
    assert rules.slippage(limited, FillLeg.EXIT) == 0


def test_the_fee_is_a_hundredth_of_a_percent_in_cents() -> None:
    assert VenueRules().fee(Decimal(10), Decimal("100.50")) == Decimal("0.10")


def test_a_bar_has_a_tenth_of_its_volume_in_whole_shares() -> None:
    assert VenueRules().shares(Decimal(199)) == 19
