"""kill -9 at random points of many runs: no effect twice, none lost."""

from __future__ import annotations

import collections
import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core import bootstrap
from core.desk import Desk
from core.domain.flow import ApprovalState, EffectState, RunState
from core.settings import ROOT, Settings

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

SESSIONS = 22
SEED = 20261124


def run_until_done(data_dir: Path, dice: random.Random) -> int:
    """Start the desk again and again, killing it at random, until it gets through."""
    deaths = 0
    while not (data_dir / "done").exists():
        assert deaths < 150, "the desk does not get through"
        command = [sys.executable, "-m", "tests.chaos.desk_process", str(data_dir), str(SESSIONS)]
        process = subprocess.Popen([*command, str(dice.randrange(10**9))], cwd=ROOT)
        deadline = time.monotonic() + dice.uniform(2.5, 9.0)
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        if process.poll() is None and deaths < 12:
            process.kill()
        if process.wait(300) != 0:
            deaths += 1
    return deaths


@pytest.fixture(scope="module")
def survivor(tmp_path_factory: pytest.TempPathFactory):
    data_dir = tmp_path_factory.mktemp("chaos")
    deaths = run_until_done(data_dir, random.Random(SEED))
    desk = bootstrap.build(Settings(data_dir=data_dir))
    yield desk, data_dir, deaths
    desk.close()


def journal(data_dir: Path) -> collections.Counter[str]:
    lines = (data_dir / "journal.jsonl").read_text().splitlines()
    return collections.Counter(json.loads(line)["key"] for line in lines)


def approved_keys(desk: Desk) -> set[str]:
    approvals = desk._services.approvals.list(ApprovalState.APPROVED, limit=1000)
    return {key for approval in approvals for key in approval.effect_keys}


def test_the_desk_died_often_and_finished_at_least_twenty_runs(survivor) -> None:
    desk, _, deaths = survivor
    runs = desk.runs.recent(1000)
    assert deaths >= 5
    assert sum(run.workflow == "daily_tactic" for run in runs) >= 20
    assert {run.status for run in runs} == {RunState.SUCCEEDED}


def test_no_order_and_no_post_happened_twice(survivor) -> None:
    _, data_dir, _ = survivor
    assert {key: n for key, n in journal(data_dir).items() if n > 1} == {}


def test_every_effect_on_record_is_there_and_none_is_left_open(survivor) -> None:
    desk, data_dir, _ = survivor
    records = [r for r in desk.decisions.effects() if not r.key.startswith("alert:")]
    assert {record.state for record in records} == {EffectState.DONE}
    broker, publisher = (
        desk._services.adapters.broker,
        desk._services.adapters.publishers["preview"],
    )
    for record in records:
        if record.key.endswith(":entry"):
            assert broker.order_by_client_id(record.key) is not None
        elif record.key.startswith("post:"):
            assert publisher.find(record.key) is not None
    assert set(journal(data_dir)) <= {record.key for record in records}


def test_nothing_that_was_approved_is_lost(survivor) -> None:
    desk, _, _ = survivor
    done = {record.key for record in desk.decisions.effects()}
    refused = {
        f"order:{run.run_id}" for run in desk.runs.recent(1000) if run.workflow == "trade_tactic"
    }
    missing = approved_keys(desk) - done
    assert all(key.startswith("order:") for key in missing), missing
    assert len(missing) <= len(refused)
    for key in missing:  # an approved order may only be missing with its reason
        tactic_id = key.split(":")[1]
        assert desk._services.storage.tactics.latest_size(tactic_id) is not None
        assert tactic_id not in desk._services.storage.tactics.armed()


def test_the_ledger_still_verifies(survivor) -> None:
    desk, _, _ = survivor
    assert desk.controls.verify().ok
