"""Whether a provider tells the same of bars that are stored already."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd
import pytest

from core.analysis.overlap import common_ratio, overlap_difference
from core.domain.market import BAR_COLUMNS

WEEK = [date(2023, 9, 11) + timedelta(days=day) for day in range(5)]


def bars(days: Sequence[date] = WEEK, **changes: object) -> pd.DataFrame:
    """Return a daily bar for each day, and `changes` in all of them."""
    closes = [100.0 + day.day for day in days]
    frame = pd.DataFrame({
        "symbol": "AAPL", "timeframe": "1d", "session_date": days,
        "started_at": pd.to_datetime(list(days), utc=True),
        "open": closes, "high": [close + 1 for close in closes],
        "low": [close - 1 for close in closes], "close": closes, "volume": 1e6,
        "provider": "yahoo", "label": "real",
    })  # fmt: skip
    return frame.assign(**changes)[list(BAR_COLUMNS)]


def scaled(frame: pd.DataFrame, divisor: float, digits: int = 8) -> pd.DataFrame:
    prices = ["open", "high", "low", "close"]
    return frame.assign(**{name: (frame[name] / divisor).round(digits) for name in prices})


def test_the_same_bars_again_differ_nowhere() -> None:
    assert overlap_difference(bars(), bars()) == []
    assert common_ratio(bars(), bars()) is None


def test_a_revised_price_is_told_with_its_session() -> None:
    fetched = bars()
    fetched.loc[[1, 3], "low"] -= 0.01

    assert overlap_difference(bars(), fetched) == [WEEK[1], WEEK[3]]
    assert common_ratio(bars(), fetched) is None


def test_a_last_digit_is_no_revision() -> None:
    assert overlap_difference(bars(), scaled(bars(), 1 + 5e-7)) == []


def test_another_volume_is_no_revision() -> None:
    assert overlap_difference(bars(), bars(volume=2e6)) == []


def test_only_bars_of_both_are_compared() -> None:
    assert overlap_difference(bars(WEEK[:2]), scaled(bars(WEEK[2:]), 2)) == []
    assert overlap_difference(bars([]), bars()) == []
    assert common_ratio(bars([]), bars()) is None


@pytest.mark.parametrize("ratio", [4.0, 1.5, 0.1])
def test_an_untold_split_is_one_ratio_of_all_prices(ratio: float) -> None:
    fetched = scaled(bars(), ratio, digits=2)

    assert overlap_difference(bars(), fetched) == WEEK
    assert common_ratio(bars(), fetched) == pytest.approx(ratio, rel=1e-3)


def test_a_split_inside_the_overlap_is_found_by_the_sessions_before_it() -> None:
    fetched = pd.concat([scaled(bars(WEEK[:3]), 4), bars(WEEK[3:])])

    assert overlap_difference(bars(), fetched) == WEEK[:3]
    assert common_ratio(bars(), fetched) == pytest.approx(4)


def test_a_dividends_adjustment_is_a_revision_and_no_split() -> None:
    fetched = scaled(bars(), 1.004)

    assert overlap_difference(bars(), fetched) == WEEK
    assert common_ratio(bars(), fetched) is None


def test_bars_with_times_of_another_precision_are_the_same_bars() -> None:
    fetched = bars().assign(started_at=bars()["started_at"].astype("datetime64[ns, UTC]"))

    assert overlap_difference(bars(), scaled(fetched, 2)) == WEEK
