"""What every source of bars must do. A new file in core/adapters/market_data/ is tested at once."""

from __future__ import annotations

from datetime import UTC, date, time
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from core.domain.feeds import Label
from core.domain.market import BAR_COLUMNS, BarQuery, Timeframe
from core.errors import InsufficientDataError
from core.ports import MarketData

MONDAY, FRIDAY = date(2023, 9, 11), date(2023, 9, 15)
PRICES = ["open", "high", "low", "close"]


def week(market_data: MarketData) -> pd.DataFrame:
    return market_data.bars(query(Timeframe.DAY, MONDAY, FRIDAY))


def friday(market_data: MarketData) -> pd.DataFrame:
    return market_data.bars(query(Timeframe.FIVE_MINUTES, FRIDAY, FRIDAY))


def query(timeframe: Timeframe, start: date, end: date, symbol: str = "AAPL") -> BarQuery:
    return BarQuery(symbol=symbol, timeframe=timeframe, start=start, end=end)


def test_daily_bars_have_the_columns_of_the_domain(market_data: MarketData) -> None:
    assert tuple(week(market_data).columns) == BAR_COLUMNS


def test_intraday_bars_have_the_columns_of_the_domain(market_data: MarketData) -> None:
    assert tuple(friday(market_data).columns) == BAR_COLUMNS


def test_a_range_includes_both_of_its_ends(market_data: MarketData) -> None:
    assert list(week(market_data)["session_date"]) == [date(2023, 9, day) for day in range(11, 16)]


def test_bars_come_oldest_first_and_only_once(market_data: MarketData) -> None:
    for bars in (week(market_data), friday(market_data)):
        assert bars["started_at"].is_monotonic_increasing
        assert bars["started_at"].is_unique


def test_bars_echo_what_was_asked(market_data: MarketData) -> None:
    for bars, timeframe in ((week(market_data), "1d"), (friday(market_data), "5m")):
        assert set(bars["symbol"]) == {"AAPL"}
        assert set(bars["timeframe"]) == {timeframe}


def test_bars_say_who_delivered_them_and_how_they_came_to_be(market_data: MarketData) -> None:
    for bars in (week(market_data), friday(market_data)):
        assert set(bars["provider"]) == {market_data.name}
        assert set(bars["label"]) <= set(Label)


def test_every_moment_is_in_utc(market_data: MarketData) -> None:
    for bars in (week(market_data), friday(market_data)):
        assert str(bars["started_at"].dtype).endswith("UTC]")
        assert bars["started_at"].iloc[0].to_pydatetime().tzinfo is not None


def test_a_daily_bar_starts_at_midnight_utc_of_its_session(market_data: MarketData) -> None:
    bars = week(market_data)

    started = [moment.to_pydatetime() for moment in bars["started_at"]]
    assert [moment.date() for moment in started] == list(bars["session_date"])
    assert {moment.astimezone(UTC).time() for moment in started} == {time(0)}


def test_intraday_bars_start_every_five_minutes_of_the_session(market_data: MarketData) -> None:
    local = friday(market_data)["started_at"].dt.tz_convert(ZoneInfo("America/New_York"))

    assert set(local.dt.date) == {FRIDAY}
    assert local.dt.time.min() == time(9, 30)
    assert local.dt.time.max() <= time(15, 55)
    assert set(local.dt.minute % 5) == {0}


def test_prices_and_volumes_are_numbers(market_data: MarketData) -> None:
    for bars in (week(market_data), friday(market_data)):
        assert (bars[PRICES].to_numpy(dtype=float) > 0).all()
        assert (bars["volume"].to_numpy(dtype=float) >= 0).all()


def test_no_price_lies_outside_high_and_low(market_data: MarketData) -> None:
    for bars in (week(market_data), friday(market_data)):
        assert (bars["high"] >= bars[PRICES].max(axis=1)).all()
        assert (bars["low"] <= bars[PRICES].min(axis=1)).all()


def test_intraday_bars_stay_within_the_daily_bar(market_data: MarketData) -> None:
    daily, intraday = week(market_data).iloc[-1], friday(market_data)

    assert intraday["high"].max() <= daily["high"]
    assert intraday["low"].min() >= daily["low"]


def test_days_without_a_session_give_an_empty_frame(market_data: MarketData) -> None:
    weekend = date(2023, 9, 9), date(2023, 9, 10)

    for timeframe in (Timeframe.DAY, Timeframe.FIVE_MINUTES):
        bars = market_data.bars(query(timeframe, *weekend))
        assert bars.empty
        assert tuple(bars.columns) == BAR_COLUMNS


def test_an_unknown_symbol_is_refused(market_data: MarketData) -> None:
    with pytest.raises(InsufficientDataError, match="ZZZZ"):
        market_data.bars(query(Timeframe.DAY, MONDAY, FRIDAY, symbol="ZZZZ"))


def test_asking_again_gives_the_same_bars(market_data: MarketData) -> None:
    pd.testing.assert_frame_equal(week(market_data), week(market_data))
    pd.testing.assert_frame_equal(friday(market_data), friday(market_data))


def test_what_the_caller_does_to_the_bars_stays_with_the_caller(market_data: MarketData) -> None:
    bars = week(market_data)
    bars["close"] = 1.0

    assert (week(market_data)["close"] > 1).all()
