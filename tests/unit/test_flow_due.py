"""Fire times through DST, holidays and half days; vectors from the exchange's calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InsufficientDataError
from core.flow.due import fire_times, judge, next_fire, schedule
from core.flow.spec import Misfire, Workflow


def workflow(id: str = "w", **schedule_: Any) -> Workflow:  # noqa: A002
    nodes = ({"id": "a", "uses": "x"},)
    return Workflow.model_validate(
        {"id": id, "title": id, "schedule": schedule_ or None, "nodes": nodes}
    )


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def fires(item: Workflow, after: str, until: str) -> list[str]:
    return [f"{found:%m-%dT%H:%M}" for found in fire_times(item, utc(after), utc(until))]


EVERY_DAY = {"calendar": None}


@pytest.mark.parametrize(
    ("given_schedule", "after", "until", "expected"),
    [
        # The repeated hour in November: 01:30 is twice, half hours stay half hours.
        ({"cron": "30 1 * * *", **EVERY_DAY}, "2026-11-01", "2026-11-02",
         ["11-01T05:30", "11-01T06:30"]),
        ({"cron": "*/30 * * * *", **EVERY_DAY}, "2026-11-01T04:00", "2026-11-01T07:00",
         ["11-01T04:30", "11-01T05:00", "11-01T05:30", "11-01T06:00", "11-01T06:30",
          "11-01T07:00"]),
        # The missing hour in March: 02:30 happens at 03:30 EDT.
        ({"cron": "30 2 * * *", **EVERY_DAY}, "2027-03-14", "2027-03-15", ["03-14T07:30"]),
        # 09:35 in New York before and after the change.
        ({"cron": "35 9 * * mon-fri", **EVERY_DAY}, "2026-10-30", "2026-11-03",
         ["10-30T13:35", "11-02T14:35"]),
        # Thanksgiving is no session, the day after is a half day.
        ({"cron": "15 8 * * mon-fri"}, "2026-11-25", "2026-11-28", ["11-25T13:15", "11-27T13:15"]),
        ({"session": {"at": "open", "offset_minutes": 5}}, "2026-11-25T15:00", "2026-11-28",
         ["11-27T14:35"]),
        ({"session": {"at": "close"}}, "2026-11-25", "2026-11-28", ["11-25T21:00", "11-27T18:00"]),
        ({"session": {"at": "close", "offset_minutes": -10}}, "2026-11-26", "2026-11-28",
         ["11-27T17:50"]),
        ({"session": {"at": "close"}}, "2026-12-24", "2026-12-28", ["12-24T18:00"]),
        ({"session": {"at": "open"}}, "2027-03-25", "2027-03-29T12:00", ["03-25T13:30"]),
        # Bounds: not the first, but the last.
        ({"cron": "0 12 * * *", "timezone": "UTC", **EVERY_DAY}, "2026-11-02T12:00",
         "2026-11-04T12:00", ["11-03T12:00", "11-04T12:00"]),
    ],
)  # fmt: skip
def test_fire_times(
    given_schedule: dict[str, Any], after: str, until: str, expected: list[str]
) -> None:
    assert fires(workflow(**given_schedule), after, until) == expected


def test_a_workflow_without_a_schedule_is_never_due() -> None:
    assert fires(workflow(), "2026-11-01", "2026-12-01") == []


def test_all_workflows_merge_in_time_order() -> None:
    morning = workflow("morning", cron="15 8 * * mon-fri")
    close = workflow("close", session={"at": "close", "offset_minutes": 15})
    merged = schedule([close, morning], utc("2026-11-25"), utc("2026-11-28"))
    assert [(f"{instant:%dT%H:%M}", item) for instant, item in merged] == [
        ("25T13:15", "morning"), ("25T21:15", "close"), ("27T13:15", "morning"),
        ("27T18:15", "close"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "given_schedule", [{"cron": "0 9 * * *"}, {"session": {"at": "open"}}], ids=["cron", "session"]
)
def test_days_beyond_the_calendar_are_an_error_not_a_silence(given_schedule: Any) -> None:
    far = datetime.now(UTC) + timedelta(days=3000)
    with pytest.raises(InsufficientDataError, match=r"calendar XNYS is known from .* to "):
        list(fire_times(workflow(**given_schedule), far, far + timedelta(days=2)))


def test_the_next_fire_of_a_yearly_workflow_is_found() -> None:
    yearly = workflow(cron="0 0 1 1 *", timezone="UTC", calendar=None)
    assert next_fire(yearly, utc("2026-01-02")) == utc("2027-01-01")


NOW = utc("2026-11-24T14:00")


def minutes_ago(*minutes: int) -> tuple[datetime, ...]:
    return tuple(NOW - timedelta(minutes=minute) for minute in minutes)


@pytest.mark.parametrize(
    ("late", "due", "run", "missed"),
    [
        ("skip", (90, 50, 40, 5), (40, 5), (90, 50)),
        ("skip", (50,), (), (50,)),
        ("run_once", (90, 50), (50,), (90,)),
        ("run_once", (90, 50, 5), (5,), (90, 50)),
        ("run_each", (90, 50, 5), (90, 50, 5), ()),
        ("run_once", (), (), ()),
    ],
)
def test_a_late_start_follows_the_misfire_rule(
    late: Any, due: tuple[int, ...], run: tuple[int, ...], missed: tuple[int, ...]
) -> None:
    judged = judge(Misfire(grace_minutes=40, late=late), minutes_ago(*due), NOW)
    assert (judged.run, judged.missed) == (minutes_ago(*run), minutes_ago(*missed))


def test_the_daily_tactic_is_never_started_at_two_in_the_afternoon() -> None:
    eight_fifteen = utc("2026-11-24T13:15")
    rule = Misfire(grace_minutes=40)
    assert judge(rule, [eight_fifteen], utc("2026-11-24T13:55")).run == (eight_fifteen,)
    assert judge(rule, [eight_fifteen], utc("2026-11-24T19:00")).missed == (eight_fifteen,)


@given(
    late=st.sampled_from(["skip", "run_once", "run_each"]),
    grace=st.integers(0, 120),
    due=st.lists(st.integers(0, 500), unique=True).map(lambda m: sorted(m, reverse=True)),
)
def test_every_fire_time_is_either_run_or_reported(late: Any, grace: int, due: list[int]) -> None:
    times = minutes_ago(*due)
    judged = judge(Misfire(grace_minutes=grace, late=late), times, NOW)
    assert sorted(judged.run + judged.missed) == list(times)
