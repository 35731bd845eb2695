"""The one running engine of this process: DBOS is a singleton, so this is its only place."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from core.flow.client import RunClient

if TYPE_CHECKING:
    from core.steps.services import WorkerServices

_FIRST_LOOK_S, _SLOWEST_POLL_S = 0.01, 0.5


class EngineStoppingError(BaseException):
    """Leaves a run where it is. Not an Exception: DBOS would record that as the run's failure."""


class Runtime:
    """What the bodies get, and who is inside one."""

    def __init__(
        self, services: WorkerServices, client: RunClient, slots: Mapping[str, int] | None = None
    ) -> None:
        """`slots` are the limits of the queues, for a process that shares them with no other."""
        self.services, self._client = services, client
        self.is_alone = slots is not None
        self._slots = {name: threading.Semaphore(count) for name, count in (slots or {}).items()}
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

    @contextmanager
    def slot(self, queue: str | None) -> Iterator[None]:
        """Hold one of the queue's places; without a limit here, the queue itself keeps it."""
        slots = self._slots.get(queue or "")
        while slots is not None and not slots.acquire(timeout=_SLOWEST_POLL_S):
            if self._stopping.is_set():
                raise EngineStoppingError
        try:
            yield
        finally:
            if slots is not None:
                slots.release()

    def pause(self, seconds: float) -> None:
        """Wait before a retry; a stop ends the wait and the attempt."""
        if self._stopping.wait(seconds):
            raise EngineStoppingError

    def wait_for_children(self, run_ids: Sequence[str]) -> None:
        """Wait until all have ended; looks often at first, a stop ends the wait."""
        wait_s = _FIRST_LOOK_S
        while run_ids and self._client.count_open(run_ids):
            self.pause(wait_s)
            wait_s = min(wait_s * 1.3, _SLOWEST_POLL_S)

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
