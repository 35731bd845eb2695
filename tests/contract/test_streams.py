"""What every stream must do. A new file in core/adapters/streams/ is tested at once.

A stub is tests/contract/stubs/streams_<name>.py with `install(monkeypatch)`: it starts the
vendor's websocket on 127.0.0.1, sets the adapter's environment and returns the server, which has
the methods of `Server` below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Queue
from threading import Event
from typing import Any, Protocol

import pandas as pd
import pytest

from core import registry
from core.domain.feeds import Label, Quote
from core.domain.market import BAR_COLUMNS
from core.errors import AuthenticationError
from core.ports import MarketStream
from core.settings import Settings
from tests.contract.conftest import find_stub

pytestmark = pytest.mark.wire

TEN = datetime(2023, 9, 15, 14, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SYMBOLS = ("AAPL", "BRK.B")
PATIENCE_S = 10


class Server(Protocol):
    """What the stub of any vendor can be told."""

    def refuse_keys(self) -> None: ...
    def wait_for_client(self) -> None: ...
    def wait_until_client_left(self) -> None: ...
    def send_bar(self, symbol: str, started_at: datetime, close: float) -> None: ...
    def send_bar_again(self, symbol: str, started_at: datetime, close: float) -> None: ...
    def send_quotes(self, symbol: str, bids: Sequence[float], quoted_at: datetime) -> None: ...
    def send_nonsense(self) -> None: ...
    def drop(self) -> None: ...
    def close(self) -> None: ...


class Recorder:
    """A sink that keeps what it is given, in order."""

    def __init__(self) -> None:
        self.events: Queue[tuple[str, Any]] = Queue()

    def connected(self, at: datetime) -> None:
        self.events.put(("connected", at))

    def bars(self, frame: pd.DataFrame) -> None:
        self.events.put(("bars", frame))

    def quotes(self, quotes: Sequence[Quote]) -> None:
        self.events.put(("quotes", list(quotes)))

    def next(self, kind: str) -> Any:
        """Return the next event, which must be of this kind."""
        found, content = self.events.get(timeout=PATIENCE_S)
        assert found == kind
        return content


@dataclass
class Running:
    """A stream at work in a thread."""

    server: Server
    run: Callable[[Recorder, Event], None]
    sink: Recorder = field(default_factory=Recorder)
    stop: Event = field(default_factory=Event)
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

    def start(self) -> Future[None]:
        return self.threads.submit(self.run, self.sink, self.stop)

    def connect(self) -> None:
        self.start()
        self.server.wait_for_client()
        self.sink.next("connected")


@pytest.fixture(params=registry.names("streams"))
def running(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Running]:
    name: str = request.param
    server: Server = find_stub("streams", name).install(monkeypatch)
    settings = Settings(_env_file=None, data_dir=tmp_path)
    stream = registry.create("streams", name, MarketStream, settings)
    made = Running(server, lambda sink, stop: stream.run(SYMBOLS, sink, stop))
    yield made
    made.stop.set()
    made.threads.shutdown()
    server.close()


def test_it_says_that_it_is_connected_before_it_delivers(running: Running) -> None:
    before = datetime.now(UTC)
    running.start()
    running.server.wait_for_client()
    running.server.send_bar("AAPL", TEN, 175.5)

    assert before <= running.sink.next("connected") <= datetime.now(UTC)
    running.sink.next("bars")


def test_bars_are_minute_bars_of_the_domain(running: Running) -> None:
    running.connect()
    running.server.send_bar("BRK.B", TEN, 175.5)

    bar = running.sink.next("bars").iloc[0]
    assert tuple(bar.index) == BAR_COLUMNS
    assert (bar["symbol"], bar["timeframe"], bar["close"]) == ("BRK.B", "1m", 175.5)
    assert (bar["started_at"], bar["session_date"]) == (TEN, TEN.date())


def test_bars_and_quotes_say_who_delivered_them_and_that_they_are_real(running: Running) -> None:
    running.connect()
    running.server.send_bar("AAPL", TEN, 175.5)
    bar = running.sink.next("bars").iloc[0]
    running.server.send_quotes("AAPL", [175.01], TEN)
    quote = running.sink.next("quotes")[0]

    assert bar["provider"] == quote.provider
    assert bar["label"] == quote.label == Label.REAL


def test_quotes_have_both_sides_and_their_moment(running: Running) -> None:
    running.connect()
    running.server.send_quotes("AAPL", [175.01], TEN)

    [quote] = running.sink.next("quotes")
    assert (quote.symbol, quote.bid, quote.ask) == ("AAPL", 175.01, pytest.approx(175.05))
    assert quote.quoted_at.replace(microsecond=0) == TEN


def test_an_updated_bar_is_delivered_again(running: Running) -> None:
    running.connect()
    running.server.send_bar("AAPL", TEN, 175.5)
    running.sink.next("bars")
    running.server.send_bar_again("AAPL", TEN, 175.7)

    again = running.sink.next("bars").iloc[0]
    assert (again["started_at"], again["close"]) == (TEN, 175.7)


def test_a_lost_connection_is_made_anew_and_said_again(running: Running) -> None:
    running.connect()
    running.server.drop()
    running.server.wait_for_client()
    running.sink.next("connected")
    running.server.send_bar("AAPL", TEN + MINUTE, 175.9)

    assert running.sink.next("bars").iloc[0]["started_at"] == TEN + MINUTE


def test_what_came_before_the_connection_was_lost_is_delivered(running: Running) -> None:
    running.connect()
    running.server.send_bar("AAPL", TEN, 175.5)
    running.server.drop()

    assert running.sink.next("bars").iloc[0]["started_at"] == TEN


def test_a_refused_key_ends_it_with_an_error(running: Running) -> None:
    running.server.refuse_keys()

    with pytest.raises(AuthenticationError):
        running.start().result(timeout=PATIENCE_S)
    assert running.sink.events.empty()


def test_stop_ends_it_and_its_connection(running: Running) -> None:
    ended = running.start()
    running.server.wait_for_client()
    running.stop.set()

    assert ended.result(timeout=PATIENCE_S) is None
    running.server.wait_until_client_left()


def test_stop_ends_it_while_the_server_is_away(running: Running) -> None:
    running.server.close()
    ended = running.start()
    running.stop.set()

    assert ended.result(timeout=PATIENCE_S) is None
    assert running.sink.events.empty()


def test_nonsense_changes_nothing(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    running.connect()
    running.server.send_nonsense()
    running.server.send_bar("AAPL", TEN, 175.5)

    assert list(running.sink.next("bars")["close"]) == [175.5]
    assert running.sink.events.empty()
    assert any(record.levelname == "WARNING" for record in caplog.records)


def test_what_nobody_asked_for_is_not_delivered(running: Running) -> None:
    running.connect()
    running.server.send_bar("MSFT", TEN, 175.5)
    running.server.send_quotes("MSFT", [175.01], TEN)
    running.server.send_bar("AAPL", TEN, 175.5)

    assert list(running.sink.next("bars")["symbol"]) == ["AAPL"]
    assert running.sink.events.empty()


def test_a_flood_of_quotes_is_delivered_as_the_newest_ones(running: Running) -> None:
    running.connect()
    bids = [100 + step / 100 for step in range(5_000)]
    running.server.send_quotes("AAPL", bids, TEN)

    [quote] = running.sink.next("quotes")
    assert quote.bid == bids[-1]
    assert running.sink.events.empty()


def test_a_sink_that_fails_ends_it_with_the_sinks_error(running: Running) -> None:
    class FullDisk(Recorder):
        def bars(self, frame: pd.DataFrame) -> None:
            raise OSError("no space left on device")

    running.sink = FullDisk()
    ended = running.start()
    running.server.wait_for_client()
    running.server.send_bar("AAPL", TEN, 175.5)

    with pytest.raises(OSError, match="no space left"):
        ended.result(timeout=PATIENCE_S)
