"""Yahoo's chart endpoint, as far as yfinance uses it: /v8/finance/chart/{symbol}."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from core.adapters.market_data.yahoo import adapter

NEW_YORK = ZoneInfo("America/New_York")
TODAY = date(2023, 9, 15)
CHARTS = re.compile(r"^/v8/finance/chart/")
COLUMNS = ("open", "high", "low", "close", "volume")
OPENING = time(9, 30)
MAX_SECONDS = 2**33


@dataclass(frozen=True)
class Row:
    """One bar; a None is a null in the answer."""

    starts_at: datetime
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    volume: int | None


@dataclass(frozen=True)
class Listing:
    """What the server holds of one symbol, divided by every split as Yahoo does it."""

    symbol: str
    daily: Sequence[Row] = ()
    intraday: Sequence[Row] = ()
    splits: Sequence[tuple[date, int, int]] = ()
    dividends: Sequence[tuple[date, float]] = ()
    time_zone: str = "America/New_York"
    currency: str = "USD"


def moment(on: date, at: time = OPENING) -> datetime:
    return datetime.combine(on, at, NEW_YORK)


def row(on: date, prices: Sequence[float | None], volume: int | None, at: time = OPENING) -> Row:
    """Return the bar of a day, or of a moment of it, from open, high, low and close."""
    return Row(moment(on, at), *prices, volume)


AAPL_DAYS = (
    row(date(2023, 9, 11), (180.070007, 180.300003, 177.339996, 179.360001), 58953100),
    row(date(2023, 9, 12), (179.490005, 180.130005, 174.820007, 176.300003), 90370200),
    row(date(2023, 9, 13), (176.509995, 177.300003, 173.979996, 174.210007), 84267900),
    row(date(2023, 9, 14), (174.0, 176.100006, 173.580002, 175.740005), 60895800),
    row(date(2023, 9, 15), (176.479996, 176.5, 173.820007, 175.009995), 109205100),
)


def cut(whole: Row) -> list[Row]:
    """Cut a day into 78 bars of 5 minutes that swing between its high and its low."""
    middle = (whole.high + whole.low) / 2
    swing = [(whole.high, middle, whole.low, middle)[place % 4] for place in range(77)]
    points = [whole.open, *swing, whole.close]
    return [
        Row(
            starts_at=whole.starts_at + place * timedelta(minutes=5),
            open=first,
            high=max(first, last),
            low=min(first, last),
            close=last,
            volume=whole.volume // 78,
        )
        for place, (first, last) in enumerate(pairwise(points))
    ]


AAPL = Listing("AAPL", daily=AAPL_DAYS, intraday=cut(AAPL_DAYS[-1]))


def install(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(httpserver, monkeypatch, AAPL)


def serve(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, *listings: Listing) -> None:
    """Answer for `listings`, as if it were TODAY; any other symbol is unknown."""
    known = {listing.symbol: listing for listing in listings}

    def answer(request: Request) -> Response:
        listing = known.get(request.path.rpartition("/")[2])
        if listing is None:
            return refuse(404, "Not Found", "No data found, symbol may be delisted")
        return to_response({"result": [chart(listing, request.args)], "error": None})

    httpserver.expect_request(CHARTS, method="GET").respond_with_handler(answer)
    monkeypatch.setenv("CONVERGENCE_YAHOO_URL", httpserver.url_for("/"))
    monkeypatch.setattr(adapter, "_today", lambda: TODAY)


def refuse(status: int, code: str, description: str) -> Response:
    error = {"code": code, "description": description}
    return to_response({"result": None, "error": error}, status)


def to_response(content: object, status: int = 200) -> Response:
    text = json.dumps({"chart": content})
    return Response(text, status, content_type="application/json;charset=utf-8")


def chart(listing: Listing, arguments: Mapping[str, str]) -> dict[str, Any]:
    """Return what Yahoo answers; without any bar in the range it leaves the times out."""
    rows = listing.daily if arguments["interval"] == "1d" else listing.intraday
    if arguments.get("range") == "1d":
        span = range(seconds(rows[-1].starts_at), MAX_SECONDS)
    else:
        span = range(int(arguments["period1"]), int(arguments["period2"]))
    inside = [one for one in rows if seconds(one.starts_at) in span]
    found = {"meta": meta(listing, arguments["interval"]), "indicators": indicators(inside)}
    if inside:
        found["timestamp"] = [seconds(one.starts_at) for one in inside]
    if events := events_in(listing, span):
        found["events"] = events
    return found


def meta(listing: Listing, interval: str) -> dict[str, Any]:
    last = listing.daily[-1]
    return {
        "currency": listing.currency,
        "symbol": listing.symbol,
        "exchangeName": "NMS",
        "fullExchangeName": "NasdaqGS",
        "instrumentType": "EQUITY",
        "regularMarketTime": seconds(moment(last.starts_at.date(), time(16, 0, 1))),
        "regularMarketPrice": last.close,
        "gmtoffset": -14400,
        "timezone": "EDT",
        "exchangeTimezoneName": listing.time_zone,
        "priceHint": 2,
        "dataGranularity": interval,
        "validRanges": ["1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max"],
    }


def indicators(rows: Sequence[Row]) -> dict[str, Any]:
    if not rows:
        return {"quote": [{}], "adjclose": [{}]}
    quote = {name: [getattr(one, name) for one in rows] for name in COLUMNS}
    return {"quote": [quote], "adjclose": [{"adjclose": quote["close"]}]}


def events_in(listing: Listing, span: range) -> dict[str, Any]:
    splits = {
        str(at): {
            "date": at,
            "numerator": float(new),
            "denominator": float(old),
            "splitRatio": f"{new}:{old}",
        }
        for on, new, old in listing.splits
        if (at := seconds(moment(on))) in span
    }
    dividends = {
        str(at): {"amount": amount, "date": at}
        for on, amount in listing.dividends
        if (at := seconds(moment(on))) in span
    }
    found = {"splits": splits, "dividends": dividends}
    return {name: events for name, events in found.items() if events}


def seconds(at: datetime) -> int:
    return int(at.timestamp())
