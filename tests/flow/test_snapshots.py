"""Snapshots know the past of their moment and nothing else, from memory as from the store."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import bootstrap
from core.desk import Desk
from core.domain.feeds import CorporateAction, Fundamentals, Label, NewsItem, NewsReading
from core.domain.market import MarketSnapshot
from core.settings import Mode, Settings
from core.steps.board import Board
from core.steps.snapshots import take_snapshots
from tests.unit.test_daily_state import history

SESSION = date(2023, 9, 12)
AS_OF = datetime(2023, 9, 12, 12, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder: Path = tmp_path_factory.mktemp("snapshots")
    watch = {"mode": Mode.PAPER, "watchlist": ("AAA",), "market_data": ("sample",)}
    opened = bootstrap.build(Settings(data_dir=folder, _env_file=None, **watch))
    yield opened
    opened.close()


def daily(symbol: str, seed: int = 1, shift: float = 0.0) -> pd.DataFrame:
    """Bars of every weekday up to the session before `SESSION` but for holidays."""
    bars = history(seed, 600)
    days = [d.date() for d in pd.bdate_range(end=SESSION - timedelta(days=1), periods=600)]
    started = pd.to_datetime(days, utc=True)
    prices = {name: bars[name] + shift for name in ("open", "high", "low", "close")}
    return bars.assign(
        symbol=symbol, timeframe="1d", session_date=days, started_at=started, **prices
    )


def snapshot(desk: Desk, symbol: str, as_of: datetime, board: Board | None = None) -> Any:
    """Take one symbol's snapshot; with a board of its own, from the store alone."""
    services = desk._services
    universe = bootstrap.Universe((symbol,), leads=())
    chosen = {"universe": universe, "board": board or services.board}
    taken, without = take_snapshots(dataclasses.replace(services, **chosen), SESSION, as_of)
    return taken[0] if taken else without[symbol]


def news(symbol: str) -> NewsItem:
    return NewsItem(
        news_id=f"n:{symbol}", symbols=(symbol,), title="Beats estimates", source="wire",
        published_at=AS_OF - timedelta(hours=3), provider="rss", label=Label.REAL,
    )  # fmt: skip


def arrive(desk: Desk, what: str, symbol: str, at: datetime) -> None:
    """Let something arrive that a snapshot would like to know."""
    storage = desk._services.storage
    if what == "revision":
        storage.bars.append(daily(symbol, shift=0.25).tail(3), at)
    if what == "split":
        split = CorporateAction(
            symbol=symbol, kind="split", ex_date=SESSION - timedelta(days=30), ratio=2.0,
            provider="sample", label=Label.REAL,
        )  # fmt: skip
        storage.actions.append([split], at)
    if what == "news":
        storage.news.append([news(symbol)], at)
        reading = NewsReading(
            news_id=f"n:{symbol}", story_id=f"n:{symbol}", symbols=(symbol,), sentiment=0.4,
            method="test",
        )  # fmt: skip
        storage.news.append_readings([reading], at)
    if what == "fundamentals":
        figures = Fundamentals(
            symbol=symbol, as_of_date=SESSION - timedelta(days=9), sector="Technology",
            earnings_per_share_usd=6.1, provider="sec", label=Label.REAL,
        )  # fmt: skip
        storage.fundamentals.append([figures], at)


EVENTS = ("revision", "split", "news", "fundamentals")


@settings(max_examples=12, deadline=None)
@given(
    name=st.integers(0, 10**9),
    events=st.lists(st.sampled_from(EVENTS), min_size=1, max_size=4, unique=True),
    early=st.integers(0, 3),
)
def test_a_past_moment_gives_the_same_snapshot_for_ever(
    desk: Desk, name: int, events: list[str], early: int
) -> None:
    symbol = f"H{name}"
    desk._services.storage.bars.append(daily(symbol), AS_OF - timedelta(hours=9))
    for what in events[:early]:
        arrive(desk, what, symbol, AS_OF - timedelta(hours=1))
    first = snapshot(desk, symbol, AS_OF)
    for what in events[early:]:
        arrive(desk, what, symbol, AS_OF + timedelta(hours=1))
    later = snapshot(desk, symbol, AS_OF + timedelta(hours=2))
    assert isinstance(first, MarketSnapshot)
    assert snapshot(desk, symbol, AS_OF) == first
    assert (later.snapshot_id == first.snapshot_id) is False
    board = Board(desk._services.storage)
    assert snapshot(desk, symbol, AS_OF + timedelta(hours=2), board) == later


@pytest.mark.parametrize("what", EVENTS)
def test_what_arrived_in_time_is_in_the_snapshot(desk: Desk, what: str) -> None:
    symbol = f"T{what.upper()}"
    desk._services.storage.bars.append(daily(symbol), AS_OF - timedelta(hours=9))
    before = snapshot(desk, symbol, AS_OF)
    arrive(desk, what, symbol, AS_OF)
    assert snapshot(desk, symbol, AS_OF) != before


def test_a_split_puts_the_bars_on_one_scale(desk: Desk) -> None:
    desk._services.storage.bars.append(daily("SPLIT"), AS_OF - timedelta(hours=9))
    before = snapshot(desk, "SPLIT", AS_OF)
    arrive(desk, "split", "SPLIT", AS_OF)
    after = snapshot(desk, "SPLIT", AS_OF)
    assert after.last == before.last  # the newest bars are younger than the split
    assert after.indicators.sma200 < before.indicators.sma200
    assert after.bars_sha256 != before.bars_sha256


def test_a_symbol_without_yesterdays_bar_gets_no_snapshot(desk: Desk) -> None:
    desk._services.storage.bars.append(daily("LATE").iloc[:-1], AS_OF - timedelta(hours=9))
    assert snapshot(desk, "LATE", AS_OF) == (
        "the newest bar of LATE is of 2023-09-08, that of 2023-09-11 is missing"
    )


def test_the_sessions_own_bars_tell_the_gap_and_the_vwap(desk: Desk) -> None:
    symbol, noon = "DAY", datetime(2023, 9, 12, 16, 0, tzinfo=UTC)
    storage = desk._services.storage
    storage.bars.append(daily(symbol), AS_OF - timedelta(hours=9))
    close = daily(symbol)["close"].iloc[-1]
    starts = pd.date_range("2023-09-12 13:25", periods=3, freq="5min", tz="UTC")
    prices = dict.fromkeys(("open", "high", "low", "close"), close * 1.02)
    intraday = pd.DataFrame({"started_at": starts, **prices}).assign(
        symbol=symbol, timeframe="5m", session_date=SESSION, volume=100.0, provider="sample",
        label="synthetic",
    )  # fmt: skip
    storage.bars.append(intraday, noon)
    taken = snapshot(desk, symbol, noon)
    assert taken.gap_fraction == pytest.approx(0.02)
    assert (taken.last, taken.vwap) == (pytest.approx(close * 1.02), pytest.approx(close * 1.02))
    assert taken.previous_close == close
    assert snapshot(desk, symbol, AS_OF).vwap is None
