"""Start the real desk as a process, and end it by its own pid."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from core.settings import ROOT


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A desk on its own data folder and port."""

    def __init__(self, data_dir: Path, *arguments: str, **environment: str) -> None:
        self.port, self.data_dir = free_port(), data_dir
        self.log = Path(tempfile.mkdtemp(prefix="desk-log-")) / "desk.log"
        command = [sys.executable, "-m", "streamlit", "run", "app.py"]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*command, "--server.port", str(self.port), *arguments],
                cwd=ROOT,
                env=dict(os.environ, CONVERGENCE_DATA_DIR=str(data_dir), **environment),
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        return self._ask(path, None, headers)

    def post(self, path: str, body: bytes, **headers: str) -> tuple[int, str]:
        return self._ask(path, body, headers)

    def _ask(self, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, str]:
        url = f"http://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(url, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def wait_until_up(self) -> dict:
        """Return the health report as soon as the desk is well."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.text()
            try:
                status, body = self.get("/healthz")
                if status == 200:
                    return json.loads(body)
            except OSError:
                pass
            time.sleep(0.1)
        raise AssertionError(self.text())

    def text(self) -> str:
        return self.log.read_text()

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)
