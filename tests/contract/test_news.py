"""What every source of headlines must do. A new file in core/adapters/news/ is tested at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.domain.feeds import Label, NewsItem
from core.ports import News

SINCE = datetime(2023, 9, 1, tzinfo=UTC)
UNTIL = datetime(2023, 9, 21, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


def fetch(news: News) -> list[NewsItem]:
    items = news.headlines(["AAPL"], SINCE, UNTIL)
    assert len(items) >= 2
    return items


def test_headlines_are_of_the_symbols_asked_for(news: News) -> None:
    assert all("AAPL" in item.symbols for item in fetch(news) if item.symbols)


def test_headlines_lie_within_the_range(news: News) -> None:
    assert all(SINCE <= item.published_at <= UNTIL for item in fetch(news))


def test_headlines_come_oldest_first(news: News) -> None:
    moments = [item.published_at for item in fetch(news)]

    assert moments == sorted(moments)


def test_the_range_includes_both_of_its_ends(news: News) -> None:
    first, last = fetch(news)[0], fetch(news)[-1]

    found = news.headlines(["AAPL"], first.published_at, last.published_at)
    assert found[0].published_at == first.published_at
    assert found[-1].published_at == last.published_at


def test_what_is_published_later_is_not_known_yet(news: News) -> None:
    last = fetch(news)[-1]

    earlier = news.headlines(["AAPL"], SINCE, last.published_at - MOMENT)
    assert last.news_id not in {item.news_id for item in earlier}


def test_what_was_published_before_is_left_out(news: News) -> None:
    first = fetch(news)[0]

    later = news.headlines(["AAPL"], first.published_at + MOMENT, UNTIL)
    assert first.news_id not in {item.news_id for item in later}


def test_no_two_headlines_share_an_id(news: News) -> None:
    ids = [item.news_id for item in fetch(news)]

    assert len(ids) == len(set(ids))


def test_the_same_headline_keeps_its_id(news: News) -> None:
    assert fetch(news) == fetch(news)


def test_a_narrower_range_gives_the_same_headlines(news: News) -> None:
    whole = fetch(news)

    last = whole[-1].published_at
    assert news.headlines(["AAPL"], last, last) == [i for i in whole if i.published_at == last]


def test_headlines_say_who_delivered_them_and_how_they_came_to_be(news: News) -> None:
    assert {item.provider for item in fetch(news)} == {news.name}
    assert {item.label for item in fetch(news)} <= set(Label)
    assert all(item.source for item in fetch(news))


def test_moments_are_in_utc(news: News) -> None:
    assert all(item.published_at.utcoffset() == timedelta(0) for item in fetch(news))


def test_titles_are_one_line_of_text(news: News) -> None:
    for item in fetch(news):
        assert item.title == item.title.strip()
        assert "\n" not in item.title


def test_no_symbols_give_no_headlines(news: News) -> None:
    assert news.headlines([], SINCE, UNTIL) == []


def test_an_empty_range_gives_no_headlines(news: News) -> None:
    assert news.headlines(["AAPL"], UNTIL, SINCE) == []
