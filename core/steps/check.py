"""Doubt the data: holes in it, and feeds that are older than agreed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from core.analysis.gaps import bar_starts, missing_bars, session_gaps
from core.analysis.gaps import gaps as runs_of
from core.domain.feed_policy import FeedHealth, Gap
from core.domain.market import Timeframe
from core.flow import calendars
from core.flow.catalog import StepContext, step
from core.steps.health import feed_health
from core.steps.moment import CALENDAR, known_at, received_at, session_of
from core.steps.services import Services
from core.steps.telling import tell_once

GAP_DAYS = 365
MINUTES = 5


@step("check.gaps")
def gaps(context: StepContext) -> dict[str, Any]:
    """Report the bars that should be there and are not."""
    found = find_gaps(context.services, calendars.last_closed(CALENDAR, known_at(context)))
    gone = sum(gap.count for gap in found)
    return {"missing_bars": gone, "gaps": [gap.model_dump(mode="json") for gap in found]}


def find_gaps(services: Services, until: date) -> list[Gap]:
    """Return the holes in the bars of the followed symbols, up to a session whose bars are due.

    Daily bars: from the first bar of the last year on, the whole year where there is none.
    5-minute bars: of the newest session, where the wall's clock brought any of it.
    """
    due = timedelta(minutes=services.playbook.feeds.bars_due_minutes)
    until = min(until, calendars.last_closed(CALENDAR, services.clock.now() - due))
    return [*_daily_gaps(services, until), *_intraday_gaps(services, until)]


def _daily_gaps(services: Services, until: date) -> Iterator[Gap]:
    start, symbols = until - timedelta(days=GAP_DAYS), services.universe.all
    sessions = calendars.sessions(CALENDAR, start, until)
    have = services.storage.bars.sessions_of(symbols, start, until)
    for symbol in symbols:
        known = have.get(symbol, [])
        first = known[0] if known else start
        yield from session_gaps(symbol, known, [day for day in sessions if day >= first])


def _intraday_gaps(services: Services, session: date) -> Iterator[Gap]:
    """Yield the holes of one session; a minute without a trade is one too, and no fault."""
    if services.clock.is_replay:
        return
    hours = calendars.hours(CALENDAR, session)
    for symbol, bars in services.storage.bars.intraday_of(services.universe.all, session).items():
        started_at = bars["started_at"].dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
        missing = missing_bars(started_at, *hours, MINUTES)
        expected = bar_starts(*hours, MINUTES)
        if len(missing) < len(expected):
            yield from runs_of(symbol, Timeframe.FIVE_MINUTES, missing, expected)


@step("check.freshness")
def freshness(context: StepContext) -> dict[str, Any]:
    """Escalate each feed that is older than it may be, once a day."""
    services, now = context.services, received_at(context)
    bad = [one for one in feed_health(services, now) if one.state in {"late", "failed"}]
    for one in bad:
        key = f"alert:feed:{one.feed}:{session_of(now)}"
        title = f"The feed of {one.feed} is {one.state}"
        tell_once(services, key, title, _words(one))
    return {"bad": [one.feed for one in bad]}


def _words(one: FeedHealth) -> str:
    what = "The newest bar" if one.feed in {"bars", "intraday"} else "The last success"
    age = "never" if one.age_minutes is None else f"{one.age_minutes:.0f} minutes ago"
    told = f"{what} was {age}, allowed are {one.allowed_minutes}."
    missing = f"Missing: {', '.join(one.missing_symbols)}." if one.missing_symbols else ""
    return " ".join(text for text in (told, missing, one.error) if text)
