"""What the steps say while they run: log records, kept with their run and step."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from core.domain.flow import LogLine

LIMIT = 10_000  # lines that wait for the mirror; beyond it the oldest are lost, not the memory
TEXT_LIMIT = 4_000
LOGGER = "core"

_place: ContextVar[tuple[str, str] | None] = ContextVar("place", default=None)


@contextmanager
def inside(run_id: str, step_id: str) -> Iterator[None]:
    """Give what is logged in here to one step of one run."""
    token = _place.set((run_id, step_id))
    try:
        yield
    finally:
        _place.reset(token)


class Logbook(logging.Handler):
    """Holds the lines of the running steps until they are taken."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._lines: deque[LogLine] = deque(maxlen=LIMIT)

    def emit(self, record: logging.LogRecord) -> None:
        place = _place.get()
        if place is None:
            return
        self._lines.append(
            LogLine(
                run_id=place[0],
                step_id=place[1],
                logged_at=datetime.fromtimestamp(record.created, UTC),
                level=record.levelname.lower(),
                text=self.format(record)[:TEXT_LIMIT],
            )
        )

    def waiting(self) -> list[LogLine]:
        """Return the lines that nobody has taken, oldest first."""
        self.acquire()
        try:
            return list(self._lines)
        finally:
            self.release()

    def taken(self, lines: list[LogLine]) -> None:
        """Forget the oldest lines: they are kept elsewhere now."""
        self.acquire()
        try:
            while lines and self._lines and self._lines[0] is lines[0]:
                self._lines.popleft()
                lines = lines[1:]
        finally:
            self.release()


LOGBOOK = Logbook()


def open_logbook() -> None:
    """Listen to everything that this program logs; its console shows what it showed before."""
    logger = logging.getLogger(LOGGER)
    logger.setLevel(logging.DEBUG)
    logger.addHandler(LOGBOOK)  # the same handler again changes nothing
