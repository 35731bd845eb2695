"""Levels lie on their side of the price, merge where they agree, and come nearest first."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.indicators import read_indicators
from core.analysis.levels import confluence, find_levels, levels_of
from core.analysis.sessions import SessionReading
from core.domain.market import Level
from core.errors import InsufficientDataError
from tests.examples import examples
from tests.unit.markets import closed_form_bars, indicators

FAR = {"ema8": 40, "ema21": 30, "sma50": 20, "sma200": 10}
READ = indicators(**FAR)


def flat(count: int = 60, **peaks: float) -> pd.DataFrame:
    """Return bars that rise by nearly nothing, with a high of `p<place>` where one is named."""
    base = 100 + np.arange(count) * 1e-6
    bars = pd.DataFrame({"high": base + 1, "low": base - 1, "close": base})
    for name, price in peaks.items():
        bars.loc[int(name[1:]), "high"] = price
    return bars


def by_source(levels: tuple[Level, ...]) -> dict[str, Level]:
    return {level.source: level for level in reversed(levels)}


def test_a_confirmed_high_is_a_resistance() -> None:
    level = by_source(find_levels(flat(p30=110), indicators(**FAR), 100))["swing"]
    assert (level.kind, level.price, level.note) == ("resistance", 110, "major swing high")


def test_a_high_with_fewer_than_ten_bars_behind_it_is_no_swing_yet() -> None:
    levels = find_levels(flat(p50=110), indicators(**FAR), 100)
    assert 110 not in {level.price for level in levels if level.source == "swing"}


def test_a_high_with_ten_to_nineteen_bars_behind_it_is_a_minor_swing() -> None:
    level = by_source(find_levels(flat(p45=111), indicators(**FAR), 100))["swing"]
    assert (level.price, level.note) == (111, "swing high")


def test_pivots_come_from_the_previous_day() -> None:
    bars = flat()
    bars.loc[59, ["high", "low", "close"]] = [106.0, 97.0, 103.0]
    levels = by_source(find_levels(bars, indicators(**FAR, atr14=0.5), 103))
    assert levels["pivot"].price == pytest.approx(102)
    assert levels["r1"].price == pytest.approx(107)
    assert levels["s1"].price == pytest.approx(98)
    assert (levels["pdh"].price, levels["pdl"].price) == (106, 97)


def test_sources_that_agree_are_one_stronger_level() -> None:
    read = indicators(**(FAR | {"sma50": 110.3, "ema21": 109.8}))
    level = by_source(find_levels(flat(p30=110), read, 100))["swing"]
    assert (level.price, confluence(level), level.strength) == (110, 3, 0.6)
    assert level.note == "major swing high, SMA 50, EMA 21"


def test_sources_on_both_sides_of_the_price_do_not_merge() -> None:
    read = indicators(**(FAR | {"sma50": 99.9, "ema21": 100.1}))
    sides = {level.source: level.kind for level in find_levels(flat(), read, 100)}
    assert (sides["sma50"], sides["ema21"]) == ("support", "resistance")


@pytest.mark.parametrize(
    ("last", "atr", "rounds"),
    [(417.4, 12, [400, 450]), (77.5, 1.2, [75, 80]), (8.3, 0.2, [8, 8.5])],
)
def test_round_numbers_are_as_far_apart_as_the_range_asks(
    last: float, atr: float, rounds: list[float]
) -> None:
    bars = flat().assign(high=last + atr / 2, low=last - atr, close=last)
    far = {"ema21": last * 9, "sma50": last * 9, "sma200": last * 9, "atr14": atr}
    levels = find_levels(bars, indicators(**far), last)
    found = sorted(level.price for level in levels if level.source == "round")
    assert found == pytest.approx(rounds)


def test_the_nearest_twelve_come_first() -> None:
    bars = closed_form_bars()
    last = float(bars["close"].iloc[-1])
    levels = find_levels(bars, read_indicators(bars), last)
    distances = [abs(level.price - last) for level in levels]
    assert distances == sorted(distances)
    assert 6 <= len(levels) <= 12


def test_the_session_adds_its_vwap_and_the_edges_of_the_pre_market() -> None:
    session = SessionReading(100.0, 107.0, 103.0, 112.0, 93.0, 0.0)
    levels = by_source(find_levels(flat(), indicators(**FAR), 100, session))
    assert (levels["vwap"].price, levels["vwap"].kind) == (107, "resistance")
    assert (levels["pmh"].price, levels["pml"].price) == (112, 93)
    before = SessionReading(100.0, None, None, None, None, 0.0)
    assert not {"vwap", "pmh", "pml"} & set(by_source(find_levels(flat(), READ, 100, before)))


def test_the_bands_and_the_fast_average_are_levels() -> None:
    read = indicators(**FAR | {"ema8": 97, "bollinger_upper": 108, "bollinger_lower": -3})
    levels = by_source(find_levels(flat(), read, 100))
    assert (levels["ema8"].price, levels["bb_upper"].price) == (97, 108)
    assert "bb_lower" not in levels


def test_the_first_of_equal_highs_is_the_swing() -> None:
    bars = flat(p25=110, p30=110)
    spots = [level for level in find_levels(bars, READ, 100) if level.price == 110]
    assert [(level.note, confluence(level)) for level in spots] == [("major swing high", 1)]


def test_arrays_and_frames_give_the_same_levels() -> None:
    bars = closed_form_bars()
    read, last = read_indicators(bars), float(bars["close"].iloc[-1])
    high, low, close = (bars[name].to_numpy() for name in ("high", "low", "close"))
    assert levels_of((high, low, close), read, last) == find_levels(bars, read, last)


def test_a_price_that_is_not_finite_gives_no_levels() -> None:
    with pytest.raises(InsufficientDataError, match="high is not a finite number in bar 30"):
        find_levels(flat(p30=np.nan), READ, 100)


@examples(40)
@given(st.integers(220, 300), st.floats(0.9, 1.1))
def test_levels_lie_on_their_side_and_apart(count: int, shift: float) -> None:
    bars = closed_form_bars(count)
    read, last = read_indicators(bars), float(bars["close"].iloc[-1]) * shift
    for kind in ("support", "resistance"):
        prices = [level.price for level in find_levels(bars, read, last) if level.kind == kind]
        assert all((price <= last) == (kind == "support") for price in prices)
        assert all(gap > 0.25 * read.atr14 for gap in np.diff(sorted(prices)))
