"""Whether a feed is as fresh as the policy asks."""

from __future__ import annotations

from datetime import datetime

from core.domain.feed_policy import FeedHealth, FeedPolicy, FeedState
from core.domain.feeds import FeedName


def judge(
    feed: FeedName,
    newest_success_at: datetime | None,
    now: datetime,
    is_open: bool,
    policy: FeedPolicy,
    *,
    error: str = "",
) -> FeedHealth:
    """Return the state and the age of a feed. `error` is that of the newest try, if it failed."""
    sla = policy.freshness.of(feed)
    allowed = sla.open_minutes if is_open else sla.closed_minutes
    age = _age_minutes(newest_success_at, now)
    return FeedHealth(
        feed=feed,
        state=_state(age, allowed, error),
        age_minutes=age,
        allowed_minutes=allowed,
        newest_success_at=newest_success_at,
        error=error,
    )


def _age_minutes(newest_success_at: datetime | None, now: datetime) -> float | None:
    if newest_success_at is None:
        return None
    # Another process's clock may be a moment ahead of ours.
    return max(0.0, (now - newest_success_at).total_seconds() / 60)


def _state(age: float | None, allowed: int, error: str) -> FeedState:
    if age is not None and age <= allowed:
        return "ok"
    if error:
        return "failed"
    return "never" if age is None else "late"
