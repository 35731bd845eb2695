"""A stream says of each bar, bit for bit, what the whole series says of it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.bar_arrays import BarArrays
from core.analysis.indicators import Readings, indicator_series, indicators_of, read_indicators
from core.analysis.sessions import RunningVwap, vwap_series
from core.analysis.streaming import IndicatorStream
from core.errors import InsufficientDataError
from tests.examples import examples
from tests.unit.markets import closed_form_bars

MINIMUM = 220
BARS = BarArrays.of(closed_form_bars())
NOT_A_BAR = [
    (math.nan, 99.0, 100.0, 1.0),
    (101.0, math.nan, 100.0, 1.0),
    (101.0, 99.0, math.nan, 1.0),
    (101.0, 99.0, 100.0, math.nan),
    (math.inf, 99.0, 100.0, 1.0),
    (101.0, 99.0, 100.0, math.inf),
    (101.0, 0.0, 100.0, 1.0),
    (101.0, 99.0, 102.0, 1.0),
    (101.0, 99.0, 100.0, -1.0),
]


@st.composite
def histories(draw: st.DrawFn) -> BarArrays:
    """Return 220 to 300 bars of any price, movement and tick, with a pause in trading."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count, movement = draw(st.integers(MINIMUM, 300)), draw(st.floats(1e-5, 0.3))
    start, digits = draw(st.floats(0.01, 1e6)), draw(st.sampled_from([2, 4, 15]))
    steps = random.standard_t(3, count).clip(-6, 6) * movement
    pause = draw(st.integers(1, count - 30))
    steps[pause : pause + draw(st.integers(0, 30))] = 0
    close = np.round(start * np.exp(np.cumsum(steps)), digits) + 0.0001
    close[0] *= 1.5  # never all the same
    high = close * (1 + movement * random.random(count))
    low = close / (1 + movement * random.random(count))
    volume = np.round(random.lognormal(10, 3, count)) * (random.random(count) > 0.3)
    return BarArrays(high, low, close, volume)


def rows(bars: BarArrays, start: int) -> list[tuple[float, float, float, float]]:
    high, low, close, volume = (column[start:].tolist() for column in bars)
    return list(zip(high, low, close, volume, strict=True))


def first(bars: BarArrays, count: int) -> BarArrays:
    return BarArrays(*(column[:count] for column in bars))


def bits(readings: Readings[float]) -> bytes:
    return np.array(readings).tobytes()


@examples(60)
@given(histories(), st.data())
def test_a_stream_agrees_with_the_whole_series_at_every_bar(
    bars: BarArrays, data: st.DataObject
) -> None:
    split = data.draw(st.integers(MINIMUM, len(bars.close)), "split")
    expected = np.column_stack(indicator_series(*bars))
    stream = IndicatorStream.open(first(bars, split))
    assert bits(stream.readings) == expected[split - 1].tobytes()
    for place, row in enumerate(rows(bars, split), split):
        assert bits(stream.update(*row)) == expected[place].tobytes()


@examples(30)
@given(histories())
def test_what_follows_from_the_readings_agrees_too(bars: BarArrays) -> None:
    stream = IndicatorStream.open(first(bars, MINIMUM))
    for row in rows(bars, MINIMUM):
        stream.update(*row)
    assert stream.indicators() == indicators_of(bars)


@pytest.mark.parametrize("row", NOT_A_BAR)
def test_what_is_no_bar_is_refused_and_changes_nothing(
    row: tuple[float, float, float, float],
) -> None:
    stream, other = (IndicatorStream.open(first(BARS, 250)) for _ in range(2))
    with pytest.raises(InsufficientDataError, match="no bar has"):
        stream.update(*row)
    assert stream.readings == other.readings
    assert stream.indicators() == other.indicators()
    for good in rows(BARS, 250):
        assert bits(stream.update(*good)) == bits(other.update(*good))


def test_a_stream_opens_on_what_the_whole_series_takes() -> None:
    with pytest.raises(InsufficientDataError, match="219 bars, at least 220"):
        IndicatorStream.open(first(BARS, 219))


def test_twenty_bars_without_volume_give_no_indicators_until_shares_trade_again() -> None:
    stream = IndicatorStream.open(BARS._replace(volume=BARS.volume.round()))
    for place in range(20):
        stream.update(186.0 + place % 2, 184.0, 185.0, 0.0)
    assert math.isnan(stream.readings.relative_volume)
    with pytest.raises(InsufficientDataError, match="no range or no volume"):
        stream.indicators()
    stream.update(186.0, 184.0, 185.0, 500.0)
    assert stream.indicators().relative_volume == 20


def test_a_stream_of_a_frame_reads_as_the_frame_does() -> None:
    frame = closed_form_bars()
    assert IndicatorStream.open(BarArrays.of(frame)).indicators() == read_indicators(frame)


@examples(60)
@given(histories())
def test_a_running_vwap_agrees_with_the_whole_session(bars: BarArrays) -> None:
    running = RunningVwap()
    values = [running.update(*row) for row in rows(bars, 0)]
    numbers = np.array([math.nan if value is None else value for value in values])
    assert numbers.tobytes() == vwap_series(bars).tobytes()


@pytest.mark.parametrize("row", NOT_A_BAR)
def test_a_running_vwap_refuses_what_is_no_bar(row: tuple[float, float, float, float]) -> None:
    running = RunningVwap()
    running.update(101.0, 99.0, 100.0, 50.0)
    with pytest.raises(InsufficientDataError):
        running.update(*row)
    assert running.value == 100
    assert running.update(111.0, 109.0, 110.0, 50.0) == 105
