"""Snapshots know the past of their moment and nothing else, from memory as from the store."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import bootstrap
from core.analysis.sessions import usual_share
from core.desk import Desk
from core.domain.feeds import CorporateAction, Fundamentals, Label, NewsItem, NewsReading
from core.domain.market import MarketSnapshot
from core.settings import Mode, Settings
from core.steps.board import Board
from core.steps.snapshots import Taken, take_snapshots
from core.storage.configurations import Configuration
from tests.examples import examples
from tests.unit.test_daily_state import history

SESSION = date(2023, 9, 12)
COUNT = 300  # more than the longest average needs
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
    bars = weekdays(seed)
    prices = {name: bars[name] + shift for name in ("open", "high", "low", "close")}
    return bars.assign(symbol=symbol, **prices)


@cache
def weekdays(seed: int) -> pd.DataFrame:
    days = [d.date() for d in pd.bdate_range(end=SESSION - timedelta(days=1), periods=COUNT)]
    started = pd.to_datetime(days, utc=True)
    return history(seed, COUNT).assign(timeframe="1d", session_date=days, started_at=started)


def snapshot(desk: Desk, symbol: str, as_of: datetime, board: Board | None = None) -> Any:
    """Take one symbol's snapshot; with a board of its own, from the store alone."""
    found = take(desk, bootstrap.Universe((symbol,), leads=()), as_of, board)
    return found.symbols[0] if found.symbols else found.failed[symbol]


def take(
    desk: Desk, universe: bootstrap.Universe, as_of: datetime, board: Board | None = None
) -> Taken:
    services = desk._services
    chosen = {"universe": universe, "board": board or services.board}
    return take_snapshots(dataclasses.replace(services, **chosen), SESSION, as_of)


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


@examples(12)
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
    storage.bars.append(intraday(symbol, close * 1.02), noon)
    taken = snapshot(desk, symbol, noon)
    assert taken.gap_fraction == pytest.approx(0.02)
    assert (taken.last, taken.vwap) == (pytest.approx(close * 1.02), pytest.approx(close * 1.02))
    assert taken.previous_close == close
    assert snapshot(desk, symbol, AS_OF).vwap is None


def test_the_sessions_volume_is_held_against_a_usual_one(desk: Desk) -> None:
    symbol, noon = "BUSY", datetime(2023, 9, 12, 16, 0, tzinfo=UTC)
    storage, bars = desk._services.storage, daily("BUSY")
    storage.bars.append(bars, AS_OF - timedelta(hours=9))
    storage.bars.append(intraday(symbol, bars["close"].iloc[-1]), noon)
    mean = bars["volume"].tail(20).mean()
    # two of the 78 bars of the session, 100 shares each
    expected = 200 / (mean * usual_share(2 / 78))
    assert snapshot(desk, symbol, noon).session_relative_volume == pytest.approx(expected)


def test_volumes_of_different_providers_are_not_compared(desk: Desk) -> None:
    symbol, noon = "FEEDS", datetime(2023, 9, 12, 16, 0, tzinfo=UTC)
    storage, bars = desk._services.storage, daily("FEEDS")
    storage.bars.append(bars, AS_OF - timedelta(hours=9))
    other = intraday(symbol, bars["close"].iloc[-1]).assign(provider="other")
    storage.bars.append(other, noon)
    taken = snapshot(desk, symbol, noon)
    assert taken.session_open is not None
    assert taken.session_relative_volume is None


def intraday(symbol: str, price: float) -> pd.DataFrame:
    """The last bar before the open and the first two of the session, all of one price."""
    starts = pd.date_range("2023-09-12 13:25", periods=3, freq="5min", tz="UTC")
    prices = dict.fromkeys(("open", "high", "low", "close"), price)
    return pd.DataFrame({"started_at": starts, **prices}).assign(
        symbol=symbol, timeframe="5m", session_date=SESSION, volume=100.0, provider="sample",
        label="synthetic",
    )  # fmt: skip


ARRIVALS = st.lists(
    st.tuples(
        st.sampled_from(["bars", "revision", "other provider", "split", "corrected", "withdrawn"]),
        st.integers(-6, 6),
    ),
    max_size=6,
)
QUESTIONS = st.lists(
    st.tuples(st.integers(-6, 6), st.integers(0, 3)), min_size=2, max_size=5
)  # fmt: skip


def tell(desk: Desk, symbol: str, what: str, at: datetime) -> None:
    """Let something arrive that may change what a board holds."""
    storage, bars = desk._services.storage, daily(symbol)
    splits = {"split": (2.0, 30), "corrected": (4.0, 30), "withdrawn": (2.0, 1)}
    if what in splits:
        ratio, days = splits[what]
        split = CorporateAction(
            symbol=symbol, kind="split", ex_date=SESSION - timedelta(days=days), ratio=ratio,
            provider="sample", label=Label.REAL,
        )  # fmt: skip
        span = (SESSION - timedelta(days=300), SESSION)
        storage.actions.replace(symbol, "sample", span, [split], at)
    if what == "bars":
        storage.bars.append(bars.tail(9), at)
    if what == "revision":
        storage.bars.append(daily(symbol, shift=0.25).tail(7).head(3), at)
    if what == "other provider":
        storage.bars.append(daily(symbol, shift=0.5).iloc[-11:-1].assign(provider="yahoo"), at)


@examples(60)
@given(
    name=st.integers(0, 10**9), arrivals=ARRIVALS, questions=QUESTIONS, held_back=st.integers(0, 9)
)
def test_a_board_answers_as_the_store_does_whatever_was_asked_before(
    desk: Desk,
    name: int,
    arrivals: list[tuple[str, int]],
    questions: list[tuple[int, int]],
    held_back: int,
) -> None:
    symbol, storage, board = f"B{name}", desk._services.storage, Board(desk._services.storage)
    storage.bars.append(daily(symbol).head(COUNT - held_back), AS_OF - timedelta(hours=9))
    steps = [*arrivals, *[("nothing", 0)] * max(0, len(questions) - len(arrivals))]
    for place, (what, hours) in enumerate(steps):
        tell(desk, symbol, what, AS_OF + timedelta(hours=hours))
        for asked, back in questions[place : place + 1]:
            at, day = AS_OF + timedelta(hours=asked), SESSION - timedelta(days=back)
            assert told(board, symbol, day, at) == told(Board(storage), symbol, day, at)
    for asked, back in questions:
        at, day = AS_OF + timedelta(hours=asked), SESSION - timedelta(days=back)
        assert told(board, symbol, day, at) == told(Board(storage), symbol, day, at)


def told(board: Board, symbol: str, session_date: date, at: datetime) -> tuple[object, ...]:
    states, failed = board.states((symbol,), session_date, at)
    if symbol not in states:
        return (failed[symbol],)
    state = states[symbol]
    return state.sha256, state.indicators, state.provider, state.last_date, state.close.tolist()


def test_a_board_opened_in_the_past_learns_what_was_hidden_then(desk: Desk) -> None:
    storage, symbol, board = desk._services.storage, "HIDDEN", Board(desk._services.storage)
    storage.bars.append(daily(symbol), AS_OF - timedelta(hours=9))
    storage.bars.append(daily(symbol, shift=0.25).tail(9).head(2), AS_OF + timedelta(hours=1))
    before = snapshot(desk, symbol, AS_OF, board)
    after = snapshot(desk, symbol, AS_OF + timedelta(hours=2), board)
    assert before.bars_sha256 != after.bars_sha256
    assert after == snapshot(desk, symbol, AS_OF + timedelta(hours=2), Board(storage))


def test_a_late_bar_from_before_a_split_is_put_on_its_scale(desk: Desk) -> None:
    storage, symbol, board = desk._services.storage, "LATEBAR", Board(desk._services.storage)
    storage.bars.append(daily(symbol).iloc[:-1], AS_OF - timedelta(hours=9))
    tell(desk, symbol, "split", AS_OF - timedelta(hours=9))
    split = storage.actions.known_of([symbol], AS_OF)[symbol][0]
    today = split.model_copy(update={"ex_date": SESSION})
    storage.actions.append([today], AS_OF - timedelta(hours=9))
    assert told(board, symbol, SESSION, AS_OF) == told(Board(storage), symbol, SESSION, AS_OF)
    storage.bars.append(daily(symbol).tail(1), AS_OF)
    assert told(board, symbol, SESSION, AS_OF) == told(Board(storage), symbol, SESSION, AS_OF)


def test_what_was_read_does_not_change_while_the_board_goes_on(desk: Desk) -> None:
    storage, board = desk._services.storage, Board(desk._services.storage)
    storage.bars.append(daily("READ").iloc[:-2], AS_OF - timedelta(hours=9))
    read = board.states(("READ",), SESSION, AS_OF)[0]["READ"]
    before = (read.count, read.last_date, read.sha256, read.close.tolist())
    storage.bars.append(daily("READ").tail(2), AS_OF)
    assert board.states(("READ",), SESSION, AS_OF)[0]["READ"].count == read.count + 2
    assert (read.count, read.last_date, read.sha256, read.close.tolist()) == before


def test_a_snapshot_taken_while_bars_are_on_their_way_is_the_same_afterwards(desk: Desk) -> None:
    storage, symbol = desk._services.storage, "ONTHEWAY"
    storage.bars.append(daily(symbol), AS_OF - timedelta(hours=9))
    fetched = daily(symbol, shift=0.25).tail(3)
    with ThreadPoolExecutor() as pool:
        with storage.store.write():  # the bars are there and cannot be stored yet
            stored = pool.submit(storage.bars.append, fetched)
            known = pool.submit(storage.now_known)
        at = known.result()
        seen = snapshot(desk, symbol, at, Board(storage))
        assert stored.result() == 3
    assert snapshot(desk, symbol, at, Board(storage)) == seen
    assert snapshot(desk, symbol, storage.now_known()).last == fetched["close"].iloc[-1]


def split_today(symbol: str, ratio: float, ex_date: date = SESSION) -> CorporateAction:
    return CorporateAction(
        symbol=symbol, kind="split", ex_date=ex_date, ratio=ratio, provider="sample",
        label=Label.REAL,
    )  # fmt: skip


def test_a_session_that_opens_like_a_split_gets_no_snapshot_until_it_is_told(desk: Desk) -> None:
    storage, noon = desk._services.storage, AS_OF + timedelta(hours=4)
    storage.bars.append(daily("UNTOLD"), AS_OF - timedelta(hours=9))
    close = daily("UNTOLD")["close"].iloc[-1]
    storage.bars.append(intraday("UNTOLD", close / 4), noon)
    assert snapshot(desk, "UNTOLD", noon) == (
        "the price of UNTOLD moved by -75.0% like a 4:1 split that nobody told; "
        "check it, or wait for the split"
    )
    storage.actions.append([split_today("UNTOLD", 4.0)], noon + timedelta(hours=1))
    assert snapshot(desk, "UNTOLD", noon + timedelta(hours=1)).gap_fraction == pytest.approx(0)


def test_a_day_that_closed_like_a_split_gets_no_snapshot_until_it_is_told(desk: Desk) -> None:
    storage, bars = desk._services.storage, daily("CLOSED")
    prices = ["open", "high", "low", "close"]
    bars.loc[bars.index[-1], prices] = bars[prices].iloc[-2] * 10
    storage.bars.append(bars, AS_OF - timedelta(hours=9))
    assert "moved by +900.0% like a 1:10 split" in snapshot(desk, "CLOSED", AS_OF)
    reverse = split_today("CLOSED", 0.1, bars["session_date"].iloc[-1])
    storage.actions.append([reverse], AS_OF)
    assert snapshot(desk, "CLOSED", AS_OF).change_fraction == pytest.approx(0)


def test_a_crash_is_no_split(desk: Desk) -> None:
    storage, noon = desk._services.storage, AS_OF + timedelta(hours=4)
    storage.bars.append(daily("CRASH"), AS_OF - timedelta(hours=9))
    storage.bars.append(intraday("CRASH", daily("CRASH")["close"].iloc[-1] * 2 / 3), noon)
    assert snapshot(desk, "CRASH", noon).gap_fraction == pytest.approx(-1 / 3)


@pytest.fixture
def led(data_dir: Path) -> Iterator[Callable[..., Desk]]:
    """Open a desk of its own that has always had these leads."""
    with ExitStack() as stack:

        def opened(*leads: str) -> Desk:
            settings = Settings(data_dir=data_dir, _env_file=None, mode=Mode.PAPER)
            desk = stack.enter_context(closing(bootstrap.build(settings)))
            always = Configuration(market_data=("sample",), leads=leads)
            desk._services.storage.configurations.remember(always, AS_OF - timedelta(days=1))
            return desk

        yield opened


def test_the_leads_have_snapshots_and_are_read_in_their_session(led: Callable[..., Desk]) -> None:
    desk = led("LEADER")
    storage, noon = desk._services.storage, AS_OF + timedelta(hours=4)
    for seed, symbol in enumerate(("LED", "LEADER")):
        storage.bars.append(daily(symbol, seed), AS_OF - timedelta(hours=9))
    close = daily("LEADER", 1)["close"].iloc[-1]
    storage.bars.append(intraday("LEADER", close * 1.05), noon)
    taken = take(desk, bootstrap.Universe(("LED",), leads=("LEADER",)), noon)
    assert [one.symbol for one in taken.symbols] == ["LED"]
    assert [one.symbol for one in taken.leads] == ["LEADER"]
    lead = taken.symbols[0].lead
    assert lead is not None
    assert (lead.last, lead.change_fraction) == (
        taken.leads[0].last,
        taken.leads[0].change_fraction,
    )
    assert lead.change_fraction == pytest.approx(0.05)
    assert taken.leads[0].vwap == pytest.approx(close * 1.05)
    assert taken.leads[0].leads == ()


def test_a_followed_symbol_that_leads_has_one_snapshot(led: Callable[..., Desk]) -> None:
    desk = led("BOTH", "ABSENT")
    storage = desk._services.storage
    storage.bars.append(daily("BOTH"), AS_OF - timedelta(hours=9))
    taken = take(desk, bootstrap.Universe(("BOTH",), leads=("BOTH", "ABSENT")), AS_OF)
    assert [one.symbol for one in taken.all] == ["BOTH"]
    assert list(taken.failed) == ["ABSENT"]


def test_a_past_snapshot_keeps_the_leads_and_the_providers_of_its_day(data_dir: Path) -> None:
    opened = bootstrap.build(Settings(data_dir=data_dir, _env_file=None, mode=Mode.PAPER))
    storage = opened._services.storage
    for shift, (symbol, provider) in enumerate(
        (("OWN", "yahoo"), ("OWN", "alpaca"), ("QQQ", "yahoo"), ("SPY", "yahoo"))
    ):
        bars = daily(symbol, shift=shift).assign(provider=provider)
        storage.bars.append(bars, AS_OF - timedelta(hours=9))
    was = Configuration(market_data=("yahoo", "alpaca"), leads=("SPY",))
    storage.configurations.remember(was, AS_OF - timedelta(hours=1))
    universe, board = bootstrap.Universe(("OWN",), leads=("QQQ", "SPY")), opened._services.board
    first = take(opened, universe, AS_OF, board)
    turned = Configuration(market_data=("alpaca", "yahoo"), leads=("QQQ", "SPY"))
    storage.configurations.remember(turned, AS_OF + timedelta(hours=1))
    again = take(opened, universe, AS_OF, board)
    later = take(opened, universe, AS_OF + timedelta(hours=1), board)
    opened.close()
    assert again == first
    assert [lead.symbol for lead in first.symbols[0].leads] == ["SPY"]
    assert [lead.symbol for lead in later.symbols[0].leads] == ["QQQ", "SPY"]
    assert (first.symbols[0].provider, later.symbols[0].provider) == ("yahoo", "alpaca")


def test_a_snapshot_names_every_provider_of_its_bars(desk: Desk) -> None:
    storage, bars = desk._services.storage, daily("MIXED")
    storage.bars.append(bars.iloc[:-1].assign(provider="yahoo"), AS_OF - timedelta(hours=9))
    storage.bars.append(bars.tail(1).assign(provider="alpaca"), AS_OF - timedelta(hours=8))
    assert snapshot(desk, "MIXED", AS_OF).provider == "alpaca, yahoo"


def test_an_imported_volatility_index_is_known_while_it_is_fresh(desk: Desk) -> None:
    storage = desk._services.storage
    storage.bars.append(daily("WITHVIX"), AS_OF - timedelta(days=1))
    before = snapshot(desk, "WITHVIX", AS_OF)
    index = daily("VIX", seed=3)
    storage.bars.append(index, AS_OF - timedelta(hours=1))
    after = snapshot(desk, "WITHVIX", AS_OF)
    assert before.vix is None
    assert after.vix == index["close"].iloc[-1]
    assert snapshot(desk, "WITHVIX", AS_OF - timedelta(hours=2)).vix is None


def test_the_releases_of_the_day_are_in_its_snapshots(desk: Desk) -> None:
    events = desk._services.playbook.events
    assert [event.name for event in events.on(date(2023, 9, 13))] == ["consumer price index"]
    assert events.on(SESSION) == ()
    day, moment = date(2023, 9, 13), AS_OF + timedelta(days=1)
    universe = bootstrap.Universe(("WITHEVENT",), leads=())
    bars = daily("WITHEVENT")
    last = bars.tail(1).assign(session_date=SESSION, started_at=pd.Timestamp(SESSION, tz="UTC"))
    desk._services.storage.bars.append(pd.concat([bars, last]), AS_OF)
    services = dataclasses.replace(desk._services, universe=universe)
    [taken] = take_snapshots(services, day, moment).symbols
    assert [(event.name, event.importance) for event in taken.events] == [
        ("consumer price index", "high")
    ]
