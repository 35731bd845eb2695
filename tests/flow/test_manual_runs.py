"""A run by hand happens now, never ahead of its time, and does not swallow the clock's own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import time_machine

from core import bootstrap
from core.desk import Desk
from core.errors import DomainError
from core.settings import Mode, Settings

FRIDAY = date(2023, 9, 15)
MORNING = datetime(2023, 9, 15, 14, 7, 30, tzinfo=UTC)


@pytest.fixture
def clock() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def desk(clock: time_machine.Coordinates, data_dir: Path) -> Iterator[Desk]:
    opened = bootstrap.build(Settings(_env_file=None, data_dir=data_dir, mode=Mode.PAPER))
    yield opened
    opened.close()


def test_what_runs_many_times_a_day_runs_now_and_again_later(
    desk: Desk, clock: time_machine.Coordinates
) -> None:
    first = desk.runs.start("aggregate")
    clock.move_to(datetime(2023, 9, 15, 15, 0, 1, tzinfo=UTC))
    second = desk.runs.start("aggregate")
    assert (first, second) == ("aggregate@20230915T140730Z", "aggregate@20230915T150001Z")


def test_what_runs_once_a_day_keeps_its_slot(desk: Desk) -> None:
    assert desk.runs.start("daily_tactic") == "daily_tactic@20230915T121500Z"
    assert desk.runs.start("daily_tactic", FRIDAY) == "daily_tactic@20230915T121500Z"


def test_a_past_day_takes_its_last_slot(desk: Desk) -> None:
    run_id = desk.runs.start("aggregate", date(2023, 9, 14))
    assert run_id == "aggregate@20230915T000000Z"


@pytest.mark.parametrize("workflow", ["aggregate", "daily_tactic"])
def test_nothing_runs_ahead_of_its_time(desk: Desk, workflow: str) -> None:
    with pytest.raises(DomainError, match="cannot run before"):
        desk.runs.start(workflow, date(2023, 9, 18))


def test_a_slot_of_today_that_has_not_come_is_refused(desk: Desk) -> None:
    with pytest.raises(DomainError, match="due at 2023-09-15 16:15 ET"):
        desk.runs.start("close_session")
