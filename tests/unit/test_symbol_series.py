"""Total returns: what a holder earned who left the dividends in the share."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.desk.symbol_series import AVERAGES, TotalReturn, total_return
from core.domain.feeds import CorporateAction
from tests.examples import examples
from tests.unit.markets import closed_form_bars

BARS = closed_form_bars(230).assign(label="real")
DAYS = list(BARS["session_date"])
TODAY = DAYS[-1] + timedelta(days=1)
PLACES = st.integers(1, len(DAYS) - 1)


def dividend(place: int, amount_usd: float) -> CorporateAction:
    return action(kind="dividend", ex_date=DAYS[place], amount_usd=amount_usd)


def action(**facts: Any) -> CorporateAction:
    common = {"symbol": "ACME", "provider": "yahoo", "label": "real"}
    return CorporateAction.model_validate(common | facts)


def of(*actions: CorporateAction) -> TotalReturn:
    return total_return(BARS, actions, TODAY)


@given(st.dictionaries(PLACES, st.floats(0.01, 5), min_size=1, max_size=4))
@examples(25)
def test_each_change_is_that_of_the_price_with_the_dividend_put_back(
    paid: dict[int, float],
) -> None:
    bars = of(*(dividend(place, amount) for place, amount in paid.items())).bars
    close, back = BARS["close"].to_numpy(), np.zeros(len(BARS))
    back[list(paid)] = list(paid.values())
    earned = close[1:] / (close[:-1] - back[1:])
    drawn = bars["close"].to_numpy()
    assert np.allclose(drawn[1:] / drawn[:-1], earned, rtol=1e-12)
    assert drawn[-1] == close[-1]


def test_a_split_after_a_dividend_changes_no_return() -> None:
    split = action(kind="split", ex_date=DAYS[150], ratio=4.0)
    with_split, without = of(dividend(100, 2.0), split), of(dividend(100, 2.0))
    ratio = without.bars["close"] / with_split.bars["close"]
    assert np.allclose(ratio[:150], 4)
    assert np.allclose(ratio[150:], 1)


def test_the_averages_are_those_of_the_bars_drawn() -> None:
    found = of(dividend(100, 2.0)).bars
    assert found[[*AVERAGES]].iloc[-1].notna().all()
    assert found["sma200"].iloc[-1] == pytest.approx(found["close"].tail(200).mean())


def test_a_dividend_makes_the_bars_derived_and_is_told() -> None:
    found = of(dividend(100, 2.0))
    assert set(found.bars["label"]) == {"derived"}
    assert found.ex_dates == (DAYS[100],)


def test_dividends_that_no_bar_is_before_or_after_change_nothing() -> None:
    coming = action(kind="dividend", ex_date=TODAY, amount_usd=1.0)
    found = of(dividend(0, 1.0), coming)
    assert found.ex_dates == ()
    pd.testing.assert_frame_equal(found.bars[[*BARS.columns]], BARS)


def test_a_dividend_that_cannot_have_been_leaves_no_bars_and_says_why() -> None:
    found = of(dividend(100, 5000.0))
    assert found.bars.empty
    assert f"ACME cannot have paid 5000.0 on {DAYS[100]}" in found.problem


def test_without_bars_there_is_no_total_return() -> None:
    assert total_return(BARS.head(0), [], TODAY).bars.empty
