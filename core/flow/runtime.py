"""The one running engine of this process: DBOS is a singleton, so this is its only place."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from core.flow.client import POLL_S, RunClient

if TYPE_CHECKING:
    from core.steps.services import WorkerServices

_SLOWEST_POLL_S = 0.5


class EngineStoppingError(BaseException):
    """Leaves a run where it is. Not an Exception: DBOS would record that as the run's failure."""


class Runtime:
    """What the bodies get, and who is inside one."""

    def __init__(self, services: WorkerServices, client: RunClient) -> None:
        self.services, self._client = services, client
        self._stopping = threading.Event()
        self._changed = threading.Condition()
        self._busy = 0

    @contextmanager
    def body(self) -> Iterator[None]:
        """Count the caller as inside a body; refuse it when the engine stops."""
        with self._changed:
            if self._stopping.is_set():
                raise EngineStoppingError
            self._busy += 1
        try:
            yield
        finally:
            with self._changed:
                self._busy -= 1
                self._changed.notify_all()

    def pause(self, seconds: float) -> None:
        """Wait before a retry; a stop ends the wait and the attempt."""
        if self._stopping.wait(seconds):
            raise EngineStoppingError

    def wait_for_children(self, run_ids: Sequence[str]) -> None:
        """Wait until all have ended; looks often at first, a stop ends the wait."""
        wait_s = POLL_S
        while run_ids and self._client.count_open(run_ids):
            self.pause(wait_s)
            wait_s = min(wait_s * 1.1, _SLOWEST_POLL_S)

    def stop(self, timeout_s: float) -> bool:
        """Let no new body begin; tell whether the running ones ended in time."""
        self._stopping.set()
        with self._changed:
            return self._changed.wait_for(lambda: self._busy == 0, timeout_s)


_running: Runtime | None = None


def install(runtime: Runtime | None) -> None:
    global _running  # noqa: PLW0603
    _running = runtime


def running() -> Runtime:
    if _running is None:
        raise EngineStoppingError
    return _running
