"""The steps of one morning with a hundred symbols: from stored bars to stored, graded tactics."""

from __future__ import annotations

import dataclasses
import shutil
import statistics
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from bench import Row
from bench.data import random_bars
from core import bootstrap
from core.desk import Desk
from core.flow.catalog import StepContext
from core.settings import Mode, Settings
from core.steps import insight, tactic
from core.steps.plan_memory import PlanMemory
from core.steps.services import Universe

SYMBOLS = tuple(f"S{number:03}" for number in range(100))
DAY, AS_OF = date(2026, 11, 23), datetime(2026, 11, 23, 13, 15, tzinfo=UTC)
ROUNDS = 3


def run() -> list[Row]:
    folder = Path(tempfile.mkdtemp(prefix="bench-morning-"))
    desk = bootstrap.build(Settings(data_dir=folder, mode=Mode.PAPER, _env_file=None))
    try:
        bars = random_bars(list(SYMBOLS), 500)
        desk._services.storage.bars.append(bars, AS_OF - timedelta(hours=12))
        seconds = statistics.median(_morning(desk, number) for number in range(ROUNDS))
    finally:
        desk.close()
        shutil.rmtree(folder)
    name = f"{len(SYMBOLS)} symbols, snapshots to graded tactics, rules analyst"
    return [(name, seconds, "s", "<= 2 s")]


def _morning(desk: Desk, number: int) -> float:
    """Take the snapshots, then time the insights with their claim checks and the drafts."""
    universe = Universe(SYMBOLS, ("S000",))
    services = dataclasses.replace(desk._services, universe=universe, plans=PlanMemory())
    context = StepContext(
        run_id=f"bench-{number}", workflow_id="daily_tactic", node_id="bench",
        as_of=AS_OF + timedelta(minutes=number), session_date=DAY, inputs={}, results={},
        options={"slot": f"AM{number}"}, services=services,
    )  # fmt: skip
    results: dict[str, Any] = {"snapshot": insight.snapshot(context)}
    started = time.perf_counter()
    results["insight"] = insight.analyze(dataclasses.replace(context, results=results))
    tactic.draft(dataclasses.replace(context, results=results))
    seconds = time.perf_counter() - started
    assert len(results["insight"]["insights"]) == len(SYMBOLS)
    return seconds
