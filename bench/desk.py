"""The desk as a whole: start, replay, page."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from bench import Row
from core import bootstrap
from core.settings import ROOT, Settings

PAGE_RUNS = 15


def run() -> list[Row]:
    folder = Path(tempfile.mkdtemp(prefix="bench-desk-"))
    try:
        rows = [_replay(folder)]
        rows += [_overview(folder), _warm_start(folder)]
    finally:
        shutil.rmtree(folder)
    return rows


def _replay(folder: Path) -> Row:
    desk = bootstrap.build(Settings(data_dir=folder))
    desk.start_engine()
    started = time.perf_counter()
    desk.replay.fill()
    seconds = time.perf_counter() - started
    desk.close()
    return "60 sessions replayed through the real workflows", seconds, "s", "<= 60 s"


def _overview(folder: Path) -> Row:
    from streamlit.testing.v1 import AppTest

    desk = bootstrap.build(Settings(data_dir=folder))
    bootstrap.desk = lambda: desk
    page = AppTest.from_file(str(ROOT / "pages" / "main.py"), default_timeout=60).run()
    page.run()
    cpu = time.process_time()
    for _ in range(PAGE_RUNS):
        page.run()
    milliseconds = (time.process_time() - cpu) / PAGE_RUNS * 1000
    assert not page.exception
    desk.close()
    return "overview page script run, CPU, 60 sessions of history", milliseconds, "ms", "<= 60 ms"


def _warm_start(folder: Path) -> Row:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = dict(os.environ, CONVERGENCE_DATA_DIR=str(folder))
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        seconds = _until(lambda: _is_up(port), started)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    return "warm start to /healthz ok", seconds, "s", "<= 5 s"


def _until(is_true: Callable[[], bool], started: float) -> float:
    while not is_true():
        assert time.perf_counter() - started < 60
        time.sleep(0.05)
    return time.perf_counter() - started


def _is_up(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
