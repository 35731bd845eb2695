"""What overriding cost is split so that nothing is lost: the published vectors, and any others."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.analysis.discipline.judging import shares
from core.domain.overrides import (
    BookTrade,
    CostSplit,
    Override,
    OverrideKind,
    OverrideNote,
    split_cost,
)
from core.domain.scenarios import Side
from tests.unit.discipline_samples import SESSION, at

NOTHING = Decimal(0)


def book(side: Side, quantity: float, entry: float, exit_: float, fees: float = 0) -> BookTrade:
    amount = Decimal(str(quantity))
    return BookTrade(
        side=side, quantity=amount, entry_value=amount * Decimal(str(entry)),
        exit_value=amount * Decimal(str(exit_)), fees=Decimal(str(fees)),
    )  # fmt: skip


def override(**changes: Any) -> Override:
    fields = {
        "kind": OverrideKind.OVERSIZE, "case_id": "plan:TBOW:1", "account": "paper",
        "occurred_at": at(0), "session_date": SESSION,
    }  # fmt: skip
    return Override.model_validate(fields | changes)


VECTORS = [
    (book(Side.LONG, 10, 100, 106), book(Side.LONG, 15, 101, 103), (10, -25, 45), 30),
    (book(Side.SHORT, 10, 100, 94), book(Side.SHORT, 10, 99, 97), (10, 0, 30), 40),
]


@pytest.mark.parametrize(("system", "actual", "parts", "total"), VECTORS)
def test_a_published_vector_is_split_as_published(
    system: BookTrade, actual: BookTrade, parts: tuple[int, ...], total: int
) -> None:
    cost = split_cost(system, actual)
    assert (cost.entry, cost.size, cost.exit) == parts
    assert (cost.fees, cost.total) == (0, total)


def test_a_skipped_signal_costs_what_the_system_made() -> None:
    system = book(Side.LONG, 10, 100, 106, fees=0.5)
    cost = split_cost(system, BookTrade(side=Side.LONG))
    assert cost.total == system.pnl == Decimal("59.5")
    assert (cost.entry, cost.exit, cost.fees) == (0, 0, Decimal("-0.5"))


def test_an_unplanned_trade_costs_what_it_lost() -> None:
    actual = book(Side.SHORT, 10, 100, 103, fees=1)
    assert split_cost(BookTrade(side=Side.SHORT), actual).total == -actual.pnl == 31


def test_a_long_and_a_short_trade_are_never_compared() -> None:
    with pytest.raises(ValueError, match="two trades"):
        split_cost(BookTrade(side=Side.LONG), BookTrade(side=Side.SHORT))


prices = st.decimals("0.01", "5000", places=4)
quantities = st.decimals("0", "20000", places=6)
fees = st.decimals("0", "100", places=6)
sides = st.sampled_from(list(Side))


@st.composite
def books(draw: st.DrawFn, side: Side) -> BookTrade:
    """Draw a trade of several fills, whose mean prices are no short decimals."""
    parts = draw(st.lists(st.tuples(quantities, prices, prices), max_size=4))
    return BookTrade(
        side=side,
        quantity=sum((amount for amount, _, _ in parts), NOTHING),
        entry_value=sum((amount * entry for amount, entry, _ in parts), NOTHING),
        exit_value=sum((amount * left for amount, _, left in parts), NOTHING),
        fees=draw(fees),
    )


@st.composite
def pairs(draw: st.DrawFn) -> tuple[BookTrade, BookTrade]:
    side = draw(sides)
    return draw(books(side)), draw(books(side))


@given(pairs())
def test_the_parts_sum_to_the_difference_of_the_books_to_the_last_digit(
    pair: tuple[BookTrade, BookTrade],
) -> None:
    system, actual = pair
    assert split_cost(system, actual).total == system.pnl - actual.pnl


def mean(value: Decimal, quantity: Decimal) -> Fraction:
    return Fraction(value) / Fraction(quantity)


@given(pairs())
def test_each_part_is_its_formula_but_for_rounding(pair: tuple[BookTrade, BookTrade]) -> None:
    system, actual = pair
    if not system.quantity or not actual.quantity:
        return
    sign, planned, done = system.side.sign, Fraction(system.quantity), Fraction(actual.quantity)
    entered, asked = (mean(one.entry_value, one.quantity) for one in (actual, system))
    left, closed = (mean(one.exit_value, one.quantity) for one in (system, actual))
    expected = {
        "entry": sign * (entered - asked) * planned,
        "size": sign * (left - entered) * (planned - done),
        "exit": sign * (left - closed) * done,
    }
    cost = split_cost(system, actual)
    for name, value in expected.items():
        assert abs(Fraction(getattr(cost, name)) - value) <= Fraction(3, 1_000_000)


@given(pairs(), st.sets(st.sampled_from(list(OverrideKind)), max_size=6))
def test_no_part_of_a_cost_is_claimed_twice(
    pair: tuple[BookTrade, BookTrade], kinds: set[OverrideKind]
) -> None:
    cost = split_cost(*pair)
    taken = shares(sorted(kinds), cost)
    assert set(taken) == kinds
    for name in CostSplit.model_fields:
        claims = [getattr(one, name) for one in taken.values() if getattr(one, name)]
        assert claims in ([], [getattr(cost, name)])


def test_what_no_override_claims_stays_execution() -> None:
    cost = CostSplit(entry=Decimal(1), size=Decimal(2), exit=Decimal(4), fees=Decimal(8))
    taken = shares([OverrideKind.EARLY_EXIT, OverrideKind.CHASED_ENTRY], cost)
    assert sum(one.total for one in taken.values()) == 5


def test_the_first_kind_in_order_takes_the_cost_and_the_next_what_is_left() -> None:
    cost = CostSplit(entry=Decimal(1), size=Decimal(2), exit=Decimal(4), fees=Decimal(8))
    taken = shares([OverrideKind.OVER_DAILY_LIMIT, OverrideKind.HELD_PAST_INVALIDATION], cost)
    assert taken[OverrideKind.HELD_PAST_INVALIDATION].total == 4
    assert taken[OverrideKind.OVER_DAILY_LIMIT].total == 11


def test_cost_in_r_is_the_share_over_one_r() -> None:
    share = CostSplit(size=Decimal(150))
    assert override(share=share, planned_r_usd=Decimal(300)).cost_r == 0.5
    assert override(share=share).cost_r is None
    assert override(planned_r_usd=Decimal(300)).cost_r is None


def test_the_same_departure_keeps_its_id_when_its_cost_becomes_known() -> None:
    later = override(share=CostSplit(size=Decimal(1)), planned_r_usd=Decimal(3), actual_r=0.1)
    assert later.override_id == override().override_id
    assert override(kind=OverrideKind.UNDERSIZE).override_id != override().override_id
    assert override(case_id="plan:TBOW:2").override_id != override().override_id


def test_a_note_without_a_reason_is_refused() -> None:
    said = {"override_id": "a" * 64, "noted_at": at(0), "actor": "me"}
    with pytest.raises(ValidationError, match="reason"):
        OverrideNote.model_validate(said | {"reason": ""})
