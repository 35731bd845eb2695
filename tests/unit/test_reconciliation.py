"""Desk and broker side by side: what differs is told in order, typed, with both sides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.domain.orders import (
    Bracket,
    Order,
    OrderKind,
    OrderLeg,
    OrderStatus,
    Purpose,
    TakeProfit,
)
from core.domain.reconciliation import (
    EXTERNAL,
    Adoption,
    BookEntry,
    BrokerSide,
    CashAnchor,
    DeskSide,
    Difference,
    DifferenceKind,
    ReconciliationRun,
    RunState,
    Scope,
    Standing,
    Unclear,
    blocking,
    next_anchor,
    reconcile,
    traded,
)
from core.domain.reconciliation.runs import OpenDifference
from core.domain.trading import Account, Fill, FillLeg, OrderSide, Position

NOON = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
KEY = "order:TBOW-ACME-20261124-AM:entry"
OWNERS = {KEY: "TBOW-ACME-20261124-AM"}
Kind = DifferenceKind


def order(**changes: Any) -> Order:
    values: dict[str, Any] = {
        "client_order_id": KEY, "venue_order_id": "v1", "symbol": "ACME", "side": OrderSide.BUY,
        "quantity": Decimal(10), "limit_price": Decimal("101.00"),
        "bracket": Bracket(
            stop_price=Decimal(98),
            take_profits=(TakeProfit(price=Decimal(104), quantity=Decimal(10)),),
        ),
        "status": OrderStatus.ACCEPTED, "filled_quantity": Decimal(0), "average_fill_price": None,
        "submitted_at": NOON, "updated_at": NOON,
    }  # fmt: skip
    return Order(**{**values, **changes})


def filled(quantity: int = 10, **changes: Any) -> Order:
    status = OrderStatus.FILLED if quantity == 10 else OrderStatus.PARTIALLY_FILLED
    values = {"status": status, "filled_quantity": Decimal(quantity),
              "average_fill_price": Decimal("100.50")}  # fmt: skip
    return order(**{**values, **changes})


def fill(number: int = 1, quantity: int = 10, **changes: Any) -> Fill:
    values: dict[str, Any] = {
        "fill_id": f"f{number}", "client_order_id": KEY, "symbol": "ACME", "side": OrderSide.BUY,
        "leg": FillLeg.ENTRY, "quantity": Decimal(quantity), "price": Decimal("100.50"),
        "fees": Decimal(0), "filled_at": NOON, "label": "real",
    }  # fmt: skip
    return Fill(**{**values, **changes})


def by_hand(symbol: str = "ACME", quantity: int = 5, key: str = "hand-1") -> Fill:
    side = OrderSide.BUY if quantity > 0 else OrderSide.SELL
    return fill(99, abs(quantity), fill_id=key, client_order_id=key, symbol=symbol, side=side)


def account(cash: str = "100000") -> Account:
    return Account(account_id="A1", equity=Decimal(100000), cash=Decimal(cash),
                   buying_power=Decimal(100000), as_of=NOON)  # fmt: skip


def position(quantity: str, symbol: str = "ACME") -> Position:
    return Position(symbol=symbol, quantity=Decimal(quantity), average_entry_price=Decimal(100),
                    last_price=Decimal(101))  # fmt: skip


def desk(*orders: Order, fills: list[Fill] | None = None, **changes: Any) -> DeskSide:
    values: dict[str, Any] = {
        "orders": {one.client_order_id: one for one in orders},
        "traded": traded(fills or []), "owners": OWNERS,
    }  # fmt: skip
    return DeskSide(**{**values, **changes})


def broker(*orders: Order, positions: list[Position] | None = None, **changes: Any) -> BrokerSide:
    values: dict[str, Any] = {
        "account": account(), "orders": {one.client_order_id: one for one in orders},
        "positions": positions or [],
    }  # fmt: skip
    return BrokerSide(**{**values, **changes})


def only(found: tuple[Difference, ...]) -> Difference:
    assert len(found) == 1, [one.kind for one in found]
    return found[0]


def adopt(side: DeskSide, difference: Difference) -> DeskSide:
    """The desk after the operator has adopted a difference."""
    adoption = difference.adoption
    orders = dict(side.orders) | ({adoption.order.client_order_id: adoption.order}
                                  if adoption.order else {})  # fmt: skip
    return DeskSide(orders=orders, traded=[*side.traded, *traded(adoption.fills)],
                    owners=side.owners, adopted=[*side.adopted, adoption], splits=side.splits,
                    anchor=side.anchor)  # fmt: skip


# orders


def test_two_sides_that_tell_the_same_do_not_differ() -> None:
    told = filled()
    assert reconcile(desk(told, fills=[fill()]), broker(told, positions=[position("10")])) == ()


def test_an_open_order_that_the_broker_surely_lacks_blocks_its_symbol_until_it_is_adopted() -> None:
    side = desk(order())
    found = only(reconcile(side, broker(absent=frozenset({KEY}))))
    assert (found.kind, found.blocks, found.symbols) == (Kind.ORDER_MISSING, "symbol", ("ACME",))
    after = adopt(side, found)
    assert after.orders[KEY].status is OrderStatus.CANCELED
    assert reconcile(after, broker(absent=frozenset({KEY}))) == ()


def test_an_order_that_is_only_absent_from_the_open_ones_is_not_judged() -> None:
    assert reconcile(desk(order()), broker()) == ()


def test_an_order_that_is_not_ours_is_external_once_adopted() -> None:
    side, told = desk(), order(client_order_id="web-17", symbol="OTHER")
    found = only(reconcile(side, broker(told)))
    assert (found.kind, found.symbols) == (Kind.ORDER_UNKNOWN, ("OTHER",))
    assert "has sent no such order" in found.desk
    assert "buy 10 OTHER" in found.broker
    after = adopt(side, found)
    assert after.owner("web-17") == EXTERNAL
    assert reconcile(after, broker(told)) == ()


def test_the_fills_of_an_adopted_order_are_no_news() -> None:
    told = order(client_order_id="web-17")
    side = adopt(desk(), only(reconcile(desk(), broker(told))))
    side = DeskSide(traded=traded([by_hand(key="web-17")]), adopted=side.adopted, owners=OWNERS)
    assert reconcile(side, broker(positions=[position("5")])) == ()


def test_an_order_that_works_again_after_its_end_is_told_with_both_states() -> None:
    mine, told = order(status=OrderStatus.CANCELED), order()
    side = desk(mine)
    found = only(reconcile(side, broker(told)))
    assert found.kind is Kind.ORDER_STATUS
    assert "canceled" in found.desk
    assert "accepted" in found.broker
    assert reconcile(adopt(side, found), broker(told)) == ()


def test_an_order_that_has_filled_less_than_before_is_told() -> None:
    side = desk(filled(6), fills=[fill(quantity=6)])
    found = reconcile(side, broker(filled(4), positions=[position("6")]))
    assert [one.kind for one in found] == [Kind.ORDER_FILLED, Kind.ORDER_FILLED]


def test_what_was_sent_and_never_answered_blocks_its_symbol() -> None:
    found = only(reconcile(desk(unclear=[Unclear(KEY, "ACME", "time-out")]), broker()))
    assert (found.kind, found.blocks) == (Kind.ORDER_UNCLEAR, Scope.SYMBOL)
    assert found.stands_in_the_way_of("ACME")
    assert not found.stands_in_the_way_of("OTHER")


def test_what_was_sent_for_nobody_knows_which_symbol_blocks_all() -> None:
    found = only(reconcile(desk(unclear=[Unclear("x", "", "time-out")]), broker()))
    assert found.stands_in_the_way_of("ANY")


def test_an_order_of_another_size_is_told() -> None:
    found = only(reconcile(desk(order()), broker(order(quantity=Decimal(7)))))
    assert found.kind is Kind.ORDER_TERMS


def test_an_open_order_scaled_by_a_known_split_is_told_as_that() -> None:
    side = desk(order(), splits={"ACME": Decimal(2)})
    told = order(quantity=Decimal(20), limit_price=Decimal("50.50"))
    found = only(reconcile(side, broker(told)))
    assert found.kind is Kind.SPLIT
    assert reconcile(adopt(side, found), broker(told)) == ()


@pytest.mark.parametrize("changes", [
    {"quantity": Decimal(20)},
    {"quantity": Decimal(30), "limit_price": Decimal("50.50")},
])  # fmt: skip
def test_an_order_scaled_by_anything_else_is_no_split(changes: dict[str, Any]) -> None:
    found = only(reconcile(desk(order(), splits={"ACME": Decimal(2)}), broker(order(**changes))))
    assert found.kind is Kind.ORDER_TERMS


# fills


def test_a_fill_that_has_not_arrived_is_inferred_from_the_average() -> None:
    told = filled()
    side = desk(told, fills=[fill(quantity=6, price=Decimal("100.00"))])
    found, lacking = reconcile(side, broker(told, positions=[position("10")]))
    assert (found.kind, lacking.kind) == (Kind.FILL_MISSING, Kind.POSITION)
    [inferred] = found.adoption.fills
    assert (inferred.quantity, inferred.price) == (4, Decimal("101.25"))
    assert 6 * 100 + 4 * inferred.price == 10 * Decimal("100.50")
    assert inferred.label == "inferred"
    after = desk(told, fills=[fill(quantity=6, price=Decimal("100.00")), inferred])
    assert reconcile(after, broker(told, positions=[position("10")])) == ()


def test_a_fill_whose_price_nobody_knows_is_not_made_up() -> None:
    told = filled(average_fill_price=None)
    found, _ = reconcile(desk(told), broker(told, positions=[position("10")]))
    assert (found.kind, found.adoption) == (Kind.FILL_MISSING, Adoption())


def test_a_missing_fill_of_a_closed_order_does_not_vanish_with_the_order() -> None:
    found, _ = reconcile(desk(filled()), broker(positions=[position("10")]))
    assert found.kind is Kind.FILL_MISSING


def test_a_missing_fill_of_an_exit_is_told() -> None:
    stop = OrderLeg(leg=FillLeg.STOP, venue_order_id="s", price=Decimal(98), quantity=Decimal(10),
                    filled_quantity=Decimal(10), status=OrderStatus.FILLED)  # fmt: skip
    told = filled(legs=(stop,))
    found, lacking = reconcile(desk(told, fills=[fill()]), broker(told))
    assert (found.kind, lacking.kind) == (Kind.FILL_MISSING, Kind.POSITION)
    sold = fill(2, side=OrderSide.SELL, leg=FillLeg.STOP)
    assert reconcile(desk(told, fills=[fill(), sold]), broker(told)) == ()


@pytest.mark.parametrize("own", [0, 10])
def test_an_exit_pair_counts_its_fills_in_its_legs_its_own_number_or_both(own: int) -> None:
    leg = OrderLeg(leg=FillLeg.TARGET, venue_order_id="t", price=Decimal(104),
                   quantity=Decimal(10), filled_quantity=Decimal(10),
                   status=OrderStatus.FILLED)  # fmt: skip
    told = order(client_order_id=f"protect:{KEY}:1", side=OrderSide.SELL, purpose=Purpose.EXIT,
                 limit_price=Decimal(104), legs=(leg,), filled_quantity=Decimal(own),
                 status=OrderStatus.FILLED)  # fmt: skip
    sold = fill(2, side=OrderSide.SELL, leg=FillLeg.TARGET, client_order_id=f"protect:{KEY}:1")
    assert reconcile(desk(told, fills=[fill(), sold]), broker(told)) == ()


def test_trades_of_others_are_told_by_symbol_and_block_what_they_have_left() -> None:
    fills = [by_hand(), by_hand(key="hand-2"), by_hand("FLAT", 3, "h3"), by_hand("FLAT", -3, "h4")]
    found = reconcile(desk(fills=fills), broker(positions=[position("10")]))
    assert [(one.kind, one.subject, one.blocks) for one in found] == [
        (Kind.FILL_UNKNOWN, "ACME", "symbol"), (Kind.FILL_UNKNOWN, "FLAT", "nothing"),
    ]  # fmt: skip
    assert found[0].adoption.order_ids == ("hand-1", "hand-2")
    assert blocking(found) == [found[0]]


# positions


def test_several_tactics_and_others_may_hold_one_symbol() -> None:
    second = "order:TBOW-ACME-20261124-MID:entry"
    owners = OWNERS | {second: "TBOW-ACME-20261124-MID"}
    fills = [fill(), fill(2, 4, client_order_id=second, side=OrderSide.SELL), by_hand()]
    side = desk(fills=fills, owners=owners, adopted=[Adoption(order_ids=("hand-1",))])
    assert side.books == {
        ("TBOW-ACME-20261124-AM", "ACME"): 10, ("TBOW-ACME-20261124-MID", "ACME"): -4,
        (EXTERNAL, "ACME"): 5,
    }  # fmt: skip
    assert reconcile(side, broker(positions=[position("11")])) == ()


def test_what_an_exit_order_sold_leaves_the_book_of_its_entry() -> None:
    sold = fill(2, 4, client_order_id=f"protect:{KEY}:2", side=OrderSide.SELL)
    assert desk(fills=[fill(), sold]).books == {("TBOW-ACME-20261124-AM", "ACME"): 6}


@pytest.mark.parametrize(("told", "missing"), [([], -10), (["12"], 2), (["-3"], -13)])
def test_a_position_that_differs_goes_to_external_when_it_is_adopted(
    told: list[str], missing: int
) -> None:
    positions = [position(quantity) for quantity in told]
    side = desk(fills=[fill()])
    found = only(reconcile(side, broker(positions=positions)))
    assert (found.kind, found.blocks) == (Kind.POSITION, Scope.SYMBOL)
    assert "10 of TBOW-ACME-20261124-AM" in found.desk
    assert found.adoption.entries == (
        BookEntry(owner=EXTERNAL, symbol="ACME", quantity=Decimal(missing)),
    )
    assert reconcile(adopt(side, found), broker(positions=positions)) == ()


def test_a_position_after_a_known_split_scales_every_book() -> None:
    side = desk(fills=[fill(), by_hand(quantity=1)], splits={"ACME": Decimal("1.5")},
                adopted=[Adoption(order_ids=("hand-1",))])  # fmt: skip
    told = broker(positions=[position("16")])  # 16.5, of which a half was paid out
    found = only(reconcile(side, told))
    assert found.kind is Kind.SPLIT
    after = adopt(side, found)
    assert after.books["TBOW-ACME-20261124-AM", "ACME"] == 15
    assert reconcile(after, told) == ()


def test_a_position_under_a_new_name_moves_the_books() -> None:
    side, told = desk(fills=[fill()]), [position("10", "NEWCO")]
    found = only(reconcile(side, broker(positions=told, retired=frozenset({"ACME"}))))
    assert (found.kind, found.symbols) == (Kind.SYMBOL_RENAMED, ("ACME", "NEWCO"))
    assert adopt(side, found).books == {("TBOW-ACME-20261124-AM", "NEWCO"): 10}


@pytest.mark.parametrize("retired", [frozenset(), frozenset({"ACME"})])
def test_a_name_is_new_only_if_the_old_one_is_gone_and_one_position_fits(
    retired: frozenset[str],
) -> None:
    told = [position("10", "NEWCO"), *([position("10", "TWIN")] if retired else [])]
    found = reconcile(desk(fills=[fill()]), broker(positions=told, retired=retired))
    assert {one.kind for one in found} == {Kind.POSITION}


# cash


ANCHOR = CashAnchor(
    as_of=NOON - timedelta(days=1), opening=Decimal(100000), fills=0, turnover=Decimal(0)
)


def money(cash: str, **changes: Any) -> tuple[Difference, ...]:
    side = desk(fills=[fill()], anchor=ANCHOR, **changes)
    return reconcile(side, broker(positions=[position("10")], account=account(cash)))


def test_the_money_is_what_the_fills_have_left() -> None:
    assert money("98995.00") == ()


@pytest.mark.parametrize(("off", "differs"), [("0.07", False), ("0.08", True), ("-0.08", True)])
def test_a_cent_a_fill_and_the_day_s_fees_are_no_difference(off: str, differs: bool) -> None:
    # two cents, and half a basis point of the 1,005 USD that were traded
    assert bool(money(str(Decimal(98995) + Decimal(off)))) is differs


def test_a_small_difference_of_the_money_is_shown_and_a_large_one_blocks_all() -> None:
    small, large = only(money("98990.00")), only(money("88995.00"))
    assert (small.blocks, large.blocks) == (Scope.NOTHING, Scope.ALL)
    assert "-10,000.00" in large.broker
    assert money("88995.00", adopted=[large.adoption]) == ()


def test_nothing_is_said_of_the_money_before_there_was_a_first_look() -> None:
    assert reconcile(desk(), broker(account=account("5"))) == ()


def test_while_shares_differ_the_money_is_not_judged() -> None:
    side = desk(fills=[fill()], anchor=ANCHOR)
    found = reconcile(side, broker(account=account("5")))
    assert [one.kind for one in found] == [Kind.POSITION]


def test_the_first_look_is_where_the_money_starts_from() -> None:
    side = desk(fills=[fill()])
    anchor = next_anchor(side.cash, account("500"), (), NOON)
    assert (anchor.opening, anchor.fills) == (Decimal(500) + 1005, 1)


def test_the_money_starts_anew_once_a_day_and_only_where_all_agrees() -> None:
    side = desk(fills=[fill()], anchor=ANCHOR)
    agreed = next_anchor(side.cash, account("98994.96"), (), NOON)
    assert (agreed.opening, agreed.as_of) == (Decimal("99999.96"), NOON)
    found = only(money("88995.00"))
    assert next_anchor(side.cash, account("88995"), (found,), NOON) == ANCHOR
    today = desk(fills=[fill()], anchor=agreed)
    assert next_anchor(today.cash, account("98994.90"), (), NOON + timedelta(hours=1)) == agreed


def test_differences_are_told_as_orders_fills_positions_cash() -> None:
    side = desk(order(), fills=[by_hand("HAND", 2)], anchor=ANCHOR)
    told = broker(absent=frozenset({KEY}), positions=[position("2", "HAND"), position("9", "Z")])
    kinds = [one.kind for one in reconcile(side, told)]
    assert kinds == [Kind.ORDER_MISSING, Kind.FILL_UNKNOWN, Kind.POSITION]


# identity and standing


def test_a_difference_is_the_same_while_the_numbers_around_it_go_on() -> None:
    before = only(reconcile(desk(fills=[fill()]), broker(positions=[position("12")])))
    more = [fill(), fill(2, 5)]
    after = only(reconcile(desk(fills=more), broker(positions=[position("17")])))
    other = only(reconcile(desk(fills=more), broker(positions=[position("18")])))
    assert before.difference_id == after.difference_id != other.difference_id


def run(**changes: Any) -> ReconciliationRun:
    values: dict[str, Any] = {"run_id": "r", "broker": "fake", "reconciled_at": NOON}
    return ReconciliationRun(**{**values, **changes})


def test_a_broker_that_did_not_answer_has_neither_agreed_nor_differed() -> None:
    assert run(no_answer="time-out").state is RunState.NOT_ANSWERED
    assert run().state is RunState.AGREED


def test_nothing_is_traded_before_the_broker_was_heard() -> None:
    silent = Standing(newest=run(no_answer="fake.positions: time-out"))
    assert "nothing was compared" in silent.refusal("ACME", None)
    assert "time-out" in silent.refusal("ACME", None)
    assert Standing(answered_at=NOON, newest=run()).refusal("ACME", None) == ""


def test_in_a_session_an_old_comparison_is_none() -> None:
    standing = Standing(answered_at=NOON, newest=run())
    assert standing.refusal("ACME", NOON) == ""
    late = standing.refusal("ACME", NOON + timedelta(seconds=1))
    assert "the last comparison with the broker is of 2026-11-24 17:00 UTC" in late


def test_an_open_difference_blocks_its_symbol_alone() -> None:
    found = only(reconcile(desk(), broker(positions=[position("5")])))
    standing = Standing((OpenDifference(found, NOON),), NOON, run(differences=(found,)))
    assert "differ about ACME (position)" in standing.refusal("ACME", None)
    assert standing.refusal("OTHER", None) == ""


def test_a_stop_order_is_told_with_its_price() -> None:
    stop = order(client_order_id="web-1", kind=OrderKind.STOP, limit_price=None, bracket=None,
                 stop_price=Decimal(95), purpose=Purpose.EXIT, side=OrderSide.SELL)  # fmt: skip
    assert "sell 10 ACME stop at 95" in only(reconcile(desk(), broker(stop))).broker
