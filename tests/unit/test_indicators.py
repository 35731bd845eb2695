"""Readings agree with the published vectors and refuse what would spoil them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.analysis.bar_arrays import BarArrays
from core.analysis.indicators import (
    indicator_series,
    indicators_of,
    read_indicators,
    read_lead,
    read_regime,
)
from core.analysis.sessions import SessionReading
from core.analysis.signals import (
    atr_state,
    classic_pivots,
    macd_cross,
    macd_curl,
    volume_state,
)
from core.domain.feeds import Label
from core.errors import InsufficientDataError
from tests.unit.markets import closed_form_bars, indicators

BARS = closed_form_bars()
ARRAYS = BarArrays.of(BARS)


def test_the_closed_form_bars_are_the_published_ones() -> None:
    prices = BARS[["open", "high", "low", "close"]]
    first = (100, 101.40903677525046, 99.3, 101.00501670841679)
    last = (188.38036619782716, 189.51696802364756, 184.3892673866111, 185.36884457889323)
    assert tuple(prices.iloc[0]) == pytest.approx(first, rel=1e-14)
    assert tuple(prices.iloc[-1]) == pytest.approx(last, rel=1e-14)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("atr14", 4.784482072303588),
        ("rsi14", 60.56138317677359),
        ("macd", 3.0141765793953823),
        ("macd_signal", 2.4672206160592265),
        ("sma200", 150.1119699785326),
    ],
)
def test_a_reading_is_the_published_value(name: str, value: float) -> None:
    assert getattr(read_indicators(BARS), name) == pytest.approx(value, rel=1e-12)


def test_exponential_averages_start_from_a_plain_mean() -> None:
    close = BARS["close"].to_numpy()
    value = close[:21].mean()
    for price in close[21:]:
        value += (price - value) * 2 / 22
    assert read_indicators(BARS).ema21 == pytest.approx(value, rel=1e-12)


def test_bands_lie_two_population_deviations_around_the_mean() -> None:
    read, window = read_indicators(BARS), BARS["close"].tail(20)
    assert read.bollinger_middle == pytest.approx(window.mean())
    assert read.bollinger_upper == pytest.approx(window.mean() + 2 * window.std(ddof=0))
    assert read.bollinger_lower == pytest.approx(window.mean() - 2 * window.std(ddof=0))


def test_relative_volume_compares_with_twenty_sessions() -> None:
    volume = BARS["volume"]
    expected = volume.iloc[-1] / volume.tail(20).mean()
    assert read_indicators(BARS).relative_volume == pytest.approx(expected)


def test_the_histogram_ends_with_the_difference_of_macd_and_signal() -> None:
    read = read_indicators(BARS)
    assert read.macd_histogram[2] == pytest.approx(read.macd - read.macd_signal)


@pytest.mark.parametrize("column", ["high", "low", "close", "volume"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_one_number_that_is_not_finite_refuses_the_bars(column: str, value: float) -> None:
    bars = BARS.copy()
    bars.loc[100, column] = value
    with pytest.raises(InsufficientDataError, match="not a finite number"):
        read_indicators(bars)


def test_fewer_than_220_bars_are_refused() -> None:
    assert read_indicators(BARS.tail(220))
    with pytest.raises(InsufficientDataError, match="219 bars, at least 220"):
        read_indicators(BARS.tail(219))


def test_bars_that_never_moved_are_refused_for_they_would_look_oversold() -> None:
    with pytest.raises(InsufficientDataError, match=r"close is 100.0 in all 300 bars"):
        read_indicators(BARS.assign(high=101.0, low=99.0, close=100.0))


def test_bars_without_volume_are_refused() -> None:
    with pytest.raises(InsufficientDataError, match="no range or no volume"):
        read_indicators(BARS.assign(volume=0))


def test_a_column_of_single_precision_is_refused_by_name() -> None:
    with pytest.raises(InsufficientDataError, match="low is a 1-dimensional array of float32"):
        read_indicators(BARS.astype({"low": np.float32}))
    with pytest.raises(InsufficientDataError, match="volume is a 1-dimensional array of float32"):
        indicator_series(*ARRAYS[:3], ARRAYS.volume.astype(np.float32))


def test_whole_numbers_of_shares_are_taken_as_they_are() -> None:
    whole = BARS.assign(volume=BARS["volume"].astype(int))
    assert read_indicators(whole) == read_indicators(whole.astype({"volume": float}))


def test_no_bars_at_all_are_said_to_be_none() -> None:
    with pytest.raises(InsufficientDataError, match="there are no bars"):
        read_indicators(pd.DataFrame())


def test_a_missing_column_is_named() -> None:
    with pytest.raises(InsufficientDataError, match="lack the columns low, volume"):
        read_indicators(BARS.drop(columns=["low", "volume"]))


def test_columns_of_unequal_length_are_refused() -> None:
    with pytest.raises(InsufficientDataError, match="not equally long"):
        indicator_series(ARRAYS.high[1:], *ARRAYS[1:])


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("low", 0.0, "low is not positive in bar 100 of 300"),
        ("close", 1e6, "close is not between low and high in bar 100"),
        ("volume", -1.0, "volume is negative in bar 100"),
    ],
)
def test_bars_that_no_market_made_are_refused(column: str, value: float, reason: str) -> None:
    bars = BARS.copy()
    bars.loc[100, column] = value
    with pytest.raises(InsufficientDataError, match=reason):
        read_indicators(bars)


def test_a_whole_series_ends_with_the_readings_of_the_last_bar() -> None:
    series, read = indicator_series(*ARRAYS), read_indicators(BARS)
    for name in set(series._fields) - {"macd_histogram", "bollinger_width_mean"}:
        assert getattr(series, name)[-1] == getattr(read, name)
    assert tuple(series.macd_histogram[-3:]) == read.macd_histogram
    assert read == indicators_of(ARRAYS)


def test_a_reading_at_a_bar_knows_nothing_of_later_bars() -> None:
    whole, part = indicator_series(*ARRAYS), indicator_series(*(c[:250] for c in ARRAYS))
    for long, short in zip(whole, part, strict=True):
        assert np.array_equal(long[:250], short, equal_nan=True)


def test_the_squeeze_compares_the_width_with_its_mean_over_fifty_bars() -> None:
    close = BARS["close"].rolling(20)
    width = 4 * close.std(ddof=0) / close.mean()
    read = read_indicators(BARS)
    assert read.bollinger_width == pytest.approx(width.iloc[-1])
    assert read.bollinger_squeeze == (width.iloc[-1] < 0.8 * width.tail(50).mean())
    calm = BARS.copy()
    calm.loc[280:, ["open", "high", "low", "close"]] = [185.0, 185.5, 184.5, 185.0]
    assert read_indicators(calm).bollinger_squeeze is True


def test_pivots_are_the_classic_ones_of_the_last_bar() -> None:
    pivots = classic_pivots(106, 97, 103)
    assert (pivots.pivot, pivots.r1, pivots.s1, pivots.r2, pivots.s2) == (102, 107, 98, 111, 93)
    high, low, close = (float(column[-1]) for column in ARRAYS[:3])
    assert read_indicators(BARS).pivots == classic_pivots(high, low, close)


def test_a_fall_that_makes_bands_and_pivots_negative_is_still_read() -> None:
    bars = BARS.copy()
    bars.loc[290:, ["open", "low", "close"]] = [2.0, 1.0, 2.0]
    read = read_indicators(bars)
    assert read.pivots is not None
    assert read.bollinger_lower < 0
    assert read.pivots.s2 < 0


@pytest.mark.parametrize(
    ("histogram", "curl"),
    [
        ((-0.3, -0.2, -0.1), "up"),
        ((-0.3, -0.2, 0.1), "none"),
        ((-0.3, -0.35, -0.1), "none"),
        ((0.3, 0.2, 0.1), "down"),
        ((0.3, 0.2, -0.1), "none"),
        ((0.1, 0.2, 0.3), "none"),
        ((-0.1, -0.1, -0.1), "none"),
    ],
)
def test_a_curl_turns_towards_zero(histogram: tuple[float, float, float], curl: str) -> None:
    assert macd_curl(histogram) == curl


@pytest.mark.parametrize(
    ("histogram", "cross"),
    [
        ((0.3, -0.1, 0.1), "up"),
        ((0.3, 0.0, 0.1), "up"),
        ((-0.1, 0.1, 0.2), "none"),
        ((-0.3, 0.1, -0.1), "down"),
        ((-0.3, 0.0, -0.1), "down"),
        ((0.3, 0.1, 0.0), "none"),
    ],
)
def test_a_cross_is_the_change_of_sign(histogram: tuple[float, float, float], cross: str) -> None:
    assert macd_cross(histogram) == cross


def test_states_have_their_thresholds_outside() -> None:
    atr = [atr_state(value, 2) for value in (0.99, 1, 3, 3.01)]
    volume = [volume_state(value) for value in (0.49, 0.5, 1.5, 1.51)]
    assert atr == ["low", "normal", "normal", "high"]
    assert volume == ["weak", "normal", "normal", "strong"]


def test_the_lead_knows_its_averages_and_change() -> None:
    lead = read_lead("LEAD6", BARS, Label.DERIVED)
    assert (lead.above_ema21, lead.above_sma50, lead.label) == (True, True, Label.DERIVED)
    close = BARS["close"].to_numpy()
    assert lead.change_fraction == pytest.approx(close[-1] / close[-2] - 1)


def test_the_lead_needs_closes_alone_but_enough_of_them() -> None:
    assert read_lead("LEAD6", BARS[["close"]], Label.DERIVED).last > 0
    with pytest.raises(InsufficientDataError):
        read_lead("LEAD6", BARS.tail(62), Label.DERIVED)


@pytest.mark.parametrize(("vwap", "above"), [(199.0, True), (200.0, False), (None, None)])
def test_the_lead_stands_above_or_below_the_vwap_of_its_session(
    vwap: float | None, above: bool | None
) -> None:
    session = SessionReading(200.0, vwap, None, None, None, 0.0)
    assert read_lead("QQQ", BARS, Label.REAL, session).above_vwap is above
    assert read_lead("QQQ", BARS, Label.REAL).above_vwap is None


@pytest.mark.parametrize(
    ("sma50", "trend"), [(101, "up"), (100.5, "flat"), (99.6, "flat"), (99, "down")]
)
def test_the_trend_has_a_flat_band(sma50: float, trend: str) -> None:
    assert read_regime(indicators(sma50=sma50, sma200=100)).trend == trend


@pytest.mark.parametrize(
    ("atr", "volatility"), [(3.1, "high"), (3, "normal"), (1, "normal"), (0.9, "low")]
)
def test_volatility_is_the_range_against_its_mean(atr: float, volatility: str) -> None:
    assert read_regime(indicators(atr14=atr, atr14_mean=2)).volatility == volatility


@pytest.mark.parametrize(("adx", "chop"), [(19.9, True), (20.0, False), (None, None)])
def test_a_market_without_direction_is_chop(adx: float | None, chop: bool | None) -> None:
    assert read_regime(indicators(adx14=adx)).chop is chop
