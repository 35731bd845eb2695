"""A process with an engine: `python -m tests.flow.process URL`; SIGTERM stops it cleanly."""

from __future__ import annotations

import os
import signal
import sys
import threading

from core.flow.database import open_database
from core.flow.engine import Engine, worker_queues
from tests.flow import bodies

assert bodies.noted  # its import registers the steps


def main(url: str, executor_id: str = "desk", listen: str = "all") -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    database = open_database(url)
    queues = worker_queues() if listen == "worker" else None
    services: object = None
    engine = Engine(database, url, services, executor_id, queues)  # type: ignore[arg-type]
    engine.start()
    print("up", os.getpid(), flush=True)
    stop.wait()
    was_idle = engine.stop(timeout_s=5)
    database.dispose()
    print("stopped", was_idle, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
