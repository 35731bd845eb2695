"""The link to the broker: what it tells of changes makes the desk look at the account."""

from __future__ import annotations

import logging
from threading import Event, Thread

from core.domain.trading import TradeUpdate
from core.errors import AppError, AuthenticationError, ConfigurationError
from core.flow.control import Control
from core.replay import run_inputs
from core.steps.moment import session_of
from core.steps.services import Services
from core.steps.telling import tell_once

FOR_GOOD = (AuthenticationError, ConfigurationError)
SETTLE_S = 2.0  # changes come in swarms: one look serves all of them
RESTART_S = 30.0
PATIENCE_S = 1.0

LOG = logging.getLogger(__name__)


class BrokerLink:
    """Compares with the broker at the start, and again whenever it tells of a change."""

    def __init__(self, services: Services, control: Control) -> None:
        self._services, self._control = services, control
        self._stop, self._changed = Event(), Event()
        self._threads: list[Thread] = []

    def start(self) -> None:
        """Listen in one thread; another starts the comparisons."""
        self._changed.set()
        self._threads = [
            Thread(target=self._listen, name="broker", daemon=True),
            Thread(target=self._compare, name="broker-changes", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._changed.set()
        for thread in self._threads:
            thread.join(PATIENCE_S)
        self._services.adapters.broker.close()

    def _listen(self) -> None:
        broker = self._services.adapters.broker
        while not self._stop.is_set():
            try:
                broker.connect()
                if not broker.capabilities().stream:
                    return
                broker.listen(self._note, self._stop)
            except AppError as error:
                self._tell(error)
                if isinstance(error, FOR_GOOD):
                    return
                self._stop.wait(RESTART_S)

    def _note(self, update: TradeUpdate) -> None:
        """What changed is read at the broker: what a stream says may be old, twice or missing."""
        del update
        self._changed.set()

    def _compare(self) -> None:
        while self._changed.wait() and not self._stop.wait(SETTLE_S):
            self._changed.clear()
            try:
                self._control.start("reconcile", run_inputs(self._services.clock.now()))
            except AppError:
                LOG.exception("a comparison with the broker could not be started")

    def _tell(self, error: AppError) -> None:
        day = session_of(self._services.clock.now())
        try:
            tell_once(
                self._services, f"alert:broker:{day}", "The broker cannot be heard", str(error)
            )
        except AppError:
            LOG.exception("could not tell that the broker failed: %s", error)
