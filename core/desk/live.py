"""The live stream: its threads, and what the operator is told of it."""

from __future__ import annotations

import logging
from datetime import datetime
from threading import Event, Thread
from time import monotonic

from core.domain.feed_policy import StreamState
from core.errors import AppError, AuthenticationError, ConfigurationError
from core.ports import MarketStream
from core.steps.alert import send_alert
from core.steps.live import LiveFeed
from core.steps.moment import session_of
from core.steps.services import Services

FOR_GOOD = (AuthenticationError, ConfigurationError)
TICK_S = 1.0
RESTART_S = 30.0
PATIENCE_S = 1.0

log = logging.getLogger(__name__)


class Live:
    """Follows the stream from `start` to `stop`; without a stream it does nothing."""

    def __init__(self, services: Services) -> None:
        self._services, self._stream = services, services.adapters.stream
        self._feed = LiveFeed(services, self._stream.name if self._stream else "")
        self._stop = Event()
        self._threads: list[Thread] = []
        self._error = ""
        self._failed_at: datetime | None = None

    def start(self) -> None:
        """Listen in one thread; another does meanwhile what may take long."""
        if self._stream is not None:
            listen = Thread(target=self._listen, args=(self._stream,), name="stream", daemon=True)
            repair = Thread(target=self._tick, name="stream-repair", daemon=True)
            self._threads = [listen, repair]
            for thread in self._threads:
                thread.start()

    def stop(self) -> None:
        """End it within a second; a question that is still out is left, its answer not stored."""
        self._stop.set()
        self._feed.close()
        deadline = monotonic() + PATIENCE_S
        for thread in self._threads:
            thread.join(max(0, deadline - monotonic()))

    def state(self) -> StreamState:
        """Return how it does."""
        connected_at, failed_at = self._feed.connected_at, self._failed_at
        has_recovered = bool(failed_at and connected_at and connected_at > failed_at)
        return StreamState(
            name=self._stream.name if self._stream else "",
            is_on=bool(self._threads) and self._threads[0].is_alive(),
            connected_at=connected_at,
            last_message_at=self._feed.last_message_at,
            error="" if has_recovered else self._error,
        )

    def _listen(self, stream: MarketStream) -> None:
        symbols = self._services.universe.all
        while not self._stop.is_set():
            try:
                stream.run(symbols, self._feed, self._stop)
            except AppError as error:
                self._tell(stream.name, error)
                if isinstance(error, FOR_GOOD):
                    return
                self._stop.wait(RESTART_S)
            except BaseException as error:
                self._error = f"{type(error).__name__}, see the log"
                raise

    def _tick(self) -> None:
        while not self._stop.wait(TICK_S):
            try:
                self._feed.tick()
            except AppError:
                log.exception("the stream's duties failed; they are tried again in %s s", TICK_S)

    def _tell(self, name: str, error: AppError) -> None:
        now = self._services.clock.now()
        self._failed_at, self._error = now, str(error)
        key = f"alert:stream:{name}:{session_of(now)}"
        ledger, alerts = self._services.ledger, self._services.adapters.alerts
        try:
            send_alert(ledger, alerts, key, f"the stream of {name} failed", str(error))
        except AppError:
            log.exception("could not tell that the stream of %s failed: %s", name, error)
