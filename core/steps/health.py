"""How fresh each feed is against what data/feeds.yaml asks."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from operator import itemgetter
from typing import Any, get_args

import pandas as pd

from core.analysis.freshness import Coverage, Tries, judge, judge_bars
from core.domain.feed_policy import FeedHealth
from core.domain.feeds import FeedName
from core.domain.market import Timeframe
from core.errors import InsufficientDataError
from core.flow import calendars
from core.steps.moment import CALENDAR, session_of
from core.steps.services import Services

FIVE_MINUTES = timedelta(minutes=5)
RECENT = timedelta(days=10)


def feed_health(services: Services, now: datetime) -> list[FeedHealth]:
    """Return one line per feed: of bars by what is stored, of the others by the newest success."""
    checks, policy = services.storage.views.feeds(), services.playbook.feeds
    rows = checks.to_dict("records")
    tries = {
        feed: _tries([row for row in rows if row["feed"] == feed]) for feed in get_args(FeedName)
    }
    try:
        coverages = {"bars": _daily(services, now), "intraday": _intraday(services, now)}
        is_open = calendars.is_open(CALENDAR, now)
    except InsufficientDataError:  # outside of what the calendar knows there is no session
        nothing = Coverage(newest_at=None, due_at=None)
        coverages, is_open = {"bars": nothing, "intraday": nothing}, False
    return [
        judge_bars(feed, coverages[feed], tries[feed], now)
        if feed in coverages
        else judge(feed, tries[feed], now, is_open, policy)
        for feed in get_args(FeedName)
    ]


def _tries(checks: Sequence[Mapping[Hashable, Any]]) -> Tries:
    if not checks:
        return Tries()
    succeeded = [row["newest_ok_at"] for row in checks if not pd.isna(row["newest_ok_at"])]
    newest = max(succeeded).to_pydatetime() if succeeded else None
    last = max(reversed(checks), key=itemgetter("checked_at"))
    return Tries(newest, str(last["error"]))


def _daily(services: Services, now: datetime) -> Coverage:
    """Tell which symbols lack the bar of the last session whose bar is due."""
    due = calendars.last_closed(
        CALENDAR, now - timedelta(minutes=services.playbook.feeds.bars_due_minutes)
    )
    symbols, stored_bars = services.universe.all, services.storage.bars
    recent = stored_bars.sessions_of(symbols, due - RECENT, session_of(now))
    newest = max((days[-1] for days in recent.values()), default=None)
    if newest is None:
        newest = _newest_session(services, Timeframe.DAY)
    missing = [one for one in symbols if recent.get(one, [date.min])[-1] < due]
    return Coverage(_close(newest), _close(due), missing)


def _intraday(services: Services, now: datetime) -> Coverage:
    """Tell how far the 5-minute bars of today's session reach, once it has been on for a while.

    The replay has them only after the close.
    """
    due_at = None if services.clock.is_replay else _intraday_due(services, now)
    if due_at is None:
        return Coverage(newest_at=None, due_at=None)
    symbols, stored_bars = services.universe.all, services.storage.bars
    found = stored_bars.intraday_of(symbols, session_of(now))
    starts = [bars["started_at"].iloc[-1] for bars in found.values()]
    if starts:
        newest_at = max(starts).to_pydatetime() + FIVE_MINUTES
    else:
        newest_at = _close(_newest_session(services, Timeframe.FIVE_MINUTES))
    return Coverage(newest_at, due_at, [one for one in symbols if one not in found])


def _intraday_due(services: Services, now: datetime) -> datetime | None:
    """Return up to when there must be bars of today's session, None if there need be none."""
    if not calendars.is_session(CALENDAR, session_of(now)):
        return None
    opens, closes = calendars.hours(CALENDAR, session_of(now))
    sla = services.playbook.feeds.freshness.intraday
    if now < closes:
        due_at = now - timedelta(minutes=sla.open_minutes)
        return due_at if due_at >= opens else None
    return closes - timedelta(minutes=sla.closed_minutes)


def _newest_session(services: Services, timeframe: Timeframe) -> date | None:
    found = [services.storage.bars.last_session(one, timeframe) for one in services.universe.all]
    return max((day for day in found if day is not None), default=None)


def _close(day: date | None) -> datetime | None:
    """Return when a session closed; of a day that the calendar does not know, its end."""
    if day is None:
        return None
    try:
        return calendars.hours(CALENDAR, day)[1]
    except InsufficientDataError:
        return datetime.combine(day + timedelta(days=1), time(), UTC)
