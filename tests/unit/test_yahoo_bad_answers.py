"""Whatever Yahoo answers: no bar out of a bad answer, and no failure that looks like no bars."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from core.adapters import yahoo_rest
from core.adapters.market_data.yahoo import YahooMarketData, create
from core.domain.market import BAR_COLUMNS, BarQuery, Timeframe
from core.errors import (
    AuthenticationError,
    ConfigurationError,
    InsufficientDataError,
    RejectedError,
    UnavailableError,
    UnexpectedResponseError,
)
from core.settings import Settings
from tests.contract.stubs import market_data_yahoo
from tests.contract.stubs.market_data_yahoo import AAPL, CHARTS, Listing, chart, to_response

MONDAY, FRIDAY = date(2023, 9, 11), date(2023, 9, 15)
WEEK = BarQuery(symbol="AAPL", timeframe=Timeframe.DAY, start=MONDAY, end=FRIDAY)
SESSION = BarQuery(symbol="AAPL", timeframe=Timeframe.FIVE_MINUTES, start=FRIDAY, end=FRIDAY)
Answer = Callable[[Request], Response]
Ask = Callable[[Answer], YahooMarketData]


@pytest.fixture
def ask(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ask:
    """Return what builds the adapter in front of a server that gives one answer to all."""

    def build(answer: Answer) -> YahooMarketData:
        market_data_yahoo.serve(httpserver, monkeypatch)
        httpserver.clear_all_handlers()
        httpserver.expect_request(CHARTS).respond_with_handler(answer)
        return create(Settings(_env_file=None, data_dir=tmp_path))

    return build


def with_chart(listing: Listing = AAPL, **facts: Any) -> Answer:
    """Answer with the chart of `listing`, of which some facts are others."""

    def answer(request: Request) -> Response:
        content = chart(listing, request.args)
        content["meta"].update(facts)
        return to_response({"result": [content], "error": None})

    return answer


def with_text(text: str, status: int = 200, **headers: str) -> Answer:
    return lambda request: Response(text, status, headers, content_type="text/html")


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_server_in_trouble_is_asked_again_later(ask: Ask, status: int) -> None:
    yahoo = ask(with_text("Too Many Requests\r\n", status))

    with pytest.raises(UnavailableError, match=f"HTTP {status} at /v8/finance/chart/AAPL"):
        yahoo.bars(WEEK)


@pytest.mark.parametrize("status", [401, 403])
def test_a_closed_door_is_told_to_the_operator(ask: Ask, status: int) -> None:
    with pytest.raises(AuthenticationError, match=str(status)):
        ask(with_text("", status)).bars(WEEK)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<!doctype html><html><body>Yahoo</body></html>",
        "null",
        "[]",
        "{}",
        '{"chart": null}',
        '{"chart": {"result": null, "error": null}}',
        '{"chart": {"result": [{}], "error": null}}',
        '{"chart": {"result": [{"meta": {"symbol": "AAPL"}, "timest',
        "[" * 100_000,
    ],
)
def test_an_answer_of_another_shape_makes_no_bar(ask: Ask, text: str) -> None:
    with pytest.raises(UnexpectedResponseError, match="AAPL"):
        ask(with_text(text)).bars(WEEK)


def test_the_maintenance_page_is_no_answer_yet(ask: Ask) -> None:
    with pytest.raises(UnavailableError, match="DOWN"):
        ask(with_text("<h1>Will be right back...</h1>")).bars(WEEK)


@pytest.mark.parametrize(
    ("column", "values"),
    [("close", [1.0]), ("close", ["a"] * 5), ("volume", ["b"] * 5)],
)
def test_columns_that_do_not_fit_make_no_bar(ask: Ask, column: str, values: object) -> None:
    def answer(request: Request) -> Response:
        content = chart(AAPL, request.args)
        content["indicators"]["quote"][0][column] = values
        return to_response({"result": [content], "error": None})

    with pytest.raises(UnexpectedResponseError, match="AAPL"):
        ask(answer).bars(WEEK)


@pytest.mark.parametrize(
    "facts",
    [
        {"exchangeTimezoneName": "Pacific/Auckland"},
        {"exchangeTimezoneName": "Mars/Olympus"},
        {"exchangeTimezoneName": None},
        {"currency": "GBp"},
        {"symbol": "MSFT"},
    ],
)
def test_a_chart_of_something_else_makes_no_bar(ask: Ask, facts: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedResponseError, match="AAPL"):
        ask(with_chart(**facts)).bars(WEEK)


@pytest.mark.parametrize("ratio", [(0, 1), (-4, 1), (4, 0)])
def test_an_impossible_split_makes_no_bar(ask: Ask, ratio: tuple[int, int]) -> None:
    broken = replace(AAPL, splits=[(date(2023, 9, 13), *ratio)])

    with pytest.raises(UnexpectedResponseError, match="AAPL"):
        ask(with_chart(broken)).bars(WEEK)


def test_an_impossible_dividend_makes_no_action(ask: Ask) -> None:
    broken = replace(AAPL, dividends=[(date(2023, 9, 13), -0.24)])

    with pytest.raises(UnexpectedResponseError, match="AAPL"):
        ask(with_chart(broken)).actions("AAPL", MONDAY, FRIDAY)


def test_an_answer_that_does_not_come_is_given_up(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yahoo_rest, "TIMEOUT_S", 0.1)

    def linger(request: Request) -> Response:
        Event().wait(0.4)
        return with_chart()(request)

    with pytest.raises(UnavailableError, match="timed out"):
        ask(linger).bars(WEEK)


def test_a_body_without_end_is_cut_off(ask: Ask) -> None:
    with pytest.raises(UnexpectedResponseError, match="larger than"):
        ask(with_text(" " * (yahoo_rest.MAX_BODY_BYTES + 1))).bars(WEEK)


def test_a_refused_connection_is_no_empty_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVERGENCE_YAHOO_URL", "http://127.0.0.1:9")

    with pytest.raises(UnavailableError, match="connect"):
        create(Settings(_env_file=None)).bars(WEEK)


def test_a_wrong_address_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVERGENCE_YAHOO_URL", "yahoo://")

    with pytest.raises(ConfigurationError, match="CONVERGENCE_YAHOO_URL"):
        create(Settings(_env_file=None)).bars(WEEK)


def test_nobody_is_sent_to_another_host(ask: Ask) -> None:
    away = with_text("", 302, Location="http://127.0.0.1:9/consent")

    with pytest.raises(UnexpectedResponseError, match="HTTP 302"):
        ask(away).bars(WEEK)


def test_a_failure_is_not_remembered(ask: Ask, httpserver: HTTPServer) -> None:
    yahoo = ask(with_text("", 500))
    with pytest.raises(UnavailableError):
        yahoo.bars(SESSION)
    httpserver.clear_all_handlers()
    httpserver.expect_request(CHARTS).respond_with_handler(with_chart())

    assert len(yahoo.bars(SESSION)) == 78


def test_an_unknown_symbol_is_named_with_yahoos_reason(ask: Ask) -> None:
    refuse = market_data_yahoo.refuse(404, "Not Found", "No data found, symbol may be delisted")

    with pytest.raises(InsufficientDataError, match=r"ZZZZ: .*may be delisted"):
        ask(lambda request: refuse).actions("ZZZZ", MONDAY, FRIDAY)


def test_a_page_not_found_is_no_unknown_symbol(ask: Ask) -> None:
    with pytest.raises(UnexpectedResponseError, match="HTTP 404"):
        ask(with_text("<html>Not found</html>", 404)).bars(WEEK)


def test_minutes_too_long_ago_are_said_to_be_missing(ask: Ask) -> None:
    reason = "5m data not available. The requested range must be within the last 60 days."
    refuse = market_data_yahoo.refuse(422, "Unprocessable Entity", reason)

    with pytest.raises(InsufficientDataError, match="within the last 60 days"):
        ask(lambda request: refuse).bars(SESSION)


def test_a_range_before_the_first_trade_is_empty(ask: Ask) -> None:
    reason = "Data doesn't exist for startDate = 345445200, endTime = 345790800"
    refuse = market_data_yahoo.refuse(400, "Bad Request", reason)

    bars = ask(lambda request: refuse).bars(WEEK)

    assert bars.empty
    assert tuple(bars.columns) == BAR_COLUMNS


def test_any_other_refusal_is_one(ask: Ask) -> None:
    refuse = market_data_yahoo.refuse(400, "Bad Request", "Invalid input - start date")

    with pytest.raises(RejectedError, match="Invalid input"):
        ask(lambda request: refuse).bars(WEEK)


def test_a_chart_without_a_price_makes_no_quote(ask: Ask) -> None:
    assert ask(with_chart(regularMarketPrice=None)).quotes(["AAPL"]) == []


@pytest.mark.parametrize("facts", [{"regularMarketPrice": -1}, {"regularMarketTime": "noon"}])
def test_a_price_that_cannot_be_makes_no_quote(ask: Ask, facts: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedResponseError, match="AAPL"):
        ask(with_chart(**facts)).quotes(["AAPL"])
