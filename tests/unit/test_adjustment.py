"""Adjusted bars keep what was paid for all shares, and change for nothing that came later."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.analysis.adjustment import (
    PRICES,
    adjust_for_dividends,
    adjust_for_splits,
    split_like,
)
from core.domain.feeds import CorporateAction, Label
from core.errors import DomainError
from tests.examples import examples
from tests.unit.markets import closed_form_bars

BARS = closed_form_bars(60)
DAYS = list(BARS["session_date"])
LAST = DAYS[-1]
PLACES = st.integers(1, len(DAYS) - 1)
RATIOS = st.sampled_from([0.05, 0.5, 1.5, 2.0, 3.0, 4.0, 20.0])


def split(ex_date: date, ratio: float, provider: str = "yahoo") -> CorporateAction:
    return CorporateAction(
        symbol="ACME", kind="split", ex_date=ex_date, ratio=ratio, provider=provider,
        label=Label.REAL,
    )  # fmt: skip


def dividend(ex_date: date, amount: float, provider: str = "yahoo") -> CorporateAction:
    return CorporateAction(
        symbol="ACME", kind="dividend", ex_date=ex_date, amount_usd=amount, provider=provider,
        label=Label.REAL,
    )  # fmt: skip


@st.composite
def splits(draw: st.DrawFn) -> list[CorporateAction]:
    places = draw(st.lists(PLACES, unique=True, max_size=4))
    return [split(DAYS[place], draw(RATIOS)) for place in places]


def close_to(left: pd.DataFrame, right: pd.DataFrame) -> bool:
    columns = [*PRICES, "volume"]
    return bool(np.allclose(left[columns], right[columns], rtol=1e-12, atol=0))


def test_four_for_one_quarters_earlier_prices_and_quadruples_their_volume() -> None:
    adjusted = adjust_for_splits(BARS, [split(DAYS[30], 4.0)], LAST)
    ratio = BARS[[*PRICES, "volume"]] / adjusted[[*PRICES, "volume"]]
    assert np.allclose(ratio.loc[:29, PRICES], 4)
    assert np.allclose(ratio.loc[:29, "volume"], 0.25)
    assert np.allclose(ratio.loc[30:], 1)


def test_without_actions_nothing_changes() -> None:
    assert adjust_for_splits(BARS, [], LAST).equals(BARS)
    assert adjust_for_dividends(BARS, [], LAST).equals(BARS)
    assert adjust_for_splits(BARS.head(0), [split(DAYS[3], 2.0)], LAST).empty


@examples(50)
@given(splits())
def test_what_was_paid_for_all_shares_stays(actions: list[CorporateAction]) -> None:
    adjusted = adjust_for_splits(BARS, actions, LAST)
    for price in PRICES:
        paid = BARS[price] * BARS["volume"]
        assert np.allclose(adjusted[price] * adjusted["volume"], paid, rtol=1e-12, atol=0)


@examples(50)
@given(PLACES, PLACES, RATIOS, RATIOS)
def test_two_splits_are_one_after_the_other(
    first: int, second: int, ratio: float, other: float
) -> None:
    earlier, later = split(DAYS[first], ratio), split(DAYS[second] + timedelta(1), other)
    assume(earlier.ex_date != later.ex_date)  # two reports of one day are one split
    together = adjust_for_splits(BARS, [earlier, later], LAST)
    one_by_one = adjust_for_splits(adjust_for_splits(BARS, [earlier], LAST), [later], LAST)
    swapped = adjust_for_splits(BARS, [later, earlier], LAST)
    assert close_to(together, one_by_one)
    assert close_to(together, swapped)


@examples(50)
@given(splits(), PLACES)
def test_what_comes_after_the_moment_changes_nothing(
    actions: list[CorporateAction], place: int
) -> None:
    known = [action for action in actions if action.ex_date <= DAYS[place]]
    assert adjust_for_splits(BARS, actions, DAYS[place]).equals(
        adjust_for_splits(BARS, known, DAYS[place])
    )


def test_a_split_on_the_day_itself_acts_on_the_days_before() -> None:
    actions = [split(DAYS[30], 2.0)]
    assert adjust_for_splits(BARS, actions, DAYS[30])["close"][0] == BARS["close"][0] / 2
    assert adjust_for_splits(BARS, actions, DAYS[29]).equals(BARS)


def test_what_two_providers_report_acts_once_as_the_first_says() -> None:
    twice = [split(DAYS[30], 4.0), split(DAYS[30], 3.9, "alpaca")]
    assert adjust_for_splits(BARS, twice, LAST)["close"][0] == BARS["close"][0] / 4
    paid = [dividend(DAYS[30], 1.0), dividend(DAYS[30], 2.0, "alpaca")]
    assert adjust_for_dividends(BARS, paid, LAST).equals(adjust_for_dividends(BARS, paid[:1], LAST))


def test_an_action_of_another_symbol_changes_nothing() -> None:
    other = split(DAYS[30], 4.0).model_copy(update={"symbol": "OTHER"})
    assert adjust_for_splits(BARS, [other], LAST).equals(BARS)


def test_each_kind_leaves_the_other_alone() -> None:
    assert adjust_for_splits(BARS, [dividend(DAYS[30], 1.0)], LAST).equals(BARS)
    assert adjust_for_dividends(BARS, [split(DAYS[30], 4.0)], LAST).equals(BARS)


def test_a_dividend_makes_the_change_over_its_date_the_total_return() -> None:
    adjusted = adjust_for_dividends(BARS, [dividend(DAYS[30], 2.5)], LAST)
    before, after = BARS["close"][29], BARS["close"][30]
    change = adjusted["close"][30] / adjusted["close"][29]
    assert change == pytest.approx(after / (before - 2.5))
    assert adjusted["volume"].equals(BARS["volume"])


def test_a_dividend_before_the_first_bar_changes_nothing() -> None:
    action = dividend(DAYS[0], 1.0)
    assert adjust_for_dividends(BARS, [action], LAST)[PRICES].equals(BARS[PRICES])


def test_a_dividend_above_the_price_is_refused() -> None:
    with pytest.raises(DomainError, match=r"ACME cannot have paid 500\.0"):
        adjust_for_dividends(BARS, [dividend(DAYS[30], 500.0)], LAST)


@examples(30)
@given(splits())
def test_the_bars_given_stay_as_they_were(actions: list[CorporateAction]) -> None:
    before = BARS.copy()
    adjust_for_splits(BARS, actions, LAST)
    adjust_for_dividends(BARS, [dividend(DAYS[9], 1.0)], LAST)
    assert BARS.equals(before)


@pytest.mark.parametrize(
    ("after", "ratio"),
    [
        (50.0, "2:1"), (25.7, "4:1"), (24.3, "4:1"), (20.0, "5:1"), (10.2, "10:1"), (5.0, "20:1"),
        (33.3, "3:1"), (200.0, "1:2"), (1000.0, "1:10"), (309.0, "1:3"),
        (66.7, None), (60.0, None), (52.0, None), (40.0, None), (27.0, None), (100.0, None),
        (145.0, None), (1500.0, None),
    ],
)  # fmt: skip
def test_a_price_moves_like_a_split_or_it_does_not(after: float, ratio: str | None) -> None:
    assert split_like(100.0, after) == ratio
