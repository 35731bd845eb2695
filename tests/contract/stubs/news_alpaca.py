"""Alpaca's news service: three articles about AAPL, one of them rewritten later, on two pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.contract.stubs import market_data_alpaca as service

ARTICLES_PER_PAGE = 2


def install(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Serve the articles, and point the adapter here."""
    service.set_environment(httpserver, monkeypatch)
    httpserver.expect_request("/v1beta1/news").respond_with_handler(news)


def news(request: Request) -> Response:
    if not service.is_allowed(request):
        return service.forbidden()
    start, end = (datetime.fromisoformat(request.args[name]) for name in ("start", "end"))
    wanted = set(request.args["symbols"].split(","))
    found = [
        article
        for article in ARTICLES
        if wanted & set(article["symbols"])
        and start <= datetime.fromisoformat(article["updated_at"]) <= end
    ]
    page, token = service.paged(request, found, ARTICLES_PER_PAGE)
    return service.to_json({"news": page, "next_page_token": token})


def article(number: int, updated_at: str, headline: str, symbols: list[str]) -> dict[str, Any]:
    return {
        "id": number,
        "headline": headline,
        "author": "Benzinga Newsdesk",
        "created_at": "2023-09-12T17:00:00Z",
        "updated_at": updated_at,
        "summary": "",
        "content": "",
        "url": f"https://www.benzinga.com/news/{number}",
        "images": [],
        "symbols": symbols,
        "source": "benzinga",
    }


ARTICLES = [
    article(34300001, "2023-09-12T17:00:05Z", "Apple shows the iPhone 15", ["AAPL"]),
    article(
        34300002, "2023-09-13T12:30:00Z", "Chipmakers follow Apple&#39;s event", ["AAPL", "TSM"]
    ),
    article(34300003, "2023-09-14T20:15:30Z", "Apple answers France (UPDATED)", ["AAPL"]),
]
