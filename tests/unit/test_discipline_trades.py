"""Fills become trades, moves and imports among them, and each finds its plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.discipline.imported import imported_trades
from core.analysis.discipline.matching import make_cases
from core.analysis.discipline.moves import order_moves
from core.analysis.discipline.trades import actual_trades
from core.domain.imports import ActivityCode, RoundTrip
from core.domain.orders import Bracket, Order, OrderLeg, OrderStatus, TakeProfit
from core.domain.overrides import NOTHING
from core.domain.scenarios import Side
from core.domain.trading import Fill, FillLeg, OrderSide
from tests.unit.discipline_samples import ORDER, RULES, SESSION, at, part, plan, trade

UNITS = {SESSION: Decimal(250)}


def fill(number: int, side: str, quantity: float, price: float, **changes: Any) -> Fill:
    fields = {
        "fill_id": f"f{number}", "client_order_id": ORDER, "symbol": "ACME",
        "side": OrderSide(side), "leg": FillLeg.ENTRY, "quantity": Decimal(str(quantity)),
        "price": Decimal(str(price)), "fees": Decimal("0.30"), "filled_at": at(number),
        "label": "real",
    }  # fmt: skip
    return Fill.model_validate(fields | changes)


def by_hand(number: int, side: str, quantity: float, price: float, **changes: Any) -> Fill:
    hand = {"client_order_id": f"hand-{number}", "leg": FillLeg.EXTERNAL}
    return fill(number, side, quantity, price, **hand | changes)


# fills to trades


def test_the_fills_of_an_order_and_of_what_protects_it_are_one_trade() -> None:
    (found,) = actual_trades(
        [fill(1, "buy", 100, 101), fill(2, "sell", 50, 104, leg="target"),
         fill(3, "sell", 50, 99, leg="stop", client_order_id=f"protect:{ORDER}:1")],
        {}, "paper",
    )  # fmt: skip
    assert (found.order_id, found.side, found.is_open, found.was_stopped) == (
        ORDER, Side.LONG, False, True,
    )  # fmt: skip
    assert found.book.pnl == 50 * 3 - 50 * 2 - Decimal("0.90")


def test_what_is_done_by_hand_acts_on_the_trade_that_is_open() -> None:
    (found,) = actual_trades(
        [fill(1, "buy", 100, 101), by_hand(2, "buy", 50, 99), by_hand(3, "sell", 150, 103)],
        {}, "paper",
    )  # fmt: skip
    assert found.book.quantity == 150
    assert [one.leg for one in found.exits] == [FillLeg.EXTERNAL]


def test_selling_more_than_is_held_begins_a_trade_the_other_way() -> None:
    long, short = actual_trades(
        [by_hand(1, "buy", 100, 101), by_hand(2, "sell", 160, 103)], {}, "p"
    )
    assert (long.is_open, short.side, short.book.quantity) == (False, Side.SHORT, 60)
    assert long.book.fees + short.book.fees == Decimal("0.60")


def test_two_plans_may_hold_one_symbol() -> None:
    other = "order:TBOW-ACME-20240304-MID:entry"
    found = actual_trades(
        [fill(1, "buy", 100, 101), fill(2, "sell", 40, 101, client_order_id=other)], {}, "paper"
    )
    assert [(one.side, one.is_open) for one in found] == [(Side.LONG, True), (Side.SHORT, True)]


@given(st.lists(st.tuples(st.sampled_from(["buy", "sell"]), st.integers(1, 300)), max_size=20))
def test_no_share_and_no_cent_is_lost_between_fills_and_trades(
    deeds: list[tuple[str, int]],
) -> None:
    fills = [by_hand(n, side, size, 100 + n) for n, (side, size) in enumerate(deeds)]
    found = actual_trades(fills, {}, "paper")
    held = sum(
        (
            t.side.sign * (t.book.quantity - sum((e.quantity for e in t.exits), NOTHING))
            for t in found
        ),
        NOTHING,
    )
    assert held == sum((one.side.sign * one.quantity for one in fills), NOTHING)
    assert sum((one.book.fees for one in found), NOTHING) == sum(
        (one.fees for one in fills), NOTHING
    )
    cash = sum(
        (one.side.sign * (one.book.exit_value - one.book.entry_value) for one in found), NOTHING
    )
    assert cash == sum((-one.side.sign * one.quantity * one.price for one in fills), NOTHING)
    assert [one for one in found if one.is_open] == (found[-1:] if held else [])


# what was done to the protection


def order(minute: int, stop: float = 98, target: float = 107, **changes: Any) -> Order:
    fields: dict[str, Any] = {
        "client_order_id": ORDER, "venue_order_id": "v", "symbol": "ACME",
        "side": OrderSide.BUY, "quantity": Decimal(100), "limit_price": Decimal(101),
        "bracket": Bracket(
            stop_price=Decimal(str(stop)),
            take_profits=(TakeProfit(price=Decimal(str(target)), quantity=Decimal(100)),),
        ),
        "status": OrderStatus.FILLED, "filled_quantity": Decimal(100),
        "average_fill_price": Decimal(101), "submitted_at": at(0), "updated_at": at(minute),
    }  # fmt: skip
    return Order.model_validate(fields | changes)


def leg(kind: FillLeg, price: float, status: OrderStatus = OrderStatus.ACCEPTED) -> OrderLeg:
    return OrderLeg(
        leg=kind, venue_order_id=f"{kind}", price=Decimal(str(price)), quantity=Decimal(100),
        status=status,
    )  # fmt: skip


STOP, TARGET = leg(FillLeg.STOP, 98), leg(FillLeg.TARGET, 107)


def test_moves_of_stop_and_target_are_told_with_both_prices() -> None:
    moves = order_moves([order(0), order(1, stop=97), order(2, stop=97, target=110)])
    assert [(one.what, one.before, one.after) for one in moves] == [
        ("stop", 98, 97), ("target", 107, 110),
    ]  # fmt: skip


def test_legs_tell_where_the_stop_is_before_the_bracket_does() -> None:
    tighter = leg(FillLeg.STOP, 101)
    (move,) = order_moves([order(0, legs=(STOP, TARGET)), order(1, legs=(tighter, TARGET))])
    assert (move.what, move.before, move.after) == ("stop", 98, 101)


@pytest.mark.parametrize(
    ("status", "moves"),
    [(OrderStatus.CANCELED, [None]), (OrderStatus.EXPIRED, []), (OrderStatus.FILLED, [])],
)
def test_only_a_stop_that_was_cancelled_was_removed(status: OrderStatus, moves: list[None]) -> None:
    gone = leg(FillLeg.STOP, 98, status)
    told = [order(0, legs=(STOP, TARGET)), order(1, legs=(gone, TARGET))]
    assert [one.after for one in order_moves(told)] == moves


def test_an_order_that_is_told_again_has_not_moved() -> None:
    assert order_moves([order(0), order(5), order(9)]) == ()
    (found,) = actual_trades([fill(1, "buy", 100, 101)], {ORDER: [order(0), order(2)]}, "paper")
    assert (found.decided_at, found.ordered, found.moves) == (at(0), 100, ())


# the broker's history


def trip(**changes: Any) -> RoundTrip:
    fields: dict[str, Any] = {
        "account": "robinhood", "instrument": "ACME", "kind": "stock", "side": "long",
        "opened_date": SESSION, "closed_date": SESSION, "quantity": Decimal(3),
        "entry_price": 100.333333, "exit_price": 101.0, "fees": Decimal("0.05"),
        "realized_pnl": Decimal("1.95"), "ended_by": ActivityCode.SELL, "order_unknown": False,
    }  # fmt: skip
    return RoundTrip.model_validate(fields | changes)


@pytest.mark.parametrize(
    "changes",
    [{}, {"side": "short"}, {"kind": "option", "instrument": "ACME 2024-03-15 call 100"}],
)
def test_an_imported_trade_has_the_profit_of_its_round_trip(changes: dict[str, Any]) -> None:
    (found,) = imported_trades([trip(**changes)])
    assert found.book.pnl == Decimal("1.95")
    assert (found.symbol, found.has_times, found.is_option) == ("ACME", False, "kind" in changes)


def test_two_equal_round_trips_are_two_trades() -> None:
    first, second = imported_trades([trip(), trip()])
    assert first.trade_id != second.trade_id
    assert [one.trade_id for one in imported_trades([trip(), trip()])] == [
        first.trade_id, second.trade_id,
    ]  # fmt: skip


# which plan a trade belongs to


def test_a_trade_belongs_to_the_plan_whose_order_it_is() -> None:
    other = plan(tactic_id="TBOW-ACME-20240304-MID", order_id="order:other:entry")
    (first, second) = make_cases([other, plan()], [trade()], RULES, UNITS)
    assert (first.trade, second.trade) == (None, trade())


def test_a_trade_by_hand_belongs_to_the_plan_of_its_symbol_session_and_side() -> None:
    hand = trade(order_id="")
    assert [one.trade for one in make_cases([plan()], [hand], RULES, UNITS)] == [hand]
    for odd in ({"symbol": "OTHER"}, {"side": Side.SHORT}, {"is_option": True}):
        (planned, alone) = make_cases([plan()], [replace(hand, **odd)], RULES, UNITS)
        assert (planned.trade, alone.plan) == (None, None)
        assert alone.unit_usd == 250


def test_a_second_trade_by_hand_is_not_the_plans() -> None:
    again = trade(order_id="", trade_id="f2", decided_at=at(30), entries=(part(31, 100, 101),))
    planned, alone = make_cases([plan()], [trade(), again], RULES, UNITS)
    assert planned.trade == trade()
    assert (alone.earlier, alone.rivals) == (trade(), (plan(),))


def test_a_trade_in_what_was_to_be_left_alone_finds_that_tactic() -> None:
    idle = plan(
        scenario=None, replay=None, quantity=Decimal(0), do_not_play="no setup", order_id=""
    )
    (found,) = make_cases([idle], [trade(order_id="", side=Side.SHORT)], RULES, UNITS)
    assert (found.plan, found.trade is None) == (idle, False)


def test_the_day_counts_what_was_decided_on_before() -> None:
    first = trade(trade_id="a")
    second = trade(trade_id="b", order_id="", decided_at=at(20), entries=(part(21, 100, 101),))
    third = replace(second, trade_id="c", decided_at=at(40))
    days = [one.day for one in make_cases([plan()], [third, first, second], RULES, UNITS)]
    assert [one.trades for one in days] == [0, 1, 2]
    assert days[0].made_r == 0
    assert days[1].made_r == pytest.approx(1.5)


def test_within_a_day_an_import_is_neither_before_nor_after() -> None:
    early, late = imported_trades([trip(), trip()])
    assert [one.before for one in make_cases([], [early, late], RULES, UNITS)] == [None, None]
    tomorrow = trip(opened_date=date(2024, 3, 5), closed_date=date(2024, 3, 5))
    cases = make_cases([], imported_trades([trip(), tomorrow]), RULES, UNITS)
    assert [one.before is None for one in cases] == [True, False]


def test_a_result_of_days_ago_is_no_longer_in_mind() -> None:
    old = trade(trade_id="old", order_id="", decided_at=at(0) - timedelta(days=3),
                entries=(replace(part(0, 100, 101), at=at(0) - timedelta(days=3)),),
                exits=(replace(part(0, 100, 104), at=at(0) - timedelta(days=3)),))  # fmt: skip
    cases = make_cases([plan()], [old, trade()], RULES, UNITS)
    assert cases[0].before is None
