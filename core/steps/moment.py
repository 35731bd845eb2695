"""Moments of the desk: deadlines, the end of a session, and how they are written."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.flow import calendars
from core.flow.catalog import StepContext

NEW_YORK = ZoneInfo("America/New_York")
CALENDAR = "XNYS"
BACKFILL_PATIENCE = timedelta(days=400)


def received_at(context: StepContext) -> datetime:
    """Return when the desk receives what it fetches now.

    The replay receives at the moment of its run what was known then; the wall's clock never lies.
    """
    clock = context.services.clock
    return context.as_of if clock.is_replay else clock.now()


def known_at(context: StepContext) -> datetime:
    """Return up to when a snapshot of this run knows: a past session only its own moment."""
    services = context.services
    now = context.as_of if services.clock.is_replay else services.storage.now_known()
    return now if session_of(now) == context.session_date else min(now, context.as_of)


def session_of(moment: datetime) -> date:
    """Return the New York date of a moment."""
    return moment.astimezone(NEW_YORK).date()


def deadline(context: StepContext) -> datetime:
    """Return when an approval asked for now expires: `until` (ET, this session) or `hours`.

    In the demo, a run for a session that the replay has already passed waits as long as it lasts.
    """
    if context.inputs.get("backfill"):
        return context.services.clock.now() + BACKFILL_PATIENCE
    if "until" in context.options:
        at = time.fromisoformat(str(context.options["until"]))
        return datetime.combine(context.session_date, at, NEW_YORK)
    return context.as_of + timedelta(hours=float(context.options["hours"]))


def session_is_over(context: StepContext) -> bool:
    """Tell whether the session of this run has closed for the desk."""
    if context.inputs.get("backfill"):
        return False
    _, close = calendars.hours(CALENDAR, context.session_date)  # some sessions close early
    return context.services.clock.now() >= close


def eastern(moment: datetime) -> str:
    """Return a moment as it stands in posts: New York time, with the zone."""
    return f"{moment.astimezone(NEW_YORK):%Y-%m-%d %H:%M} ET"
