"""Sizing many plans at once says of each what sizing it alone does, and bars update as a whole."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
import talib
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.bar_arrays import BarArrays
from core.analysis.sizing import BarState, Candidates, ewma_volatility, size_many
from core.domain.risk import RiskPolicy, RungState, SizeDecision, size
from core.domain.risk.sizing import RUNGS
from core.errors import InsufficientDataError
from tests.unit.sizing_samples import (
    books,
    facts,
    lots,
    policies,
    position,
    rows,
    scenario,
    unknown,
)

NAMES = ("atr", "atr_mean", "volatility", "average_volume", "record", "equity", "peak_equity",
         "positions", "buying_power")  # fmt: skip


def as_columns(decision: SizeDecision) -> list[float]:
    """Return the ladder of one plan as `size_many` writes it."""
    missing, most = RungState.MISSING, math.inf
    rungs = [(one.state, most if one.quantity is None else one.quantity) for one in decision.ladder]
    return [math.nan if state is missing else quantity for state, quantity in rungs]


@given(
    st.lists(rows(), min_size=1, max_size=6), books(), policies(), lots,
    st.none() | st.tuples(st.sampled_from(NAMES), unknown), st.integers(0, 2),
)  # fmt: skip
def test_each_plan_is_sized_as_if_it_were_alone(
    many: Any, book: Any, rules: RiskPolicy, lot: Decimal, lack: Any, trades: int
) -> None:
    name, value = lack or ("equity", book["equity"])
    lacking = {name: None if name in {"record", "positions"} else value}
    inputs = [
        (plan, facts(**(book | own | lacking), lot=lot, trades_today=trades)) for plan, own in many
    ]
    alone = [size(plan, one, rules) for plan, one in inputs]
    table = size_many(Candidates.of(inputs), rules)
    assert [lot * int(one) for one in table.lots] == [one.quantity for one in alone]
    for place, decision in enumerate(alone):
        if decision.binding == "refused":
            assert table.binding[place] == -1
        else:
            assert list(RUNGS)[table.binding[place]] == decision.binding
            np.testing.assert_array_equal(table.rungs[:, place], as_columns(decision))


def test_intents_are_what_may_be_ordered() -> None:
    plans = [(scenario(), facts()), (scenario(rewards=(0.5, 3)), facts(symbol="BAD"))]
    table = size_many(Candidates.of(plans), RiskPolicy(version="test"))
    (intent,) = table.intents()
    decision = size(*plans[0], RiskPolicy(version="test"))
    assert (intent.symbol, intent.lots, intent.binding) == (
        "ACME", decision.quantity, decision.binding,
    )  # fmt: skip
    assert intent.risk_usd == pytest.approx(decision.risk_usd, abs=0.01)
    assert intent.notional_usd == pytest.approx(decision.notional_usd, abs=0.01)


@pytest.mark.parametrize(
    "held",
    [
        (position("AAA", 1_000, risk=None),),
        (position("AAA", 1_000, risk=10), position("BBB", 1_000, risk=10)),
    ],
)
def test_a_heat_that_nobody_knows_stops_all_plans(held: Any) -> None:
    plans = [(scenario(), facts(positions=held)), (scenario(), facts(symbol="X", positions=held))]
    table = size_many(Candidates.of(plans), RiskPolicy(version="test"))
    assert table.lots.tolist() == [0, 0]
    assert table.intents() == []


def history(count: int = 200, seed: int = 1) -> BarArrays:
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.02, count)))
    high, low = (close * (1 + sign * 0.01 * random.random(count)) for sign in (1, -1))
    return BarArrays(high, low, close, np.round(random.lognormal(13, 0.5, count)))


def part(bars: BarArrays, places: Any) -> BarArrays:
    return BarArrays(*(column[places] for column in bars))


def across(symbols: list[BarArrays], place: int) -> BarArrays:
    """Return one bar of all symbols."""
    return BarArrays(
        *(np.array(column) for column in zip(*(part(s, place) for s in symbols), strict=True))
    )


def expected(bars: BarArrays) -> list[float]:
    ranges = talib.ATR(*bars[:3], timeperiod=14)
    return [
        ranges[-1], ranges[-50:].mean(), ewma_volatility(bars.close), bars.volume[-20:].mean(),
    ]  # fmt: skip


def test_one_bar_at_a_time_reads_as_the_whole_history() -> None:
    symbols = [history(seed=seed) for seed in range(3)]
    state = BarState([part(bars, slice(0, 100)) for bars in symbols])
    for place in range(100, 200):
        readings = state.update(across(symbols, place))
    for number, bars in enumerate(symbols):
        read = [float(column[number]) for column in readings]
        assert read == pytest.approx(expected(bars), rel=1e-12)


@pytest.mark.parametrize(
    "wrong", [(np.nan,) * 4, (10, 11, 10, 5), (10, 9, 12, 5), (10, 9, 9.5, -1), (np.inf, 9, 10, 5),
              (10, 0, 9, 5)]
)  # fmt: skip
def test_a_bar_that_is_none_leaves_its_symbol_unread_and_as_it_was(
    wrong: tuple[float, ...],
) -> None:
    symbols = [history(seed=seed) for seed in range(2)]
    state = BarState([part(bars, slice(0, 190)) for bars in symbols])
    for place in range(190, 200):
        bar = across(symbols, place)
        if place == 195:
            broken = BarArrays(
                *(np.array([good, bad]) for good, bad in zip(part(bar, 0), wrong, strict=True))
            )
            readings = state.update(broken)
            assert [np.isnan(column).tolist() for column in readings] == [[False, True]] * 4
        else:
            readings = state.update(bar)
    kept = part(symbols[1], [place for place in range(200) if place != 195])
    assert [float(column[1]) for column in readings] == pytest.approx(expected(kept), rel=1e-12)
    assert [float(column[0]) for column in readings] == pytest.approx(
        expected(symbols[0]), rel=1e-12
    )


def test_too_short_a_history_is_refused() -> None:
    with pytest.raises(InsufficientDataError, match="63 bars, at least 64"):
        BarState([history(63)])
