"""Every share that is held is closed by some stop, and by no more than one."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.order_keys import protection_key
from core.domain.orders import (
    Bracket,
    Order,
    OrderKind,
    OrderLeg,
    OrderStatus,
    Purpose,
    TakeProfit,
)
from core.domain.protection import (
    Held,
    Naked,
    Protection,
    covered,
    naked,
    superfluous,
    targets_left,
)
from core.domain.trading import FillLeg, OrderSide

NOON = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
KEY = "order:TBOW-ACME-20261124-AM:entry"
BRACKET = Bracket(
    stop_price=Decimal(98),
    take_profits=(
        TakeProfit(price=Decimal(104), quantity=Decimal(5)),
        TakeProfit(price=Decimal(107), quantity=Decimal(5)),
    ),
)


def order(client_order_id: str = KEY, **changes: Any) -> Order:
    values: dict[str, Any] = {
        "client_order_id": client_order_id, "venue_order_id": client_order_id, "symbol": "ACME",
        "side": OrderSide.BUY, "quantity": Decimal(10), "limit_price": Decimal(101),
        "bracket": BRACKET, "status": OrderStatus.FILLED, "filled_quantity": Decimal(10),
        "average_fill_price": Decimal("100.50"), "submitted_at": NOON, "updated_at": NOON,
    }  # fmt: skip
    return Order(**{**values, **changes})


def leg(kind: FillLeg, quantity: int, filled: int = 0, *, works: bool = True) -> OrderLeg:
    status = OrderStatus.ACCEPTED if works else OrderStatus.CANCELED
    return OrderLeg(leg=kind, venue_order_id=f"{kind}-{quantity}", price=Decimal(98),
                    quantity=Decimal(quantity), filled_quantity=Decimal(filled),
                    status=status)  # fmt: skip


def stop(quantity: int = 10, number: int = 1, **changes: Any) -> Order:
    values: dict[str, Any] = {
        "side": OrderSide.SELL, "purpose": Purpose.EXIT, "kind": OrderKind.STOP,
        "limit_price": None, "stop_price": Decimal(98), "bracket": None,
        "status": OrderStatus.ACCEPTED, "quantity": Decimal(quantity),
        "filled_quantity": Decimal(0), "average_fill_price": None,
    }  # fmt: skip
    return order(protection_key(KEY, number), **{**values, **changes})


def gaps(*orders: Order, held: int = 10, position: int | None = None) -> list[Naked]:
    positions = {"ACME": Decimal(held if position is None else position)}
    own = [Held(KEY, "ACME", Decimal(held))] if held else []
    return list(naked({k: q for k, q in positions.items() if q}, own, orders))


def test_a_bracket_s_stop_covers_what_its_entry_has_brought() -> None:
    assert gaps(order(legs=(leg(FillLeg.STOP, 10),))) == []


def test_a_position_whose_stop_is_gone_is_naked() -> None:
    [gap] = gaps(order(legs=(leg(FillLeg.STOP, 10, works=False),)))
    assert (gap.entry_id, gap.quantity, gap.sign) == (KEY, 10, 1)


def test_a_partly_filled_target_leaves_the_rest_protected_or_naked() -> None:
    sold = leg(FillLeg.TARGET, 5, 3)
    assert gaps(order(legs=(sold, leg(FillLeg.STOP, 7))), held=7) == []
    [gap] = gaps(order(legs=(sold, leg(FillLeg.STOP, 10, works=False))), held=7)
    assert gap.quantity == 7


def test_the_stop_of_an_entry_that_has_not_filled_protects_nobody_else() -> None:
    waiting = order("order:TBOW-ACME-20261124-MID:entry", status=OrderStatus.ACCEPTED,
                    filled_quantity=Decimal(0), legs=(leg(FillLeg.STOP, 10),))  # fmt: skip
    assert [gap.quantity for gap in gaps(waiting)] == [10]


def test_half_an_entry_is_covered_by_as_much_of_its_stop() -> None:
    half = order(status=OrderStatus.PARTIALLY_FILLED, filled_quantity=Decimal(4),
                 legs=(leg(FillLeg.STOP, 10),))  # fmt: skip
    assert covered(half) == 4
    assert gaps(half, held=4) == []


@pytest.mark.parametrize("kind", [
    {"kind": OrderKind.STOP},
    {"kind": OrderKind.TRAILING_STOP, "stop_price": None},
    {"kind": OrderKind.MARKET, "stop_price": None},
    {"purpose": Purpose.ENTRY},  # of somebody else: what it is for nobody tells
    {"kind": OrderKind.LIMIT, "limit_price": Decimal(104), "bracket": BRACKET},
    {"kind": OrderKind.LIMIT, "limit_price": Decimal(104), "bracket": BRACKET,
     "legs": (leg(FillLeg.STOP, 10), leg(FillLeg.TARGET, 10))},
])  # fmt: skip
def test_whatever_closes_the_position_covers_it_once(kind: dict[str, Any]) -> None:
    assert covered(stop(**kind)) == 10
    assert gaps(stop(**kind)) == []


def test_what_an_entry_s_market_order_is_closing_needs_no_stop() -> None:
    leaving = order(legs=(leg(FillLeg.STOP, 10, works=False), leg(FillLeg.TIME_STOP, 10)))
    assert gaps(leaving) == []


@pytest.mark.parametrize("kind", [
    {"kind": OrderKind.LIMIT, "limit_price": Decimal(104), "stop_price": None},
    {"status": OrderStatus.CANCELED},
    {"side": OrderSide.BUY},
    {"symbol": "OTHER"},
])  # fmt: skip
def test_what_may_never_close_it_covers_nothing(kind: dict[str, Any]) -> None:
    assert [gap.quantity for gap in gaps(stop(**kind))] == [10]


def test_of_what_is_missing_the_desk_s_own_part_is_named_first() -> None:
    own, other = gaps(stop(4), position=12)
    assert (own.entry_id, own.quantity) == (KEY, 6)
    assert (other.entry_id, other.quantity) == ("", 2)


def test_a_position_of_nobody_here_is_naked_too() -> None:
    [gap] = gaps(held=0, position=-3)
    assert (gap.entry_id, gap.quantity, gap.sign) == ("", 3, -1)


@given(
    st.lists(st.integers(1, 30), max_size=4), st.lists(st.integers(1, 30), max_size=4),
    st.sampled_from([1, -1]), st.integers(0, 20),
)  # fmt: skip
def test_gaps_and_stops_together_are_the_position(
    entries: list[int], stops: list[int], sign: int, more: int
) -> None:
    held = [Held(f"order:{n}:entry", "ACME", Decimal(sign * q)) for n, q in enumerate(entries)]
    side = OrderSide.SELL if sign > 0 else OrderSide.BUY
    names = [protection_key(f"order:{n}:entry", 1) for n in range(len(stops))]
    orders = [
        stop(q, side=side).model_copy(update={"client_order_id": name})
        for name, q in zip(names, stops, strict=True)
    ]
    quantity = sum(entries) + more
    positions = {"ACME": Decimal(sign * quantity)} if quantity else {}
    found = list(naked(positions, held, orders))
    assert sum(gap.quantity for gap in found) == max(quantity - sum(stops), 0)
    assert all(gap.quantity > 0 and gap.sign == sign for gap in found)


# what closes a gap

GAP = Naked("ACME", KEY, Decimal(10), 1)
SHORT = Naked("ACME", KEY, Decimal(10), -1)


def test_a_pair_of_stop_and_targets_closes_a_gap() -> None:
    plan = Protection(Decimal(98), Decimal(102), BRACKET.take_profits)
    request = plan.request("protect:x:1", GAP)
    assert (request.side, request.purpose, request.is_oco) == (OrderSide.SELL, "exit", True)
    assert (request.limit_price, request.quantity) == (104, 10)
    assert request.bracket == BRACKET


def test_a_stop_alone_closes_it_where_no_pair_is_possible() -> None:
    request = Protection(Decimal(103), Decimal(102)).request("protect:x:1", SHORT)
    assert (request.side, request.kind, request.stop_price) == (OrderSide.BUY, "stop", 103)
    assert request.time_in_force == "gtc"


@pytest.mark.parametrize(("gap", "last"), [(GAP, 98), (GAP, 97), (SHORT, 98), (SHORT, 99)])
def test_a_market_beyond_the_stop_has_met_it(gap: Naked, last: int) -> None:
    request = Protection(Decimal(98), Decimal(last)).request("protect:x:1", gap)
    assert (request.kind, request.quantity) == (OrderKind.MARKET, 10)


def test_a_target_that_the_market_has_passed_is_left_out() -> None:
    plan = Protection(Decimal(98), Decimal(105), BRACKET.take_profits)
    request = plan.request("protect:x:1", GAP)
    assert request.bracket is not None
    assert [(t.price, t.quantity) for t in request.bracket.take_profits] == [(107, 10)]


@pytest.mark.parametrize(("quantity", "shares"), [(3, [3]), (7, [5, 2]), (12, [5, 7])])
def test_the_targets_take_all_shares_the_nearest_first(quantity: int, shares: list[int]) -> None:
    plan = Protection(Decimal(98), Decimal(102), BRACKET.take_profits)
    request = plan.request("protect:x:1", Naked("ACME", KEY, Decimal(quantity), 1))
    assert request.bracket is not None
    assert [target.quantity for target in request.bracket.take_profits] == shares


@pytest.mark.parametrize(("sold", "left"), [
    (0, [(104, 5), (107, 5)]), (3, [(104, 2), (107, 5)]), (5, [(107, 5)]), (10, []),
])  # fmt: skip
def test_targets_that_have_filled_are_not_asked_for_again(
    sold: int, left: list[tuple[int, int]]
) -> None:
    found = targets_left(BRACKET, Decimal(sold), sign=1)
    assert [(target.price, target.quantity) for target in found] == left


# what stands for more than is held


def test_the_desk_s_protecting_orders_end_with_what_they_protect() -> None:
    assert superfluous({}, [stop()]) == [stop()]
    assert superfluous({"ACME": Decimal(10)}, [stop()]) == []


def test_of_two_that_stand_for_the_same_shares_the_newer_one_goes() -> None:
    assert superfluous({"ACME": Decimal(10)}, [stop(10, 1), stop(4, 2)]) == [stop(4, 2)]


def test_a_bracket_is_the_broker_s_to_keep() -> None:
    bracket = order(legs=(leg(FillLeg.STOP, 10),))
    assert superfluous({"ACME": Decimal(4)}, [bracket]) == []
    assert superfluous({"ACME": Decimal(10)}, [bracket, stop(10)]) == [stop(10)]
