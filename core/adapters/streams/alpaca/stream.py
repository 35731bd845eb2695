"""The stream: one connection after another, as long as it is wanted."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event

from core.adapters.alpaca_rest import NAME, require_keys
from core.adapters.streams.alpaca.connection import CLOSE_TIMEOUT_S, TICK_S, Connection
from core.adapters.streams.alpaca.inbox import Inbox
from core.adapters.streams.alpaca.messages import LostError, OccupiedError
from core.errors import AuthenticationError, ConfigurationError
from core.ports import StreamSink
from core.settings import Settings

PAUSES_S = (0.5, 1, 2, 4, 8, 16, 30)

log = logging.getLogger(__name__)


def create(settings: Settings) -> AlpacaStream:
    """Build it.

    Raises: ConfigurationError without keys.
    """
    address = settings.alpaca_stream_url.rstrip("/")
    return AlpacaStream(f"{address}/v2/{settings.alpaca_feed}", require_keys(settings))


class AlpacaStream:
    """Streams one feed; Alpaca allows an account one connection."""

    name = NAME

    def __init__(self, url: str, keys: tuple[str, str]) -> None:
        self._url = url
        self._keys = keys

    def run(self, symbols: Sequence[str], sink: StreamSink, stop: Event) -> None:
        """Stream until `stop` is set.

        Raises: AuthenticationError for a refused key or feed, or if another connection stays open;
            ConfigurationError for a refused or empty list of symbols, or a wrong address.
        """
        if not symbols:
            raise ConfigurationError("there is nothing to stream: the watch list is empty")
        failures = 0
        while not stop.is_set():
            started = time.monotonic()
            try:
                self._stream(symbols, sink, stop)
            except LostError as error:
                lasted = time.monotonic() - started > PAUSES_S[-1]
                failures = 1 if lasted else failures + 1
                _give_up(error, failures)
                pause = PAUSES_S[min(failures, len(PAUSES_S)) - 1]
                log.warning("alpaca's stream is lost, next try in %s s: %s", pause, error)
                stop.wait(pause)

    def _stream(self, symbols: Sequence[str], sink: StreamSink, stop: Event) -> None:
        """Deliver what one connection brings, until it is lost.

        Another thread reads it: a slow sink then delays no answer to a ping, and `stop` is obeyed
        while it connects.
        """
        inbox, closing = Inbox(symbols), Event()
        connection = Connection(self._url, self._keys, closing)
        threads = ThreadPoolExecutor(1, "alpaca-stream")
        reading = threads.submit(connection.read, symbols, inbox)
        threads.shutdown(wait=False)
        try:
            while not stop.wait(TICK_S):
                is_over = reading.done()
                inbox.deliver(sink)
                if is_over:
                    reading.result()
        finally:
            closing.set()
            wait([reading], timeout=CLOSE_TIMEOUT_S)


def _give_up(error: LostError, failures: int) -> None:
    """Raise if the account's connection is still in use after every pause was tried."""
    if isinstance(error, OccupiedError) and failures > len(PAUSES_S):
        reason = f"{error}: end the other program that streams with this key"
        raise AuthenticationError(NAME, "stream", reason)
