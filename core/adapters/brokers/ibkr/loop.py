"""An event loop on a thread of its own: outside of it nothing is asynchronous."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from threading import Lock, Thread
from typing import Any, TypeVar

ResultT = TypeVar("ResultT")
END_S = 5.0


class LoopThread:
    """Runs coroutines for any thread; starts with the first one."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = Lock()
        self._running: tuple[asyncio.AbstractEventLoop, Thread] | None = None

    def run(self, work: Coroutine[Any, Any, ResultT], timeout_s: float) -> ResultT:
        """Return what the work returns. Raises: TimeoutError after `timeout_s`, and its errors."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop())
        try:
            return future.result(timeout_s)
        finally:
            future.cancel()

    @property
    def is_running(self) -> bool:
        return self._running is not None

    def stop(self) -> None:
        with self._lock:
            running, self._running = self._running, None
        if running is None:
            return
        loop, thread = running
        loop.call_soon_threadsafe(loop.stop)
        thread.join(END_S)

    def _loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._running is None:
                loop = asyncio.new_event_loop()
                thread = Thread(target=_serve, args=(loop,), name=self._name, daemon=True)
                thread.start()
                self._running = loop, thread
            return self._running[0]


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)  # ib_async looks for the loop of its thread
    try:
        loop.run_forever()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
    finally:
        loop.close()
