"""Made-up 5-minute bars are, taken together, exactly the daily bar they come from."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.adapters.market_data.sample import SampleMarketData, Session, make_intraday
from core.adapters.market_data.sample import create as create_market_data
from core.domain.market import BarQuery, Timeframe
from core.settings import Settings

PRICES = ["open", "high", "low", "close"]
FULL, HALF = 78, 42


@st.composite
def sessions(draw: st.DrawFn) -> Session:
    """Any sound daily bar: prices to four places, from a fraction of a cent's range to a crash."""
    ticks = sorted(draw(st.lists(st.integers(1, 50_000_000), min_size=4, max_size=4)))
    low, *body, high = (tick / 10_000 for tick in ticks)
    opened, closed = draw(st.permutations(body))
    volume = draw(st.integers(0, 10_000_000_000))
    symbol = draw(st.sampled_from(["AAPL", "NVDA", "LEAD6"]))
    day = draw(st.dates(date(2013, 1, 2), date(2023, 9, 21)))
    return Session(symbol, day, opened, high, low, closed, volume)


bar_counts = st.sampled_from([1, 2, 3, HALF, FULL])


@given(sessions(), bar_counts)
@settings(deadline=None)
def test_the_bars_together_have_the_prices_of_the_day(day: Session, count: int) -> None:
    bars = make_intraday(day, count)

    assert bars["open"][0] == day.open
    assert bars["close"][-1] == day.close
    assert bars["high"].max() == day.high
    assert bars["low"].min() == day.low


@given(sessions(), bar_counts)
@settings(deadline=None)
def test_every_bar_is_sound(day: Session, count: int) -> None:
    bars = make_intraday(day, count)

    assert {len(values) for values in bars.values()} == {count}
    assert (bars["high"] >= np.maximum(bars["open"], bars["close"])).all()
    assert (bars["low"] <= np.minimum(bars["open"], bars["close"])).all()
    assert all(np.isfinite(bars[name]).all() for name in PRICES)


@given(sessions(), bar_counts)
@settings(deadline=None)
def test_the_volume_of_the_bars_sums_to_the_day(day: Session, count: int) -> None:
    volume = make_intraday(day, count)["volume"]

    assert volume.sum() == day.volume
    assert (volume >= 0).all()


@given(sessions())
@settings(deadline=None)
def test_each_bar_opens_where_the_one_before_closed(day: Session) -> None:
    bars = make_intraday(day, FULL)

    assert (bars["open"][1:] == bars["close"][:-1]).all()


@given(sessions())
@settings(deadline=None)
def test_the_same_day_gives_the_same_bars(day: Session) -> None:
    first, second = make_intraday(day, FULL), make_intraday(day, FULL)

    assert all((first[name] == second[name]).all() for name in first)


def test_another_symbol_or_date_walks_another_way() -> None:
    days = [
        Session(symbol, day, 10.0, 11.0, 9.0, 10.5, 1000)
        for symbol in ("AAPL", "NVDA")
        for day in (date(2023, 9, 20), date(2023, 9, 21))
    ]

    assert len({tuple(make_intraday(day, FULL)["close"]) for day in days}) == 4


def test_more_is_traded_at_the_ends_of_a_session_than_in_its_middle() -> None:
    volume = make_intraday(
        Session("AAPL", date(2023, 9, 21), 10.0, 11.0, 9.0, 10.5, 10_000_000), FULL
    )["volume"]

    assert min(volume[:6].mean(), volume[-6:].mean()) > 2 * volume[36:42].mean()


def test_a_day_at_one_price_stays_there() -> None:
    bars = make_intraday(Session("AAPL", date(2023, 9, 21), 7.0, 7.0, 7.0, 7.0, 5), FULL)

    assert all((bars[name] == 7.0).all() for name in PRICES)
    assert bars["volume"].sum() == 5


@pytest.fixture(scope="module")
def market_data() -> SampleMarketData:
    return create_market_data(Settings(_env_file=None))


@pytest.mark.parametrize(
    ("day", "count", "first", "last"),
    [
        (date(2023, 9, 21), FULL, "13:30", "19:55"),  # summer time
        (date(2023, 1, 4), FULL, "14:30", "20:55"),  # winter time
        (date(2022, 11, 25), HALF, "14:30", "17:55"),  # the day after Thanksgiving
    ],
)
def test_a_session_has_the_bars_of_the_exchange_calendar(
    market_data: SampleMarketData, day: date, count: int, first: str, last: str
) -> None:
    bars = market_data.bars(_query(day, Timeframe.FIVE_MINUTES))

    assert len(bars) == count
    assert f"{bars['started_at'].iloc[0]:%H:%M}" == first
    assert f"{bars['started_at'].iloc[-1]:%H:%M}" == last


@pytest.mark.parametrize("symbol", ["AAPL", "LEAD6"])
def test_the_sample_splits_its_own_daily_bar(market_data: SampleMarketData, symbol: str) -> None:
    day = date(2023, 9, 21)
    daily = market_data.bars(_query(day, Timeframe.DAY, symbol)).iloc[0]
    bars = market_data.bars(_query(day, Timeframe.FIVE_MINUTES, symbol))

    whole: list[Any] = [bars["open"].iloc[0], bars["high"].max(), bars["low"].min()]
    assert [*whole, bars["close"].iloc[-1]] == [daily[name] for name in PRICES]
    assert bars["volume"].sum() == daily["volume"]


def _query(day: date, timeframe: Timeframe, symbol: str = "AAPL") -> BarQuery:
    return BarQuery(symbol=symbol, timeframe=timeframe, start=day, end=day)
