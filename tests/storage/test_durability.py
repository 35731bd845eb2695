from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.errors import StoreError, StoreLockedError
from core.storage.storage import Storage
from tests.storage import samples

ROOT = Path(__file__).resolve().parents[2]
HOLD = """
    storage = Storage(path)
    print("open", flush=True)
    sys.stdin.read()
"""
APPEND = """
    storage = Storage(path)
    storage.tactics.append_events(samples.life())
    for number in range(10_000):
        event = samples.tactic_event("published", payload={"subject": str(number)})
        assert storage.tactics.append_events([event]) == 1
        print(number, flush=True)
"""
FILL_THE_DISK = """
    storage = Storage(path)
    storage.audit.record("operator", "noted", "desk", {}, samples.MORNING)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    try:
        for number in range(1_000):
            text = samples.content(body=os.urandom(20_000).hex(), version=number + 1)
            storage.content.append(text)
    except StoreError as error:
        print("refused:", error, flush=True)
    os._exit(0)
"""


@contextmanager
def program(body: str, path: Path) -> Iterator[subprocess.Popen[str]]:
    head = """
        import os, resource, sys
        from pathlib import Path
        from core.errors import StoreError
        from core.storage.storage import Storage
        from tests.storage import samples
        path = Path(sys.argv[1])
    """
    text = textwrap.dedent(head) + textwrap.dedent(body)
    process = subprocess.Popen(
        [sys.executable, "-c", text, str(path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_second_desk_gets_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "desk.duckdb"
    with program(HOLD, path) as owner:
        assert read_line(owner) == "open"
        with pytest.raises(StoreLockedError) as caught:
            Storage(path)
    assert str(caught.value) == (
        f"another desk already owns {path} (PID {owner.pid}); stop it or set CONVERGENCE_DATA_DIR"
    )


def test_the_store_can_be_opened_after_its_owner_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "desk.duckdb"
    with program(HOLD, path) as owner:
        read_line(owner)
        owner.send_signal(signal.SIGKILL)
        owner.wait()
    Storage(path).close()


@pytest.mark.chaos
def test_killing_the_desk_while_it_appends_loses_nothing_committed(tmp_path: Path) -> None:
    path, last = tmp_path / "desk.duckdb", -1
    with program(APPEND, path) as desk:
        while last < 25:
            last = int(read_line(desk))
        desk.send_signal(signal.SIGKILL)
        desk.wait()
        assert desk.stdout is not None
        last = int((desk.stdout.read().split() or [str(last)])[-1])
    storage = Storage(path)
    events = storage.tactics.events(samples.tactic().tactic_id)
    kept = [event.payload["subject"] for event in events[1:]]
    assert kept[: last + 1] == [str(number) for number in range(last + 1)]
    assert len(kept) <= last + 2
    assert storage.audit.verify().ok
    storage.close()


def test_a_full_disk_is_told_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    path = tmp_path / "desk.duckdb"
    with program(FILL_THE_DISK, path) as desk:
        output, errors = desk.communicate(timeout=60)
    assert output.startswith("refused: "), errors
    assert output.count("\n") == 1
    storage = Storage(path)
    rows = storage.store.all("select count(*) from content_versions")[0][0]
    report = storage.audit.verify()
    assert (report.ok, report.rows) == (True, rows + 1)
    storage.close()


def test_a_store_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "desk.duckdb"
    folder.mkdir()
    with pytest.raises(StoreError):
        Storage(folder)
    assert os.listdir(folder) == []  # noqa: PTH208
