"""One denominator for every statistic, and intervals that admit a small sample."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.statistics import summarize, wilson_interval


def test_the_published_results_give_the_published_statistics() -> None:
    summary = summarize([2, -1, -1, 1, 0, 1.5])
    assert (summary.win_rate, summary.net_r) == (0.6, 2.5)
    assert summary.expectancy_r == pytest.approx(0.4167, abs=5e-5)
    assert summary.profit_factor == pytest.approx(2.25)
    assert (summary.wins, summary.losses, summary.breakevens, summary.count) == (3, 2, 1, 6)


@pytest.mark.parametrize(
    ("wins", "total", "low", "high"), [(12, 20, 0.3866, 0.7812), (0, 5, 0.0, 0.4345)]
)
def test_the_interval_is_wilsons(wins: int, total: int, low: float, high: float) -> None:
    assert wilson_interval(wins, total) == pytest.approx((low, high), abs=5e-5)


def test_no_result_has_no_rate() -> None:
    summary = summarize([])
    assert (summary.count, summary.net_r, summary.enough) == (0, 0, False)
    assert summary.win_rate is summary.win_low is summary.expectancy_r is None


def test_wins_without_a_loss_have_no_profit_factor() -> None:
    assert summarize([1, 2]).profit_factor is None


def test_only_breakeven_results_have_no_win_rate() -> None:
    summary = summarize([0.05, -0.05] * 10)
    assert (summary.breakevens, summary.win_rate, summary.enough) == (20, None, False)


def test_fewer_than_twenty_results_are_not_enough() -> None:
    assert not summarize([1.0] * 19).enough
    assert summarize([1.0] * 20).enough


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=50))
def test_the_rate_lies_inside_its_interval(results: list[float]) -> None:
    summary = summarize(results)
    assert summary.wins + summary.losses + summary.breakevens == summary.count
    if summary.win_rate is not None and summary.win_low is not None:
        assert summary.win_high is not None
        assert summary.win_low - 1e-12 <= summary.win_rate <= summary.win_high + 1e-12
