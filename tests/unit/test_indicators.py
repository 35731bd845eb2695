"""Readings agree with the published vectors and refuse what would spoil them."""

from __future__ import annotations

import numpy as np
import pytest

from core.analysis.indicators import macd_curl, read_indicators, read_lead, read_regime
from core.domain.feeds import Label
from core.errors import InsufficientDataError
from tests.unit.markets import closed_form_bars, indicators

BARS = closed_form_bars()


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


def test_bars_without_range_or_volume_are_refused() -> None:
    with pytest.raises(InsufficientDataError, match="no range or no volume"):
        read_indicators(BARS.assign(high=100.0, low=100.0, close=100.0))
    with pytest.raises(InsufficientDataError, match="no range or no volume"):
        read_indicators(BARS.assign(volume=0))


@pytest.mark.parametrize(
    ("histogram", "curl"),
    [
        ((-0.3, -0.2, -0.1), "up"),
        ((-0.3, -0.2, 0.1), ""),
        ((-0.3, -0.35, -0.1), ""),
        ((0.3, 0.2, 0.1), "down"),
        ((0.3, 0.2, -0.1), ""),
        ((0.1, 0.2, 0.3), ""),
        ((-0.1, -0.1, -0.1), ""),
    ],
)
def test_a_curl_turns_towards_zero(histogram: tuple[float, float, float], curl: str) -> None:
    assert macd_curl(histogram) == curl


def test_the_lead_knows_its_averages_and_change() -> None:
    lead = read_lead("LEAD6", BARS, Label.DERIVED)
    assert (lead.above_ema21, lead.above_sma50, lead.label) == (True, True, Label.DERIVED)
    close = BARS["close"].to_numpy()
    assert lead.change_fraction == pytest.approx(close[-1] / close[-2] - 1)


def test_the_lead_needs_closes_alone_but_enough_of_them() -> None:
    assert read_lead("LEAD6", BARS[["close"]], Label.DERIVED).last > 0
    with pytest.raises(InsufficientDataError):
        read_lead("LEAD6", BARS.tail(62), Label.DERIVED)


@pytest.mark.parametrize(
    ("sma50", "trend"), [(101, "up"), (100.5, "flat"), (99.6, "flat"), (99, "down")]
)
def test_the_trend_has_a_flat_band(sma50: float, trend: str) -> None:
    assert read_regime(BARS, indicators(sma50=sma50, sma200=100)).trend == trend


@pytest.mark.parametrize(
    ("atr", "volatility"), [(3.1, "high"), (3, "normal"), (1, "normal"), (0.9, "low")]
)
def test_volatility_is_the_range_against_its_mean(atr: float, volatility: str) -> None:
    assert read_regime(BARS, indicators(atr14=atr, atr14_mean=2)).volatility == volatility
