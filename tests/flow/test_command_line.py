"""The command line: one JSON document, clear exit codes, with and without a running desk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.settings import ROOT

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]


def core(data_dir: Path, *arguments: str) -> tuple[int, object]:
    environment = dict(os.environ, CONVERGENCE_DATA_DIR=str(data_dir))
    done = subprocess.run(
        [sys.executable, "-m", "core", *arguments, "--json"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cli")


@pytest.fixture(scope="module")
def report(data_dir: Path) -> dict:
    code, document = core(data_dir, "run", "daily_tactic", "--date", "2023-06-15", "--wait")
    assert code == 0, document
    return document


def test_run_prints_the_run_its_tactics_and_what_waits(report: dict) -> None:
    assert set(report) >= {"run_id", "workflow", "status", "steps", "tactics", "pending"}
    assert report["status"] == "succeeded"
    assert {step["status"] for step in report["steps"]} == {"succeeded"}
    assert set(report["tactics"][0]) == {"tactic_id", "symbol", "grade", "content_sha256"}
    fields = {"approval_id", "kind", "subject_id", "content_sha256", "expires_at"}
    assert all(set(pending) >= fields for pending in report["pending"])


def test_pending_lists_the_same_approvals(data_dir: Path, report: dict) -> None:
    code, waiting = core(data_dir, "pending")
    assert code == 0
    expected = {p["approval_id"] for p in report["pending"]}
    assert {p["approval_id"] for p in waiting} == expected


def test_approving_once_works_and_a_second_time_exits_one(data_dir: Path, report: dict) -> None:
    for pending in report["pending"]:
        code, decided = core(data_dir, "approve", pending["approval_id"])
        assert (code, decided["decision"]) == (0, "approved"), decided
    code, refused = core(data_dir, "approve", report["pending"][0]["approval_id"])
    assert code == 1
    assert "approved" in refused["error"]
    _, effects = core(data_dir, "effects")
    keys = [effect["key"] for effect in effects]
    assert len(keys) == len(set(keys)) == len(report["pending"])
    assert {effect["state"] for effect in effects} == {"done"}


@pytest.mark.parametrize(
    ("command", "field"),
    [("runs", "run_id"), ("doctor", "reachable"), ("verify", "head_sha256")],
)
def test_every_listing_is_one_json_document(
    data_dir: Path, report: dict, command: str, field: str
) -> None:
    code, document = core(data_dir, command)
    rows = document if isinstance(document, list) else [document]
    assert code == 0
    assert all(field in row for row in rows)


def test_the_public_ledger_is_exported_with_its_verifier(
    data_dir: Path, report: dict, tmp_path: Path
) -> None:
    code, exported = core(data_dir, "export", "ledger", str(tmp_path / "ledger"))
    assert (code, exported["folder"]) == (0, str(tmp_path / "ledger"))
    _, verified = core(data_dir, "verify")
    head = {name: exported[name] for name in ("entries", "sha256")}
    assert verified["ledger"] == head
    command = [sys.executable, str(tmp_path / "ledger" / "verify_ledger.py"), head["sha256"]]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    (tmp_path / "file").touch()
    assert core(data_dir, "export", "ledger", str(tmp_path / "file"))[0] == 1


def test_halt_and_resume_change_the_state(data_dir: Path, report: dict) -> None:
    code, halted = core(data_dir, "halt", "--reason", "a test")
    assert (code, halted) == (
        0, {"trading": "halted", "reason": "a test", "depth": "stop_entries", "run": "none"},
    )  # fmt: skip
    code, resumed = core(data_dir, "resume", "--reason", "all clear")
    assert (code, resumed) == (0, {"trading": "active", "reason": "all clear"})


@pytest.mark.parametrize("depth", ["cancel", "flatten"])
def test_halting_deeper_waits_until_it_is_checked_at_the_broker(
    data_dir: Path, report: dict, depth: str
) -> None:
    code, halted = core(data_dir, "halt", "--reason", "a test", f"--{depth}")
    assert code == 0, halted
    assert (halted["trading"], halted["depth"], halted["run"]) == ("halted", depth, "succeeded")
    assert (halted["left"], halted["is_suspended"]) == ([], True)
    code, resumed = core(data_dir, "resume", "--reason", "all clear")
    assert (code, resumed["trading"]) == (0, "active")


@pytest.mark.parametrize(
    "arguments", [("halt",), ("resume",), ("halt", "--reason", "x", "--cancel", "--flatten")]
)
def test_the_switch_needs_a_reason_and_one_depth(data_dir: Path, arguments: tuple[str]) -> None:
    assert core(data_dir, *arguments)[0] == 2


def test_a_reason_of_blanks_is_refused(data_dir: Path) -> None:
    code, refused = core(data_dir, "resume", "--reason", "  ")
    assert (code, refused) == (1, {"error": "say why, in a few words"})


def test_a_backup_is_restored_with_everything_in_it(data_dir: Path, report: dict) -> None:
    folder = data_dir.parent / "backup"
    code, _ = core(data_dir, "backup", str(folder))
    assert code == 0
    elsewhere = data_dir.parent / "elsewhere"
    code, restored = core(elsewhere, "restore", str(folder))
    assert (code, restored["set_aside"]) == (0, None)
    assert core(elsewhere, "verify") == core(data_dir, "verify")
    assert core(elsewhere, "runs") == core(data_dir, "runs")


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "no_such_workflow"),
        ("approve", "0000"),
        ("run", "daily_tactic", "--date", "2023-06-17"),
    ],
)
def test_a_refusal_is_one_clear_line_and_exit_one(
    data_dir: Path, arguments: tuple[str, ...]
) -> None:
    code, document = core(data_dir, *arguments)
    assert code == 1
    assert "\n" not in document["error"]


def test_wrong_usage_exits_two(data_dir: Path) -> None:
    assert core(data_dir, "reject", "0000")[0] == 2


def test_workflow_files_are_validated(data_dir: Path) -> None:
    code, workflows = core(data_dir, "workflows", "validate")
    assert code == 0
    assert "daily_tactic" in {workflow["workflow"] for workflow in workflows}


def test_aggregate_reports_the_counts_of_each_feed(data_dir: Path) -> None:
    code, report = core(data_dir, "run", "aggregate", "--date", "2023-06-13", "--wait")
    assert (code, report["status"]) == (0, "succeeded"), report
    counts = {(one["feed"], one["provider"]): one for one in report["feeds"]}
    assert {feed for feed, _ in counts} == {"actions", "bars", "quotes", "news", "fundamentals"}
    assert counts["fundamentals", "sample"]["rows_read"] == 6
    assert {one["error"] for one in report["feeds"]} == {""}


def test_a_file_of_bars_is_looked_at_then_stored_once(data_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_text("Date;Ticker;Open;High;Low;Close;Volume\n2023-09-15;BRK-B;10,5;12;9;11;1.000\n")
    code, seen = core(data_dir, "import", "bars", str(path), "--dry-run")
    assert (code, seen["rows_stored"], seen["understood"]["delimiter"]) == (0, 0, ";")
    stored = [core(data_dir, "import", "bars", str(path))[1] for _ in range(2)]
    assert [(one["rows_stored"], one["rows_duplicate"]) for one in stored] == [(1, 0), (0, 1)]


def test_a_file_that_is_not_there_exits_one(data_dir: Path) -> None:
    code, refused = core(data_dir, "import", "robinhood", "nowhere.csv")
    assert code == 1
    assert "there is no file" in refused["error"]


def test_a_snapshot_of_a_past_moment_has_the_id_that_was_stored(data_dir: Path) -> None:
    core(data_dir, "run", "daily_tactic", "--date", "2023-06-15", "--wait")
    moment = "2023-06-15T08:15:00-04:00"
    made = [core(data_dir, "snapshot", "aapl", "--as-of", moment)[1] for _ in range(2)]
    assert made[0] == made[1]
    assert made[0]["as_of"] == "2023-06-15T12:15:00Z"
    assert core(data_dir, "snapshot", "ZZZZ", "--as-of", moment)[0] == 1
