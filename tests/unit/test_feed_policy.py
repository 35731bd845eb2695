"""The operator's file data/feeds.yaml: what it says, and what it cannot say."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from core.domain.feed_policy import FeedPolicy, ProviderPolicy
from core.settings import ROOT

CONTENT = yaml.safe_load((ROOT / "data" / "feeds.yaml").read_text(encoding="utf-8"))


def changed(path: str, value: object) -> dict[str, Any]:
    """Return the file's content with one place changed, or left out where the value is ..."""
    content = deepcopy(CONTENT)
    *parents, last = path.split(".")
    place = content
    for parent in parents:
        place = place[parent]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return content


def test_the_bundled_file_is_valid_and_gentle_to_the_vendors() -> None:
    policy = FeedPolicy.model_validate(CONTENT)
    limits = {name: one.requests_per_minute for name, one in policy.providers.items()}

    assert limits == {"alpaca": 200, "yahoo": 60, "sec": 300, "rss": 60, "sample": None}
    assert (policy.price_difference_fraction, policy.overlap_sessions) == (0.005, 5)


def test_every_feed_has_its_sla() -> None:
    policy = FeedPolicy.model_validate(CONTENT)

    assert policy.freshness.of("news") == policy.freshness.news
    assert policy.freshness.of("intraday").open_minutes == 30


def test_a_provider_that_is_not_listed_gets_the_cautious_default() -> None:
    policy = FeedPolicy.model_validate(CONTENT)

    assert policy.provider("polygon") == ProviderPolicy()
    assert policy.provider("polygon").requests_per_minute == 60
    assert policy.provider("alpaca").requests_per_minute == 200


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("version", ""),
        ("version", ...),
        ("freshness.news", ...),
        ("freshness.intraday", ...),
        ("freshness.bars", {"open_minutes": 1, "closed_minutes": 1}),
        ("freshness.weather", {"open_minutes": 1, "closed_minutes": 1}),
        ("freshness.quotes.open_minutes", 0),
        ("freshness.quotes.open_minutes", True),
        ("freshness.quotes.closed_minutes", 5),
        ("providers.alpaca.requests_per_minute", 0),
        ("providers.alpaca.requests_per_minute", True),
        ("providers.alpaca.requests_per_minute", 1.5),
        ("providers.alpaca.breaker.failures", 0),
        ("providers.alpaca.breaker.cool_down_seconds", 0),
        ("providers.alpaca.breaker.cool_down_seconds", float("inf")),
        ("providers.Bad Name", {}),
        ("providers.alpaca.speed", 9),
        ("news_days", 0),
        ("overlap_sessions", 0),
        ("price_difference_fraction", 0),
        ("price_difference_fraction", 5),
        ("price_difference_fraction", float("nan")),
        ("cross_check_symbols", -1),
        ("bars_due_minutes", 9),  # the bar of the day is taken ten minutes after the close
        ("patience_seconds", -1),
        ("patience_seconds", float("inf")),
        ("retries", 3),
    ],
)
def test_what_makes_no_sense_is_refused(path: str, value: object) -> None:
    with pytest.raises(ValidationError):
        FeedPolicy.model_validate(changed(path, value))


def test_a_policy_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        FeedPolicy.model_validate(CONTENT).news_days = 9
