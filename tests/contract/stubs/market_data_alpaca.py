"""Alpaca's data and trading services as its OpenAPI documents describe them, for one week of AAPL.

Pages are short, so that every answer has several.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

KEY_ID, SECRET = "stub-key", "stub-secret"
ROWS_PER_PAGE = 3
DAILY = {
    11: (180.07, 180.30, 177.34, 179.36, 58_953_052),
    12: (179.49, 180.13, 174.82, 176.30, 90_370_192),
    13: (176.51, 177.30, 173.98, 174.21, 84_267_928),
    14: (174.00, 176.10, 173.58, 175.74, 60_895_757),
    15: (176.48, 176.50, 173.82, 175.01, 109_259_461),
}
QUOTE = {"t": "2023-09-15T19:59:59.335689322Z", "ax": "V", "bx": "V", "c": ["R"], "z": "C"}
HALF_DAY = {"date": "2023-11-24", "open": "09:30", "close": "13:00"}
SESSIONS = [{"date": f"2023-09-{day}", "open": "09:30", "close": "16:00"} for day in DAILY]


def install(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Serve what the contract asks for, and point the adapters here."""
    set_environment(httpserver, monkeypatch)
    for path, answer in {
        "/v2/stocks/bars": bars,
        "/v2/stocks/quotes/latest": quotes,
        "/v1/corporate-actions": actions,
        "/v2/calendar": calendar,
        "/v2/assets/AAPL": asset,
    }.items():
        httpserver.expect_request(path).respond_with_handler(answer)
    unknown = {"code": 40410000, "message": "asset not found for ZZZZ"}
    httpserver.expect_request("/v2/assets/ZZZZ").respond_with_json(unknown, status=404)


def set_environment(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    address = httpserver.url_for("").rstrip("/")
    for name, value in {
        "APCA_API_KEY_ID": KEY_ID,
        "APCA_API_SECRET_KEY": SECRET,
        "APCA_API_DATA_URL": address,
        "APCA_API_BASE_URL": f"{address}/v2",  # as Alpaca's dashboard shows it
    }.items():
        monkeypatch.setenv(name, value)


def is_allowed(request: Request) -> bool:
    headers = request.headers
    return (headers.get("APCA-API-KEY-ID"), headers.get("APCA-API-SECRET-KEY")) == (KEY_ID, SECRET)


def to_json(content: object) -> Response:
    return Response(json.dumps(content), content_type="application/json")


def forbidden() -> Response:
    return Response('{"message": "forbidden."}', 403, content_type="application/json")


def paged(request: Request, rows: list[Any], size: int) -> tuple[list[Any], str | None]:
    """Return one page of rows, and the token of the next one."""
    start = int(request.args.get("page_token", 0))
    following = start + size
    return rows[start:following], str(following) if following < len(rows) else None


def bars(request: Request) -> Response:
    if not is_allowed(request):
        return forbidden()
    start, end = (datetime.fromisoformat(request.args[name]) for name in ("start", "end"))
    known = DAILY_ROWS if request.args["timeframe"] == "1Day" else INTRADAY_ROWS
    rows = [row for row in known if start <= datetime.fromisoformat(row["t"]) <= end]
    if request.args["symbols"] != "AAPL" or not rows:
        return to_json({"bars": {}, "next_page_token": None})
    size = ROWS_PER_PAGE if known is DAILY_ROWS else 40
    page, token = paged(request, rows, size)
    return to_json({"bars": {"AAPL": page}, "next_page_token": token})


def quotes(request: Request) -> Response:
    if not is_allowed(request):
        return forbidden()
    quote = {**QUOTE, "ap": 175.05, "as": 300, "bp": 175.01, "bs": 200}
    known = {"AAPL": quote} if "AAPL" in request.args["symbols"].split(",") else {}
    return to_json({"quotes": known})


def actions(request: Request) -> Response:
    return to_json({"corporate_actions": {}, "next_page_token": None})


def calendar(request: Request) -> Response:
    return to_json([*SESSIONS, HALF_DAY])


def asset(request: Request) -> Response:
    return to_json({"symbol": "AAPL", "class": "us_equity", "status": "active", "tradable": True})


def row(moment: datetime, prices: tuple[float, float, float, float], volume: int) -> dict[str, Any]:
    opened, high, low, close = prices
    stamp = moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return {
        "t": stamp, "o": opened, "h": high, "l": low, "c": close, "v": volume, "n": 9, "vw": close,
    }  # fmt: skip


def midnight_in_new_york(day: int) -> datetime:
    return datetime(2023, 9, day, 4, tzinfo=UTC)


def intraday_rows() -> list[dict[str, Any]]:
    """Return 5-minute bars from the open to 16:30, half an hour after the close."""
    opened = datetime(2023, 9, 15, 13, 30, tzinfo=UTC)
    steps = (opened + timedelta(minutes=5 * step) for step in range(84))
    return [row(moment, (175.0, 175.5, 174.5, 175.1), 400_000) for moment in steps]


DAILY_ROWS = [
    row(midnight_in_new_york(day), day_row[:4], day_row[4]) for day, day_row in DAILY.items()
]
INTRADAY_ROWS = intraday_rows()
