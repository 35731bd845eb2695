"""Yahoo's key figures: a cookie, the crumb that belongs to it, and /v10/finance/quoteSummary."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from core.adapters.fundamentals import yahoo

NEW_YORK = ZoneInfo("America/New_York")
TODAY = date(2023, 9, 15)
COOKIE = "d=AQABBHx"
CRUMB = "Phb0wzVdPs6"
SUMMARIES = re.compile(r"^/v10/finance/quoteSummary/")


def seconds(year: int, month: int, day: int) -> int:
    return int(datetime(year, month, day, 16, tzinfo=NEW_YORK).timestamp())


AAPL = {
    "assetProfile": {"sector": "Technology", "industry": "Consumer Electronics", "maxAge": 86400},
    "summaryDetail": {
        "maxAge": 1,
        "currency": "USD",
        "marketCap": 2736111616000,
        "trailingPE": 29.362415,
        "forwardPE": 26.64,
    },
    "defaultKeyStatistics": {
        "maxAge": 1,
        "trailingEps": 5.96,
        "netIncomeToCommon": 94760001536,
        "profitMargins": 0.24681,
    },
    "financialData": {
        "maxAge": 86400,
        "financialCurrency": "USD",
        "totalRevenue": 383932989440,
        "revenueGrowth": -0.014,
        "grossMargins": 0.43445,
        "profitMargins": 0.24681,
    },
    "calendarEvents": {
        "maxAge": 1,
        "earnings": {"earningsDate": [seconds(2023, 8, 3), seconds(2023, 11, 2)]},
        "exDividendDate": seconds(2023, 8, 11),
    },
}


def install(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(httpserver, monkeypatch, {"AAPL": AAPL})


def serve(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, summaries: dict[str, Any]
) -> None:
    """Answer for `summaries`, as if it were TODAY; any other symbol is unknown."""

    def answer(request: Request) -> Response:
        if not has_cookie(request) or request.args.get("crumb") != CRUMB:
            return refuse("finance", 401, "Unauthorized", "Invalid Crumb")
        symbol = request.path.rpartition("/")[2]
        if symbol not in summaries:
            text = f"Quote not found for symbol: {symbol}"
            return refuse("quoteSummary", 404, "Not Found", text)
        summary = summaries[symbol]
        wanted = request.args["modules"].split(",")
        chosen = {name: summary[name] for name in wanted if name in summary}
        return to_response({"quoteSummary": {"result": [chosen], "error": None}})

    serve_cookie_and_crumb(httpserver)
    httpserver.expect_request(SUMMARIES, method="GET").respond_with_handler(answer)
    monkeypatch.setenv("CONVERGENCE_YAHOO_URL", httpserver.url_for("/"))
    monkeypatch.setattr(yahoo, "_today", lambda: TODAY)


def serve_cookie_and_crumb(httpserver: HTTPServer) -> None:
    cookie = {"Set-Cookie": f"A3={COOKIE}; Path=/; HttpOnly"}
    httpserver.expect_request("/").respond_with_data("", status=404, headers=cookie)
    httpserver.expect_request("/v1/test/getcrumb").respond_with_handler(
        lambda request: Response(CRUMB if has_cookie(request) else "", content_type="text/plain")
    )


def has_cookie(request: Request) -> bool:
    return request.cookies.get("A3") == COOKIE


def refuse(service: str, status: int, code: str, description: str) -> Response:
    error = {"code": code, "description": description}
    return to_response({service: {"result": None, "error": error}}, status)


def to_response(content: object, status: int = 200) -> Response:
    return Response(json.dumps(content), status, content_type="application/json")
