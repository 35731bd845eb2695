"""The real desk as a process, and a real Chromium in front of it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from core import bootstrap
from core.replay import APPROVED_BY_REPLAY
from core.settings import ROOT, Settings

FIRST_DAY = date(2023, 9, 18)  # an order and its post wait; so they do on the two sessions after
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
KEEPS_SCREENSHOTS = os.environ.get("CONVERGENCE_SCREENSHOTS") == "1"
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
)  # fmt: skip


@dataclass
class Server:
    """A desk that listens; `foreign` collects every request that leaves its address."""

    url: str
    folder: Path
    foreign: list[str] = field(default_factory=list)

    def watch(self, page: Any) -> Any:
        page.on("request", lambda request: self._note(request.url))
        return page

    def _note(self, url: str) -> None:
        if url.startswith(("http", "ws")) and not url.split("://")[1].startswith(self.address):
            self.foreign.append(url)

    @property
    def address(self) -> str:
        return self.url.removeprefix("http://")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def prepared(folder: Path) -> Path:
    """Fill a data folder with a few sessions, and let the morning of `FIRST_DAY` wait.

    Screenshots are taken of a full desk.
    """
    desk = bootstrap.build(Settings(data_dir=folder, _env_file=None))
    desk.start_engine()
    try:
        last = -6 if KEEPS_SCREENSHOTS else -63
        desk.replay.advance_to(desk.replay.sessions()[last], APPROVED_BY_REPLAY)
        desk.runs.wait(desk.runs.start("daily_tactic", FIRST_DAY))
    finally:
        desk.close()
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, chromium: Any) -> Iterator[Server]:
    """A desk for one module; without a Chromium there is none to look at it."""
    folder, port = prepared(tmp_path_factory.mktemp("desk")), free_port()
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("CONVERGENCE_")},
        "CONVERGENCE_DATA_DIR": str(folder),
        "CONVERGENCE_DEMO_SECONDS_PER_SESSION": "100000",
    }
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            found = Server(f"http://127.0.0.1:{port}", folder)
            wait_until_healthy(found, process)
            yield found
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def wait_until_healthy(server: Server, process: subprocess.Popen[bytes]) -> None:
    for _ in range(150):
        try:
            with urllib.request.urlopen(f"{server.url}/healthz", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            if process.poll() is not None:
                break
        time.sleep(0.2)
    raise AssertionError((server.folder / "server.log").read_text())


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    if CHROMIUM is None:
        reason = "no Chromium on this machine: install it, or the pages stay unseen"
        if os.environ.get("CONVERGENCE_CI") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS])
        yield browser
        browser.close()
