"""Which bars are missing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.analysis.gaps import bar_starts, gaps, missing_bars, missing_sessions, session_gaps
from core.domain.feed_policy import Gap
from core.domain.market import Timeframe

WEEK = [date(2023, 9, 11) + timedelta(days=day) for day in range(5)]
OPENS = datetime(2023, 9, 11, 13, 30, tzinfo=UTC)
CLOSES = datetime(2023, 9, 11, 20, tzinfo=UTC)


def starts(moments: list[datetime]) -> np.ndarray:
    return np.array([moment.replace(tzinfo=None) for moment in moments], dtype="datetime64[us]")


def test_a_session_without_a_bar_is_missing() -> None:
    assert missing_sessions([WEEK[0], WEEK[4]], WEEK) == WEEK[1:4]


def test_a_bar_on_a_day_without_a_session_fills_nothing() -> None:
    assert missing_sessions([date(2023, 9, 9), *WEEK[1:]], WEEK) == [WEEK[0]]


def test_neighbouring_sessions_are_one_gap_over_the_weekend() -> None:
    sessions = [*WEEK, date(2023, 9, 18)]
    found = session_gaps("AAPL", [WEEK[0], *WEEK[2:4]], sessions)

    assert [(gap.first.date(), gap.last.date(), gap.count) for gap in found] == [
        (WEEK[1], WEEK[1], 1),
        (WEEK[4], date(2023, 9, 18), 2),
    ]


def test_a_whole_history_has_no_gap() -> None:
    assert session_gaps("AAPL", WEEK, WEEK) == []
    assert session_gaps("AAPL", [], []) == []


def test_a_session_of_six_and_a_half_hours_has_78_bars_of_five_minutes() -> None:
    expected = bar_starts(OPENS, CLOSES, 5)

    assert (len(expected), expected[0], expected[-1]) == (
        78,
        OPENS,
        CLOSES - timedelta(minutes=5),
    )


def test_a_last_bar_cut_short_by_the_close_is_expected_too() -> None:
    assert bar_starts(OPENS, CLOSES, 60)[-1] == datetime(2023, 9, 11, 19, 30, tzinfo=UTC)


def test_missing_minutes_are_found_in_any_order() -> None:
    expected = bar_starts(OPENS, CLOSES, 1)
    have = [start for place, start in enumerate(expected) if place not in {0, 7, 8, 389}]
    missing = missing_bars(starts(have[::-1]), OPENS, CLOSES, 1)

    assert missing == [expected[place] for place in (0, 7, 8, 389)]
    assert [gap.count for gap in gaps("AAPL", Timeframe.MINUTE, missing, expected)] == [1, 2, 1]


def test_without_any_bar_the_whole_session_is_one_gap() -> None:
    expected = bar_starts(OPENS, CLOSES, 5)
    missing = missing_bars(starts([]), OPENS, CLOSES, 5)
    (gap,) = gaps("AAPL", Timeframe.FIVE_MINUTES, missing, expected)

    assert (gap.first, gap.last, gap.count) == (expected[0], expected[-1], 78)


@given(st.sets(st.integers(0, 77)))
def test_gaps_count_exactly_what_is_missing(present: set[int]) -> None:
    expected = bar_starts(OPENS, CLOSES, 5)
    missing = missing_bars(starts([expected[place] for place in present]), OPENS, CLOSES, 5)
    found = gaps("AAPL", Timeframe.FIVE_MINUTES, missing, expected)

    assert sum(gap.count for gap in found) == 78 - len(present)
    assert not {expected[place] for place in present} & set(missing)


def test_a_gap_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValidationError, match="ends after it begins"):
        Gap(symbol="AAPL", timeframe=Timeframe.DAY, first=CLOSES, last=OPENS, count=2)
