"""Where two providers tell different closes."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.price_check import price_disputes
from core.domain.feed_policy import PriceDispute

MONDAY = date(2023, 9, 11)
TUESDAY = MONDAY + timedelta(days=1)


def disputes(a: float, b: float, **rules: float | tuple[float, ...]) -> list[PriceDispute]:
    return price_disputes("AAPL", {"yahoo": {MONDAY: b}, "alpaca": {MONDAY: a}}, **rules)


@pytest.mark.parametrize(("b", "count"), [(100.0, 0), (100.5, 0), (100.51, 1), (99.4, 1)])
def test_more_than_half_a_percent_is_a_dispute(b: float, count: int) -> None:
    assert len(disputes(100.0, b)) == count


def test_a_dispute_tells_who_said_what() -> None:
    (found,) = disputes(100.0, 102.0)

    assert found == PriceDispute(
        symbol="AAPL", session_date=MONDAY, provider_a="alpaca", price_a=100.0,
        provider_b="yahoo", price_b=102.0, difference_fraction=0.02, kind="difference",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("a", "b", "splits", "kind"),
    [
        (400.0, 100.0, (4.0,), "split"),
        (100.0, 400.0, (4.0,), "split"),
        (401.9, 100.0, (4.0,), "split"),
        (403.0, 100.0, (4.0,), "difference"),
        (2800.0, 100.0, (7.0, 4.0), "split"),
        (10.0, 100.0, (0.1,), "split"),
        (400.0, 100.0, (), "difference"),
    ],
)
def test_a_known_split_explains_a_difference(
    a: float, b: float, splits: tuple[float, ...], kind: str
) -> None:
    assert [found.kind for found in disputes(a, b, split_ratios=splits)] == [kind]


def test_the_limit_can_be_set() -> None:
    assert disputes(100.0, 101.0, difference_fraction=0.02) == []


def test_sessions_that_only_one_provider_has_are_no_dispute() -> None:
    closes = {"alpaca": {MONDAY: 100.0}, "yahoo": {TUESDAY: 200.0}, "sec": {}}

    assert price_disputes("AAPL", closes) == []


def test_every_pair_is_compared_oldest_session_first() -> None:
    closes = {
        "b": {TUESDAY: 110.0, MONDAY: 110.0},
        "a": {TUESDAY: 100.0, MONDAY: 110.0},
        "c": {TUESDAY: 121.0, MONDAY: 100.0},
    }
    found = price_disputes("AAPL", closes)

    assert [(one.session_date, one.provider_a, one.provider_b) for one in found] == [
        (MONDAY, "a", "c"), (MONDAY, "b", "c"),
        (TUESDAY, "a", "b"), (TUESDAY, "a", "c"), (TUESDAY, "b", "c"),
    ]  # fmt: skip


@given(st.floats(0.01, 1e5), st.floats(0.01, 1e5))
def test_who_is_named_first_does_not_matter(a: float, b: float) -> None:
    one, other = disputes(a, b), disputes(b, a)

    assert [found.difference_fraction for found in one] == [
        found.difference_fraction for found in other
    ]
