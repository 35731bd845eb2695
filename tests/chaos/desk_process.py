"""A desk that dies: run as `python -m tests.chaos.desk_process DATA_DIR SESSIONS SEED`.

Every order and post that really happens leaves one line in a journal, durable before the call
returns; around each one the process may kill itself. A duplicate would be a second line.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from datetime import datetime
from pathlib import Path

from core import bootstrap
from core.adapters.brokers.paper import PaperBroker
from core.adapters.publishers.preview import PreviewPublisher
from core.domain.content import Post, PostRequest
from core.domain.orders import Order, OrderRequest
from core.replay import APPROVED_BY_REPLAY, HELD_BACK
from core.settings import Settings

KILL_SHARE = 0.06  # at each of three moments of each effect


class Journal:
    """The world outside: what it has seen happen."""

    def __init__(self, path: Path, dice: random.Random) -> None:
        self._path, self._dice = path, dice

    def note(self, key: str) -> None:
        self.maybe_die()
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": key}) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.maybe_die()

    def maybe_die(self) -> None:
        if self._dice.random() < KILL_SHARE:
            os.kill(os.getpid(), signal.SIGKILL)


def watch_effects(journal: Journal) -> None:
    """Make the broker and the publisher note every call that comes through to them."""
    submit, publish = PaperBroker.submit, PreviewPublisher.publish

    def noted_submit(self: PaperBroker, request: OrderRequest, submitted_at: datetime) -> Order:
        journal.maybe_die()
        order = submit(self, request, submitted_at)
        journal.note(request.client_order_id)
        return order

    def noted_publish(self: PreviewPublisher, request: PostRequest, published_at: datetime) -> Post:
        journal.maybe_die()
        post = publish(self, request, published_at)
        journal.note(request.key)
        return post

    PaperBroker.submit = noted_submit
    PreviewPublisher.publish = noted_publish


def main(data_dir: Path, sessions: int, seed: int) -> None:
    watch_effects(Journal(data_dir / "journal.jsonl", random.Random(seed)))
    desk = bootstrap.build(Settings(data_dir=data_dir))
    desk.start_engine()
    first = -(desk.settings.demo_sessions + HELD_BACK)
    for day in desk.replay.sessions()[first : first + sessions]:
        desk.replay.advance_to(day, APPROVED_BY_REPLAY)
    desk.close()
    (data_dir / "done").touch()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
