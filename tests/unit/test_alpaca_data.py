"""Alpaca's market data: what the contract does not ask of every provider."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from threading import Event
from typing import Any

import httpx2
import pandas as pd
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from core.adapters import alpaca_rest
from core.adapters.market_data.alpaca import AlpacaMarketData, create
from core.domain.market import BarQuery, Timeframe
from core.errors import (
    AppError,
    AuthenticationError,
    ConfigurationError,
    InsufficientDataError,
    RejectedError,
    UnavailableError,
    UnexpectedResponseError,
)
from core.settings import Settings

BARS, ASSETS, QUOTES = "/v2/stocks/bars", "/v2/assets", "/v2/stocks/quotes/latest"
ACTIONS, CALENDAR = "/v1/corporate-actions", "/v2/calendar"
FRIDAY = date(2023, 9, 15)
SECRET = "stub-secret"


def build(address: str, **changes: Any) -> AlpacaMarketData:
    values = {"alpaca_data_url": address, "alpaca_trading_url": address, **changes}
    keys = {"alpaca_key_id": "stub-key", "alpaca_secret_key": SECRET}
    return create(Settings(_env_file=None, **(keys | values)))


@pytest.fixture
def alpaca(httpserver: HTTPServer) -> AlpacaMarketData:
    return build(httpserver.url_for("/"))


def ask(
    alpaca: AlpacaMarketData, timeframe: Timeframe = Timeframe.DAY, symbol: str = "AAPL"
) -> pd.DataFrame:
    query = BarQuery(symbol=symbol, timeframe=timeframe, start=FRIDAY, end=FRIDAY)
    return alpaca.bars(query)


def row(stamp: str, close: float = 175.0, **changes: Any) -> dict[str, Any]:
    bar = {"t": stamp, "o": 175, "h": 180.0, "l": 170.0, "c": close, "v": 1000, "n": 9, "vw": 175.1}
    return bar | changes


def page(*rows: dict[str, Any], symbol: str = "AAPL", token: str | None = None) -> dict[str, Any]:
    return {"bars": {symbol: list(rows)} if rows else {}, "next_page_token": token}


def quote(bid: float, ask: float, **changes: Any) -> dict[str, Any]:
    sizes = {"bs": 200, "as": 300}
    stamp = {"t": "2023-09-15T19:59:59.335689322Z", "ax": "V", "bx": "V", "c": ["R"], "z": "C"}
    return {"bp": bid, "ap": ask} | sizes | stamp | changes


def split(new_rate: float, old_rate: float, ex_date: str, **changes: Any) -> dict[str, Any]:
    rates = {"new_rate": new_rate, "old_rate": old_rate}
    return {"symbol": "AAPL", "ex_date": ex_date, "process_date": ex_date} | rates | changes


def dividend(rate: float, ex_date: str, **changes: Any) -> dict[str, Any]:
    flags = {"special": False, "foreign": False, "process_date": "2023-11-16"}
    return {"symbol": "AAPL", "rate": rate, "ex_date": ex_date} | flags | changes


def serve_actions(httpserver: HTTPServer, **kinds: list[dict[str, Any]]) -> None:
    answer = {"corporate_actions": kinds, "next_page_token": None}
    httpserver.expect_request(ACTIONS).respond_with_json(answer)


def test_three_pages_make_one_frame(alpaca: AlpacaMarketData, httpserver: HTTPServer) -> None:
    for minute, token in enumerate(["1", "2", None]):
        answer = page(row(f"2023-09-15T14:0{minute}:00Z"), token=token)
        httpserver.expect_ordered_request(BARS).respond_with_json(answer)

    bars = ask(alpaca, Timeframe.MINUTE)
    assert [moment.minute for moment in bars["started_at"]] == [0, 1, 2]
    asked = [request.args.get("page_token") for request, _ in httpserver.log]
    assert asked == [None, "1", "2"]


def test_a_page_that_fails_fails_the_whole_answer(
    alpaca: AlpacaMarketData, httpserver: HTTPServer
) -> None:
    first = page(row("2023-09-15T14:00:00Z"), token="1")
    httpserver.expect_ordered_request(BARS).respond_with_json(first)
    httpserver.expect_ordered_request(BARS).respond_with_data("", status=500)

    with pytest.raises(UnavailableError):
        ask(alpaca, Timeframe.MINUTE)


def test_pages_without_end_are_given_up(
    alpaca: AlpacaMarketData, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alpaca_rest, "MAX_PAGES", 3)
    httpserver.expect_request(BARS).respond_with_json(page(token="again"))

    with pytest.raises(UnexpectedResponseError, match="more than 3 pages"):
        ask(alpaca)
    assert len(httpserver.log) == 3


def test_a_limited_rate_is_told_after_one_request(
    alpaca: AlpacaMarketData, httpserver: HTTPServer
) -> None:
    httpserver.expect_request(BARS).respond_with_json(
        {"message": "too many requests."}, status=429, headers={"Retry-After": "7"}
    )

    with pytest.raises(UnavailableError, match=r"too many requests.*; wait 7 s"):
        ask(alpaca)
    assert len(httpserver.log) == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (302, UnexpectedResponseError),
        (401, AuthenticationError),
        (403, AuthenticationError),
        (404, RejectedError),
        (422, RejectedError),
        (500, UnavailableError),
        (504, UnavailableError),
    ],
)
def test_each_refusal_is_its_own_error_after_one_request(
    alpaca: AlpacaMarketData, httpserver: HTTPServer, status: int, error: type[AppError]
) -> None:
    httpserver.expect_request(BARS).respond_with_json({"message": "no."}, status=status)

    with pytest.raises(error) as raised:
        ask(alpaca)
    assert raised.type is error
    assert SECRET not in str(raised.value)
    assert len(httpserver.log) == 1


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html><body><h1>502 Bad Gateway</h1></body></html>",
        "[" * 100_000,
        "[]",
        "{}",
        '{"bars": ["AAPL"]}',
        json.dumps(page(row("2023-09-15T04:00:00"))),
        json.dumps(page(row("yesterday"))),
        json.dumps(page(row("2023-09-15T04:00:00Z", c="175.01"))),
        json.dumps(page(row("2023-09-15T04:00:00Z", c=None))),
        json.dumps(page(row("2023-09-15T04:00:00Z", c=True))),
        json.dumps(page({"t": "2023-09-15T04:00:00Z"})),
    ],
    ids=lambda body: body[:40] or "empty",
)
def test_an_answer_of_another_shape_is_an_error_and_no_bar(
    alpaca: AlpacaMarketData, httpserver: HTTPServer, body: str
) -> None:
    httpserver.expect_request(BARS).respond_with_data(body, content_type="application/json")

    with pytest.raises(UnexpectedResponseError):
        ask(alpaca)


def test_a_body_that_is_too_large_is_not_read_to_its_end(
    alpaca: AlpacaMarketData, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alpaca_rest, "MAX_BODY_BYTES", 1000)
    httpserver.expect_request(BARS).respond_with_data(b" " * 1_000_000)

    with pytest.raises(UnexpectedResponseError, match="larger than 1,000 bytes"):
        ask(alpaca)


def test_a_body_that_drips_is_given_up(
    alpaca: AlpacaMarketData, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drip() -> Iterator[bytes]:
        for _ in range(100):
            Event().wait(0.02)
            yield b" "

    monkeypatch.setattr(alpaca_rest, "ANSWER_TIMEOUT_S", 0.1)
    httpserver.expect_request(BARS).respond_with_handler(lambda _: Response(drip()))

    with pytest.raises(UnavailableError, match="took longer"):
        ask(alpaca)


def test_a_server_that_hangs_is_unavailable(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = Event()

    def hang(_: Request) -> Response:
        released.wait(10)
        return Response("{}")

    monkeypatch.setattr(alpaca_rest, "TIMEOUT", httpx2.Timeout(0.1))
    httpserver.expect_request(BARS).respond_with_handler(hang)
    with pytest.raises(UnavailableError, match="ReadTimeout"):
        ask(build(httpserver.url_for("/")))
    released.set()


def test_every_request_has_a_time_out() -> None:
    limits = alpaca_rest.TIMEOUT

    assert (limits.connect, limits.read) == (3, 10)
    assert None not in limits.as_dict().values()


def test_a_refused_connection_is_unavailable() -> None:
    with pytest.raises(UnavailableError, match="ConnectError"):
        ask(build("http://127.0.0.1:9"))


def test_an_address_that_is_none_is_a_setting_to_correct() -> None:
    with pytest.raises(ConfigurationError, match="ftp://"):
        ask(build("ftp://127.0.0.1"))


def test_missing_keys_are_named() -> None:
    with pytest.raises(ConfigurationError, match="APCA_API_KEY_ID and APCA_API_SECRET_KEY"):
        build("http://127.0.0.1:9", alpaca_secret_key="")


def test_a_key_with_a_line_break_is_refused_without_being_shown() -> None:
    with pytest.raises(ConfigurationError) as raised:
        build("http://127.0.0.1:9", alpaca_secret_key=f"{SECRET}\n")
    assert SECRET not in str(raised.value)


def test_the_request_asks_for_raw_prices_of_the_feed(
    alpaca: AlpacaMarketData, httpserver: HTTPServer
) -> None:
    httpserver.expect_request(BARS).respond_with_json(
        page(row("2023-09-15T04:00:00Z"), symbol="BRK.B")
    )

    ask(alpaca, symbol="BRK.B")
    asked = httpserver.log[0][0].args
    assert (asked["adjustment"], asked["feed"], asked["symbols"]) == ("raw", "iex", "BRK.B")
    assert asked["start"] == "2023-09-15T00:00:00-04:00"


def test_a_symbol_with_a_dot_keeps_its_form(
    alpaca: AlpacaMarketData, httpserver: HTTPServer
) -> None:
    answer = page(row("2023-09-15T04:00:00Z"), symbol="BRK.B")
    httpserver.expect_request(BARS).respond_with_json(answer)

    assert list(ask(alpaca, symbol="BRK.B")["symbol"]) == ["BRK.B"]


@pytest.mark.parametrize("stamp", ["2023-01-17T05:00:00Z", "2023-07-17T04:00:00Z"])
def test_a_daily_bar_starts_at_midnight_utc_in_winter_and_in_summer(
    alpaca: AlpacaMarketData, httpserver: HTTPServer, stamp: str
) -> None:
    httpserver.expect_request(BARS).respond_with_json(page(row(stamp)))

    bar = ask(alpaca).iloc[0]
    assert bar["session_date"] == datetime.fromisoformat(stamp).date()
    assert bar["started_at"] == datetime.fromisoformat(stamp[:10]).replace(tzinfo=UTC)


def test_intraday_bars_run_from_the_pre_market_to_the_close(
    alpaca: AlpacaMarketData, httpserver: HTTPServer
) -> None:
    clock = ["07:59", "08:00", "13:30", "19:59", "20:00"]  # New York is four hours behind
    rows = [row(f"2023-09-15T{time}:00Z") for time in clock]
    httpserver.expect_request(BARS).respond_with_json(page(*rows))

    bars = ask(alpaca, Timeframe.MINUTE)
    assert list(bars["started_at"].dt.strftime("%H:%M")) == ["08:00", "13:30", "19:59"]
    assert set(bars["session_date"]) == {FRIDAY}


def test_prices_are_numbers_even_where_all_are_whole(
    alpaca: AlpacaMarketData, httpserver: HTTPServer
) -> None:
    whole = row("2023-09-15T04:00:00Z", o=175, h=180, l=170, c=175)
    httpserver.expect_request(BARS).respond_with_json(page(whole))

    kinds = ask(alpaca)[["open", "high", "low", "close", "volume"]].dtypes
    assert {str(kind) for kind in kinds} == {"float64"}


def test_bars_are_put_in_order(alpaca: AlpacaMarketData, httpserver: HTTPServer) -> None:
    stamps = ["2023-09-15T14:02:00Z", "2023-09-15T14:00:00Z", "2023-09-15T14:01:00Z"]
    httpserver.expect_request(BARS).respond_with_json(page(*map(row, stamps)))

    started = ask(alpaca, Timeframe.MINUTE)["started_at"]
    assert [moment.minute for moment in started] == [0, 1, 2]


def test_a_bar_of_the_future_and_an_impossible_one_are_left_to_the_desk(
    alpaca: AlpacaMarketData, httpserver: HTTPServer
) -> None:
    rows = [row("2023-09-15T04:00:00Z", close=999.0), row("2043-09-15T04:00:00Z")]
    httpserver.expect_request(BARS).respond_with_json(page(*rows))

    assert list(ask(alpaca)["close"]) == [999.0, 175.0]


def test_a_symbol_that_alpaca_cannot_read_is_refused(
    alpaca: AlpacaMarketData, httpserver: HTTPServer
) -> None:
    answer = {"message": "invalid symbol: LEAD6"}
    httpserver.expect_request(BARS).respond_with_json(answer, status=400)

    with pytest.raises(InsufficientDataError, match="LEAD6"):
        ask(alpaca, symbol="LEAD6")


def test_a_quiet_symbol_is_looked_up_once(alpaca: AlpacaMarketData, httpserver: HTTPServer) -> None:
    httpserver.expect_request(BARS).respond_with_json(page())
    httpserver.expect_oneshot_request(f"{ASSETS}/AAPL").respond_with_json({"symbol": "AAPL"})

    assert ask(alpaca).empty
    assert ask(alpaca, Timeframe.MINUTE).empty


def test_an_empty_answer_is_no_proof_while_the_lookup_fails(
    alpaca: AlpacaMarketData, httpserver: HTTPServer
) -> None:
    httpserver.expect_request(BARS).respond_with_json(page())
    httpserver.expect_request(f"{ASSETS}/AAPL").respond_with_data("", status=503)

    with pytest.raises(UnavailableError):
        ask(alpaca)


def test_the_delayed_feed_takes_its_history_from_sip_and_leaves_the_last_minutes_alone(
    httpserver: HTTPServer,
) -> None:
    today = datetime.now(UTC)
    days = {"start": (today - timedelta(days=3)).date(), "end": today.date()}
    answer = page(row(f"{days['start']}T04:00:00Z"))
    httpserver.expect_request(BARS).respond_with_json(answer)

    alpaca = build(httpserver.url_for("/"), alpaca_feed="delayed_sip")
    alpaca.bars(BarQuery(symbol="AAPL", timeframe=Timeframe.DAY, **days))
    asked = httpserver.log[0][0].args
    assert asked["feed"] == "sip"
    assert datetime.fromisoformat(asked["end"]) < today - timedelta(minutes=15)


def test_a_side_without_a_price_has_neither_price_nor_size(
    alpaca: AlpacaMarketData, httpserver: HTTPServer
) -> None:
    httpserver.expect_request(QUOTES).respond_with_json({"quotes": {"AAPL": quote(175.01, 0)}})

    [found] = alpaca.quotes(["AAPL"])
    assert (found.bid, found.bid_size, found.ask, found.ask_size) == (175.01, 200, None, None)


def test_quotes_of_nobody_and_crossed_ones_are_left_out(
    alpaca: AlpacaMarketData, httpserver: HTTPServer
) -> None:
    answer = {"AAPL": quote(0, 0), "MSFT": quote(331.0, 330.0), "NVDA": quote(439.0, 439.0)}
    httpserver.expect_request(QUOTES).respond_with_json({"quotes": answer})

    found = alpaca.quotes(["AAPL", "MSFT", "NVDA", "TSLA"])
    assert [quote.symbol for quote in found] == ["NVDA"]


def test_one_symbol_that_alpaca_cannot_read_does_not_cost_the_other_quotes(
    alpaca: AlpacaMarketData, httpserver: HTTPServer
) -> None:
    refusal = {"message": "invalid symbol: LEAD6"}
    httpserver.expect_ordered_request(QUOTES).respond_with_json(refusal, status=400)
    answer = {"quotes": {"AAPL": quote(175.01, 175.05)}}
    httpserver.expect_ordered_request(QUOTES).respond_with_json(answer)

    assert [quote.symbol for quote in alpaca.quotes(["LEAD6", "AAPL"])] == ["AAPL"]
    assert httpserver.log[1][0].args["symbols"] == "AAPL"


def test_a_refused_symbol_that_was_not_asked_for_is_not_asked_again(
    alpaca: AlpacaMarketData, httpserver: HTTPServer
) -> None:
    refusal = {"message": "invalid symbol: OTHER"}
    httpserver.expect_request(QUOTES).respond_with_json(refusal, status=400)

    with pytest.raises(InsufficientDataError):
        alpaca.quotes(["AAPL"])
    assert len(httpserver.log) == 1


def test_no_symbols_need_no_request(alpaca: AlpacaMarketData, httpserver: HTTPServer) -> None:
    assert alpaca.quotes([]) == []
    assert not httpserver.log


def test_splits_and_dividends_come_oldest_first(
    alpaca: AlpacaMarketData, httpserver: HTTPServer
) -> None:
    serve_actions(
        httpserver,
        forward_splits=[split(4, 1, "2023-08-31")],
        reverse_splits=[split(1, 10, "2023-03-01")],
        cash_dividends=[dividend(0.24, "2023-05-12")],
    )

    found = alpaca.actions("AAPL", date(2023, 1, 1), date(2023, 12, 31))
    assert [(a.kind, a.ratio, a.amount_usd) for a in found] == [
        ("split", 0.1, None),
        ("dividend", None, 0.24),
        ("split", 4.0, None),
    ]


def test_actions_are_told_by_their_ex_date_though_alpaca_searches_by_the_payday(
    alpaca: AlpacaMarketData, httpserver: HTTPServer
) -> None:
    paid_later = [dividend(0.24, "2023-11-10"), dividend(0.25, "2023-11-13")]
    serve_actions(httpserver, cash_dividends=paid_later)

    found = alpaca.actions("AAPL", date(2023, 11, 1), date(2023, 11, 10))
    assert [action.amount_usd for action in found] == [0.24]
    assert httpserver.log[0][0].args["end"] > "2023-11-16"


def test_what_is_no_dividend_in_usd_of_the_symbol_is_left_out(
    alpaca: AlpacaMarketData, httpserver: HTTPServer
) -> None:
    others = [
        dividend(0, "2023-11-10"),
        dividend(1.0, "2023-11-10", currency="CAD"),
        dividend(1.0, "2023-11-10", symbol="MSFT"),
    ]
    serve_actions(httpserver, cash_dividends=others)

    assert alpaca.actions("AAPL", date(2023, 11, 1), date(2023, 11, 30)) == []


@pytest.mark.parametrize("rates", [(4, 0), (0, 1), (-4, 1), ("4", "1")])
def test_a_split_without_a_ratio_is_an_error(
    alpaca: AlpacaMarketData, httpserver: HTTPServer, rates: tuple[Any, Any]
) -> None:
    serve_actions(httpserver, forward_splits=[split(*rates, "2023-08-31")])

    with pytest.raises(UnexpectedResponseError):
        alpaca.actions("AAPL", date(2023, 1, 1), date(2023, 12, 31))


def test_a_half_day_closes_at_one(alpaca: AlpacaMarketData, httpserver: HTTPServer) -> None:
    days = [
        {"date": "2023-11-22", "open": "09:30", "close": "16:00"},
        {"date": "2023-11-24", "open": "09:30", "close": "13:00"},
        {"date": "2023-11-27", "open": "09:30", "close": "16:00"},
    ]
    httpserver.expect_request(CALENDAR).respond_with_json(days)

    [friday] = alpaca.session_hours(date(2023, 11, 23), date(2023, 11, 26))
    assert friday.session_date == date(2023, 11, 24)
    assert friday.opens_at == datetime(2023, 11, 24, 14, 30, tzinfo=UTC)
    assert friday.closes_at == datetime(2023, 11, 24, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize("answer", [{"message": "?"}, [{"date": "2023-11-24"}], ["2023-11-24"]])
def test_a_calendar_of_another_shape_is_an_error(
    alpaca: AlpacaMarketData, httpserver: HTTPServer, answer: Any
) -> None:
    httpserver.expect_request(CALENDAR).respond_with_json(answer)

    with pytest.raises(UnexpectedResponseError):
        alpaca.session_hours(date(2023, 11, 23), date(2023, 11, 26))
