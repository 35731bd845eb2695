"""The one private call of DBOS that we rely on, and who counts as dead."""

from __future__ import annotations

import inspect

import pytest
import sqlalchemy as sa
from dbos import DBOS

from core.flow.tables import executors
from core.flow.watchdog import Watchdog


def test_the_private_recovery_call_still_takes_executor_ids() -> None:
    signature = inspect.signature(DBOS._recover_pending_workflows)
    assert list(signature.parameters) == ["executor_ids"]


@pytest.mark.postgres
@pytest.mark.parametrize("url", ["postgres"], indirect=True)
def test_only_a_process_that_stopped_beating_is_recovered(
    database: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    recovered: list[str] = []
    monkeypatch.setattr(DBOS, "_recover_pending_workflows", recovered.extend)
    for name in ("me", "other", "dead"):
        Watchdog(database, name).register()
    with database.begin() as connection:
        dead = executors.c.id == "dead"
        connection.execute(sa.update(executors).where(dead).values(seen=executors.c.seen - 7))
    watchdog = Watchdog(database, "me")
    assert watchdog.tick() == ["dead"]
    assert watchdog.tick() == []
    assert recovered == ["dead"]
