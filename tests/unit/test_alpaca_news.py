"""Alpaca's headlines: what the contract does not ask of every provider."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr
from pytest_httpserver import HTTPServer

from core.adapters.news.alpaca import AlpacaNews, create
from core.domain.feeds import NewsItem
from core.errors import UnavailableError, UnexpectedResponseError
from core.ports import RefusesRows
from core.settings import Settings

NEWS = "/v1beta1/news"
SINCE, UNTIL = datetime(2023, 9, 12, tzinfo=UTC), datetime(2023, 9, 13, tzinfo=UTC)


@pytest.fixture
def alpaca(httpserver: HTTPServer) -> AlpacaNews:
    return create(
        Settings(
            _env_file=None,
            alpaca_key_id=SecretStr("stub-key"),
            alpaca_secret_key=SecretStr("stub-secret"),
            alpaca_data_url=httpserver.url_for("/"),
        )
    )


def article(**changes: Any) -> dict[str, Any]:
    usual = {
        "id": 34300001,
        "headline": "Apple shows the iPhone 15",
        "author": "Benzinga Newsdesk",
        "created_at": "2023-09-12T17:00:00Z",
        "updated_at": "2023-09-12T17:00:05Z",
        "summary": "",
        "url": "https://www.benzinga.com/news/34300001",
        "images": [],
        "symbols": ["AAPL"],
        "source": "benzinga",
    }
    return usual | changes


def page(*articles: dict[str, Any], token: str | None = None) -> dict[str, Any]:
    return {"news": list(articles), "next_page_token": token}


def read(alpaca: AlpacaNews, httpserver: HTTPServer, *articles: dict[str, Any]) -> list[NewsItem]:
    httpserver.expect_request(NEWS).respond_with_json(page(*articles))
    return alpaca.headlines(["AAPL"], SINCE, UNTIL)


def test_an_update_is_an_item_of_its_own_published_when_it_was_updated(
    alpaca: AlpacaNews, httpserver: HTTPServer
) -> None:
    update = article(headline="Apple shows two iPhones", updated_at="2023-09-12T18:00:00Z")

    first, second = read(alpaca, httpserver, article(), update)
    assert (first.title, second.title) == ("Apple shows the iPhone 15", "Apple shows two iPhones")
    assert second.published_at == datetime(2023, 9, 12, 18, tzinfo=UTC)
    assert second.news_id == "alpaca:34300001:2023-09-12T18:00:00+00:00"


def test_a_version_of_after_the_range_is_not_known_in_it(
    alpaca: AlpacaNews, httpserver: HTTPServer
) -> None:
    assert read(alpaca, httpserver, article(updated_at="2043-09-12T17:00:05Z")) == []


def test_markup_becomes_plain_text(alpaca: AlpacaNews, httpserver: HTTPServer) -> None:
    title = "<script>alert(1)</script>Apple &amp; <b>TSMC</b>\n rise"

    [item] = read(alpaca, httpserver, article(headline=title, summary="<p>Up &#39;5%&#39;</p>"))
    assert (item.title, item.summary) == ("Apple & TSMC rise", "Up '5%'")


def test_long_texts_are_cut(alpaca: AlpacaNews, httpserver: HTTPServer) -> None:
    long = article(headline="word " * 1000, summary="word " * 1000, source="b" * 1000)

    [item] = read(alpaca, httpserver, long)
    assert 200 < len(item.title) <= 300
    assert 900 < len(item.summary) <= 1000
    assert len(item.source) == 100


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "x"},
        {"headline": None},
        {"headline": "<script>alert(1)</script>"},
        {"symbols": 7},
        {"updated_at": "today"},
        {"updated_at": "2023-09-12"},
    ],
    ids=str,
)
def test_an_article_of_another_shape_is_refused_and_costs_no_other(
    alpaca: AlpacaNews, httpserver: HTTPServer, changes: dict[str, Any]
) -> None:
    items = read(alpaca, httpserver, article() | {"id": 7} | changes, article())

    assert [item.title for item in items] == ["Apple shows the iPhone 15"]
    [row] = alpaca.refused()
    assert (row.source, row.kind, row.key) == ("alpaca", "news", f"alpaca:{changes.get('id', 7)}")
    assert alpaca.refused() == []


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "https://a b",
        "https://a\n",
        None,
    ],
)
def test_only_web_addresses_are_kept(
    alpaca: AlpacaNews, httpserver: HTTPServer, url: str | None
) -> None:
    [item] = read(alpaca, httpserver, article(url=url))

    assert item.url == ""


def test_only_what_may_be_a_stock_is_named(alpaca: AlpacaNews, httpserver: HTTPServer) -> None:
    named = ["BRK.B", "BTC/USD", "AAPL", "AAPL", "$AAPL", ""]

    [item] = read(alpaca, httpserver, article(symbols=named))
    assert item.symbols == ("BRK.B", "AAPL")


def test_the_same_version_twice_is_one_item(alpaca: AlpacaNews, httpserver: HTTPServer) -> None:
    assert len(read(alpaca, httpserver, article(), article())) == 1


def test_pages_are_followed_and_oldest_first(alpaca: AlpacaNews, httpserver: HTTPServer) -> None:
    late, early = article(id=2, updated_at="2023-09-12T19:00:00Z"), article(id=1)
    httpserver.expect_ordered_request(NEWS).respond_with_json(page(late, token="next"))
    httpserver.expect_ordered_request(NEWS).respond_with_json(page(early))

    items = alpaca.headlines(["AAPL", "BRK.B"], SINCE, UNTIL)
    assert [item.news_id.split(":")[1] for item in items] == ["1", "2"]
    assert httpserver.log[0][0].args["symbols"] == "AAPL,BRK.B"
    assert httpserver.log[1][0].args["page_token"] == "next"


def test_half_an_answer_is_none(alpaca: AlpacaNews, httpserver: HTTPServer) -> None:
    httpserver.expect_ordered_request(NEWS).respond_with_json(page(article(), token="next"))
    httpserver.expect_ordered_request(NEWS).respond_with_data("", status=502)

    with pytest.raises(UnavailableError):
        alpaca.headlines(["AAPL"], SINCE, UNTIL)


@pytest.mark.parametrize("body", [{}, {"news": 7}, [], "news"], ids=str)
def test_an_answer_of_another_shape_is_an_error(
    alpaca: AlpacaNews, httpserver: HTTPServer, body: Any
) -> None:
    httpserver.expect_request(NEWS).respond_with_json(body)

    with pytest.raises(UnexpectedResponseError):
        alpaca.headlines(["AAPL"], SINCE, UNTIL)


def test_a_row_that_is_no_article_is_refused(alpaca: AlpacaNews, httpserver: HTTPServer) -> None:
    httpserver.expect_request(NEWS).respond_with_json({"news": [None, "?"]})

    assert alpaca.headlines(["AAPL"], SINCE, UNTIL) == []
    assert [row.payload for row in alpaca.refused()] == ["null", '"?"']
    assert isinstance(alpaca, RefusesRows)
