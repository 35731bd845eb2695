"""Whether a feed is as fresh as the policy asks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.domain.feed_policy import FeedHealth, FeedPolicy, FeedState
from core.domain.feeds import FeedName

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Tries:
    """When a feed last came, and the error of the newest try, if it failed."""

    newest_success_at: datetime | None = None
    error: str = ""


@dataclass(frozen=True)
class Coverage:
    """How far stored bars reach: the newest one's end, and the symbols that lack what is due.

    due_at: when a bar must have ended that is there; None where no bar is due.
    """

    newest_at: datetime | None
    due_at: datetime | None
    missing: Sequence[str] = ()


def judge(
    feed: FeedName, tries: Tries, now: datetime, is_open: bool, policy: FeedPolicy
) -> FeedHealth:
    """Return the state and the age of a feed that is as old as its newest success."""
    sla = policy.freshness.of(feed)
    allowed = sla.open_minutes if is_open else sla.closed_minutes
    age = _age_minutes(tries.newest_success_at, now)
    is_fresh = age is not None and age <= allowed
    return FeedHealth(
        feed=feed,
        state="ok" if is_fresh else _bad(age, tries.error),
        age_minutes=age,
        allowed_minutes=allowed,
        newest_success_at=tries.newest_success_at,
        error=tries.error,
    )


def judge_bars(feed: FeedName, coverage: Coverage, tries: Tries, now: datetime) -> FeedHealth:
    """Return the state and the age of bars, which are as old as the newest of them.

    Whatever was tried, they are fresh if those that are due are there; where none are due, too.
    """
    newest_at, due_at = coverage.newest_at, coverage.due_at
    age = _age_minutes(newest_at, now)
    reaches = due_at is None or (newest_at is not None and newest_at >= due_at)
    allowed = now - due_at if due_at is not None else timedelta(0)
    return FeedHealth(
        feed=feed,
        state="ok" if reaches and not coverage.missing else _bad(age, tries.error),
        age_minutes=age,
        allowed_minutes=max(1, math.ceil(allowed / MINUTE)),
        newest_success_at=tries.newest_success_at,
        error=tries.error,
        newest_at=newest_at,
        missing_symbols=tuple(coverage.missing),
    )


def _age_minutes(at: datetime | None, now: datetime) -> float | None:
    # Another process's clock may be a moment ahead of ours.
    return None if at is None else max(0.0, (now - at) / MINUTE)


def _bad(age: float | None, error: str) -> FeedState:
    if error:
        return "failed"
    return "never" if age is None else "late"
