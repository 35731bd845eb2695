"""The live stream from the vendor's websocket into the store, and what it missed over REST."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from pytest_httpserver import HTTPServer

from core.desk import live
from core.errors import ConfigurationError, StoreError
from core.settings import Mode
from core.steps import repairs
from core.steps.snapshots import take_snapshots
from core.storage.bars import Bars
from tests.contract.conftest import find_stub
from tests.contract.stubs.streams_alpaca import StreamServer, bar, quote
from tests.flow.streaming import (
    PATIENCE_S,
    REPAIR,
    STREAM,
    TEN,
    Rest,
    Rig,
    at,
    daily_bars,
    eventually,
    opened,
)

pytestmark = pytest.mark.wire


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StreamServer]:
    running = find_stub("streams", "alpaca").install(monkeypatch)
    yield running
    running.close()


@pytest.fixture
def rig(
    server: StreamServer, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Rig]:
    """Open a desk ten seconds before ten in New York; REST knows the bars up to half past nine."""
    stub = find_stub("market_data", "alpaca")
    monkeypatch.setattr(stub, "INTRADAY_ROWS", [])
    rest = Rest(stub)
    rest.knows(at(-25))
    for lead in ("QQQ", "SPY"):
        unknown = {"code": 40410000, "message": f"asset not found for {lead}"}
        httpserver.expect_request(f"/v2/assets/{lead}").respond_with_json(unknown, status=404)
    httpserver.expect_request("/v2/stocks/bars").respond_with_handler(rest.bars)
    stub.install(httpserver, monkeypatch)
    monkeypatch.setattr(live, "TICK_S", 0.05)
    with time_machine.travel(at(-1 / 6), tick=True) as traveller, opened(tmp_path) as desk:
        yield Rig(desk, server, rest, traveller, monkeypatch, httpserver)


def test_minute_bars_arrive_and_become_a_five_minute_bar_when_the_window_is_over(rig: Rig) -> None:
    rig.connect()
    rig.traveller.move_to(at(5))
    for minute in range(5):
        rig.server.send_bar("AAPL", at(minute), 175.0 + minute)
    eventually(lambda: len(rig.bars("1m")) == 5)
    assert TEN not in set(rig.bars("5m")["started_at"])

    rig.traveller.move_to(at(6.1))
    rig.server.send_bar("AAPL", at(5), 175.9)
    made = eventually(lambda: rig.bars("5m").query("label == 'derived'").to_dict("records"))
    assert [(one["started_at"], one["provider"]) for one in made] == [(TEN, STREAM)]
    assert (made[0]["open"], made[0]["high"], made[0]["low"]) == (175.0, 180.0, 170.0)
    assert (made[0]["close"], made[0]["volume"]) == (179.0, 5 * 4321)


def test_a_symbol_whose_last_minute_comes_a_little_later_gets_the_whole_bar(rig: Rig) -> None:
    rig.connect()
    rig.traveller.move_to(at(5.02))
    early = [bar("SPY", at(minute), 176.0) for minute in range(4)]
    rig.server.send([*early, *(bar("AAPL", at(minute), 175.0) for minute in range(5))])
    eventually(lambda: len(rig.bars("1m")) == 5)
    rig.server.send_bar("SPY", at(4), 177.0)
    rig.traveller.move_to(at(5.2))
    rig.server.send_quotes("SPY", [177.0], at(5.2))

    made = eventually(lambda: rig.made("SPY").to_dict("records"))
    assert [one["volume"] for one in made] == [5 * 4321]


def test_a_delayed_stream_makes_no_bar_before_its_window_has_passed(rig: Rig) -> None:
    rig.connect()
    rig.traveller.move_to(at(16))
    for minute in range(6):
        rig.server.send_bar("AAPL", at(minute), 175.0)
        eventually(lambda count=minute + 1: len(rig.bars("1m")) == count)

    made = eventually(lambda: rig.made().to_dict("records"))
    assert [one["volume"] for one in made] == [5 * 4321]


def test_a_snapshot_sees_the_streams_bars(rig: Rig) -> None:
    rig.storage.bars.append(daily_bars("AAPL"), at(-60))
    rig.connect()
    rig.traveller.move_to(at(6.1))
    for minute in range(6):
        rig.server.send_bar("AAPL", at(minute), 175.0 + minute)
    eventually(lambda: TEN in set(rig.bars("5m")["started_at"]))

    [seen] = take_snapshots(rig.services, date(2023, 9, 15), datetime.now(UTC)).symbols
    [before] = take_snapshots(rig.services, date(2023, 9, 15), at(5)).symbols
    assert seen.last == 179.0
    assert before.last == 175.1  # of the REST service's newest bar


def test_a_providers_bar_is_preferred_to_the_one_we_made(rig: Rig) -> None:
    rig.connect()
    rig.traveller.move_to(at(6.1))
    rig.server.send([bar("AAPL", at(minute), 177.0) for minute in range(6)])
    eventually(lambda: TEN in set(rig.bars("5m")["started_at"]))
    rig.rest.knows(at(5))
    rig.server.drop()
    rig.server.wait_for_client()

    eventually(lambda: rig.bars("5m").iloc[-1]["label"] == "real")
    assert rig.bars("5m").iloc[-1][["started_at", "close"]].tolist() == [TEN, 175.1]


def test_quotes_arrive(rig: Rig) -> None:
    rig.connect()
    rig.server.send_quotes("AAPL", [175.01], at(-1 / 6))

    eventually(lambda: len(rig.quotes()))
    quoted = rig.desk.market.symbol("AAPL").quote
    assert quoted is not None
    assert (quoted["bid"], quoted["provider"]) == (175.01, "alpaca")


def test_a_flood_of_quotes_leaves_one_row_per_symbol_and_moment(rig: Rig) -> None:
    rig.connect()
    symbols, bids = ("AAPL", "SPY"), [100 + step / 100 for step in range(500)]
    flood = [quote(symbol, bid, TEN) for bid in bids for symbol in symbols]
    for _ in range(5):
        rig.server.send(flood)
    eventually(lambda: len(rig.quotes()) == 2)
    rig.traveller.move_to(at(1))
    rig.server.send_quotes("AAPL", [175.01], at(1))
    eventually(lambda: len(rig.quotes()) > 2)

    stored = rig.quotes()
    assert not stored.duplicated(["symbol", "quoted_at"]).any()
    assert len(stored) == 3


def test_the_newest_quote_is_stored_though_no_other_follows(rig: Rig) -> None:
    rig.connect()
    for bid, seconds in ((175.01, 10), (176.02, 9), (177.03, 8)):
        heard_at = rig.desk.market.stream().last_message_at
        rig.server.send_quotes("AAPL", [bid], at(-seconds / 60))
        eventually(lambda before=heard_at: rig.desk.market.stream().last_message_at != before)
    rig.traveller.move_to(at(0.5))

    eventually(lambda: len(rig.quotes()) > 1)
    assert rig.quotes()["bid"].tolist() == [175.01, 177.03]


def test_what_was_missed_while_the_line_was_down_is_fetched(rig: Rig) -> None:
    rig.connect()
    before = len(rig.bars("5m"))
    rig.traveller.move_to(at(12))
    rig.rest.knows(at(10))
    rig.server.drop()
    rig.server.wait_for_client()

    eventually(lambda: len(rig.bars("5m")) > before)
    assert rig.bars("5m")["started_at"].tolist()[-2:] == [TEN, at(5)]
    assert set(rig.bars("5m")["label"]) == {"real"}


def test_the_window_in_which_the_line_came_back_is_fetched_when_it_is_over(rig: Rig) -> None:
    rig.traveller.move_to(at(2))
    rig.rest.knows(TEN)
    rig.connect()
    rig.rest.knows(at(5))
    rig.traveller.move_to(at(11.1))
    rig.server.send([bar("AAPL", at(minute), 175.0) for minute in range(2, 11)])
    eventually(lambda: len(rig.made()))

    eventually(lambda: TEN in set(rig.bars("5m")["started_at"]))
    assert rig.made()["started_at"].tolist() == [at(5)]


def test_a_repair_that_fails_is_told_and_tried_again(rig: Rig) -> None:
    rig.connect()
    rig.traveller.move_to(at(1))
    eventually(lambda: len(rig.checks("intraday", REPAIR)) == 2)
    rig.rest.is_down = True
    rig.rest.knows(at(10))
    rig.traveller.move_to(at(12))
    rig.server.drop()
    rig.server.wait_for_client()
    eventually(lambda: "AAPL" in rig.checks("intraday", REPAIR)["error"].iloc[-1])

    rig.rest.is_down = False
    rig.traveller.move_to(at(12) + repairs.RETRY + timedelta(seconds=30))
    eventually(lambda: at(5) in set(rig.bars("5m")["started_at"]))
    eventually(lambda: rig.checks("intraday", REPAIR)["error"].iloc[-1] == "")


def test_what_no_provider_has_is_not_asked_again(rig: Rig) -> None:
    rig.connect()  # the leads are unknown to the REST service
    rig.traveller.move_to(at(1))
    eventually(lambda: len(rig.checks("intraday", REPAIR)) == 2)
    asked = len(rig.http.log)
    for minute in (3, 5):  # the second check comes after all that the first tick had to do
        rig.traveller.move_to(at(minute))
        rig.server.send_bar("AAPL", at(minute - 1), 175.0)
        eventually(lambda after=minute: rig.checks("intraday")["checked_at"].max() >= at(after))

    assert len(rig.http.log) == asked


def test_a_bar_that_cannot_be_is_quarantined_and_nothing_else(rig: Rig) -> None:
    rig.connect()
    rig.traveller.move_to(at(11.1))
    minutes = [bar("AAPL", at(minute), 175.0) for minute in range(11)]
    minutes[2] |= {"h": 170.0, "l": 180.0}
    rig.server.send(minutes)
    eventually(lambda: len(rig.made()))

    refused = rig.desk.views.quarantine()
    assert refused["reason"].tolist() == ["the high is below the low"]
    assert at(2) not in set(rig.bars("1m")["started_at"])
    assert rig.made()["started_at"].tolist() == [at(5)]


def test_a_window_that_lacks_a_refused_minute_is_fetched(rig: Rig) -> None:
    rig.connect()
    rig.traveller.move_to(at(4.5))
    rig.server.send([bar("AAPL", at(2), 175.0) | {"h": 170.0, "l": 180.0}])
    eventually(lambda: len(rig.desk.views.quarantine()))
    rig.rest.knows(at(5))
    rig.traveller.move_to(at(6))

    eventually(lambda: TEN in set(rig.bars("5m")["started_at"]))


def test_a_bar_that_our_clock_calls_unfinished_is_stored_when_it_has_ended(rig: Rig) -> None:
    rig.connect()
    rig.traveller.move_to(at(0.5))
    rig.server.send_bar("AAPL", TEN, 175.0)
    rig.server.send_quotes("AAPL", [175.0], TEN)
    eventually(lambda: len(rig.quotes()))
    assert rig.bars("1m").empty

    rig.traveller.move_to(at(1))
    eventually(lambda: len(rig.bars("1m")))


def test_a_late_trade_changes_the_minute_and_its_window(rig: Rig) -> None:
    rig.connect()
    rig.traveller.move_to(at(6.1))
    rig.server.send([bar("AAPL", at(minute), 175.0) for minute in range(6)])
    eventually(lambda: TEN in set(rig.bars("5m")["started_at"]))
    rig.server.send_bar_again("AAPL", at(4), 176.0)

    eventually(lambda: rig.bars("5m").iloc[-1]["close"] == 176.0)
    assert rig.bars("1m").iloc[4]["close"] == 176.0


def test_a_check_is_kept_once_a_minute_with_all_that_came(rig: Rig) -> None:
    rig.connect()
    for minute in range(4):
        rig.traveller.move_to(at(minute + 1.01))
        rig.server.send_bar("AAPL", at(minute), 175.0)
        eventually(lambda count=minute + 1: len(rig.bars("1m")) == count)
        rig.traveller.move_to(at(minute + 1.5))
        rig.server.send_bar_again("AAPL", at(minute), 176.0)
        eventually(lambda: rig.bars("1m")["close"].iloc[-1] == 176.0)
    rig.traveller.move_to(at(6))

    eventually(lambda: rig.checks("intraday")["rows_stored"].sum() == 8)
    assert rig.checks("intraday")["checked_at"].diff().min() >= timedelta(minutes=1)
    assert set(rig.checks("intraday")["error"]) == {""}


def test_a_refused_key_is_shown_and_alerted_once(rig: Rig) -> None:
    rig.server.refuse_keys()
    rig.desk.live.start()
    state = eventually(lambda: not (found := rig.desk.market.stream()).is_on and found)
    rig.desk.live.start()
    eventually(lambda: not rig.desk.market.stream().is_on)

    assert "402" in state.error
    assert state.name == "alpaca"
    alerts = [one for one in rig.desk.decisions.effects() if one.key.startswith("alert:stream")]
    assert [one.key for one in alerts] == ["alert:stream:alpaca:2023-09-15"]
    assert "402" in alerts[0].request["body"]


def test_a_store_that_fails_is_alerted_and_the_stream_goes_on(rig: Rig) -> None:
    rig.monkeypatch.setattr(live, "RESTART_S", 0.05)
    rig.connect()
    with rig.monkeypatch.context() as broken:
        broken.setattr(Bars, "append", full_disk)
        rig.traveller.move_to(at(1.1))
        rig.server.send_bar("AAPL", TEN, 175.0)
        eventually(lambda: [one.key for one in rig.desk.decisions.effects()])
    rig.server.wait_for_client()
    rig.server.send_bar("AAPL", TEN, 175.0)

    eventually(lambda: len(rig.bars("1m")))
    assert rig.desk.market.stream().is_on
    assert rig.desk.market.stream().error == ""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_of_ours_that_ends_the_stream_is_shown(rig: Rig) -> None:
    rig.connect()
    rig.monkeypatch.setattr(Bars, "append", fault)
    rig.traveller.move_to(at(1.1))
    rig.server.send_bar("AAPL", TEN, 175.0)

    eventually(lambda: not rig.desk.market.stream().is_on)
    assert rig.desk.market.stream().error == "ZeroDivisionError, see the log"


def fault(*_arguments: object) -> int:
    raise ZeroDivisionError


def full_disk(*_arguments: object) -> int:
    raise StoreError("no space left on device")


def test_the_state_tells_since_when_and_when_last(rig: Rig) -> None:
    rig.connect()
    rig.traveller.move_to(at(1.1))
    rig.server.send_bar("AAPL", TEN, 175.0)
    eventually(lambda: rig.desk.market.stream().last_message_at)

    state = rig.desk.market.stream()
    assert state.is_on
    assert state.connected_at is not None
    assert state.last_message_at is not None
    assert state.connected_at < at(1.1) <= state.last_message_at


def test_stop_ends_the_threads_and_the_connection(rig: Rig) -> None:
    rig.connect()
    rig.desk.live.stop()

    rig.server.wait_until_client_left()
    assert not rig.desk.market.stream().is_on
    assert streaming() == []


def test_stop_does_not_wait_for_a_provider_that_hangs_and_stores_no_answer(rig: Rig) -> None:
    rig.rest.waits_for = threading.Event()
    rig.desk.live.start()
    assert rig.rest.is_asked.wait(PATIENCE_S)
    rig.desk.live.stop()
    assert streaming() == ["stream-repair"]
    rig.rest.waits_for.set()

    eventually(lambda: streaming() == [])
    assert rig.bars("5m").empty
    assert rig.checks("intraday", REPAIR).empty


def streaming() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("stream")]


def test_off_by_default_there_is_no_thread_and_no_connection(
    server: StreamServer, tmp_path: Path
) -> None:
    with opened(tmp_path, stream="", market_data=("sample",)) as desk:
        desk.live.start()
        state = desk.market.stream()

        assert (state.name, state.is_on, state.error) == ("", False, "")
        assert streaming() == []
        assert server.subscription == {}


def test_the_desk_starts_the_stream_and_ends_it(server: StreamServer, tmp_path: Path) -> None:
    saturday = datetime(2023, 9, 16, 15, 0, tzinfo=UTC)  # no run is due
    with (
        time_machine.travel(saturday, tick=True),
        opened(tmp_path, market_data=("sample",)) as desk,
    ):
        desk.start()
        server.wait_for_client()
        assert desk.market.stream().is_on

    assert not desk.market.stream().is_on
    assert streaming() == []


def test_the_demo_refuses_a_stream(tmp_path: Path) -> None:
    demo = opened(tmp_path, mode=Mode.DEMO, market_data=("sample",))
    with pytest.raises(ConfigurationError, match="the demo replays"), demo:
        pass


def test_an_unknown_stream_is_refused_with_the_known_names(tmp_path: Path) -> None:
    unknown = opened(tmp_path, stream="bloomberg", market_data=("sample",))
    with pytest.raises(ConfigurationError, match=r"choose from \['alpaca'\]"), unknown:
        pass
