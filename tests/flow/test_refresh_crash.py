"""A refresh cut in the middle is finished by its second try; a dispute is never published."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core import bootstrap
from core.desk import Desk
from core.domain.feeds import Label, Quote
from core.flow.catalog import StepContext
from core.settings import ROOT, Settings
from core.steps import deadline, insight, refresh
from core.steps.plan_memory import PlanMemory
from tests.flow.conftest import PLAN_DAY

AT = datetime(2023, 6, 26, 12, 35, tzinfo=UTC)
NINE = datetime(2023, 6, 26, 13, 0, tzinfo=UTC)


@pytest.fixture
def desk(plan_morning: Path, tmp_path: Path) -> Iterator[Desk]:
    folder = shutil.copytree(plan_morning, tmp_path / "var")
    config = shutil.copytree(
        ROOT / "data", tmp_path / "config", ignore=shutil.ignore_patterns("var", "sample")
    )
    policy = config / "policy.yaml"
    policy.write_text(policy.read_text().replace("at_deadline: escalate", "at_deadline: publish"))
    settings = Settings(data_dir=folder, config_dir=config, _env_file=None, watchlist=("META",))
    opened = bootstrap.build(settings)
    opened.start_engine()
    yield opened
    opened.close()


def context_of(desk: Desk, **results: Any) -> StepContext:
    return StepContext(
        run_id="refresh-1", workflow_id="refresh_tactic", node_id="tactic", as_of=AT,
        session_date=PLAN_DAY, inputs={}, results=results, options={}, services=desk._services,
    )  # fmt: skip


def without_setups(desk: Desk) -> StepContext:
    """The context of a refresh for which no plan stands any more."""
    playbook = dataclasses.replace(desk._services.playbook, setups=())
    services = dataclasses.replace(desk._services, playbook=playbook, plans=PlanMemory())
    context = dataclasses.replace(context_of(desk), services=services)
    results: dict[str, Any] = {"snapshot": insight.snapshot(context)}
    results["insight"] = insight.analyze(dataclasses.replace(context, results=results))
    return dataclasses.replace(context, results=results)


@pytest.mark.parametrize("cut", ["append_events", "append"])
def test_what_a_crash_cut_off_is_done_by_the_second_try(
    desk: Desk, cut: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tactics, context = desk._services.storage.tactics, without_setups(desk)

    def crash(*given: object) -> None:
        raise RuntimeError("the power went")

    with monkeypatch.context() as patch:
        patch.setattr(tactics, cut, crash)
        with pytest.raises(RuntimeError):
            refresh.refresh(context)
    result = refresh.refresh(context)
    [newer] = tactics.for_session(PLAN_DAY)
    assert newer.version == 2
    assert [row["tactic_id"] for row in result["tactics"]] == [newer.tactic_id]


def test_a_result_that_was_lost_is_given_again(desk: Desk) -> None:
    context = without_setups(desk)
    assert refresh.refresh(context) == refresh.refresh(context)


def test_what_the_analyst_disputes_with_itself_is_not_published_by_policy(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = desk._services.storage
    [tactic] = storage.tactics.for_session(PLAN_DAY)
    plan = tactic.scenario
    assert plan is not None
    quote = Quote(
        symbol="META", last=plan.entry_high, quoted_at=NINE - timedelta(minutes=1),
        provider="test", label=Label.REAL,
    )  # fmt: skip
    storage.quotes.append([quote], NINE - timedelta(minutes=1))
    context = dataclasses.replace(context_of(desk), as_of=NINE)
    monkeypatch.setattr(deadline, "is_disputed", lambda _context, _tactic: True)
    assert deadline.check(context)["escalated"] == [tactic.tactic_id]
    monkeypatch.setattr(deadline, "is_disputed", lambda _context, _tactic: False)
    assert deadline.check(context)["published"] == [tactic.tactic_id]
