"""Whether a feed is as fresh as agreed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import yaml

from core.analysis.freshness import judge
from core.domain.feed_policy import FeedHealth, FeedPolicy
from core.settings import ROOT

NOW = datetime(2026, 11, 25, 15, tzinfo=UTC)
POLICY = FeedPolicy.model_validate(
    yaml.safe_load((ROOT / "data" / "feeds.yaml").read_text(encoding="utf-8"))
    | {
        "freshness": {
            feed: {"open_minutes": 30, "closed_minutes": 600}
            for feed in ("bars", "quotes", "actions", "news", "fundamentals")
        }
    }
)


def health(minutes: float | None, *, is_open: bool = True, error: str = "") -> FeedHealth:
    newest = None if minutes is None else NOW - timedelta(minutes=minutes)
    return judge("bars", newest, NOW, is_open, POLICY, error=error)


@pytest.mark.parametrize(("minutes", "state"), [(0, "ok"), (30, "ok"), (30.1, "late")])
def test_a_feed_is_late_once_it_is_older_than_allowed(minutes: float, state: str) -> None:
    found = health(minutes)

    assert (found.state, found.age_minutes) == (state, pytest.approx(minutes))


def test_a_closed_market_allows_more() -> None:
    assert health(500, is_open=False).state == "ok"
    assert health(500).state == "late"
    assert health(601, is_open=False).allowed_minutes == 600


def test_a_feed_without_a_success_has_no_age() -> None:
    found = health(None)

    assert (found.state, found.age_minutes, found.newest_success_at) == ("never", None, None)


@pytest.mark.parametrize("minutes", [None, 31])
def test_a_feed_that_failed_and_is_not_fresh_has_failed(minutes: float | None) -> None:
    found = health(minutes, error="yahoo.bars: timed out")

    assert (found.state, found.error) == ("failed", "yahoo.bars: timed out")


def test_a_failed_try_does_not_spoil_fresh_data_but_is_told() -> None:
    found = health(10, error="yahoo.bars: timed out")

    assert (found.state, found.error) == ("ok", "yahoo.bars: timed out")


def test_a_success_a_moment_ahead_of_the_clock_has_age_zero() -> None:
    assert health(-0.5).age_minutes == 0
