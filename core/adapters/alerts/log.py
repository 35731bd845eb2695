"""Alerts into the log and into `alerts.jsonl`, each key once."""

from __future__ import annotations

import fcntl
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from core.errors import UnavailableError
from core.settings import Settings

LOG = logging.getLogger("convergence.alerts")


def create(settings: Settings) -> LogAlerts:
    return LogAlerts(settings.data_dir / "alerts.jsonl")


class LogAlerts:
    """The file remembers the keys, so that a restart repeats nothing."""

    name = "log"

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, key: str, title: str, body: str) -> None:
        """Write one line of JSON, unless the key was sent before.

        Raises: UnavailableError if the file cannot be written.
        """
        with _translated(), self._locked() as file:
            content = file.read()
            if key in _sent_keys(content):
                return
            sent_at = datetime.now(UTC).isoformat()
            line = json.dumps({"key": key, "title": title, "body": body, "sent_at": sent_at})
            torn = content and not content.endswith("\n")  # by a machine that lost its power
            file.write(f"\n{line}\n" if torn else f"{line}\n")
        LOG.warning("%s", line)

    @contextmanager
    def _locked(self) -> Iterator[IO[str]]:
        """Open the file for one writer at a time, across threads and processes."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a+", encoding="utf-8", errors="replace") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            yield file


def _sent_keys(content: str) -> set[str]:
    return {key for line in content.splitlines() if (key := _key(line)) is not None}


def _key(line: str) -> str | None:
    try:
        return str(json.loads(line)["key"])
    except (ValueError, KeyError, TypeError):
        return None


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnavailableError("log", "send", str(error)) from error
