"""A state that grew bar by bar is the state that was opened on all bars."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.daily_state import DailyState
from core.analysis.levels import levels_of
from core.domain.market import DailyBar
from core.errors import DomainError, InsufficientDataError
from tests.examples import examples

LEAST = 220


def history(seed: int, count: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.02, count)))
    width = close * random.uniform(0.002, 0.03, count)
    days = pd.bdate_range("2022-01-03", periods=count)
    return pd.DataFrame(
        {
            "session_date": days.date, "open": close, "high": close + width, "low": close - width,
            "close": close, "volume": random.integers(1, 10**7, count).astype(float),
            "provider": "sample", "label": "real",
        }
    )  # fmt: skip


def rows(bars: pd.DataFrame) -> list[DailyBar]:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    stored = bars.assign(symbol="AAA", fetched_at=at, received_at=at)
    return [DailyBar(**row) for row in stored.to_dict("records")]


def told(state: DailyState) -> tuple[object, ...]:
    read = state.read()
    return (
        read.sha256, read.count, read.first_date, read.last_date, read.last_close,
        read.previous_close, read.mean_volume, read.provider, read.label, read.indicators,
        read.close.tolist(),
        levels_of(read.recent(400), read.indicators, read.last_close),
    )  # fmt: skip


@examples(25)
@given(seed=st.integers(0, 10**6), more=st.integers(1, 300), cut=st.integers(0, 10**6))
def test_bar_by_bar_is_bit_for_bit_all_at_once(seed: int, more: int, cut: int) -> None:
    bars = history(seed, LEAST + more)
    place = LEAST + cut % more
    grown = DailyState(bars.head(place))
    middle = (place + len(bars)) // 2
    grown.append(rows(bars.iloc[place:middle]))
    grown.append(rows(bars.iloc[middle:]))
    assert told(grown) == told(DailyState(bars))


def test_the_hash_knows_each_number_and_each_date() -> None:
    bars = history(1, LEAST)
    days = [*bars["session_date"][:-1], bars["session_date"].iloc[-1] + timedelta(days=1)]
    others = [bars.assign(**{name: bars[name] * 1.0001}) for name in ("open", "high", "volume")]
    every = [bars, *others, bars.assign(session_date=days)]
    assert len({DailyState(one).read().sha256 for one in every}) == 5


def test_a_bar_that_is_not_newer_is_refused() -> None:
    bars = history(2, LEAST)
    state = DailyState(bars)
    with pytest.raises(DomainError, match="not newer"):
        state.append(rows(bars.tail(1)))


def test_too_few_bars_make_no_state() -> None:
    with pytest.raises(InsufficientDataError):
        DailyState(history(3, LEAST - 1))


def test_a_reading_stays_as_it_was_while_the_state_grows() -> None:
    bars = history(4, LEAST + 2)
    state = DailyState(bars.head(LEAST))
    read = state.read()
    state.append(rows(bars.tail(2)))
    assert (read.count, read.last_date) == (LEAST, bars["session_date"].iloc[LEAST - 1])
    assert read.close.tolist() == bars["close"].head(LEAST).tolist()
    with pytest.raises(ValueError, match="read-only"):
        read.close[0] = 1.0


@pytest.mark.parametrize("grown", [0, 1, 3])
def test_a_reading_names_all_its_providers_that_of_the_last_bar_first(grown: int) -> None:
    bars = history(5, LEAST + 3)
    bars["provider"] = [*["yahoo"] * (LEAST + 1), "yahoo", "alpaca"]
    state = DailyState(bars.head(len(bars) - grown))
    state.append(rows(bars.tail(grown)))
    assert state.read().provider == "alpaca, yahoo"


def test_a_reading_of_one_provider_names_that_one() -> None:
    assert DailyState(history(6, LEAST)).read().provider == "sample"


def test_the_mean_volume_is_that_of_the_last_20_bars() -> None:
    bars = history(1, 260)
    grown = DailyState(bars.head(250))
    grown.append(rows(bars.iloc[250:]))
    assert grown.read().mean_volume == pytest.approx(bars["volume"].tail(20).mean())
