"""What happens to an order is told once, in order, from what its broker says of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.order_events import (
    OrderEvent,
    OrderEventKind,
    events_between,
    is_progress,
)
from core.domain.orders import Order, OrderKind, OrderLeg, OrderStatus, Purpose
from core.domain.trading import FillLeg, OrderSide

NOON = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
Kind = OrderEventKind
Status = OrderStatus


def order(minutes: int = 0, **changes: Any) -> Order:
    values: dict[str, Any] = {
        "client_order_id": "k", "venue_order_id": "v1", "symbol": "ACME", "side": OrderSide.BUY,
        "quantity": Decimal(10), "limit_price": Decimal("101.00"), "bracket": None,
        "status": Status.ACCEPTED, "filled_quantity": Decimal(0), "average_fill_price": None,
        "submitted_at": NOON, "updated_at": NOON + timedelta(minutes=minutes),
    }  # fmt: skip
    return Order(**{**values, **changes})


def leg(kind: FillLeg = FillLeg.STOP, price: str = "98", **changes: Any) -> OrderLeg:
    values: dict[str, Any] = {
        "leg": kind, "venue_order_id": f"v-{kind}", "price": Decimal(price),
        "quantity": Decimal(10), "status": Status.ACCEPTED,
    }  # fmt: skip
    return OrderLeg(**{**values, **changes})


def kinds(before: Order | None, after: Order) -> list[str]:
    return [event.kind for event in events_between(before, after, "run")]


def test_the_first_telling_of_an_order_acknowledges_it() -> None:
    [event] = events_between(None, order(5), "run-7")
    assert (event.kind, event.occurred_at, event.actor) == (Kind.ACKNOWLEDGED, NOON, "run-7")
    assert (event.quantity, event.price) == (10, Decimal("101.00"))


def test_an_order_that_was_refused_at_once_was_never_acknowledged() -> None:
    [event] = events_between(None, order(status=Status.REJECTED, reason="no money"), "run")
    assert (event.kind, event.detail) == (Kind.REJECTED, "no money")


def test_what_was_missed_is_told_in_order() -> None:
    after = order(9, status=Status.FILLED, filled_quantity=Decimal(10),
                  average_fill_price=Decimal("100.50"))  # fmt: skip
    assert kinds(None, after) == [Kind.ACKNOWLEDGED, Kind.FILLED]


def test_each_part_that_fills_is_told_with_the_whole_so_far() -> None:
    first = order(1, status=Status.PARTIALLY_FILLED, filled_quantity=Decimal(4))
    second = order(2, status=Status.PARTIALLY_FILLED, filled_quantity=Decimal(6))
    [one], [two] = events_between(order(), first, "r"), events_between(first, second, "r")
    assert (one.kind, one.quantity, two.quantity) == (Kind.PARTIALLY_FILLED, 4, 6)


@pytest.mark.parametrize("status", [Status.CANCELED, Status.EXPIRED, Status.REPLACED])
def test_an_end_is_told_once(status: OrderStatus) -> None:
    ended = order(3, status=status, reason="at the close")
    [event] = events_between(order(), ended, "run")
    assert (event.kind, event.detail) == (status.value, "at the close")
    assert kinds(ended, order(4, status=status)) == []


def test_a_part_that_fills_after_the_cancel_is_told_as_well() -> None:
    canceled = order(1, status=Status.CANCELED)
    late = order(2, status=Status.CANCELED, filled_quantity=Decimal(3))
    assert kinds(canceled, late) == [Kind.PARTIALLY_FILLED]


def test_the_same_telling_tells_nothing() -> None:
    assert kinds(order(legs=(leg(),)), order(8, legs=(leg(),))) == []


@pytest.mark.parametrize("number", ["v-stop", "v-another"])
def test_a_stop_that_moved_is_told_whether_it_kept_its_number_or_not(number: str) -> None:
    before = order(legs=(leg(),))
    gone = () if number == "v-stop" else (leg(status=Status.REPLACED),)
    after = order(1, legs=(*gone, leg(price="101", venue_order_id=number)))
    moved = [e for e in events_between(before, after, "r") if e.kind is Kind.STOP_MOVED]
    assert [event.price for event in moved] == [Decimal(101)]


def test_a_stop_that_appears_with_its_entry_has_not_moved() -> None:
    assert kinds(order(), order(1, legs=(leg(),))) == []


def test_a_stop_order_that_moved_is_told() -> None:
    changes = {"kind": OrderKind.STOP, "purpose": Purpose.EXIT, "limit_price": None}
    before, after = (order(at, stop_price=Decimal(98 + at), **changes) for at in (0, 1))
    assert kinds(before, after) == [Kind.STOP_MOVED]


def test_exits_are_told_with_their_leg() -> None:
    before = order(legs=(leg(), leg(FillLeg.TARGET, "104")))
    after = order(1, legs=(
        leg(status=Status.CANCELED),
        leg(FillLeg.TARGET, "104", status=Status.FILLED, filled_quantity=Decimal(10)),
    ))  # fmt: skip
    told = [(event.kind, event.detail) for event in events_between(before, after, "r")]
    assert told == [(Kind.CANCELED, "stop"), (Kind.FILLED, "target")]


def test_another_limit_is_a_replacement() -> None:
    [event] = events_between(order(), order(1, limit_price=Decimal(100)), "r")
    assert (event.kind, event.price) == (Kind.REPLACED, 100)


def test_the_same_fact_has_one_id_however_it_is_written_and_whoever_sees_it() -> None:
    common: dict[str, Any] = {
        "client_order_id": "k", "symbol": "ACME", "kind": Kind.FILLED, "occurred_at": NOON,
    }  # fmt: skip
    one = OrderEvent(**common, actor="a", quantity=Decimal(10), price=Decimal("100.50"))
    same = OrderEvent(**common, actor="b", quantity=Decimal("10.000"), price=Decimal("100.5"))
    other = OrderEvent(**common, actor="a", quantity=Decimal(9), price=Decimal("100.50"))
    assert one.event_id == same.event_id != other.event_id


@pytest.mark.parametrize(("before", "after", "is_one"), [
    (None, order(), True),
    (order(), order(1, status=Status.FILLED, filled_quantity=Decimal(10)), True),
    (order(status=Status.CANCELED), order(1, status=Status.FILLED), True),
    (order(status=Status.CANCELED), order(1), False),
    (order(filled_quantity=Decimal(4)), order(1, filled_quantity=Decimal(3)), False),
    (order(), order(1, quantity=Decimal(20)), False),
])  # fmt: skip
def test_an_order_goes_on_by_itself_but_not_back(
    before: Order | None, after: Order, is_one: bool
) -> None:
    assert is_progress(before, after) is is_one


@st.composite
def lives(draw: st.DrawFn) -> list[Order]:
    """What a broker says of one order as time goes on, each telling maybe several times."""
    done, told = Decimal(0), [order()]
    for minute in range(1, draw(st.integers(1, 6))):
        done = min(Decimal(10), done + draw(st.integers(0, 4)))
        status = Status.FILLED if done == 10 else draw(st.sampled_from(
            [Status.ACCEPTED, Status.PARTIALLY_FILLED, Status.PENDING_CANCEL]))  # fmt: skip
        told.append(order(minute, status=status, filled_quantity=done))
    if done < 10:
        told.append(order(9, status=draw(st.sampled_from([Status.CANCELED, Status.EXPIRED])),
                          filled_quantity=done))  # fmt: skip
    return [one for one in told for _ in range(draw(st.integers(1, 2)))]


@given(lives(), st.sets(st.integers(0, 20)))
def test_whatever_tellings_are_missed_the_end_is_the_same(
    told: list[Order], missed: set[int]
) -> None:
    heard = [one for place, one in enumerate(told[:-1]) if place not in missed] + [told[-1]]
    events = list(events_between(None, heard[0], "r"))
    for before, after in pairwise(heard):
        events += events_between(before, after, "r")
    assert len({event.event_id for event in events}) == len(events)
    parts = {Kind.PARTIALLY_FILLED, Kind.FILLED}
    fills = [e.quantity for e in events if e.kind in parts and e.quantity is not None]
    assert max(fills, default=Decimal(0)) == told[-1].filled_quantity
    ended = [event.kind for event in events if event.kind in {Kind.CANCELED, Kind.EXPIRED}]
    assert len(ended) == (told[-1].status is not Status.FILLED)
