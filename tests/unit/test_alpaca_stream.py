"""Alpaca's stream: what the contract does not ask of every vendor."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import Any

import pytest

from core.adapters.streams.alpaca import AlpacaStream, connection, create, stream
from core.adapters.streams.alpaca.inbox import Inbox
from core.adapters.streams.alpaca.messages import LostError, OccupiedError, parse_refusal
from core.domain.feeds import Quote
from core.errors import AuthenticationError, ConfigurationError
from core.settings import Settings
from tests.contract.stubs.streams_alpaca import KEY_ID, NONSENSE, SECRET, StreamServer, bar, quote
from tests.contract.test_streams import Recorder

pytestmark = pytest.mark.wire

TEN = datetime(2023, 9, 15, 14, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PATIENCE_S = 10
BAR = bar("AAPL", TEN, 175.0)
QUOTE = quote("AAPL", 175.01, TEN)


@pytest.fixture
def server() -> Iterator[StreamServer]:
    running = StreamServer()
    yield running
    running.close()


@pytest.fixture
def stop() -> Iterator[Event]:
    event = Event()
    yield event
    event.set()


class Counting(Event):
    """An event that notes each pause, waits for none, and is set after the last one."""

    def __init__(self, pauses: int) -> None:
        super().__init__()
        self.pauses: list[float] = []
        self._left = pauses

    def wait(self, timeout: float | None = None) -> bool:
        if timeout == connection.TICK_S:
            return super().wait(timeout)
        self.pauses.append(timeout or 0)
        if len(self.pauses) == self._left:
            self.set()
        return self.is_set()


def start(url: str, sink: Recorder, stop: Event, **changes: Any) -> Future[None]:
    keys = {"alpaca_key_id": KEY_ID, "alpaca_secret_key": SECRET}
    values: dict[str, Any] = {**keys, "alpaca_stream_url": url, **changes}
    settings = Settings(_env_file=None, **values)
    threads = ThreadPoolExecutor(1)
    running = threads.submit(create(settings).run, ["AAPL"], sink, stop)
    threads.shutdown(wait=False)
    return running


def fill(*messages: Any) -> Inbox:
    inbox = Inbox(["AAPL"])
    inbox.put(json.dumps(messages))
    return inbox


def deliver(inbox: Inbox) -> Recorder:
    sink = Recorder()
    inbox.deliver(sink)
    return sink


def closes(inbox: Inbox) -> list[float]:
    return list(deliver(inbox).next("bars")["close"])


def bids(inbox: Inbox) -> list[float | None]:
    quotes: list[Quote] = deliver(inbox).next("quotes")
    return [quote.bid for quote in quotes]


def test_it_subscribes_to_bars_their_updates_and_quotes(server: StreamServer, stop: Event) -> None:
    start(server.url, Recorder(), stop)
    server.wait_for_client()

    channels = {name: ["AAPL"] for name in ("bars", "updatedBars", "quotes")}
    assert server.subscription == {"action": "subscribe", **channels}


@pytest.mark.parametrize("feed", ["iex", "sip", "delayed_sip"])
def test_the_feed_is_part_of_the_address(server: StreamServer, stop: Event, feed: str) -> None:
    start(server.url, Recorder(), stop, alpaca_feed=feed)
    server.wait_for_client()

    assert server.path == f"/v2/{feed}"


def test_the_secret_is_never_logged(
    server: StreamServer, stop: Event, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "websockets.server")  # the stub's own log
    caplog.set_level(logging.DEBUG)
    start(server.url, Recorder(), stop)
    server.wait_for_client()

    assert SECRET not in caplog.text


def test_pauses_between_failures_grow_up_to_half_a_minute() -> None:
    stop = Counting(pauses=9)
    start("ws://127.0.0.1:9", Recorder(), stop).result(timeout=PATIENCE_S)

    assert stop.pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_an_occupied_account_is_tried_again_and_then_given_up(server: StreamServer) -> None:
    server.refusal = {"T": "error", "code": 406, "msg": "connection limit exceeded"}
    stop = Counting(pauses=99)

    with pytest.raises(AuthenticationError, match="connection limit exceeded"):
        start(server.url, Recorder(), stop).result(timeout=PATIENCE_S)
    assert stop.pauses == list(stream.PAUSES_S)


def test_a_connection_that_went_dead_is_noticed(
    server: StreamServer, stop: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PING_S", 0.2)
    wire = Wire(server.port)
    sink = Recorder()
    start(wire.url, sink, stop)
    sink.next("connected")
    wire.cut.set()

    server.wait_for_client()
    server.wait_for_client()
    sink.next("connected")
    stop.set()
    wire.close()


class Wire:
    """Carries connections to a port; `cut` makes the first one silent without closing it."""

    def __init__(self, port: int) -> None:
        self.cut = Event()
        self._port = port
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        self._listener.close()
        for end in self._sockets:
            end.close()

    def _accept(self) -> None:
        for cut in (self.cut, Event()):
            client, _ = self._listener.accept()
            far = socket.create_connection(("127.0.0.1", self._port))
            self._sockets += [client, far]
            for ends in ((client, far), (far, client)):
                Thread(target=self._carry, args=(*ends, cut), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, cut: Event) -> None:
        try:
            while data := source.recv(65_536):
                if not cut.is_set():
                    target.sendall(data)
        except OSError:
            return


def test_a_server_that_never_welcomes_is_left(
    stop: Event, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connection, "LOGIN_TIMEOUT_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        counting = Counting(pauses=1)
        start(f"ws://127.0.0.1:{listener.getsockname()[1]}", Recorder(), counting).result(
            PATIENCE_S
        )

    assert "next try in 0.5 s" in caplog.text


def test_stop_does_not_wait_for_a_connection(stop: Event) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        running = start(f"ws://127.0.0.1:{silent.getsockname()[1]}", Recorder(), stop)
        stop.set()

        assert running.result(timeout=connection.LOGIN_TIMEOUT_S / 2) is None


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "stream.example"])
def test_an_address_that_is_no_websocket_is_a_setting_to_correct(stop: Event, url: str) -> None:
    with pytest.raises(ConfigurationError, match="APCA_API_STREAM_URL"):
        start(url, Recorder(), stop).result(timeout=PATIENCE_S)


def test_no_symbols_are_a_setting_to_correct(stop: Event) -> None:
    stream_of_nothing = AlpacaStream("ws://127.0.0.1:9", (KEY_ID, SECRET))

    with pytest.raises(ConfigurationError, match="watch list is empty"):
        stream_of_nothing.run([], Recorder(), stop)


def test_missing_keys_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("APCA_API_KEY_ID", "APCA_API_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(ConfigurationError, match="APCA_API_KEY_ID and APCA_API_SECRET_KEY"):
        create(Settings(_env_file=None))


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (400, ConfigurationError),
        (402, AuthenticationError),
        (404, LostError),
        (405, ConfigurationError),
        (406, OccupiedError),
        (407, LostError),
        (409, AuthenticationError),
        (500, LostError),
        (["?"], LostError),
    ],
)
def test_each_refusal_is_its_own_error(code: Any, error: type[Exception]) -> None:
    refusal = parse_refusal({"T": "error", "code": code, "msg": "<b>no</b>"})

    assert type(refusal) is error
    assert "no" in str(refusal)


def test_an_error_in_the_middle_of_the_stream_ends_the_connection() -> None:
    with pytest.raises(LostError, match="slow client"):
        fill(BAR, {"T": "error", "code": 407, "msg": "slow client"})


@pytest.mark.parametrize(
    "message",
    [
        None,
        [],
        {},
        {"T": "b"},
        BAR | {"S": "MSFT"},
        BAR | {"S": ["AAPL"]},
        BAR | {"c": None},
        BAR | {"c": "175"},
        BAR | {"c": True},
        BAR | {"c": 10**400},
        BAR | {"t": "2023-09-15T14:00:00"},
        BAR | {"t": 1694786400},
        QUOTE | {"bp": None},
        QUOTE | {"bp": -1.0},
        QUOTE | {"bs": -1},
        QUOTE | {"t": ""},
    ],
    ids=str,
)
def test_a_malformed_message_is_counted_and_dropped(message: Any) -> None:
    inbox = fill(message, BAR)

    assert inbox.malformed == 1
    assert closes(inbox) == [175.0]


@pytest.mark.parametrize("frame", [*NONSENSE, "[" * 100_000, b"\xff\xfe", ""], ids=lambda f: f[:20])
def test_a_malformed_frame_delivers_nothing(frame: str | bytes) -> None:
    inbox = Inbox(["AAPL"])
    inbox.put(frame)

    assert inbox.malformed
    assert deliver(inbox).events.empty()


def test_messages_of_other_kinds_are_no_mistakes() -> None:
    inbox = fill({"T": "t", "S": "AAPL"}, {"T": "success", "msg": "connected"})

    assert not inbox.malformed
    assert deliver(inbox).events.empty()


def test_a_malformed_message_leaves_the_good_one_before_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    inbox = fill(QUOTE, QUOTE | {"bp": "free"}, QUOTE | {"bp": "free"})

    assert bids(inbox) == [175.01]
    assert len(caplog.records) == 1
    assert "2 by now" in caplog.text


def test_what_was_delivered_is_not_delivered_again() -> None:
    inbox = fill(BAR, QUOTE)
    deliver(inbox)

    assert deliver(inbox).events.empty()


def test_the_newest_version_of_a_bar_wins_and_bars_come_oldest_first() -> None:
    late, updated = bar("AAPL", TEN + MINUTE, 176.0), bar("AAPL", TEN, 175.5, kind="u")

    assert closes(fill(BAR, late, updated)) == [175.5, 176.0]


def test_a_quote_that_comes_late_does_not_replace_a_newer_one() -> None:
    newer = quote("AAPL", 176.0, TEN + MINUTE)

    assert bids(fill(newer, QUOTE)) == [176.0]


def test_quotes_of_nobody_and_crossed_ones_are_left_out() -> None:
    inbox = fill(QUOTE | {"bp": 0, "ap": 0}, QUOTE | {"bp": 200.0})

    assert deliver(inbox).events.empty()
    assert not inbox.malformed


def test_bars_after_the_close_are_left_out() -> None:
    closed = datetime(2023, 9, 15, 20, 0, tzinfo=UTC)
    inbox = fill(bar("AAPL", closed, 175.0), bar("AAPL", closed - MINUTE, 176.0))

    assert closes(inbox) == [176.0]
    assert deliver(fill(bar("AAPL", closed, 175.0))).events.empty()
