"""Alpaca's stream of trade updates: which order changed, and when nobody knows."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from queue import Queue
from threading import Event
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from core.adapters.brokers.alpaca import AlpacaBroker
from core.adapters.brokers.alpaca import updates as subject
from core.domain.trading import TradeUpdate
from core.errors import AuthenticationError, ConfigurationError
from tests.contract.broker_sentences.asking import KEY, entry, found, submit, usd
from tests.contract.stubs import brokers_alpaca
from tests.contract.stubs.brokers_alpaca import KEYS, AlpacaVenue

PATIENCE_S = 10


@dataclass
class Listening:
    """A broker that listens in a thread, and what it tells."""

    venue: AlpacaVenue
    told: Queue[TradeUpdate] = field(default_factory=Queue)
    stop: Event = field(default_factory=Event)
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

    def start(self) -> Future[None]:
        return self.threads.submit(self.venue.broker.listen, self.told.put, self.stop)

    def next(self) -> TradeUpdate:
        return self.told.get(timeout=PATIENCE_S)

    def until_gap(self) -> list[str]:
        """Return the keys that are told before the next gap."""
        keys: list[str] = []
        while (update := self.next()).event != "connected":
            keys.append(update.client_order_id)
        return keys


@pytest.fixture
def listening(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listening]:
    monkeypatch.setattr(subject, "PAUSES_S", (0.05,))
    made = Listening(brokers_alpaca.install(httpserver, monkeypatch))
    yield made
    made.stop.set()
    made.threads.shutdown()
    made.venue.broker.close()


def connected(listening: Listening) -> None:
    listening.start()
    listening.venue.stream.wait_for_client()
    assert listening.next().client_order_id == ""


def test_every_connection_begins_with_a_gap(listening: Listening) -> None:
    connected(listening)

    listening.venue.stream.drop()

    assert listening.until_gap() == []


def test_what_happened_during_a_gap_is_told_by_the_gap_alone(
    listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "PAUSES_S", (1.0,))
    connected(listening)
    listening.venue.stream.drop()
    submit(listening.venue.broker, entry())

    assert listening.until_gap() == []


def test_each_change_names_its_order_and_what_it_was(listening: Listening) -> None:
    submit(listening.venue.broker, entry())
    connected(listening)
    listening.venue.trade("TSLA", usd(99), Decimal(4))

    update = listening.next()
    assert (update.client_order_id, update.event) == (KEY, "partial_fill")
    assert update.at.tzinfo is not None


def test_a_leg_is_told_under_the_id_of_its_entry(listening: Listening) -> None:
    submit(listening.venue.broker, entry())
    listening.venue.trade("TSLA", usd(99))
    connected(listening)
    listening.venue.trade("TSLA", usd(95))

    assert {listening.next().client_order_id for _ in range(2)} == {KEY}


def test_a_leg_of_an_order_from_before_a_restart_may_be_anything(listening: Listening) -> None:
    submit(listening.venue.broker, entry())
    listening.venue.trade("TSLA", usd(99))
    listening.venue.broker = listening.venue.reconnect()
    connected(listening)
    listening.venue.trade("TSLA", usd(95))

    assert listening.next().client_order_id == ""


def test_what_is_sent_in_an_entrys_name_is_told_under_it(listening: Listening) -> None:
    submit(listening.venue.broker, entry())
    listening.venue.trade("TSLA", usd(99))
    listening.venue.broker.close_position(KEY, "test")
    listening.venue.broker = listening.venue.reconnect()
    connected(listening)
    listening.venue.trade("TSLA", usd(99))

    assert listening.next().client_order_id == KEY


def test_updates_that_are_repeated_or_late_are_told_as_they_come(listening: Listening) -> None:
    kept: list[dict[str, Any]] = []

    def late_and_twice(message: dict[str, Any]) -> list[dict[str, Any]]:
        kept.append(message)
        return [] if len(kept) < 2 else [kept[1], kept[0], kept[0]]

    submit(listening.venue.broker, entry())
    connected(listening)
    listening.venue.stream.spoil = late_and_twice
    listening.venue.trade("TSLA", usd(99), Decimal(4))
    listening.venue.trade("TSLA", usd(99), Decimal(4))

    told = [listening.next() for _ in range(3)]
    assert {update.client_order_id for update in told} == {KEY}
    assert found(listening.venue.broker).filled_quantity == 8


@pytest.mark.parametrize(
    "frame",
    [
        "<html>Bad gateway</html>",
        "[1, 2]",
        '{"stream": "trade_updates"}',
        '{"stream": "trade_updates", "data": {"event": "fill", "order": null}}',
        '{"stream": "trade_updates", "data": {"event": "fill", "order": {"id": "1", '
        '"client_order_id": "x"}, "timestamp": "yesterday"}}',
    ],
)
def test_what_cannot_be_read_may_be_anything(listening: Listening, frame: str) -> None:
    connected(listening)
    listening.venue.stream.send(frame)

    assert (listening.next().client_order_id, listening.told.empty()) == ("", True)


def test_other_streams_say_nothing(listening: Listening) -> None:
    submit(listening.venue.broker, entry())
    connected(listening)
    listening.venue.stream.send('{"stream": "account_updates", "data": {}}')
    listening.venue.trade("TSLA", usd(99))

    assert listening.next().client_order_id == KEY


def test_refused_keys_end_it(listening: Listening) -> None:
    listening.venue.stream.is_refusing = True

    with pytest.raises(AuthenticationError, match="check the keys"):
        listening.start().result(PATIENCE_S)
    assert listening.told.empty()


def test_stop_ends_it_while_alpaca_is_away(listening: Listening) -> None:
    listening.venue.broker = AlpacaBroker(KEYS, "http://127.0.0.1:9")
    ended = listening.start()
    listening.stop.set()

    assert ended.result(PATIENCE_S) is None
    assert listening.told.empty()


def test_an_address_that_is_none_is_a_wrong_setting(listening: Listening) -> None:
    listening.venue.broker = AlpacaBroker(KEYS, "http://127.0.0.1:9", stream_url="nowhere")

    with pytest.raises(ConfigurationError):
        listening.start().result(PATIENCE_S)
