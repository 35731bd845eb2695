"""When a workflow is due: cron lines and market sessions, right through DST and half days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import groupby
from typing import NamedTuple

from core.flow import calendars
from core.flow.cron import cron_trigger
from core.flow.spec import Misfire, Schedule, Session, Workflow

_HORIZON = timedelta(days=366)
_STEP = timedelta(microseconds=1)


class Due(NamedTuple):
    """What becomes of the fire times that the clock looks at."""

    run: tuple[datetime, ...]
    missed: tuple[datetime, ...]


def fire_times(workflow: Workflow, after: datetime, until: datetime) -> Iterator[datetime]:
    """Return the instants in (after, until] at which the workflow is due, aware UTC.

    Raises: InsufficientDataError for days that its market calendar does not know.
    """
    schedule = workflow.schedule
    if schedule is None:
        return iter(())
    if schedule.session is not None:
        return _session_times(schedule, schedule.session, after, until)
    lines = [_cron_times(schedule, line, after, until) for line in schedule.cron]
    return (instant for instant, _same in groupby(merge(*lines)))


def schedule(
    workflows: Iterable[Workflow], after: datetime, until: datetime
) -> list[tuple[datetime, str]]:
    """Return every fire time of all workflows in (after, until] of the replay, in time order."""
    due = [
        (instant, place, workflow.id)
        for place, workflow in enumerate(workflows)
        for instant in fire_times(replayed(workflow), after, until)
    ]
    return [(instant, workflow_id) for instant, _place, workflow_id in sorted(due)]


def replayed(workflow: Workflow) -> Workflow:
    """Return the workflow at the rhythm of the replay."""
    if workflow.schedule is None or workflow.schedule.replay is None:
        return workflow
    slower = workflow.schedule.model_copy(update={"cron": (workflow.schedule.replay,)})
    return workflow.model_copy(update={"schedule": slower})


def next_fire(workflow: Workflow, after: datetime) -> datetime | None:
    """Return the next fire time within a year, as far as its calendar knows."""
    until = after + _HORIZON
    if workflow.schedule and workflow.schedule.calendar:
        until = min(until, calendars.known_until(workflow.schedule.calendar))
    return next(fire_times(workflow, after, until), None)


def judge(misfire: Misfire, due: Sequence[datetime], now: datetime) -> Due:
    """Split fire times that have come into those to run and those to pass over."""
    late = [instant for instant in due if now - instant > misfire.grace]
    on_time = [instant for instant in due if now - instant <= misfire.grace]
    if misfire.late == "run_each":
        return Due(tuple(due), ())
    if misfire.late == "run_once" and not on_time:
        return Due(tuple(late[-1:]), tuple(late[:-1]))
    return Due(tuple(on_time), tuple(late))


def _cron_times(
    schedule: Schedule, cron: str, after: datetime, until: datetime
) -> Iterator[datetime]:
    trigger = cron_trigger(cron, schedule.timezone)
    # Step in UTC: local time + timedelta would lose the fold in the repeated hour.
    local = trigger.get_next_fire_time(None, after.astimezone(UTC) + _STEP)
    while local is not None and (instant := local.astimezone(UTC)) <= until:
        if schedule.calendar is None or calendars.is_session(schedule.calendar, local.date()):
            yield instant
        local = trigger.get_next_fire_time(None, instant + _STEP)


def _session_times(
    schedule: Schedule, session: Session, after: datetime, until: datetime
) -> Iterator[datetime]:
    offset = timedelta(minutes=session.offset_minutes)
    after, until = after.astimezone(UTC) - offset, until.astimezone(UTC) - offset
    for instant in calendars.session_times(str(schedule.calendar), session.at, after, until):
        yield instant + offset
