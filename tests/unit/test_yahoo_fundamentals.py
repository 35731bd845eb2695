"""Yahoo's key figures: of today, in dollars, through cookie and crumb."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from core.adapters.fundamentals.yahoo import YahooFundamentals, create
from core.errors import AuthenticationError, UnavailableError, UnexpectedResponseError
from core.settings import Settings
from tests.contract.stubs import fundamentals_yahoo

Serve = Callable[..., YahooFundamentals]
TODAY = fundamentals_yahoo.TODAY


@pytest.fixture
def figures(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Serve:
    """Return what builds the source in front of a server where parts of Apple's figures differ."""

    def build(symbol: str = "AAPL", **sections: Any) -> YahooFundamentals:
        summary = {**fundamentals_yahoo.AAPL, **sections}
        fundamentals_yahoo.serve(httpserver, monkeypatch, {symbol: summary})
        return create(Settings(_env_file=None, data_dir=tmp_path))

    return build


def test_the_figures_are_yahoos(figures: Serve) -> None:
    found = figures().fundamentals("AAPL", TODAY)

    assert found is not None
    assert found.model_dump(exclude={"symbol", "provider", "label"}) == {
        "as_of_date": TODAY,
        "sector": "Technology",
        "market_cap_usd": 2736111616000,
        "price_earnings_ratio": 29.362415,
        "earnings_per_share_usd": 5.96,
        "revenue_usd": 383932989440,
        "net_income_usd": 94760001536,
        "revenue_growth_fraction": -0.014,
        "gross_margin_fraction": 0.43445,
        "net_margin_fraction": 0.24681,
        "next_earnings_date": date(2023, 11, 2),
    }


def test_the_past_is_unknown_and_not_even_asked_for(figures: Serve, httpserver: HTTPServer) -> None:
    assert figures().fundamentals("AAPL", date(2023, 9, 11)) is None
    assert httpserver.log == []


def test_todays_figures_are_not_known_the_day_before(figures: Serve) -> None:
    assert figures().fundamentals("AAPL", TODAY - timedelta(days=1)) is None


def test_every_request_goes_to_the_server_of_the_settings(
    figures: Serve, httpserver: HTTPServer
) -> None:
    source = figures(symbol="BRK-B")

    assert source.fundamentals("BRK.B", TODAY) is not None
    assert source.fundamentals("BRK.B", TODAY) is not None
    assert [request.path for request, _ in httpserver.log] == [
        "/",
        "/v1/test/getcrumb",
        "/v10/finance/quoteSummary/BRK-B",
        "/v10/finance/quoteSummary/BRK-B",
    ]


def test_an_expired_crumb_is_replaced(figures: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    source = figures()
    assert source.fundamentals("AAPL", TODAY) is not None
    monkeypatch.setattr(fundamentals_yahoo, "CRUMB", "another")

    assert source.fundamentals("AAPL", TODAY) is not None


def test_what_yahoo_leaves_out_is_unknown(figures: Serve) -> None:
    detail = {"marketCap": 1.0, "trailingPE": "Infinity"}
    source = figures(
        summaryDetail=detail, defaultKeyStatistics=None, financialData={}, calendarEvents={}
    )

    found = source.fundamentals("AAPL", TODAY)

    assert found is not None
    assert found.market_cap_usd == 1.0
    assert found.price_earnings_ratio is found.revenue_usd is found.next_earnings_date is None


def test_other_currencies_are_no_dollars(figures: Serve) -> None:
    financial = {**fundamentals_yahoo.AAPL["financialData"], "financialCurrency": "TWD"}

    found = figures(financialData=financial).fundamentals("AAPL", TODAY)

    assert found is not None
    assert found.revenue_usd is found.net_income_usd is found.earnings_per_share_usd is None
    assert found.gross_margin_fraction == 0.43445


def test_a_symbol_without_figures_has_no_fundamentals(figures: Serve) -> None:
    source = figures(summaryDetail={}, defaultKeyStatistics={}, financialData={})

    assert source.fundamentals("AAPL", TODAY) is None


def test_a_sector_is_plain_text(figures: Serve) -> None:
    source = figures(assetProfile={"sector": "<script>alert(1)</script><b>Tech</b>nology"})

    found = source.fundamentals("AAPL", TODAY)

    assert found is not None
    assert found.sector == "Tech nology"


@pytest.mark.parametrize(
    ("status", "expected"),
    [(429, UnavailableError), (500, UnavailableError), (403, AuthenticationError)],
)
def test_a_refused_crumb_says_why(
    figures: Serve,
    httpserver: HTTPServer,
    status: int,
    expected: type[Exception],
) -> None:
    source = figures()
    httpserver.clear_all_handlers()
    httpserver.expect_request("/").respond_with_data("", status=404)
    httpserver.expect_request("/v1/test/getcrumb").respond_with_data("", status=status)

    with pytest.raises(expected, match="getcrumb"):
        source.fundamentals("AAPL", TODAY)


@pytest.mark.parametrize("crumb", ["", "<html><body>Sorry</body></html>", "x" * 65])
def test_a_page_is_no_crumb(figures: Serve, httpserver: HTTPServer, crumb: str) -> None:
    source = figures()
    httpserver.clear_all_handlers()
    httpserver.expect_request("/").respond_with_data("", status=404)
    httpserver.expect_request("/v1/test/getcrumb").respond_with_data(crumb)

    with pytest.raises(UnexpectedResponseError, match="no crumb"):
        source.fundamentals("AAPL", TODAY)


@pytest.mark.parametrize(
    "text", ["", "<html></html>", "[]", '{"quoteSummary": {"result": null, "error": null}}']
)
def test_an_answer_of_another_shape_makes_no_figures(
    figures: Serve, httpserver: HTTPServer, text: str
) -> None:
    source = figures()
    httpserver.clear_all_handlers()
    fundamentals_yahoo.serve_cookie_and_crumb(httpserver)
    httpserver.expect_request(fundamentals_yahoo.SUMMARIES).respond_with_data(text)

    with pytest.raises(UnexpectedResponseError, match="AAPL"):
        source.fundamentals("AAPL", TODAY)
