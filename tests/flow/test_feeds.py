"""The feeds, one step at a time: who is asked, what is recorded, and how new the data then is."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from pytest_httpserver import HTTPServer

from core import bootstrap, registry
from core.desk import Desk
from core.domain.feed_policy import FeedHealth, ProviderPolicy
from core.domain.feeds import CorporateAction, Fundamentals, Label
from core.errors import (
    AppError,
    InsufficientDataError,
    RejectedError,
    StoreError,
    UnavailableError,
)
from core.settings import Mode, Settings
from core.steps import check, cross_check, feeds
from core.steps.limits import Timing
from core.steps.providers import Provider
from core.storage.actions import Quotes
from tests.contract.conftest import find_stub
from tests.flow.vendors import Vendor, checks, connected, context_of, daily, five_minutes

pytestmark = pytest.mark.wire

TODAY, YESTERDAY = date(2023, 9, 15), date(2023, 9, 14)
MORNING = datetime(2023, 9, 15, 15, 0, tzinfo=UTC)  # 11:00 in New York, a Friday
CLOSE = datetime(2023, 9, 15, 20, 0, tzinfo=UTC)
HISTORY = date(2021, 1, 1)
CUT = UnavailableError("yahoo", "bars", "the wire is cut")
Open = Callable[..., Desk]


@pytest.fixture
def time() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def opened(time: time_machine.Traveller, tmp_path: Path) -> Iterator[Open]:
    with ExitStack() as stack:
        yield lambda *vendors, **changes: stack.enter_context(
            connected(tmp_path / str(len(list(tmp_path.iterdir()))), vendors, **changes)
        )


def vendor(*symbols: str, name: str = "yahoo", until: date = YESTERDAY) -> Vendor:
    """Return a vendor with the daily bars of the symbols."""
    made = Vendor(name)
    for symbol in symbols:
        made.frames[symbol, "1d"] = daily(symbol, HISTORY, until)
    return made


def health(desk: Desk, feed: str) -> FeedHealth:
    return next(one for one in desk.market.health() if one.feed == feed)


def sessions(desk: Desk, symbol: str = "AAA") -> list[date]:
    return desk._services.storage.bars.sessions(symbol, "1d", HISTORY, TODAY)


def fails(step: Callable[[Any], Any], desk: Desk) -> str:
    with pytest.raises(AppError) as raised:
        step(context_of(desk))
    return str(raised.value)


# What was asked, and what is recorded of it


def test_where_nothing_is_asked_nothing_is_recorded_and_the_bars_stay_fresh(
    opened: Open, time: time_machine.Traveller
) -> None:
    source = vendor("AAA")
    desk = opened(source)
    feeds.bars(context_of(desk))
    time.shift(timedelta(hours=4))
    before = len(source.asked)
    feeds.bars(context_of(desk))
    assert len(source.asked) == before
    assert checks(desk)["bars", "yahoo"]["checked_at"] == MORNING
    assert health(desk, "bars").state == "ok"


def test_intraday_bars_are_a_feed_of_their_own(opened: Open) -> None:
    source = vendor("AAA")
    desk = opened(source)
    feeds.bars(context_of(desk))
    source.refuses[""] = CUT
    assert "the wire is cut" in fails(feeds.intraday, desk)
    assert (health(desk, "bars").state, health(desk, "bars").error) == ("ok", "")
    assert health(desk, "intraday").state == "failed"
    assert "the wire is cut" in checks(desk)["intraday", "yahoo"]["error"]


def test_a_session_that_the_calendar_does_not_know_leaves_a_check(opened: Open) -> None:
    desk = opened(vendor("AAA"))
    past = dataclasses.replace(context_of(desk), session_date=date(1999, 1, 4))
    with pytest.raises(InsufficientDataError):
        feeds.bars(past)
    assert "is known from" in checks(desk)["bars", "yahoo"]["error"]


@pytest.mark.parametrize(
    ("step", "feed"), [(feeds.bars, "bars"), (feeds.quotes, "quotes"), (feeds.actions, "actions"),
                       (feeds.fundamentals, "fundamentals")],
)  # fmt: skip
def test_a_refusal_leaves_a_check(step: Any, feed: str, opened: Open) -> None:
    source = vendor("AAA")
    source.refuses[""] = RejectedError("yahoo", "chart", "HTTP 400")
    desk = opened(source)
    assert "HTTP 400" in fails(step, desk)
    assert "HTTP 400" in checks(desk)[feed, "yahoo"]["error"]


def test_a_store_that_fails_leaves_a_check(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Vendor()
    source.prices["AAA"] = MORNING

    def full(*_: object) -> int:
        raise StoreError("the disk is full")

    monkeypatch.setattr(Quotes, "append", full)
    desk = opened(source)
    assert fails(feeds.quotes, desk) == "the disk is full"
    assert checks(desk)["quotes", "yahoo"]["error"] == "the disk is full"


def test_a_provider_that_failed_at_some_symbols_is_told_though_it_answered_others(
    opened: Open,
) -> None:
    first, second = vendor("AAA", "BBB", "CCC"), vendor("AAA", "BBB", "CCC", name="alpaca")
    first.refuses |= {"BBB": CUT, "CCC": CUT}
    desk = opened(first, second, watchlist=("AAA", "BBB", "CCC"))
    feeds.bars(context_of(desk))
    found = checks(desk)
    assert found["bars", "yahoo"]["note"] == f"failed 2 times: {CUT}"
    assert (found["bars", "alpaca"]["note"], found["bars", "alpaca"]["error"]) == ("", "")


# How new the data is


def test_a_provider_that_is_stuck_makes_the_bars_late(
    opened: Open, time: time_machine.Traveller
) -> None:
    desk = opened(vendor("AAA", "BBB"), watchlist=("AAA", "BBB"))
    feeds.bars(context_of(desk))
    assert health(desk, "bars").state == "ok"
    time.move_to(datetime(2023, 12, 26, 15, tzinfo=UTC))
    late = health(desk, "bars")
    assert (late.state, late.missing_symbols) == ("late", ("AAA", "BBB"))
    assert late.newest_at == datetime(2023, 9, 14, 20, tzinfo=UTC)
    assert check.freshness(context_of(desk))["bad"] == ["bars"]


def test_the_bar_of_the_day_is_due_half_an_hour_after_the_close(
    opened: Open, time: time_machine.Traveller
) -> None:
    desk = opened(vendor("AAA"))
    feeds.bars(context_of(desk))
    time.move_to(CLOSE + timedelta(minutes=29))
    before = health(desk, "bars").state, desk.market.gaps()
    time.move_to(CLOSE + timedelta(minutes=30))
    assert before == ("ok", [])
    assert health(desk, "bars").state == "late"
    assert [gap.count for gap in desk.market.gaps()] == [1]


@pytest.mark.parametrize(("minutes", "state"), [(30, "ok"), (31, "late")])
def test_intraday_bars_are_as_old_as_the_newest(
    minutes: int, state: str, opened: Open, time: time_machine.Traveller
) -> None:
    source = vendor("AAA")
    source.frames["AAA", "5m"] = five_minutes("AAA", TODAY, MORNING)
    desk = opened(source)
    feeds.intraday(context_of(desk))
    time.shift(timedelta(minutes=minutes))
    assert health(desk, "intraday").state == state


@pytest.mark.parametrize("moment", ["2023-09-15T13:45", "2023-09-16T15:00", "2023-09-15T12:00"])
def test_no_intraday_bar_is_due_before_the_session_is_on_for_a_while(
    moment: str, opened: Open, time: time_machine.Traveller
) -> None:
    time.move_to(datetime.fromisoformat(moment).replace(tzinfo=UTC))
    assert health(opened(vendor("AAA")), "intraday").state == "ok"


def test_the_bar_of_the_day_is_taken_when_it_is_final(
    opened: Open, time: time_machine.Traveller
) -> None:
    desk = opened(vendor("AAA", until=TODAY))
    found = []
    for minutes in (0.1, 9.9, 10):
        time.move_to(CLOSE + timedelta(minutes=minutes))
        feeds.bars(context_of(desk))
        feeds.session_bars(context_of(desk))
        found.append(sessions(desk)[-1])
    assert found == [YESTERDAY, YESTERDAY, TODAY]


# Fail-over


def test_an_empty_answer_is_asked_of_the_next(opened: Open) -> None:
    first, second = vendor("AAA"), vendor("AAA", name="alpaca")
    first.frames["AAA", "1d"] = first.frames["AAA", "1d"].head(0)
    desk = opened(first, second)
    feeds.bars(context_of(desk))
    assert sessions(desk)[-1] == YESTERDAY
    assert checks(desk)["bars", "yahoo"]["error"] == "yahoo has no bars of AAA since 2021-01-04"


def test_if_all_answer_nothing_each_is_told(opened: Open) -> None:
    empty = [vendor("AAA"), vendor("AAA", name="alpaca")]
    for one in empty:
        one.frames["AAA", "1d"] = one.frames["AAA", "1d"].head(0)
    desk = opened(*empty)
    fails(feeds.bars, desk)
    for (_, name), row in checks(desk).items():
        assert row["error"] == f"{name} has no bars of AAA since 2021-01-04"
    late = health(desk, "bars")
    assert (len(checks(desk)), late.state, late.missing_symbols) == (2, "failed", ("AAA",))


def test_a_refused_question_is_asked_of_the_next(opened: Open) -> None:
    first = vendor("AAA")
    first.refuses[""] = RejectedError("yahoo", "chart", "HTTP 400")
    desk = opened(first, vendor("AAA", name="alpaca"))
    assert feeds.bars(context_of(desk))["rows_stored"] > 600


def reporting(name: str) -> Vendor:
    """Return a vendor that has fundamentals of AAA."""
    made = Vendor(name)
    made.reports["AAA"] = Fundamentals(
        symbol="AAA", as_of_date=YESTERDAY, sector="x", provider=name, label=Label.REAL
    )
    return made


def test_fundamentals_that_the_first_does_not_have_come_from_the_next(opened: Open) -> None:
    desk = opened(Vendor(), reporting("alpaca"))
    assert feeds.fundamentals(context_of(desk))["rows_stored"] == 1
    told = "yahoo has no fundamentals of AAA as of 2023-09-15"
    assert checks(desk)["fundamentals", "yahoo"]["error"] == told
    assert checks(desk)["fundamentals", "alpaca"]["error"] == ""
    assert health(desk, "fundamentals").state == "ok"


def test_fundamentals_that_nobody_has_are_no_success(opened: Open) -> None:
    desk = opened(Vendor(), Vendor("alpaca"))
    assert "no fundamentals of AAA" in fails(feeds.fundamentals, desk)
    for name in ("yahoo", "alpaca"):
        row = checks(desk)["fundamentals", name]
        nothing = f"{name} has no fundamentals of AAA as of 2023-09-15"
        assert (row["rows_read"], row["error"]) == (0, nothing)
    found = health(desk, "fundamentals")
    assert (found.state, found.newest_success_at) == ("failed", None)
    assert "no fundamentals of AAA" in found.error


def test_a_symbol_without_fundamentals_is_told_beside_the_others_and_not_asked_again_at_once(
    opened: Open, time: time_machine.Traveller
) -> None:
    source = reporting("yahoo")
    desk = opened(source, watchlist=("AAA", "FUND"))
    done = feeds.fundamentals(context_of(desk, every_minutes=1440))
    assert (done["rows_read"], list(done["failed"])) == (1, ["FUND"])
    assert "nothing of FUND" in checks(desk)["fundamentals", "yahoo"]["note"]
    time.shift(timedelta(minutes=15))
    again = feeds.fundamentals(context_of(desk, every_minutes=1440))
    assert again["note"] == "every symbol was asked for not long ago"
    assert source.asked == ["AAA", "FUND"]


def test_quotes_are_put_together_from_all_providers(opened: Open) -> None:
    first, second = Vendor(), Vendor("alpaca")
    first.prices["AAA"] = second.prices["AAA"] = second.prices["BBB"] = MORNING
    desk = opened(first, second, watchlist=("AAA", "BBB", "CCC"))
    done = feeds.quotes(context_of(desk))
    stored = desk._services.storage.quotes.latest_of(["AAA", "BBB", "CCC"], MORNING)
    assert {one.symbol: one.provider for one in stored.values()} == {
        "AAA": "yahoo",
        "BBB": "alpaca",
    }
    assert second.asked == [("BBB", "CCC")]
    assert list(done["failed"]) == ["CCC"]
    assert "CCC" in checks(desk)["quotes", "alpaca"]["note"]


def test_no_quote_at_all_is_an_error(opened: Open) -> None:
    desk = opened(Vendor())
    assert fails(feeds.quotes, desk) == "yahoo has no quote of AAA"
    assert health(desk, "quotes").state == "failed"


def test_a_quote_of_the_future_is_refused(opened: Open) -> None:
    first, second = Vendor(), Vendor("alpaca")
    first.prices["AAA"] = MORNING + timedelta(minutes=2, seconds=1)
    second.prices["AAA"] = MORNING + timedelta(minutes=2)
    desk = opened(first, second)
    done = feeds.quotes(context_of(desk))
    assert (done["rows_stored"], done["rows_quarantined"]) == (1, 1)
    assert desk._services.storage.quotes.latest_of(["AAA"], MORNING)["AAA"].provider == "alpaca"
    assert desk.views.quarantine()["reason"].tolist() == ["the quote lies in the future"]


# What is asked again


def test_of_a_partial_failure_only_the_rest_is_asked_again(
    opened: Open, time: time_machine.Traveller
) -> None:
    source = Vendor()
    source.refuses["BBB"] = CUT
    desk = opened(source, watchlist=("AAA", "BBB"))
    feeds.actions(context_of(desk, every_minutes=720))
    time.shift(timedelta(minutes=15))
    source.refuses.clear()
    feeds.actions(context_of(desk, every_minutes=720))
    time.shift(timedelta(minutes=15))
    assert feeds.actions(context_of(desk, every_minutes=720))["note"] == "still fresh enough"
    assert source.asked == ["AAA", "BBB", "BBB"]


def test_a_symbol_that_nobody_knows_does_not_make_all_others_asked_again(
    opened: Open, time: time_machine.Traveller
) -> None:
    source = Vendor()
    source.refuses["ZZZ"] = InsufficientDataError("yahoo has no 'ZZZ'")
    desk = opened(source, watchlist=("AAA", "ZZZ"))
    feeds.actions(context_of(desk, every_minutes=720))
    time.shift(timedelta(minutes=15))
    feeds.actions(context_of(desk, every_minutes=720))
    assert source.asked == ["AAA", "ZZZ"]
    assert "ZZZ" in checks(desk)["actions", "yahoo"]["note"]


def test_a_split_that_a_provider_takes_back_is_not_known_any_more(
    opened: Open, time: time_machine.Traveller
) -> None:
    def split(day: date) -> CorporateAction:
        return CorporateAction(
            symbol="AAA", kind="split", ex_date=day, ratio=4, provider="yahoo", label=Label.REAL
        )

    source = Vendor()
    desk = opened(source)
    for day in (date(2023, 8, 1), date(2023, 8, 15)):
        source.told["AAA"] = [split(day)]
        feeds.actions(context_of(desk))
        time.shift(timedelta(minutes=15))
    known = desk._services.storage.actions.known_of(["AAA"], datetime.now(UTC))["AAA"]
    assert [action.ex_date for action in known] == [date(2023, 8, 15)]


def test_what_was_before_the_listing_is_not_asked_again_for_a_day(
    opened: Open, time: time_machine.Traveller
) -> None:
    source = Vendor()
    source.frames["AAA", "1d"] = daily("AAA", date(2022, 7, 1), YESTERDAY)
    desk = opened(source)
    for _ in range(3):
        feeds.bars(context_of(desk))
        time.shift(timedelta(minutes=15))
    assert len(source.asked) == 1
    time.shift(timedelta(hours=24))
    source.frames["AAA", "1d"] = daily("AAA", date(2022, 7, 1), TODAY)
    feeds.bars(context_of(desk))
    assert source.asked[-1].start == date(2021, 1, 4)


def test_a_session_that_the_first_lacks_is_asked_of_the_next_once(
    opened: Open, time: time_machine.Traveller
) -> None:
    hole = date(2023, 9, 5)
    first, second = vendor("AAA"), vendor("AAA", name="alpaca")
    frame = first.frames["AAA", "1d"]
    first.frames["AAA", "1d"] = frame[frame["session_date"] != hole]
    desk = opened(first, second)
    for _ in range(3):
        feeds.bars(context_of(desk))
        time.shift(timedelta(minutes=15))
    assert hole in sessions(desk)
    assert (len(first.asked), len(second.asked)) == (1, 1)
    assert (second.asked[0].start, second.asked[0].end) == (date(2023, 8, 28), hole)


def test_a_hole_that_nobody_can_fill_is_no_failure_and_a_gap(
    opened: Open, time: time_machine.Traveller
) -> None:
    hole = date(2023, 9, 5)
    first = vendor("AAA")
    frame = first.frames["AAA", "1d"]
    first.frames["AAA", "1d"] = frame[frame["session_date"] != hole]
    second = Vendor("alpaca")  # it does not know the symbol
    desk = opened(first, second)
    for _ in range(3):
        assert feeds.bars(context_of(desk))["failed"] == {}
        time.shift(timedelta(minutes=15))
    assert (len(first.asked), len(second.asked)) == (1, 1)
    assert ("bars", "alpaca") not in checks(desk)
    assert [gap.first.date() for gap in desk.market.gaps()] == [hole]


def test_the_newest_session_is_asked_for_until_it_comes(
    opened: Open, time: time_machine.Traveller
) -> None:
    source = vendor("AAA")
    desk = opened(source)
    feeds.bars(context_of(desk))
    time.move_to(CLOSE + timedelta(hours=1))
    feeds.bars(context_of(desk))
    time.shift(timedelta(hours=1))
    source.frames["AAA", "1d"] = daily("AAA", HISTORY, TODAY)
    feeds.bars(context_of(desk))
    assert sessions(desk)[-1] == TODAY


# The rate limit


def limited(source: Vendor, per_minute: int, waited: list[float]) -> Provider[Any]:
    """Return a provider with a limit, for which time passes when somebody waits."""
    seconds = [0.0]

    def wait(length: float) -> None:
        waited.append(length)
        seconds[0] += length

    policy = ProviderPolicy(requests_per_minute=per_minute)
    return Provider(source.name, source, policy, timing=Timing(lambda: seconds[0], wait=wait))


def test_a_limit_smaller_than_the_watch_list_is_waited_for_and_the_leads_are_first(
    opened: Open,
) -> None:
    names, waited = [f"S{place:02}" for place in range(7)], list[float]()
    source = vendor("QQQ", *names)
    desk = opened(
        source, watchlist=names, leads=("QQQ",), providers={"yahoo": limited(source, 3, waited)}
    )
    assert feeds.bars(context_of(desk))["failed"] == {}
    assert [query.symbol for query in source.asked] == ["QQQ", *names]
    assert waited == [60, 60]


def test_a_limit_that_outlasts_the_patience_is_told(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, waited = vendor("AAA", "BBB"), list[float]()
    provider = limited(source, 1, waited)
    desk = opened(source, watchlist=("AAA", "BBB"), providers={"yahoo": provider})
    policy = desk._services.playbook.feeds.model_copy(update={"patience_seconds": 30.0})
    object.__setattr__(desk._services.playbook, "feeds", policy)
    feeds.bars(context_of(desk))
    note = checks(desk)["bars", "yahoo"]["note"]
    assert "the rate limit of 1 requests a minute is used up" in note
    assert "nothing of BBB" in note
    assert waited == []


@pytest.mark.parametrize(
    ("kind", "name", "ask", "requests"),
    [
        ("market_data", "yahoo", lambda s: s.quotes(["AAPL"] * 3), 3),
        ("market_data", "alpaca", lambda s: s.quotes(["AAPL"] * 3), 1),
        ("news", "rss", lambda s: s.headlines(["AAPL", "MSFT"], MORNING, MORNING), 3),
        ("news", "alpaca", lambda s: s.headlines(["AAPL"], MORNING, MORNING), 1),
        ("fundamentals", "sec", lambda s: s.fundamentals("AAPL", TODAY), 3),
    ],
)
def test_each_request_over_the_wire_is_counted(
    kind: str, name: str, ask: Any, requests: int, httpserver: HTTPServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    find_stub(kind, name).install(httpserver, monkeypatch)
    adapter: Any = registry.create(kind, name, object, Settings(_env_file=None))
    ask(adapter)
    assert adapter.requests_sent == len(httpserver.log) == requests


def test_bars_and_news_of_one_vendor_share_its_limit(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for kind in ("market_data", "news"):
        find_stub(kind, "alpaca").install(httpserver, monkeypatch)
    chosen: dict[str, Any] = {"market_data": ("alpaca",), "news": ("alpaca",)}
    settings = Settings(_env_file=None, data_dir=tmp_path, mode=Mode.PAPER, **chosen)
    playbook = bootstrap.load_playbook(settings.config_dir)
    adapters = bootstrap.build_adapters(settings, playbook)
    before = adapters.news[0].state().tokens
    adapters.market_data[0].call(lambda source: source.quotes(["AAPL"]))
    assert (before, adapters.news[0].state().tokens) == (200, 199)


# Doubt


def test_a_symbol_without_any_bar_is_a_gap(opened: Open) -> None:
    desk = opened(vendor("AAA"), watchlist=("AAA", "ZZZ"))
    feeds.bars(context_of(desk))
    assert [(gap.symbol, gap.count) for gap in desk.market.gaps()] == [("ZZZ", 252)]
    assert health(desk, "bars").missing_symbols == ("ZZZ",)


def test_a_hole_in_the_newest_sessions_intraday_bars_is_a_gap(
    opened: Open, time: time_machine.Traveller
) -> None:
    source = vendor("AAA", until=TODAY)
    whole = five_minutes("AAA", TODAY, CLOSE)
    source.frames["AAA", "5m"] = whole.drop(index=[10, 11, 40])
    time.move_to(CLOSE + timedelta(minutes=40))
    desk = opened(source)
    feeds.bars(context_of(desk))
    feeds.intraday(context_of(desk))
    found = [gap for gap in desk.market.gaps() if gap.timeframe == "5m"]
    assert [gap.count for gap in found] == [2, 1]
    assert found[0].first == whole["started_at"][10].to_pydatetime()


def test_the_prices_of_all_symbols_are_compared_in_turn(
    opened: Open, time: time_machine.Traveller
) -> None:
    names = [f"S{place:02}" for place in range(23)]
    sources = vendor("QQQ", *names), vendor("QQQ", *names, name="alpaca")
    desk = opened(*sources, watchlist=names, leads=("QQQ",))
    compared = []
    for _ in range(3):
        cross_check.prices(context_of(desk))
        compared.append({query.symbol for query in sources[1].asked})
        time.shift(timedelta(minutes=15))
    assert [len(one) for one in compared] == [10, 20, 24]
    assert "QQQ" in compared[-1]
