"""The published numbers of sizing: volatility, Kelly, drawdown, heat, weights."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.bar_arrays import FloatArray
from core.analysis.sizing import (
    close_to_close,
    correlations,
    ewma_volatility,
    inverse_volatility,
    risk_parity,
    yang_zhang,
)
from core.domain.risk.formulas import (
    atr_quantity,
    drawdown_scale,
    heat,
    heat_pull,
    heat_room,
    kelly_fraction,
    shrinkage,
    squared_heat,
    volatility_target_weight,
)
from core.errors import InsufficientDataError
from tests.unit.markets import closed_form_bars

BARS = closed_form_bars()
OPEN, HIGH, LOW, CLOSE = (BARS[name].to_numpy() for name in ("open", "high", "low", "close"))
COVARIANCE = np.array([[0.04, 0.006, 0], [0.006, 0.0225, 0.003], [0, 0.003, 0.01]])
RISKS = [0.005] * 3
MOVES = [[1, 0.8, 0.3], [0.8, 1, 0.2], [0.3, 0.2, 1]]


def test_the_published_volatilities_of_the_closed_form_bars() -> None:
    assert ewma_volatility(CLOSE) == pytest.approx(0.3017778087656556, rel=1e-13)
    assert yang_zhang(OPEN, HIGH, LOW, CLOSE) == pytest.approx(0.2600285542712703, rel=1e-12)
    assert close_to_close(CLOSE) == pytest.approx(0.3057509652292253, rel=1e-12)


@pytest.mark.parametrize(
    ("closes", "reason"),
    [
        (CLOSE[:20], "20 bars"),
        (np.append(CLOSE, np.nan), "is not a finite number in bar 300 of 301"),
        (np.append(CLOSE, 0.0), "the price in bar 300 of 301 is not positive"),
    ],
)
def test_a_volatility_of_bad_closes_is_refused(closes: FloatArray, reason: str) -> None:
    for estimate in (ewma_volatility, close_to_close, lambda c: yang_zhang(c, c, c, c)):
        with pytest.raises(InsufficientDataError, match=reason):
            estimate(closes)


@pytest.mark.parametrize(
    ("equity", "atr", "price", "cap", "quantity"),
    [
        (100_000, 2.35, 187.40, 0.25, 106),
        (100_000, 2.35, 187.40, 0.15, 80),
        (25_000, 0.08, 4.12, 0.20, 781),
        (100_000, 312.5, 4_200, 0.20, 0),
        (1_000, 6, 500, 0.20, 0),
    ],
)
def test_the_published_atr_quantities(
    equity: float, atr: float, price: float, cap: float, quantity: int
) -> None:
    most = atr_quantity(equity * 0.005, atr, multiple=2)
    assert math.floor(min(most, equity * cap / price)) == quantity


@pytest.mark.parametrize(
    ("target", "volatility", "price", "quantity"),
    [(0.10, 0.32, 187.4, 166), (0.10, 0.06, 187.4, 533), (0.15, 0.6, 50, 500)],
)
def test_the_published_volatility_target_weights(
    target: float, volatility: float, price: float, quantity: int
) -> None:
    weight = volatility_target_weight(target, volatility)
    assert math.floor(100_000 * weight / price) == quantity


@pytest.mark.parametrize(
    ("win_rate", "payoff", "cap", "fraction"),
    [
        (0.40, 3, 0.02, 0.02),
        (0.40, 3, 0.10, 0.05),
        (0.30, 3, 0.02, 0.0166667),
        (0.25, 3, 0.02, 0),
        (0.24, 3, 0.02, 0),
        (1.0, math.inf, 0.02, 0.02),
    ],
)
def test_the_published_kelly_fractions(
    win_rate: float, payoff: float, cap: float, fraction: float
) -> None:
    assert kelly_fraction(win_rate, payoff, cap=cap) == pytest.approx(fraction, abs=5e-8)


def test_an_edge_is_believed_the_more_the_longer_it_has_been_seen() -> None:
    believed = [shrinkage(results, 20) for results in (1, 20, 180, 10_000)]
    assert believed[1:3] == [0.5, 0.9]
    assert all(less < more < 1 for less, more in pairwise(believed))


@pytest.mark.parametrize(
    ("share_of_peak", "risk"),
    [(1, 0.005), (0.96, 0.005), (0.92, 0.0035), (0.9, 0.0025), (0.85, 0), (0.8, 0), (1.2, 0.005)],
)
def test_the_published_drawdown_scale(share_of_peak: float, risk: float) -> None:
    assert 0.005 * drawdown_scale(share_of_peak, 1) == pytest.approx(risk, abs=1e-15)


def test_the_published_heat() -> None:
    assert heat(RISKS, MOVES) == pytest.approx(0.011832159566, abs=1e-12)


@pytest.mark.parametrize(
    ("new", "room"),
    [((0.7, 0.6, 0.1), 0.0045758369027902), ((-0.5, -0.5, 0), 0.009219544457292886)],
)
def test_the_published_room_under_a_heat_limit(new: tuple[float, ...], room: float) -> None:
    found = heat_room(0.015, squared_heat(RISKS, MOVES), heat_pull(RISKS, new))
    assert found == pytest.approx(room, rel=1e-12)


def test_there_is_no_room_above_the_limit() -> None:
    assert heat_room(0.01, squared_heat(RISKS, MOVES), heat_pull(RISKS, (0, 0, 0))) == 0


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=5), st.floats(-1, 1), st.floats(1, 1e5))
def test_the_room_is_used_up_exactly(risks: list[float], rho: float, limit: float) -> None:
    moves = [[1.0 if a == b else 0.4 for b in range(len(risks))] for a in range(len(risks))]
    new = [rho] * len(risks)
    room = heat_room(limit, squared_heat(risks, moves), heat_pull(risks, new))
    whole = [[*row, rho] for row in moves] + [[*new, 1.0]]
    together = heat([*risks, room], whole)
    assert room >= 0
    if room > 0:
        assert together == pytest.approx(limit, rel=1e-6)
    else:
        assert together >= limit * (1 - 1e-9)


def test_the_published_weights() -> None:
    assert risk_parity(COVARIANCE) == pytest.approx([0.23771885, 0.28684346, 0.47543769], abs=5e-9)
    swings = np.sqrt(np.diag(COVARIANCE))
    assert inverse_volatility(swings) == pytest.approx(
        [0.23076923, 0.30769231, 0.46153846], abs=5e-9
    )


@given(st.integers(2, 6), st.integers(0, 10_000))
def test_positions_at_risk_parity_bring_the_same_risk(count: int, seed: int) -> None:
    factors = np.random.default_rng(seed).normal(size=(count, 3 * count))
    covariance = factors @ factors.T
    weights = risk_parity(covariance)
    parts = weights * (covariance @ weights)
    assert weights.sum() == pytest.approx(1)
    assert parts == pytest.approx(np.full(count, parts.mean()), rel=1e-6)


@pytest.mark.parametrize("wrong", [np.zeros((2, 2)), np.array([[np.nan, 0], [0, 1]])])
def test_a_covariance_without_swings_is_refused(wrong: FloatArray) -> None:
    with pytest.raises(InsufficientDataError, match="volatility is not above zero"):
        risk_parity(wrong)


def walk(seed: int, count: int = 80, first: str = "2024-01-02") -> pd.Series:
    moves = np.random.default_rng(seed).normal(0, 0.01, count)
    return pd.Series(100 * np.exp(np.cumsum(moves)), index=pd.bdate_range(first, periods=count))


def test_correlations_are_of_the_newest_sessions_in_common() -> None:
    one, other = walk(1), walk(2)
    found = correlations({"BBB": other, "AAA": one})
    moves = [np.diff(np.log(series.to_numpy()[-61:])) for series in (one, other)]
    assert found == {("AAA", "BBB"): pytest.approx(np.corrcoef(*moves)[0, 1])}
    assert correlations({"A": one, "B": 2 * one, "C": 1 / one}) == {
        ("A", "B"): pytest.approx(1), ("A", "C"): pytest.approx(-1), ("B", "C"): pytest.approx(-1),
    }  # fmt: skip


@pytest.mark.parametrize(
    "other", [walk(2, count=15, first="2024-04-01"), walk(2) * 0 + 5, walk(2, first="2020-01-02")]
)
def test_nobody_can_tell_a_correlation_without_common_moves(other: pd.Series) -> None:
    assert correlations({"A": walk(1), "B": other}) == {}
    assert correlations({}) == {}
