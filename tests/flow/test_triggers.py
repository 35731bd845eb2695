"""The clock fires each due workflow once, and says what it passed over."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from core.flow.client import instant_of, run_id_at
from core.flow.control import _until
from core.flow.triggers import Ticker
from tests.flow.conftest import Rig

# A Tuesday; the workflow is due at 13:15 UTC on weekdays.
DUE = datetime(2026, 11, 24, 13, 15, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Clock:
    """A ticker over a rig, with what it reported as missed."""

    def __init__(self, rig: Rig, late: str = "skip", cron: str = "15 8 * * mon-fri") -> None:
        rig.add(
            {"id": "a", "uses": "test.echo"},
            schedule={"cron": cron, "calendar": "XNYS"},
            misfire={"grace_minutes": 40, "late": late},
        )
        self.rig = rig
        self.missed: list[tuple[str, datetime]] = []

    def ticker(self) -> Ticker:
        return Ticker(self.rig.control, self.rig.workflows, self.inputs, self.note)

    def inputs(self, instant: datetime) -> dict[str, Any]:
        return {"as_of": instant.isoformat()}

    def note(self, workflow_id: str, instant: datetime) -> None:
        self.missed.append((workflow_id, instant))

    def start_at(self, now: datetime) -> list[datetime]:
        """Start and stop a ticker at `now`; return the instants of all runs so far."""
        with time_machine.travel(now):
            ticker = self.ticker()
            ticker.start()
            ticker.stop()
        return self.runs()

    def runs(self) -> list[datetime]:
        found = (instant_of(run.run_id) for run in self.rig.control.runs())
        return sorted(instant for instant in found if instant)


def ran_on(clock: Clock, *days: int) -> list[datetime]:
    instants = [DUE.replace(day=day) for day in days]
    for instant in instants:
        clock.rig.control.start("flow", clock.inputs(instant))
    return instants


def test_a_start_within_the_grace_still_runs_it_once_for_two_clocks(rig: Rig) -> None:
    clock = Clock(rig)
    assert clock.start_at(DUE + 39 * MINUTE) == [DUE]
    assert clock.start_at(DUE + 39 * MINUTE) == [DUE]
    assert clock.missed == []


def test_a_start_after_the_grace_skips_it_and_says_so(rig: Rig) -> None:
    clock = Clock(rig)
    (before,) = ran_on(clock, 23)
    assert clock.start_at(DUE + timedelta(hours=5)) == [before]
    assert clock.missed == [("flow", DUE)]


def test_a_desk_that_never_ran_has_missed_nothing(rig: Rig) -> None:
    clock = Clock(rig, late="run_each")
    assert clock.start_at(DUE + timedelta(hours=5)) == []
    assert clock.missed == []


@pytest.mark.parametrize(
    ("late", "days"), [("run_once", [18, 24]), ("run_each", [18, 19, 20, 23, 24])]
)
def test_catching_up_follows_the_rule_of_the_workflow(rig: Rig, late: str, days: list[int]) -> None:
    clock = Clock(rig, late=late)
    ran_on(clock, 18)
    runs = clock.start_at(DUE + timedelta(hours=5))
    assert [instant.day for instant in runs] == days


def test_catching_up_looks_a_week_back(rig: Rig) -> None:
    clock = Clock(rig, late="run_each")
    ran_on(clock, 3)
    runs = clock.start_at(DUE + timedelta(hours=5))
    assert [instant.day for instant in runs] == [3, 18, 19, 20, 23, 24]


def test_a_due_minute_fires_while_the_clock_runs(rig: Rig) -> None:
    clock = Clock(rig)
    with time_machine.travel(DUE - timedelta(seconds=1), tick=True):
        ticker = clock.ticker()
        ticker.start()
        assert ticker.next_fires() == {"flow": DUE}
        assert _until(lambda: clock.runs() == [DUE], 10)
        assert ticker.last_tick_at is not None
        ticker.stop()


def test_housekeeping_is_called_again_and_again_also_after_an_error(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    clock, called = Clock(rig), threading.Semaphore(0)

    def duty() -> None:
        called.release()
        raise ValueError("housekeeping fails")

    ticker = clock.ticker()
    ticker.add_interval("duty", 0.05, duty)
    ticker.start()
    assert all(called.acquire(timeout=10) for _ in range(3))
    ticker.stop()
    assert "housekeeping fails" in caplog.text


def test_a_start_that_failed_is_tried_again_at_the_next_beat(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(rig)
    working, failures = rig.control.start, iter([OSError("the database is away")])

    def start(*arguments: Any) -> str:
        for failure in failures:
            raise failure
        return working(*arguments)

    monkeypatch.setattr(rig.control, "start", start)
    with time_machine.travel(DUE + MINUTE):
        ticker = clock.ticker()
        ticker.start()
        ticker._beat()
        ticker.stop()
    assert clock.runs() == [DUE]


def test_run_ids_carry_their_instant() -> None:
    assert run_id_at("flow", DUE) == "flow@20261124T131500Z"
    assert instant_of("flow@20261124T131500Z") == DUE
    assert instant_of("flow@20261124T131500Z~1") is None
    assert instant_of("flow@0123456789abcdef") is None


@pytest.fixture(autouse=True)
def _no_threads_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    is_quiet: Callable[[], bool] = lambda: set(threading.enumerate()) <= before  # noqa: E731
    assert _until(is_quiet, 5), threading.enumerate()
