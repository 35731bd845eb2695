"""The kill switch of a desk that runs, pressed from the command line; a restart keeps it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.settings import ROOT
from tests.flow.server import Server

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]


def core(data_dir: Path, *arguments: str) -> tuple[int, dict]:
    environment = dict(os.environ, CONVERGENCE_DATA_DIR=str(data_dir), CONVERGENCE_MODE="paper")
    done = subprocess.run(
        [sys.executable, "-m", "core", *arguments, "--json"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout)


def test_a_running_desk_is_halted_stays_halted_over_a_restart_and_is_resumed(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "desk"
    server = Server(folder, CONVERGENCE_MODE="paper")
    try:
        assert server.wait_until_up()["trading"] == "active"
        code, halted = core(folder, "halt", "--reason", "strange prices", "--flatten")
        assert (code, halted["run"], halted["left"]) == (0, "succeeded", []), halted
        assert json.loads(server.get("/healthz")[1])["trading"] == "halted"
    finally:
        server.stop()
    again = Server(folder, CONVERGENCE_MODE="paper")
    try:
        assert again.wait_until_up()["trading"] == "halted"
        code, resumed = core(folder, "resume", "--reason", "all clear")
        assert (code, resumed["trading"]) == (0, "active"), resumed
        assert json.loads(again.get("/healthz")[1])["trading"] == "active"
    finally:
        again.stop()
