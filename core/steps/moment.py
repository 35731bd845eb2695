"""Moments of the desk: deadlines, the end of a session, and how they are written."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.flow.catalog import StepContext

NEW_YORK = ZoneInfo("America/New_York")
CLOSE = time(16, 0)
BACKFILL_PATIENCE = timedelta(days=400)


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
    close = datetime.combine(context.session_date, CLOSE, NEW_YORK)
    return context.services.clock.now() >= close


def eastern(moment: datetime) -> str:
    """Return a moment as it stands in posts: New York time, with the zone."""
    return f"{moment.astimezone(NEW_YORK):%Y-%m-%d %H:%M} ET"
