"""Whether a feed is as fresh as agreed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import yaml

from core.analysis.freshness import Coverage, Tries, judge, judge_bars
from core.domain.feed_policy import FeedHealth, FeedPolicy
from core.settings import ROOT

NOW = datetime(2026, 11, 25, 15, tzinfo=UTC)
CUT = "yahoo.bars: timed out"
POLICY = FeedPolicy.model_validate(
    yaml.safe_load((ROOT / "data" / "feeds.yaml").read_text(encoding="utf-8"))
    | {
        "freshness": {
            feed: {"open_minutes": 30, "closed_minutes": 600}
            for feed in ("intraday", "quotes", "actions", "news", "fundamentals")
        }
    }
)


def before(minutes: float | None) -> datetime | None:
    return None if minutes is None else NOW - timedelta(minutes=minutes)


def health(minutes: float | None, *, is_open: bool = True, error: str = "") -> FeedHealth:
    return judge("news", Tries(before(minutes), error), NOW, is_open, POLICY)


def bars(
    newest: float | None, due: float | None, *, missing: tuple[str, ...] = (), error: str = ""
) -> FeedHealth:
    """Judge bars of which the newest ended `newest` minutes ago, with a success just now."""
    return judge_bars(
        "bars", Coverage(before(newest), before(due), missing), Tries(NOW, error), NOW
    )


@pytest.mark.parametrize(("minutes", "state"), [(0, "ok"), (30, "ok"), (30.1, "late")])
def test_a_feed_is_late_once_it_is_older_than_allowed(minutes: float, state: str) -> None:
    found = health(minutes)

    assert found.state == state
    assert found.age_minutes == pytest.approx(minutes)


def test_a_closed_market_allows_more() -> None:
    assert health(500, is_open=False).state == "ok"
    assert health(500).state == "late"
    assert health(601, is_open=False).allowed_minutes == 600


def test_a_feed_without_a_success_has_no_age() -> None:
    found = health(None)

    assert (found.state, found.age_minutes, found.newest_success_at) == ("never", None, None)


@pytest.mark.parametrize("minutes", [None, 31])
def test_a_feed_that_failed_and_is_not_fresh_has_failed(minutes: float | None) -> None:
    found = health(minutes, error=CUT)

    assert (found.state, found.error) == ("failed", CUT)


def test_a_failed_try_does_not_spoil_fresh_data_but_is_told() -> None:
    found = health(10, error=CUT)

    assert (found.state, found.error) == ("ok", CUT)


def test_a_success_a_moment_ahead_of_the_clock_has_age_zero() -> None:
    assert health(-0.5).age_minutes == 0


@pytest.mark.parametrize(("newest", "state"), [(90, "ok"), (60, "ok"), (91, "late")])
def test_bars_are_fresh_if_the_one_that_is_due_is_there(newest: float, state: str) -> None:
    found = bars(newest, due=90)

    assert (found.state, found.age_minutes, found.allowed_minutes) == (state, newest, 90)
    assert found.newest_at == before(newest)


def test_a_success_does_not_make_old_bars_fresh() -> None:
    assert bars(5000, due=90).state == "late"
    assert bars(5000, due=90, error=CUT).state == "failed"
    assert bars(None, due=90).state == "never"


def test_one_symbol_without_its_bar_makes_the_feed_late() -> None:
    found = bars(60, due=90, missing=("BBB",))

    assert (found.state, found.missing_symbols) == ("late", ("BBB",))


def test_where_no_bar_is_due_none_is_late() -> None:
    assert [bars(newest, due=None).state for newest in (None, 5000)] == ["ok", "ok"]
