"""The kill switch: what each depth cancels, what closes a position, and nothing closed twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.guards import HaltDepth
from core.domain.guards.halting import Closing, closings, flatten_key, on_its_way, to_cancel
from core.domain.orders import Order, OrderKind, OrderLeg, OrderStatus, Purpose
from core.domain.protection import Held
from core.domain.trading import FillLeg, OrderSide

NOON = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
OWN = "order:TBOW-AAPL-20261124-D1:entry"
PROTECT = f"protect:{OWN}:1"
RUN = "halt_desk@flatten-20261124T170000Z"
OURS = frozenset({OWN})


def order(name: str = OWN, **changes: Any) -> Order:
    values: dict[str, Any] = {
        "client_order_id": name, "venue_order_id": f"v-{name}", "symbol": "AAPL",
        "side": OrderSide.BUY, "quantity": Decimal(10), "limit_price": Decimal(100),
        "bracket": None, "status": OrderStatus.ACCEPTED, "filled_quantity": Decimal(0),
        "average_fill_price": None, "submitted_at": NOON, "updated_at": NOON,
    }  # fmt: skip
    return Order(**{**values, **changes})


def way_out(name: str, filled: int = 0, **changes: Any) -> Order:
    market = {"purpose": Purpose.EXIT, "kind": OrderKind.MARKET, "limit_price": None}
    values = {"side": OrderSide.SELL, "filled_quantity": Decimal(filled), **market, **changes}
    return order(name, **values)


def leg(kind: FillLeg, quantity: int = 10) -> OrderLeg:
    return OrderLeg(leg=kind, venue_order_id="leg", price=None, quantity=Decimal(quantity),
                    status=OrderStatus.ACCEPTED)  # fmt: skip


def names(found: Sequence[Order]) -> list[str]:
    return [one.client_order_id for one in found]


ALL = (
    order(),
    order("order:other:entry", status=OrderStatus.FILLED, legs=(leg(FillLeg.STOP),)),
    order("by hand"),
    way_out("stop by hand", kind=OrderKind.STOP, stop_price=Decimal(90)),
    way_out(PROTECT, kind=OrderKind.STOP, stop_price=Decimal(90)),
    way_out(flatten_key("TSLA", RUN, 1)),
)
OWNERS = frozenset({OWN, "order:other:entry"})


@pytest.mark.parametrize(
    ("depth", "expected"),
    [
        (HaltDepth.STOP_ENTRIES, []),
        (HaltDepth.CANCEL, [OWN]),
        (HaltDepth.FLATTEN, [OWN, "by hand", "stop by hand"]),
    ],
)
def test_each_depth_cancels_what_it_says(depth: HaltDepth, expected: list[str]) -> None:
    assert names(to_cancel(ALL, OWNERS, depth)) == expected


def test_what_protects_the_desk_s_positions_is_never_cancelled_first() -> None:
    half = order(
        status=OrderStatus.PARTIALLY_FILLED,
        filled_quantity=Decimal(4),
        legs=(leg(FillLeg.STOP, 4),),
    )
    done = order(status=OrderStatus.FILLED, legs=(leg(FillLeg.STOP),))
    assert names(to_cancel([half], OURS, HaltDepth.CANCEL)) == [OWN]
    assert to_cancel([done], OURS, HaltDepth.FLATTEN) == []


def test_every_position_is_closed_its_owner_s_part_first() -> None:
    held = [Held(OWN, "AAPL", Decimal(10))]
    found = list(closings({"AAPL": Decimal(17), "TSLA": Decimal(-5)}, held))
    assert found == [
        Closing("AAPL", OWN, Decimal(10), 1),
        Closing("AAPL", "", Decimal(7), 1),
        Closing("TSLA", "", Decimal(5), -1),
    ]


def test_shares_that_were_sold_by_hand_are_not_sold_again() -> None:
    held = [Held(OWN, "AAPL", Decimal(10))]
    assert [one.quantity for one in closings({"AAPL": Decimal(4)}, held)] == [4]
    turned = list(closings({"AAPL": Decimal(-5)}, held))
    assert turned == [Closing("AAPL", "", Decimal(5), -1)]
    assert list(closings({}, held)) == []


signed = st.integers(-50, 50).map(Decimal)


@given(
    positions=st.dictionaries(st.sampled_from(["AAPL", "TSLA", "META"]), signed),
    held=st.lists(st.tuples(st.sampled_from(["AAPL", "TSLA"]), signed), max_size=5),
)
def test_what_is_closed_is_what_the_broker_holds(
    positions: dict[str, Decimal], held: list[tuple[str, Decimal]]
) -> None:
    """Whatever the books say: to the share, and never to the other side."""
    open_ = {symbol: quantity for symbol, quantity in positions.items() if quantity}
    own = [Held(f"order:{n}:entry", *each) for n, each in enumerate(held)]
    total = Counter[str]()
    for closing in closings(open_, own):
        assert closing.quantity > 0
        total[closing.symbol] += int(closing.quantity * closing.sign)
    assert total == {symbol: int(quantity) for symbol, quantity in open_.items()}


def test_the_order_that_closes_sells_what_is_long_and_buys_what_is_short() -> None:
    sell = Closing("AAPL", "", Decimal(7), 1).request("out")
    buy = Closing("AAPL", "", Decimal(7), -1).request("out")
    assert (sell.side, buy.side) == (OrderSide.SELL, OrderSide.BUY)
    assert {sell.purpose, buy.purpose} == {Purpose.EXIT}
    assert {sell.kind, buy.kind} == {OrderKind.MARKET}


def test_shares_on_their_way_out_are_counted_for_their_owner() -> None:
    own, rest = Closing("AAPL", OWN, Decimal(10), 1), Closing("AAPL", "", Decimal(7), 1)
    working = [
        order(status=OrderStatus.FILLED, legs=(leg(FillLeg.TIME_STOP, 6), leg(FillLeg.STOP, 10))),
        way_out(f"protect:{OWN}:2", filled=1, quantity=Decimal(4)),
        way_out(flatten_key("AAPL", RUN, 1), filled=5, quantity=Decimal(7)),
        way_out(flatten_key("TSLA", RUN, 1), symbol="TSLA"),
        way_out("done", status=OrderStatus.FILLED),
    ]
    assert on_its_way(own, working, OURS) == 9
    assert on_its_way(rest, working, OURS) == 2


def test_each_further_order_of_a_run_has_a_name_of_its_own() -> None:
    found = [flatten_key("AAPL", RUN, number) for number in (1, 2, 3)]
    assert found[0] == f"flatten:AAPL:{RUN}"
    assert len(set(found)) == 3
    assert all(len(name) <= 128 for name in found)
