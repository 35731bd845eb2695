"""The same desk with its engine on PostgreSQL, and a worker process that takes the effects."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from core import bootstrap
from core.errors import ConfigurationError
from core.settings import ROOT, Settings

pytestmark = [pytest.mark.timeout(240)]
DAY = date(2023, 6, 15)


def test_a_worker_without_postgresql_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="ENGINE_DATABASE_URL"):
        bootstrap.build_worker(Settings(data_dir=tmp_path))


@pytest.mark.postgres
def test_the_main_job_runs_with_a_worker_beside_the_desk(tmp_path: Path, postgres_url: str) -> None:
    settings = Settings(data_dir=tmp_path, ENGINE_DATABASE_URL=postgres_url)
    environment = dict(
        os.environ, CONVERGENCE_DATA_DIR=str(tmp_path), ENGINE_DATABASE_URL=postgres_url
    )
    desk = bootstrap.build(settings)
    worker = subprocess.Popen(
        [sys.executable, "-m", "core", "worker"], cwd=ROOT, env=environment, stderr=subprocess.PIPE
    )
    try:
        while worker.stderr and b"is up" not in worker.stderr.readline():
            assert worker.poll() is None
        desk.start_engine()
        report = desk.runs.wait(desk.runs.start("daily_tactic", DAY))
        assert report.status == "succeeded"
        for pending in report.pending:
            decided = desk.decisions.approve(pending.approval_id, "test")
            assert desk.runs.wait(decided.run_id).status == "succeeded"
        done = {record.key: record.state for record in desk.decisions.effects()}
        assert len(done) == len(report.pending)
        assert set(done.values()) == {"done"}
    finally:
        desk.close()
        worker.terminate()
        assert worker.wait(30) == 0
        if worker.stderr:
            worker.stderr.close()
