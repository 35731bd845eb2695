"""Headlines that tell one story, and those that only look like it."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.stories import Told, group
from core.analysis.titles import canonical_url, read_title
from core.domain.feeds import Label, NewsItem

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
SAME = [
    ("Tesla shares fall 3% after deliveries miss", "Tesla stock drops 3% after deliveries miss"),
    ("Apple unveils new iPhone in Cupertino", "Apple Unveils New iPhone in Cupertino - Reuters"),
    ("Apple unveils new iPhone in Cupertino", "Apple unveils new iPhone in Cupertino | CNBC"),
    ("Meta buys AI startup for $1.5 billion", "Meta acquires AI startup for $1.5B"),
    ("Nvidia to build plant in Texas by 2027", "Nvidia will build a plant in Texas by 2027"),
    ("Fed\u2019s Powell speaks in Jackson Hole", "Feds Powell to speak in Jackson Hole"),
    ("Boeing wins order of 1,200 jets from Delta", "Boeing wins Delta order of 1200 jets"),
    ("Netflix adds 3.0 percent subscribers", "Netflix adds 3% subscribers"),
]
DIFFERENT = [
    ("Tesla shares fall 3%", "Tesla shares rise 3%"),
    ("Tesla shares fall 3% on China sales", "Tesla shares fall 5% on China sales"),
    ("Apple beats third quarter estimates", "Apple misses third quarter estimates"),
    ("Tesla to raise prices in China again", "Tesla won't raise prices in China again"),
    ("Tesla denies plan to sell China plant", "Tesla plan to sell China plant"),
    ("Fed day - stocks rise", "Fed day - stocks fall"),
    ("Nvidia Q2 revenue tops estimates", "Nvidia Q3 revenue tops estimates"),
    ("Stocks fall as bond yields rise", "Stocks rise as bond yields fall"),
    ("Apple opens store in Mumbai", "Tesla opens showroom in Delhi"),
    ("Market update", "Market update"),
]


def item(news_id: str, title: str, hours: float = 0, **changes: Any) -> NewsItem:
    fields = {"symbols": (), "source": "Wire", "provider": "test", "label": Label.SYNTHETIC}
    moment = NOON + timedelta(hours=hours)
    return NewsItem.model_validate(
        {**fields, "news_id": news_id, "title": title, "published_at": moment, **changes}
    )


def is_one_story(first: NewsItem, second: NewsItem) -> bool:
    return len(set(group([first, second], []).values())) == 1


@pytest.mark.parametrize(("first", "second"), SAME)
def test_two_wordings_of_one_story_are_one(first: str, second: str) -> None:
    assert group([item("a", first), item("b", second, 1)], []) == {"a": "a", "b": "a"}


@pytest.mark.parametrize(("first", "second"), DIFFERENT)
def test_what_differs_in_number_direction_or_subject_is_two_stories(
    first: str, second: str
) -> None:
    assert not is_one_story(item("a", first), item("b", second))


def test_one_address_is_one_story_whatever_tracks_its_readers() -> None:
    first = item("a", "Tesla falls 3%", url="https://www.example.com/tesla/?utm_source=x&id=4")
    second = item("b", "Tesla slide deepens to 5%", url="http://example.com/tesla?id=4#top")

    assert is_one_story(first, second)


def test_one_address_for_everything_joins_nothing() -> None:
    hub = "https://example.com/markets"

    assert not is_one_story(
        item("a", "Tesla falls 3%", url=hub), item("b", "Oil climbs again", url=hub)
    )


@pytest.mark.parametrize(("hours", "expected"), [(48, True), (48.1, False)])
def test_the_same_title_days_later_is_another_story(hours: float, expected: bool) -> None:
    title = "Apple supplier halts production in Zhengzhou"

    assert is_one_story(item("a", title), item("b", title, hours)) is expected


def test_the_same_title_about_other_symbols_is_another_story() -> None:
    title = "Broker lifts price target after strong quarter"
    first, second = item("a", title, symbols=("TSLA",)), item("b", title, symbols=("AAPL",))

    assert not is_one_story(first, second)
    assert is_one_story(first, item("c", title, symbols=("AAPL", "TSLA")))
    assert is_one_story(first, item("d", title))


def test_a_title_without_a_number_does_not_bridge_two_numbers() -> None:
    titles = ("Tesla shares fall on China sales", "Tesla shares fall 3% on China sales",
              "Tesla shares fall 5% on China sales")  # fmt: skip
    found = group([item(str(place), title, place) for place, title in enumerate(titles)], [])

    assert found == {"0": "0", "1": "0", "2": "2"}


def test_a_story_keeps_its_id_when_an_earlier_headline_arrives_later() -> None:
    title = "Apple supplier halts production in Zhengzhou"
    known = Told(item=item("late", title, 5), story_id="late")

    assert group([item("early", title)], [known]) == {"early": "late"}


def test_what_is_known_is_told_again_with_its_story() -> None:
    told = item("a", "Apple supplier halts production in Zhengzhou")

    assert group([told], [Told(item=told, story_id="first")]) == {"a": "first"}


def test_no_items_make_no_stories() -> None:
    assert group([], [Told(item=item("a", "Apple opens store"), story_id="a")]) == {}


TITLES = [title for pair in SAME + DIFFERENT for title in pair]
BATCH = st.lists(
    st.tuples(
        st.sampled_from(TITLES),
        st.integers(0, 72),
        st.sampled_from([(), ("TSLA",), ("AAPL",)]),
        st.sampled_from(["", "https://example.com/a?utm_medium=x", "https://example.com/b"]),
    ),
    max_size=25,
).map(
    lambda rows: [
        item(f"n{place}", title, hours, symbols=symbols, url=url)
        for place, (title, hours, symbols, url) in enumerate(rows)
    ]
)


@given(BATCH, st.randoms(use_true_random=False))
def test_the_order_of_a_batch_does_not_matter(batch: list[NewsItem], dice: random.Random) -> None:
    shuffled = dice.sample(batch, len(batch))

    assert group(shuffled, []) == group(batch, [])


@given(BATCH, BATCH)
def test_a_later_batch_changes_no_story(first: list[NewsItem], second: list[NewsItem]) -> None:
    stories = group(first, [])
    known = [Told(item=one, story_id=stories[one.news_id]) for one in first]
    later = [one.model_copy(update={"news_id": f"later-{one.news_id}"}) for one in second]
    found = group([*later, *first], known)

    assert {news_id: found[news_id] for news_id in stories} == stories
    assert set(found.values()) <= set(stories.values()) | {one.news_id for one in later}


@given(BATCH)
def test_the_headlines_of_a_story_lie_within_two_days(batch: list[NewsItem]) -> None:
    stories = group(batch, [])
    for story in set(stories.values()):
        times = [one.published_at for one in batch if stories[one.news_id] == story]
        assert max(times) - min(times) <= timedelta(hours=48)


@given(st.text(max_size=300), st.text(max_size=200))
def test_any_title_and_address_can_be_read(title: str, url: str) -> None:
    assert not read_title(title).contradicts(read_title(title))
    assert isinstance(canonical_url(url), str)


@pytest.mark.parametrize("url", ["", "https://example.com/", "ftp://example.com/a", "http://[::1"])
def test_an_address_that_names_no_article_is_none(url: str) -> None:
    assert canonical_url(url) == ""
