"""Yahoo's bars, actions and quotes: prices as they were traded, each bar under its own time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer

from core.adapters.market_data.yahoo import YahooMarketData, create
from core.adapters.market_data.yahoo.frames import NEW_YORK, to_bars
from core.domain.market import BarQuery, Timeframe
from core.settings import Settings
from tests.contract.stubs import market_data_yahoo
from tests.contract.stubs.market_data_yahoo import AAPL, Listing, row

THURSDAY, FRIDAY = date(2020, 8, 27), date(2020, 8, 28)
EX_DATE = date(2020, 8, 31)
PRICES = ["open", "high", "low", "close"]
AAPL_2020 = Listing(
    "AAPL",
    daily=[
        row(THURSDAY, (127.142502, 127.485001, 123.832497, 125.010002), 155552400),
        row(FRIDAY, (126.012497, 126.442497, 124.577499, 124.807503), 187630000),
        row(EX_DATE, (127.580002, 131.0, 126.0, 129.039993), 225702700),
    ],
    intraday=[row(FRIDAY, (126.012497, 126.1, 125.9, 126.0), 4000)],
    splits=[(EX_DATE, 4, 1)],
    dividends=[(date(2020, 8, 7), 0.205), (date(2020, 11, 6), 0.205)],
)
Serve = Callable[..., YahooMarketData]


@pytest.fixture
def serve(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Serve:
    """Return what builds the adapter in front of a server that holds some listings."""

    def build(*listings: Listing) -> YahooMarketData:
        market_data_yahoo.serve(httpserver, monkeypatch, *listings)
        return create(Settings(_env_file=None, data_dir=tmp_path))

    return build


def daily(start: date, end: date, symbol: str = "AAPL") -> BarQuery:
    return BarQuery(symbol=symbol, timeframe=Timeframe.DAY, start=start, end=end)


def intraday(day: date, timeframe: Timeframe = Timeframe.FIVE_MINUTES) -> BarQuery:
    return BarQuery(symbol="AAPL", timeframe=timeframe, start=day, end=day)


WEEK = daily(date(2023, 9, 11), date(2023, 9, 15))


def test_a_split_after_the_range_is_undone(serve: Serve) -> None:
    bars = serve(AAPL_2020).bars(daily(THURSDAY, FRIDAY))

    assert bars[PRICES].to_numpy().tolist() == [
        [508.57, 509.94, 495.33, 500.04],
        [504.05, 505.77, 498.31, 499.23],
    ]


def test_shares_are_those_that_changed_hands(serve: Serve) -> None:
    bars = serve(AAPL_2020).bars(daily(THURSDAY, FRIDAY))

    assert list(bars["volume"]) == [38888100, 46907500]


def test_a_split_inside_the_range_changes_only_what_was_before(serve: Serve) -> None:
    bars = serve(AAPL_2020).bars(daily(FRIDAY, EX_DATE))

    assert list(bars["close"]) == [499.23, 129.04]
    assert list(bars["volume"]) == [46907500, 225702700]


def test_two_splits_are_undone_together(serve: Serve) -> None:
    twice = replace(AAPL_2020, splits=[(EX_DATE, 4, 1), (date(2022, 6, 1), 1, 10)])

    bars = serve(twice).bars(daily(FRIDAY, EX_DATE))

    assert list(bars["close"]) == [49.923, 12.904]


def test_a_split_on_a_day_without_a_bar_moves_no_bar(serve: Serve) -> None:
    halted = replace(AAPL_2020, daily=AAPL_2020.daily[:2], splits=[(date(2020, 8, 30), 4, 1)])

    assert list(serve(halted).bars(daily(FRIDAY, EX_DATE))["close"]) == [499.23]


def test_a_later_split_is_undone_in_minutes_too(serve: Serve) -> None:
    bars = serve(AAPL_2020).bars(intraday(FRIDAY))

    assert bars[[*PRICES, "volume"]].to_numpy().tolist() == [[504.05, 504.4, 503.6, 504, 1000]]


def test_a_dividend_is_what_a_share_was_paid_then(serve: Serve) -> None:
    actions = serve(AAPL_2020).actions("AAPL", date(2020, 8, 1), date(2020, 12, 31))

    assert [(one.kind, one.ex_date, one.amount_usd or one.ratio) for one in actions] == [
        ("dividend", date(2020, 8, 7), 0.82),
        ("split", EX_DATE, 4.0),
        ("dividend", date(2020, 11, 6), 0.205),
    ]


def test_a_split_after_the_range_counts_for_its_dividends(serve: Serve) -> None:
    (dividend,) = serve(AAPL_2020).actions("AAPL", date(2020, 8, 1), date(2020, 8, 20))

    assert dividend.amount_usd == 0.82


def test_daily_bars_and_their_splits_are_one_request(serve: Serve, httpserver: HTTPServer) -> None:
    serve(AAPL_2020).bars(daily(THURSDAY, FRIDAY))

    assert len(httpserver.log) == 1


def test_actions_outside_the_range_are_left_out(serve: Serve) -> None:
    assert serve(AAPL_2020).actions("AAPL", FRIDAY, FRIDAY) == []


@given(
    cents=st.integers(min_value=1, max_value=40_000),
    ratio=st.sampled_from([2, 3, 4, 7, 10, 20]),
)
def test_the_noise_of_32_bit_floats_is_taken_off(cents: int, ratio: int) -> None:
    adjusted = float(np.float32(cents / 100 / ratio))
    rows = pd.DataFrame(
        [[adjusted, adjusted, adjusted, adjusted, 100]],
        columns=["Open", "High", "Low", "Close", "Volume"],
        index=pd.DatetimeIndex([pd.Timestamp(FRIDAY, tz=NEW_YORK)]),
    )

    bars = to_bars(rows, {EX_DATE: ratio}, daily(FRIDAY, FRIDAY))

    assert list(bars["close"]) == [cents / 100]


def test_a_row_of_nulls_is_left_out(serve: Serve) -> None:
    halted = row(date(2023, 9, 14), (None, None, None, None), None)
    holey = replace(AAPL, daily=[*AAPL.daily[:3], halted, AAPL.daily[4]])

    bars = serve(holey).bars(WEEK)

    assert [day.day for day in bars["session_date"]] == [11, 12, 13, 15]


def test_a_row_that_lacks_some_prices_comes_as_it_is(serve: Serve) -> None:
    torn = row(date(2023, 9, 14), (None, 176.1, None, 175.74), 60895800)

    bars = serve(replace(AAPL, daily=[torn])).bars(WEEK)

    assert bars[PRICES].isna().to_numpy().tolist() == [[True, False, True, False]]
    assert list(bars["high"]) == [176.1]


def test_yesterday_again_comes_once_and_under_its_own_date(serve: Serve) -> None:
    again = row(date(2023, 9, 14), (174.0, 176.1, 173.58, 175.74), 60895800, at=time(16))
    repeated = replace(AAPL, daily=[*AAPL.daily[:4], again])

    bars = serve(repeated).bars(WEEK)

    assert [day.day for day in bars["session_date"]] == [11, 12, 13, 14]
    assert bars["close"].iloc[-1] == 175.74


def test_the_bars_of_the_pre_market_are_kept_even_without_volume(serve: Serve) -> None:
    early = row(date(2023, 9, 15), (176, 176, 175.9, 176), 0, at=time(4))

    bars = serve(replace(AAPL, intraday=[early, *AAPL.intraday])).bars(intraday(WEEK.end))

    assert len(bars) == 79
    assert bars["started_at"].iloc[0] == pd.Timestamp("2023-09-15 08:00", tz="UTC")
    assert bars["volume"].iloc[0] == 0


@pytest.mark.parametrize("at", [time(16), time(16, 5), time(19, 55)])
def test_no_bar_comes_from_after_the_close(serve: Serve, at: time) -> None:
    late = row(date(2023, 9, 15), (175, 175, 175, 175), 100, at=at)

    bars = serve(replace(AAPL, intraday=[*AAPL.intraday, late])).bars(intraday(WEEK.end))

    assert bars["started_at"].max() == pd.Timestamp("2023-09-15 19:55", tz="UTC")


@pytest.mark.parametrize("at", [time(9, 32, 17), time(9, 32)])
def test_the_running_bar_starts_when_its_five_minutes_do(serve: Serve, at: time) -> None:
    running = row(date(2023, 9, 15), (176.5, 176.5, 176.4, 176.5), 900, at=at)

    bars = serve(replace(AAPL, intraday=[running])).bars(intraday(WEEK.end))

    assert list(bars["started_at"]) == [pd.Timestamp("2023-09-15 13:30", tz="UTC")]


def test_five_minutes_come_once_though_their_last_trade_comes_too(serve: Serve) -> None:
    first, running = (
        row(date(2023, 9, 15), (176.5, 176.5, 176.4, 176.5), 900, at=at)
        for at in (time(9, 30), time(9, 32))
    )

    bars = serve(replace(AAPL, intraday=[first, running])).bars(intraday(WEEK.end))

    assert len(bars) == 1


def test_a_minute_is_a_minute(serve: Serve) -> None:
    running = row(date(2023, 9, 15), (176.5, 176.5, 176.4, 176.5), 900, at=time(9, 32, 17))

    bars = serve(replace(AAPL, intraday=[running])).bars(intraday(WEEK.end, Timeframe.MINUTE))

    assert list(bars["started_at"]) == [pd.Timestamp("2023-09-15 13:32", tz="UTC")]


def test_a_share_class_has_a_dash_at_yahoo_and_a_dot_here(
    serve: Serve, httpserver: HTTPServer
) -> None:
    yahoo = serve(replace(AAPL, symbol="BRK-B"))

    bars = yahoo.bars(daily(WEEK.start, WEEK.end, symbol="BRK.B"))

    assert set(bars["symbol"]) == {"BRK.B"}
    assert {request.path for request, _ in httpserver.log} == {"/v8/finance/chart/BRK-B"}


def test_a_quote_is_the_last_trade_of_regular_hours(serve: Serve) -> None:
    (quote,) = serve(AAPL).quotes(["AAPL"])

    assert (quote.last, quote.bid, quote.ask) == (175.009995, None, None)
    assert quote.quoted_at.isoformat() == "2023-09-15T20:00:01+00:00"


def test_only_symbols_that_have_a_quote_get_one(serve: Serve) -> None:
    found = serve(AAPL, replace(AAPL, symbol="BRK-B")).quotes(["ZZZZ", "BRK.B", "AAPL"])

    assert [quote.symbol for quote in found] == ["BRK.B", "AAPL"]
