"""The paper venue: exits, changes of orders, halts, its clock and books of earlier versions."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.adapters.brokers.paper import PaperBroker, create
from core.domain.orders import (
    OptionLeg,
    OrderChange,
    OrderKind,
    OrderRequest,
    OrderStatus,
    Purpose,
    TimeInForce,
)
from core.domain.trading import Asset, FillLeg, OrderSide
from core.errors import RejectedError
from core.settings import Mode, Settings
from tests.unit.paper_orders import (
    ENTRY_BAR,
    KEY,
    MORNING,
    NEXT_DAY,
    OPEN,
    asked,
    bracket,
    halves,
    opened,
    shown,
    status,
    traded,
)

EXIT = "order:TBOW-TSLA-20261124-A:exit"
LATER = OPEN + timedelta(minutes=5)


@pytest.fixture
def venue(tmp_path: Path) -> PaperBroker:
    return opened(tmp_path)


@pytest.fixture
def entered(venue: PaperBroker) -> PaperBroker:
    """Return a venue with 10 shares, bought at 100.50 and protected at 98 and 107."""
    venue.submit(asked(), MORNING)
    venue.process(shown([ENTRY_BAR]))
    return venue


def way_out(**changes: Any) -> OrderRequest:
    """Ask to sell 10 shares at market."""
    content = {
        "client_order_id": EXIT,
        "purpose": Purpose.EXIT,
        "kind": OrderKind.MARKET,
        "limit_price": None,
        "bracket": None,
        "time_in_force": TimeInForce.GTC,
    }
    return asked(**{"side": OrderSide.SELL} | content | changes)


def either(**changes: Any) -> OrderRequest:
    limited = {"kind": OrderKind.LIMIT, "limit_price": Decimal(107)}
    return way_out(**limited | {"bracket": bracket(98, (107, 10))} | changes)


# an exit never opens a position


def test_an_exit_of_what_is_not_held_is_refused(venue: PaperBroker) -> None:
    with pytest.raises(RejectedError, match="for 10 shares of TSLA, 0 are free"):
        venue.submit(way_out(), MORNING)


def test_shares_that_another_exit_waits_for_are_not_free(entered: PaperBroker) -> None:
    with pytest.raises(RejectedError, match="0 are free"):
        entered.submit(way_out(), LATER)

    entered.trade_by_hand("TSLA", Decimal(12), Decimal(101))
    entered.submit(way_out(kind=OrderKind.STOP, stop_price=Decimal(95)), LATER)
    with pytest.raises(RejectedError, match="2 are free"):
        entered.submit(way_out(client_order_id="order:2:exit"), LATER)


def test_a_short_position_is_left_by_buying(venue: PaperBroker) -> None:
    venue.trade_by_hand("TSLA", Decimal(-10), Decimal(100))

    venue.submit(way_out(side=OrderSide.BUY), MORNING)
    venue.process(shown([(101, 102, 100, 101)]))

    assert traded(venue)[1:] == [("exit", 10, Decimal("101.02"))]
    assert venue.positions() == []


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (either(kind=OrderKind.MARKET, limit_price=None), "is a limit order"),
        (way_out(kind=OrderKind.TRAILING_STOP, trail_usd=Decimal("0.005")), "whole cents"),
        (asked(kind=OrderKind.STOP, limit_price=None, stop_price=Decimal("101.001")), "cents"),
    ],
)
def test_what_no_venue_takes_is_refused(
    venue: PaperBroker, request_: OrderRequest, reason: str
) -> None:
    venue.trade_by_hand("TSLA", Decimal(10), Decimal(100))

    with pytest.raises(RejectedError, match=reason):
        venue.submit(request_, MORNING)


def test_options_are_refused(venue: PaperBroker) -> None:
    call = OptionLeg(symbol="TSLA261218C00100000", side=OrderSide.BUY)

    with pytest.raises(RejectedError, match="options are not traded here"):
        venue.submit(asked(bracket=None, legs=(call,)), MORNING)


def test_a_market_entry_needs_what_it_may_cost(venue: PaperBroker) -> None:
    dear = bracket(98, (107, 1900))
    request = asked(kind=OrderKind.MARKET, limit_price=None, quantity=Decimal(1900), bracket=dear)
    with pytest.raises(RejectedError, match=r"203,300\.00 USD"):
        venue.submit(request, MORNING)

    venue.process(shown([(100, 100, 100, 100)]))
    assert venue.submit(request, LATER).status is OrderStatus.ACCEPTED
    assert venue.account().buying_power == 200_000 - 190_000


# pairs, trailing stops, days


def test_a_pair_of_exits_shows_both_as_its_legs(venue: PaperBroker) -> None:
    venue.trade_by_hand("TSLA", Decimal(10), Decimal(100))

    order = venue.submit(either(), MORNING)

    assert [(leg.leg, leg.price, leg.quantity, leg.status) for leg in order.legs] == [
        (FillLeg.STOP, 98, 10, OrderStatus.ACCEPTED),
        (FillLeg.TARGET, 107, 10, OrderStatus.ACCEPTED),
    ]
    assert (order.purpose, order.filled_quantity) == (Purpose.EXIT, 0)


def test_a_pair_of_exits_for_the_day_ends_with_it(venue: PaperBroker) -> None:
    venue.trade_by_hand("TSLA", Decimal(10), Decimal(100))
    venue.submit(either(time_in_force=TimeInForce.DAY), MORNING)

    venue.process(shown([(97, 108, 96, 100)], NEXT_DAY))

    assert status(venue, EXIT) is OrderStatus.EXPIRED
    assert (venue.positions()[0].quantity, venue.open_orders()) == (10, [])


def test_closing_a_pair_of_exits_sells_what_it_protects(venue: PaperBroker) -> None:
    venue.process(shown([(100, 100, 100, 100)]))
    venue.trade_by_hand("TSLA", Decimal(10), Decimal(100))
    venue.submit(either(), LATER)

    for _ in range(2):
        venue.close_position(EXIT, "the plan has ended")

    assert traded(venue)[1:] == [("time_stop", 10, Decimal("99.98"))]
    assert (venue.positions(), venue.open_orders()) == ([], [])


def test_a_trailing_stop_starts_at_the_last_price_seen(venue: PaperBroker) -> None:
    venue.process(shown([(100, 100, 100, 100)]))
    venue.trade_by_hand("TSLA", Decimal(10), Decimal(100))
    venue.submit(way_out(kind=OrderKind.TRAILING_STOP, trail_usd=Decimal(3)), LATER)

    venue.process(shown([(98, 99, 97.01, 98), (98, 98, 97, 97)], LATER))

    (fill,) = venue.fills_since("")[0][1:]
    assert (fill.leg, fill.price, fill.filled_at) == (
        FillLeg.EXIT, Decimal("96.98"), LATER + timedelta(minutes=5),
    )  # fmt: skip


def test_what_a_trailing_stop_has_seen_survives_reopening(tmp_path: Path) -> None:
    venue = opened(tmp_path)
    venue.trade_by_hand("TSLA", Decimal(10), Decimal(100))
    venue.submit(way_out(kind=OrderKind.TRAILING_STOP, trail_usd=Decimal(3)), MORNING)
    venue.process(shown([(100, 110, 99, 109)]))

    again = opened(tmp_path)
    again.process(shown([(108, 108, 106.9, 107)], LATER))

    assert traded(again)[1:] == [("exit", 10, Decimal("106.98"))]


# changes


def test_a_moved_stop_may_follow_into_profit(entered: PaperBroker) -> None:
    order = entered.replace(KEY, OrderChange(stop_price=Decimal("102.50")))
    assert order.bracket is not None
    assert (order.bracket.stop_price, order.protected_quantity) == (Decimal("102.50"), 10)

    entered.process(shown([(104, 104, 102, 103)], LATER))
    assert traded(entered)[1:] == [("stop", 10, Decimal("102.48"))]


def test_while_the_entry_waits_its_stop_stays_below_it(venue: PaperBroker) -> None:
    venue.submit(asked(), MORNING)

    with pytest.raises(RejectedError, match="wrong side of the entry"):
        venue.replace(KEY, OrderChange(stop_price=Decimal("101.50")))
    with pytest.raises(RejectedError, match="wrong side of the entry"):
        venue.replace(KEY, OrderChange(limit_price=Decimal("97.50")))


@pytest.mark.parametrize("price", ["98.005", "107.00", "107.50"])
def test_a_stop_is_not_moved_to_where_it_makes_no_sense(entered: PaperBroker, price: str) -> None:
    with pytest.raises(RejectedError):
        entered.replace(KEY, OrderChange(stop_price=Decimal(price)))

    entered.process(shown([(97, 97, 96, 96)], LATER))
    assert traded(entered)[1:] == [("stop", 10, Decimal("96.98"))]


def test_a_limit_that_costs_too_much_is_refused(venue: PaperBroker) -> None:
    exits = bracket(98, (107, 1980))
    venue.submit(asked(quantity=Decimal(1980), bracket=exits), MORNING)

    with pytest.raises(RejectedError, match="buying power is 20"):
        venue.replace(KEY, OrderChange(limit_price=Decimal("101.50")))

    assert venue.replace(KEY, OrderChange(limit_price=Decimal("101.01"))).limit_price == Decimal(
        "101.01"
    )


def test_a_stop_exit_is_moved_by_its_own_price(venue: PaperBroker) -> None:
    venue.trade_by_hand("TSLA", Decimal(10), Decimal(100))
    venue.submit(way_out(kind=OrderKind.STOP, stop_price=Decimal(95)), MORNING)

    order = venue.replace(EXIT, OrderChange(stop_price=Decimal(99)))
    venue.process(shown([(100, 100, 98.5, 99)]))

    assert order.stop_price == 99
    assert traded(venue)[1:] == [("exit", 10, Decimal("98.98"))]


# halts, borrowing, the switch


def test_a_position_of_a_halted_symbol_is_not_flattened(entered: PaperBroker) -> None:
    halted = Asset(
        symbol="TSLA", is_tradable=False, is_shortable=True, is_fractionable=False, reason="halted"
    )
    entered.list_asset(halted)

    with pytest.raises(RejectedError, match="halted"):
        entered.close_position(KEY, "the plan has ended")

    entered.list_asset(halted.model_copy(update={"is_tradable": True, "reason": ""}))
    entered.close_position(KEY, "the plan has ended")
    assert entered.positions() == []


def test_a_suspended_account_flattens_nothing(entered: PaperBroker) -> None:
    entered.suspend()

    with pytest.raises(RejectedError, match="suspended"):
        entered.close_position(KEY, "the plan has ended")

    entered.process(shown([(97, 97, 96, 96)], LATER))
    assert traded(entered)[1:] == [("stop", 10, Decimal("96.98"))]


def test_a_suspension_holds_for_every_process(tmp_path: Path) -> None:
    opened(tmp_path).suspend()

    assert opened(tmp_path).account().blocked == "orders are suspended"
    with pytest.raises(RejectedError, match="suspended"):
        opened(tmp_path).submit(asked(), MORNING)


# the clock


def test_in_the_demo_the_clock_shows_the_end_of_the_newest_bar(venue: PaperBroker) -> None:
    venue.process(shown([ENTRY_BAR]))
    clock = venue.clock()
    assert (clock.at, clock.is_open) == (LATER, True)
    assert clock.next_close == datetime(2026, 11, 24, 21, tzinfo=UTC)
    assert clock.next_open == NEXT_DAY

    venue.process(shown([ENTRY_BAR], datetime(2026, 11, 25, 20, 55, tzinfo=UTC)))
    closed = venue.clock()
    assert not closed.is_open
    assert closed.next_open == datetime(2026, 11, 27, 14, 30, tzinfo=UTC)
    assert closed.next_close == datetime(2026, 11, 27, 18, tzinfo=UTC)


def test_outside_the_demo_the_clock_is_the_wall_s(tmp_path: Path) -> None:
    venue = create(Settings(_env_file=None, data_dir=tmp_path, mode=Mode.PAPER))
    venue.process(shown([ENTRY_BAR], datetime(2024, 11, 26, 14, 30, tzinfo=UTC)))

    assert abs(venue.clock().at - datetime.now(UTC)) < timedelta(minutes=1)


# the book


OLD_BOOK = """
create table orders (
    number integer primary key, client_order_id text not null unique, symbol text not null,
    request text not null, status text not null, is_working integer not null,
    submitted_at text not null, updated_at text not null, expires_at text,
    close_reason text not null default '');
create table fills (
    number integer primary key, fill_id text not null unique, client_order_id text not null,
    content text not null);
create table marks (
    symbol text primary key, price text not null, label text not null, seen_until text not null);
insert into orders values (1, 'order:1:entry', 'TSLA', '{"client_order_id":"order:1:entry",
    "symbol":"TSLA","side":"buy","quantity":"10","limit_price":"101","time_in_force":"day",
    "bracket":{"stop_price":"98","take_profits":[{"price":"107","quantity":"10"}]}}', 'filled', 1,
    '2026-11-24T14:00:00+00:00', '2026-11-24T14:30:00+00:00', '2026-11-24T21:00:00+00:00', '');
insert into orders values (2, 'order:2:entry', 'TSLA', '{"client_order_id":"order:2:entry",
    "symbol":"TSLA","side":"buy","quantity":"10","limit_price":"99","time_in_force":"gtc",
    "bracket":{"stop_price":"96","take_profits":[{"price":"107","quantity":"10"}]}}', 'accepted', 1,
    '2026-11-24T14:00:00+00:00', '2026-11-24T14:00:00+00:00', null, '');
insert into fills values (1, 'order:1:entry#entry-1', 'order:1:entry',
    '{"fill_id":"order:1:entry#entry-1","client_order_id":"order:1:entry","symbol":"TSLA",
    "side":"buy","leg":"entry","quantity":"10","price":"100.50","fees":"0.10",
    "filled_at":"2026-11-24T14:30:00Z","label":"synthetic"}');
insert into marks values ('TSLA', '100.90', 'synthetic', '2026-11-24T14:35:00+00:00');
"""


def old_book(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "paper.sqlite")) as connection:
        connection.executescript(OLD_BOOK)


def test_a_book_of_an_earlier_version_goes_on(tmp_path: Path) -> None:
    old_book(tmp_path)
    venue = opened(tmp_path)
    assert [order.client_order_id for order in venue.open_orders()] == [
        "order:1:entry", "order:2:entry",
    ]  # fmt: skip
    assert (venue.positions()[0].quantity, venue.account().blocked) == (10, "")
    assert venue.account().buying_power == 2 * venue.account().equity - 1009 - 990

    venue.replace("order:1:entry", OrderChange(stop_price=Decimal("99.50")))
    venue.process(shown([(100, 100, 99, 99)], LATER))
    told = [(f.client_order_id, f.leg.value, f.price) for f in venue.fills_since("1")[0]]
    assert told == [
        ("order:1:entry", "stop", Decimal("99.48")), ("order:2:entry", "entry", Decimal("99.00")),
    ]  # fmt: skip


def test_many_threads_may_open_a_book_of_an_earlier_version(tmp_path: Path) -> None:
    old_book(tmp_path)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: len(opened(tmp_path).open_orders()), range(8)))

    assert found == [2] * 8


def test_threads_take_turns_at_orders_bars_and_cancels(tmp_path: Path) -> None:
    def live(number: int) -> None:
        venue, key = opened(tmp_path), f"order:{number}:entry"
        venue.submit(halves().model_copy(update={"client_order_id": key}), MORNING)
        venue.process(shown([ENTRY_BAR], OPEN + timedelta(minutes=5 * number)))
        venue.cancel(key)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(live, range(12)))

    venue = opened(tmp_path)
    orders = [venue.order_by_client_id(f"order:{number}:entry") for number in range(12)]
    assert {order.status for order in orders if order} <= {OrderStatus.FILLED, OrderStatus.CANCELED}
    told = sum(fill.side.sign * fill.quantity for fill in venue.fills_since("")[0])
    assert told == sum(position.quantity for position in venue.positions())
