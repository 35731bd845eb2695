"""Five-minute bars made of minute bars."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.quality import split_bars
from core.analysis.rollup import MinuteWindows, to_five_minutes, window_end
from core.domain.market import BAR_COLUMNS
from tests.examples import examples

TEN = datetime(2023, 9, 15, 14, 0, tzinfo=UTC)
PRICES = ["open", "high", "low", "close"]


class Minute(NamedTuple):
    """One minute bar: minutes after ten, its prices, its volume, its symbol."""

    offset: int
    open: float = 10.0
    high: float = 12.0
    low: float = 9.0
    close: float = 11.0
    volume: float = 100.0
    symbol: str = "AAPL"


def at(offset: float) -> datetime:
    return TEN + timedelta(minutes=offset)


def frame(minutes: Sequence[Minute]) -> pd.DataFrame:
    rows = pd.DataFrame(minutes, columns=list(Minute._fields)).astype({"volume": float})
    started = pd.Series([at(one.offset) for one in minutes], dtype="datetime64[us, UTC]")
    rows = rows.assign(started_at=started, timeframe="1m", provider="alpaca", label="real")
    return rows.assign(session_date=date(2023, 9, 15))[list(BAR_COLUMNS)]


@st.composite
def minute_bars(draw: st.DrawFn) -> list[Minute]:
    """Draw minute bars of two symbols over a quarter of an hour, in the order of their times."""
    keys = st.tuples(st.integers(0, 14), st.sampled_from(["AAPL", "MSFT"]))
    price = st.floats(1, 1000)
    found = []
    for offset, symbol in sorted(draw(st.sets(keys, min_size=1))):
        opened, close, *others = draw(st.tuples(price, price, price, price))
        prices = (opened, close, *others)
        volume = draw(st.integers(0, 10**6))
        bar = Minute(offset, opened, max(prices), min(prices), close, float(volume), symbol)
        found.append(bar)
    return found


def test_a_window_has_the_first_open_the_extremes_the_last_close_and_all_the_volume() -> None:
    minutes = [
        Minute(1, open=10, high=12, low=9, close=11, volume=100),
        Minute(3, open=11, high=15, low=10, close=14, volume=50),
        Minute(4, open=14, high=14.5, low=8, close=8.5, volume=25),
    ]
    [bar] = to_five_minutes(frame(minutes), at(5)).to_dict("records")

    assert [bar[name] for name in PRICES] == [10, 15, 8, 8.5]
    assert bar["volume"] == 175
    assert (bar["started_at"], bar["session_date"]) == (TEN, date(2023, 9, 15))
    assert (bar["timeframe"], bar["label"], bar["provider"]) == ("5m", "derived", "alpaca")


def test_a_window_that_goes_on_has_no_bar() -> None:
    minutes = frame([Minute(0), Minute(4), Minute(5)])

    assert to_five_minutes(minutes, at(4.99)).empty
    assert to_five_minutes(minutes, at(5))["started_at"].tolist() == [TEN]
    assert len(to_five_minutes(minutes, at(10))) == 2


def test_no_minutes_make_no_bars() -> None:
    assert tuple(to_five_minutes(frame([]), at(5)).columns) == BAR_COLUMNS


def test_the_order_of_the_minutes_does_not_matter() -> None:
    minutes = [Minute(0, close=10), Minute(1, close=11), Minute(2, close=12)]

    there, back = frame(minutes), frame(minutes[::-1])
    pd.testing.assert_frame_equal(to_five_minutes(there, at(5)), to_five_minutes(back, at(5)))


@examples(40)
@given(minute_bars())
def test_every_bar_made_of_sound_minutes_is_sound(minutes: list[Minute]) -> None:
    bars = to_five_minutes(frame(minutes), at(15))

    _, refused = split_bars(bars, "alpaca", at(15))
    assert refused == []


@examples(40)
@given(minute_bars())
def test_no_price_and_no_share_is_lost(minutes: list[Minute]) -> None:
    known, bars = frame(minutes), to_five_minutes(frame(minutes), at(15))

    for symbol, mine in known.groupby("symbol"):
        made = bars[bars["symbol"] == symbol]
        assert made["volume"].sum() == mine["volume"].sum()
        assert made["high"].max() == mine["high"].max()
        assert made["low"].min() == mine["low"].min()
        assert made["open"].iloc[0] == mine["open"].iloc[0]
        assert made["close"].iloc[-1] == mine["close"].iloc[-1]


@examples(40)
@given(minute_bars(), st.sets(st.integers(1, 29), max_size=6))
def test_it_does_not_matter_in_which_batches_the_minutes_come(
    minutes: list[Minute], cuts: set[int]
) -> None:
    windows, made = MinuteWindows(TEN), []
    edges = [0, *sorted(cut for cut in cuts if cut < len(minutes)), len(minutes)]
    for start, end in pairwise(edges):
        batch = minutes[start:end]
        windows.add(frame(batch))
        made.append(windows.ended(at(batch[-1].offset)))  # what came is known to be whole
    made.append(windows.ended(at(15)))

    together = pd.concat([one for one in made if len(one)], ignore_index=True)
    pd.testing.assert_frame_equal(together, to_five_minutes(frame(minutes), at(15)))


def test_a_window_that_began_before_the_stream_is_not_made() -> None:
    windows = MinuteWindows(at(1))
    windows.add(frame([Minute(minute) for minute in range(1, 10)]))

    assert windows.ended(at(10))["started_at"].tolist() == [at(5)]


def test_a_window_of_which_a_minute_was_refused_is_not_made() -> None:
    windows = MinuteWindows(TEN)
    windows.add(frame([Minute(0), Minute(1, symbol="MSFT"), Minute(5)]))
    windows.spoil([("AAPL", at(2))])

    made = windows.ended(at(10))
    assert list(zip(made["symbol"], made["started_at"], strict=True)) == [
        ("MSFT", TEN),
        ("AAPL", at(5)),
    ]


def test_a_bar_is_given_once_and_again_when_a_late_trade_changes_a_minute() -> None:
    windows = MinuteWindows(TEN)
    windows.add(frame([Minute(3), Minute(4, close=11)]))
    assert windows.ended(at(5))["close"].tolist() == [11]
    assert windows.ended(at(5)).empty

    windows.add(frame([Minute(4, close=11.5)]))
    assert windows.ended(at(5.5))["close"].tolist() == [11.5]
    assert windows.ended(at(5.5)).empty


def test_a_minute_of_a_window_that_is_forgotten_makes_no_bar_of_one_minute() -> None:
    windows = MinuteWindows(TEN)
    windows.add(frame([Minute(minute) for minute in range(10)]))
    assert len(windows.ended(at(10))) == 2

    windows.add(frame([Minute(0, close=9.5)]))
    assert windows.ended(at(10)).empty


def test_no_more_than_two_windows_are_held_however_long_the_stream() -> None:
    windows = MinuteWindows(TEN)
    for minute in range(60):
        windows.add(frame([Minute(minute)]))
        windows.ended(at(minute + 1))

    assert windows.held <= 10


@pytest.mark.parametrize(("offset", "end"), [(0, 5), (0.1, 5), (4.99, 5), (5, 10)])
def test_a_window_ends_at_the_next_five_minutes(offset: float, end: float) -> None:
    assert window_end(at(offset)) == at(end)
