"""VWAP starts at the open, the pre-market is read apart, the gap is against the last close."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from core.analysis.sessions import SessionReading, read_session, usual_share
from core.domain.feeds import SessionHours
from core.errors import InsufficientDataError

DAY = date(2024, 3, 5)
OPENS = datetime(2024, 3, 5, 14, 30, tzinfo=UTC)
HOURS = SessionHours(session_date=DAY, opens_at=OPENS, closes_at=OPENS + timedelta(hours=6.5))
NEW_YORK = "America/New_York"


def intraday(*bars: tuple[str, float, float]) -> pd.DataFrame:
    """Return bars of one dollar's height around a price, each of (New York time, price, volume)."""
    started = pd.DatetimeIndex([f"{DAY} {time}" for time, _, _ in bars]).tz_localize(NEW_YORK)
    price = np.array([price for _, price, _ in bars], dtype=float)
    return pd.DataFrame(
        {
            "started_at": started.tz_convert("UTC"), "open": price - 0.5, "high": price + 0.5,
            "low": price - 0.5, "close": price, "volume": [float(v) for _, _, v in bars],
        }
    )  # fmt: skip


def read(*bars: tuple[str, float, float]) -> SessionReading:
    reading = read_session(intraday(*bars), HOURS, previous_close=100.0)
    assert reading is not None
    return reading


def test_vwap_weighs_the_typical_price_by_volume_since_the_open() -> None:
    reading = read(("09:30", 102, 100), ("09:35", 106, 300))
    assert reading.vwap == 105
    assert (reading.last, reading.above_vwap) == (106, True)


def test_the_pre_market_is_read_apart() -> None:
    reading = read(("04:00", 90, 1000), ("09:25", 98, 1000), ("09:30", 102, 100))
    assert (reading.vwap, reading.premarket_vwap) == (102, 94)
    assert (reading.premarket_high, reading.premarket_low) == (98.5, 89.5)


def test_bars_of_other_times_are_left_out() -> None:
    reading = read(("03:55", 50, 900), ("09:30", 102, 100), ("15:55", 104, 100), ("16:00", 9, 900))
    assert (reading.vwap, reading.last) == (103, 104)
    assert (reading.premarket_vwap, reading.premarket_high) == (None, None)


def test_a_half_day_ends_at_its_close() -> None:
    hours = HOURS.model_copy(update={"closes_at": OPENS + timedelta(hours=3.5)})
    bars = intraday(("12:55", 102, 100), ("13:00", 150, 100))
    reading = read_session(bars, hours, 100.0)
    assert reading is not None
    assert reading.last == 102


def test_the_gap_is_the_open_against_the_previous_close() -> None:
    assert read(("09:25", 90, 1), ("09:30", 103.5, 1)).gap_fraction == pytest.approx(0.03)


def test_before_the_open_the_gap_is_the_pre_markets_newest_price() -> None:
    reading = read(("08:00", 90, 1), ("08:05", 104, 1))
    assert reading.gap_fraction == pytest.approx(0.04)
    assert (reading.last, reading.vwap, reading.above_vwap) == (104, None, None)


def test_a_pre_market_without_volume_has_prices_but_no_vwap() -> None:
    reading = read(("08:00", 98, 0), ("08:05", 99, 0))
    assert reading.premarket_vwap is None
    assert (reading.premarket_high, reading.premarket_low) == (99.5, 97.5)


def test_the_session_so_far_is_read_from_its_own_bars() -> None:
    reading = read(("09:25", 90, 1000), ("09:30", 102, 100), ("09:35", 106, 300), ("09:40", 99, 50))
    assert reading.session_open == 101.5
    assert (reading.session_high, reading.session_low) == (106.5, 98.5)
    assert (reading.opening_range_high, reading.opening_range_low) == (102.5, 101.5)
    assert reading.session_volume == 450
    assert reading.elapsed_fraction == pytest.approx(15 / 390)


def test_before_the_open_there_is_no_session() -> None:
    reading = read(("08:00", 90, 1), ("08:05", 104, 1))
    assert (reading.session_open, reading.session_high, reading.session_low) == (None, None, None)
    assert (reading.opening_range_high, reading.session_volume) == (None, None)
    assert reading.relative_volume(1000) is None


def test_without_the_first_five_minutes_the_opening_range_is_not_known() -> None:
    reading = read(("09:35", 106, 300))
    assert (reading.opening_range_high, reading.opening_range_low) == (None, None)
    assert reading.session_open == 105.5


def test_a_half_day_passes_faster() -> None:
    hours = HOURS.model_copy(update={"closes_at": OPENS + timedelta(hours=3.5)})
    bars = intraday(("09:30", 102, 100), ("12:55", 102, 100))
    reading = read_session(bars, hours, 100.0)
    assert reading is not None
    assert reading.elapsed_fraction == 1
    assert reading.relative_volume(200) == 1


def test_volume_is_held_against_what_is_usual_by_then() -> None:
    reading = read(
        *((f"{9 + (30 + 5 * n) // 60:02}:{(30 + 5 * n) % 60:02}", 100, 10) for n in range(39))
    )
    assert reading.elapsed_fraction == 0.5
    assert usual_share(0.5) == 0.5
    assert reading.relative_volume(780) == pytest.approx(1)
    assert reading.relative_volume(390) == pytest.approx(2)
    assert reading.relative_volume(0) is None


def test_a_morning_is_usually_busier_than_its_time() -> None:
    shares = [usual_share(part / 10) for part in range(11)]
    assert shares == sorted(shares)
    assert (shares[0], shares[10]) == (0, 1)
    assert shares[1] > 0.1
    assert shares[9] < 0.9


def test_a_snapshot_holds_the_session_but_not_its_raw_volume() -> None:
    fields = read(("09:30", 102, 100)).snapshot_fields(mean_volume=5000)
    assert fields.keys().isdisjoint({"last", "session_volume", "elapsed_fraction"})
    assert fields["session_relative_volume"] == pytest.approx(100 / (5000 * usual_share(5 / 390)))


@pytest.mark.parametrize("bars", [(), (("03:55", 50, 1),), (("16:00", 50, 1), ("16:05", 50, 1))])
def test_a_session_without_bars_says_nothing(bars: tuple[tuple[str, float, float], ...]) -> None:
    assert read_session(intraday(*bars), HOURS, 100.0) is None


def test_bars_out_of_order_or_twice_are_refused() -> None:
    for times in [("09:35", "09:30"), ("09:30", "09:30")]:
        with pytest.raises(InsufficientDataError, match="not in order"):
            read(*((time, 100, 1) for time in times))


def test_bars_without_a_time_zone_are_refused() -> None:
    bars = intraday(("09:30", 100, 1))
    bars["started_at"] = bars["started_at"].dt.tz_localize(None)
    with pytest.raises(InsufficientDataError, match="no time zone"):
        read_session(bars, HOURS, 100.0)


@pytest.mark.parametrize("column", ["open", "high", "low", "close", "volume"])
def test_a_number_that_is_not_finite_is_refused(column: str) -> None:
    bars = intraday(("09:30", 100, 1), ("09:35", 100, 1))
    bars.loc[0, column] = np.nan
    with pytest.raises(InsufficientDataError, match=f"{column} is not a finite number in bar 0"):
        read_session(bars, HOURS, 100.0)


def test_summer_and_winter_open_by_the_hours_given() -> None:
    summer = OPENS - timedelta(hours=1)
    hours = SessionHours(session_date=DAY, opens_at=summer, closes_at=summer + timedelta(hours=6.5))
    reading = read_session(intraday(("08:30", 102, 100)), hours, 100.0)
    assert reading is not None
    assert reading.vwap == 102
