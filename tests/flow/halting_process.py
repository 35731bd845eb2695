"""A desk that dies while it flattens: `python -m tests.flow.halting_process DATA_DIR CALL WHEN`.

It presses the kill switch and kills itself at the first CALL to the broker, before or after it.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from core import bootstrap
from core.adapters.brokers.paper import PaperBroker
from core.domain.guards import HaltDepth
from core.settings import Settings


def die_at(call: str, when: str) -> None:
    done = getattr(PaperBroker, call)

    def deadly(self: PaperBroker, *arguments: Any) -> None:
        if when == "after":
            done(self, *arguments)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(PaperBroker, call, deadly)


def main(data_dir: Path, call: str, when: str) -> None:
    die_at(call, when)
    desk = bootstrap.build(Settings(data_dir=data_dir, _env_file=None))
    desk.start_engine()
    halt = desk.controls.halt("a test", "test", HaltDepth.FLATTEN)
    desk.runs.wait(halt.run_id, 60)
    desk.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
