"""The desk as one process: alive before any browser, alone on its folder, clean in its end."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import bootstrap
from core.settings import ROOT, Settings
from core.web.passwords import hash_password
from tests.flow.server import Server

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]
DEEP_LINKS = ["/", "/approvals", "/main", "/connections", "/media/x", "/_stcore/host-config"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("desk"))
    running.wait_until_up()
    yield running
    running.stop()


def core(server: Server, *arguments: str) -> tuple[int, object]:
    environment = dict(os.environ, CONVERGENCE_DATA_DIR=str(server.data_dir))
    done = subprocess.run(
        [sys.executable, "-m", "core", *arguments, "--json"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout)


def test_the_desk_works_before_any_browser_connects(server: Server) -> None:
    report = server.wait_until_up()
    assert report["status"] == "ok"
    assert set(report) >= {"store", "engine", "clock", "last_runs", "mode"}
    assert "convergence_up 1.0" in server.get("/metrics")[1]


def test_a_second_copy_ends_with_one_clear_line(server: Server) -> None:
    second = Server(server.data_dir)
    assert second.process.wait(60) != 0
    own_lines = [line for line in second.text().splitlines() if line.startswith("convergence:")]
    assert len(own_lines) == 1
    assert "another desk already owns" in own_lines[0]
    assert "Traceback" not in second.text()


def test_the_command_line_goes_through_the_running_desk(server: Server) -> None:
    code, report = core(server, "run", "daily_tactic", "--date", "2023-06-15", "--wait")
    assert (code, report["status"]) == (0, "succeeded")
    approval = report["pending"][0]["approval_id"]
    assert core(server, "approve", approval)[0] == 0
    code, refused = core(server, "approve", approval)
    assert code == 1
    assert "approved" in refused["error"]


def test_the_command_route_asks_for_the_token(server: Server) -> None:
    file = server.data_dir / "desk.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert server.post("/desk/pending", b"{}")[0] == 401
    assert server.post("/desk/pending", b"{}", Authorization="Bearer guess")[0] == 401
    token = json.loads(file.read_text())["token"]
    assert server.post("/desk/pending", b"{}", Authorization=f"Bearer {token}")[0] == 200


def test_sigterm_in_the_middle_of_the_replay_stops_cleanly_and_work_goes_on(tmp_path: Path) -> None:
    reached = ""
    for _ in range(2):
        server = Server(tmp_path / "desk")
        started_at = server.wait_until_up()["desk_time"]
        assert started_at >= reached
        while (reached := json.loads(server.get("/healthz")[1])["desk_time"]) <= started_at:
            assert server.process.poll() is None, server.text()
        server.stop()
        assert "Traceback" not in server.text()
        assert not (tmp_path / "desk" / "desk.json").exists()
    desk = bootstrap.build(Settings(data_dir=tmp_path / "desk"))
    assert desk.controls.verify().ok
    assert {run.status for run in desk.runs.recent(1000)} <= {"succeeded", "running", "queued"}
    desk.close()


def test_with_a_password_everything_is_behind_it_even_as_the_first_request(tmp_path: Path) -> None:
    locked = Server(
        tmp_path / "desk",
        CONVERGENCE_PASSWORD_HASH=hash_password("correct horse"),
        CONVERGENCE_METRICS_TOKEN="collector-token",
    )
    try:
        locked.wait_until_up()
        for path in DEEP_LINKS:
            assert locked.get(path)[0] == 401, path
        assert locked.get("/metrics")[0] == 401
        assert locked.get("/metrics", Authorization="Bearer collector-token")[0] == 200
    finally:
        locked.stop()


@pytest.mark.parametrize("address", ["0.0.0.0", "::"])
def test_an_open_address_without_a_login_refuses_to_start(tmp_path: Path, address: str) -> None:
    refused = Server(tmp_path / "desk", "--server.address", address)
    assert refused.process.wait(60) != 0
    assert "CONVERGENCE_PASSWORD_HASH" in refused.text()
    assert "Traceback" not in refused.text()


def test_a_data_folder_that_cannot_be_used_gives_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    refused = Server(tmp_path / "file" / "desk")
    assert refused.process.wait(60) != 0
    assert sum(line.startswith("convergence:") for line in refused.text().splitlines()) == 1
    assert "Traceback" not in refused.text()
