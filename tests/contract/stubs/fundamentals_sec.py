"""The SEC's three files, with made-up figures of one company whose year ends in September."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

CIK = 320193
TICKERS = {
    "0": {"cik_str": CIK, "ticker": "AAPL", "title": "Apple Inc."},
    "1": {"cik_str": 1067983, "ticker": "BRK-B", "title": "BERKSHIRE HATHAWAY INC"},
    "2": {"cik_str": 884394, "ticker": "SPY", "title": "SPDR S&P 500 ETF TRUST"},
}
SUBMISSIONS = {"cik": "0000320193", "sic": "3571", "sicDescription": "Electronic Computers"}
PERIODS = {  # start, end, filed
    "FY21": ("2020-09-27", "2021-09-25", "2021-10-29"),
    "9M21": ("2020-09-27", "2021-06-26", "2021-07-28"),
    "FY22": ("2021-09-26", "2022-09-24", "2022-10-28"),
    "9M22": ("2021-09-26", "2022-06-25", "2022-07-29"),
    "9M23": ("2022-09-25", "2023-07-01", "2023-08-04"),
}
FIGURES: dict[tuple[str, str], dict[str, float]] = {
    ("RevenueFromContractWithCustomerExcludingAssessedTax", "USD"): {
        "9M21": 280e9, "FY21": 360e9, "9M22": 300e9, "FY22": 390e9, "9M23": 290e9,
    },
    ("NetIncomeLoss", "USD"): {
        "9M21": 70e9, "FY21": 90e9, "9M22": 80e9, "FY22": 100e9, "9M23": 75e9,
    },
    ("GrossProfit", "USD"): {
        "9M21": 115e9, "FY21": 150e9, "9M22": 130e9, "FY22": 170e9, "9M23": 127e9,
    },
    ("EarningsPerShareDiluted", "USD/shares"): {
        "9M21": 4.2, "FY21": 5.4, "9M22": 4.9, "FY22": 6.1, "9M23": 4.7,
    },
}  # fmt: skip


def install(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVERGENCE_SEC_URL", httpserver.url_for("").rstrip("/"))
    monkeypatch.setenv("CONVERGENCE_SEC_USER_AGENT", "Jane Doe jane@example.com")
    serve(httpserver, company_facts())


def serve(httpserver: HTTPServer, facts: dict[str, Any]) -> None:
    """Answer as the SEC does, which turns away who does not say a name; others it does not know."""
    answers = {
        "/files/company_tickers.json": TICKERS,
        f"/api/xbrl/companyfacts/CIK{CIK:010d}.json": facts,
        f"/submissions/CIK{CIK:010d}.json": SUBMISSIONS,
    }

    def answer(request: Request) -> Response:
        if "@" not in request.headers.get("User-Agent", ""):
            return Response("<html>Undeclared Automated Tool</html>", 403)
        if request.path not in answers:
            return Response("<Error><Code>NoSuchKey</Code></Error>", 404)
        return Response(json.dumps(answers[request.path]), content_type="application/json")

    httpserver.expect_request(re.compile(".*")).respond_with_handler(answer)


def company_facts() -> dict[str, Any]:
    return {
        "cik": CIK,
        "entityName": "Apple Inc.",
        "facts": {"dei": {}, "us-gaap": dict(_concept(*place) for place in FIGURES)},
    }


def _concept(name: str, unit: str) -> tuple[str, dict[str, Any]]:
    rows = [row(*PERIODS[period], value) for period, value in FIGURES[name, unit].items()]
    return name, {"label": name, "description": "", "units": {unit: rows}}


def row(start: str, end: str, filed: str, value: float) -> dict[str, Any]:
    """Return a value as companyfacts writes it; fy and fp are of the filing, not of the period."""
    return {
        "start": start, "end": end, "val": value, "accn": "0000320193-00-000000",
        "fy": int(filed[:4]), "fp": "FY", "form": "10-K", "filed": filed,
    }  # fmt: skip
