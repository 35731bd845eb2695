"""Robinhood's account-activity report: a row becomes an activity, or is refused with a reason."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.robinhood import ActivityFile, read_activities
from core.analysis.round_trips import trade_history
from core.domain.imports import ActivityCode, BrokerActivity
from core.errors import DomainError

NOW = datetime(2026, 6, 1, tzinfo=UTC)
HEADER = (
    '"Activity Date","Process Date","Settle Date","Instrument","Description","Trans Code",'
    '"Quantity","Price","Amount"\n'
)
STC = (
    '"3/6/2026","3/6/2026","3/9/2026","TSLA","TSLA 3/13/2026 Call $410.00","STC","1","$2.07",'
    '"$206.94"\n'
)
BTO = (
    '"3/6/2026","3/6/2026","3/9/2026","TSLA","TSLA 3/13/2026 Call $410.00","BTO","1","$2.00",'
    '"($200.03)"\n'
)
OEXP = (
    '"3/4/2026","3/4/2026","3/4/2026","TSLA","Option Expiration for TSLA 3/4/2026 Put $380.00",'
    '"OEXP","2S","",""\n'
)
BUY = (
    '"3/2/2026","3/2/2026","3/3/2026","TSLA","Tesla\nCUSIP: 88160R101\nRecurring","Buy","0.25",'
    '"$400.00","($100.00)"\n'
)
FOOTER = '\n"","","","","","","","","","The data provided is for informational purposes only."\n'
EXPORT = HEADER + STC + BTO + OEXP + BUY + FOOTER
ORDERS = "date,symbol,action,quantity,price,status\n"
JOURNAL = "date,ticker,direction,strike,expiry,contracts,entry_price,exit_price,p_l,setup,notes\n"


def read(text: str | bytes, account: str = "robinhood") -> ActivityFile:
    content = text.encode() if isinstance(text, str) else text
    found = read_activities(content, account, "import:test.csv", NOW)
    assert found.rows_read == len(found.rows) + len(found.refused)
    return found


def row(**fields: str) -> str:
    names = (
        "day",
        "process",
        "settle",
        "instrument",
        "text",
        "code",
        "quantity",
        "price",
        "amount",
    )
    values = {"day": "3/6/2026", "instrument": "TSLA", "text": "Tesla"} | fields
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerow(values.get(name, "") for name in names)
    return written.getvalue()


def activities(found: ActivityFile) -> list[BrokerActivity]:
    return [activity for of_row in found.rows for activity in of_row]


def one(**fields: str) -> BrokerActivity:
    found = read(HEADER + row(**fields))
    assert not found.refused, found.refused
    return activities(found)[0]


def reason(**fields: str) -> str:
    found = read(HEADER + row(**fields))
    assert not found.rows
    return found.refused[0].reason


def test_the_example_of_the_reference_gives_what_it_expects() -> None:
    found = read(EXPORT)
    history = trade_history(activities(found))
    (trip,) = history.round_trips
    assert (found.rows_read, trip.realized_pnl) == (4, Decimal("6.91"))
    assert trip.fees == Decimal("0.09")
    assert [(lot.instrument, lot.quantity) for lot in history.open_lots] == [
        ("TSLA", Decimal("0.25"))
    ]
    assert [(flag.code, flag.instrument) for flag in history.flags] == [
        (ActivityCode.EXPIRATION, "TSLA 2026-03-04 put 380")
    ]


def test_a_description_over_several_lines_is_one_row_of_plain_text() -> None:
    bought = activities(read(HEADER + BUY))[0]
    assert bought.description == "Tesla CUSIP: 88160R101 Recurring"
    assert (bought.quantity, bought.amount) == (Decimal("0.25"), Decimal("-100.00"))


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encoding_and_line_ends_do_not_change_an_activity(newline: str, encoding: str) -> None:
    found = read(EXPORT.replace("\n", newline).encode(encoding))
    assert [a.activity_id for a in activities(found)] == [
        a.activity_id for a in activities(read(EXPORT))
    ]


def test_the_footer_and_blank_lines_are_no_rows() -> None:
    assert read(HEADER + FOOTER).rows_read == 0


def test_a_row_of_ten_fields_with_values_is_refused_and_kept() -> None:
    found = read(HEADER + BTO.rstrip("\n") + ',"more"\n')
    assert found.refused[0].reason == "10 fields, expected 9"
    assert json.loads(found.refused[0].payload)[8:] == ["($200.03)", "more"]


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("$1,234.56", "1234.56"),
        ("($1,234.56)", "-1234.56"),
        ("-$5.00", "-5"),
        ("$.5", "0.5"),
        ("12", "12"),
        ("", None),
    ],
)
def test_amounts_are_read(written: str, amount: str | None) -> None:
    said = one(code="INT", amount=written).amount
    assert said == (Decimal(amount) if amount else None)


@pytest.mark.parametrize("written", ["$1,23.45", "($5.00", "$5.00)", "five", "$", "1.2.3", "1e5"])
def test_an_amount_that_is_none_is_refused(written: str) -> None:
    assert "cannot be read" in reason(code="INT", amount=written)


@pytest.mark.parametrize(
    ("written", "quantity", "removes"),
    [("18S", "18", True), ("0.123456", "0.123456", False), ("1,000", "1000", False)],
)
def test_quantities_are_read(written: str, quantity: str, removes: bool) -> None:
    split = one(code="SPL", quantity=written)
    assert (split.quantity, split.removes) == (Decimal(quantity), removes)


def test_an_option_is_read_from_its_text() -> None:
    text = "Option Expiration for BRKB 1/16/2026 Put $1,380.50"
    contract = one(code="OEXP", text=text, quantity="1").contract
    assert contract is not None
    assert (contract.symbol, contract.right) == ("BRKB", "put")
    assert (contract.expiry, contract.strike) == (date(2026, 1, 16), Decimal("1380.50"))
    assert contract.name == "BRKB 2026-01-16 put 1380.5"


@pytest.mark.parametrize("code", list(ActivityCode))
def test_every_code_of_the_report_is_known(code: ActivityCode) -> None:
    option = "TSLA 3/13/2026 Call $410.00"
    amount = "($5.00)" if code in {"Buy", "BTO", "BTC"} else "$5.00"
    assert one(code=code, text=option, quantity="1", price="$5.00", amount=amount).code is code


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"code": "XYZ"}, "unknown code 'XYZ'"),
        ({"code": "buy"}, "unknown code 'buy'"),
        ({"code": "<script>alert(1)</script>"}, "unknown code ''"),
        ({"code": "Buy", "quantity": "1", "amount": "$5.00"}, "wrong sign"),
        ({"code": "Sell", "quantity": "1", "amount": "($5.00)"}, "wrong sign"),
        ({"code": "Buy", "quantity": "1"}, "without an amount"),
        ({"code": "Buy", "amount": "($5.00)"}, "a quantity"),
        ({"code": "Buy", "quantity": "0", "amount": "($5)"}, "the quantity '0'"),
        ({"code": "BTO", "quantity": "1", "amount": "($5)"}, "option cannot be read"),
        ({"code": "INT", "day": "2026-02-30"}, "the date '2026-02-30'"),
        ({"code": "INT", "day": "12/31/2031"}, "in the future"),
        ({"code": "CDIV", "instrument": "TS\x01LA"}, "not valid"),
    ],
)
def test_what_cannot_be_booked_is_refused_with_its_reason(
    fields: dict[str, str], told: str
) -> None:
    assert told in reason(**fields)


def test_overlapping_exports_name_the_same_rows_alike() -> None:
    whole = {a.activity_id for a in activities(read(EXPORT))}
    older = {a.activity_id for a in activities(read(HEADER + OEXP + BUY + FOOTER))}
    newer = {a.activity_id for a in activities(read(HEADER + STC + BTO + OEXP))}
    assert older < whole
    assert newer < whole
    assert older | newer == whole


def test_two_equal_fills_are_two_activities_in_every_export() -> None:
    first, second = activities(read(HEADER + BTO + BTO))
    assert first.activity_id != second.activity_id
    again = activities(read(HEADER + STC + BTO + BTO + OEXP))
    assert {first.activity_id, second.activity_id} < {a.activity_id for a in again}


def test_the_same_row_in_two_accounts_is_two_activities() -> None:
    one_account, other = (activities(read(HEADER + BTO, account)) for account in ("main", "ira"))
    assert one_account[0].activity_id != other[0].activity_id


def test_the_place_in_the_day_counts_from_the_oldest_row() -> None:
    places = {a.code: a.place for a in activities(read(EXPORT))}
    assert (places[ActivityCode.BUY_TO_OPEN], places[ActivityCode.SELL_TO_CLOSE]) == (0, 1)
    sorted_by_hand = read(HEADER + BUY + BTO + STC)
    assert [a.place for a in activities(sorted_by_hand)] == [0, 0, 1]


@pytest.mark.parametrize(
    "content",
    [b"", b"a,b\n1,2\n", b"\xff\xfe\x00", b"\x89PNG\r\n", b'"unclosed\n' * 9, b"a" * 200_000],
)
def test_another_file_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(DomainError, match="it is no"):
        read(content)


@given(st.binary(max_size=200))
def test_any_bytes_below_the_header_are_rows_or_an_error_in_words(tail: bytes) -> None:
    try:
        found = read(HEADER.encode() + tail)
    except DomainError:
        return
    assert all(refused.reason for refused in found.refused)


def test_a_list_of_orders_is_read_and_only_the_filled_ones() -> None:
    found = read(
        ORDERS
        + "2026-03-02 09:31,TSLA,buy,10,400,filled\n2026-03-03,TSLA,sell,10,410.5,Filled\n"
        + "2026-03-03,TSLA,sell,10,420,cancelled\n"
    )
    (trip,) = trade_history(activities(found)).round_trips
    assert trip.realized_pnl == Decimal(105)
    assert [refused.reason for refused in found.refused] == ["the order is 'cancelled'"]


def test_an_order_in_an_option_counts_a_hundred_shares() -> None:
    text = "TSLA 3/13/2026 Call $410.00"
    found = read(
        ORDERS + f"3/6/2026,{text},bto,2,1.50,filled\n3/7/2026,{text},sell to close,2,2,\n"
    )
    assert trade_history(activities(found)).round_trips[0].realized_pnl == Decimal(100)


def test_a_journal_gives_a_round_trip_a_row() -> None:
    found = read(
        JOURNAL
        + '3/6/2026,QQQ,CALL,500,3/6/2026,2,1.50,2.00,$97.40,curl,"held, then sold"\n'
        + "3/9/2026,TSLA,put,380,3/13/2026,1,2.00,1.00,,flush,\n"
        + "3/10/2026,TSLA,long,,,5,400,410,50,trend,\n"
        + "3/11/2026,TSLA,call,400,3/13/2026,1,2.00,,,,still open\n"
    )
    history = trade_history(activities(found))
    assert [trip.realized_pnl for trip in history.round_trips] == [Decimal("97.40"), -100, 50]
    assert history.round_trips[0].fees == Decimal("2.60")
    assert [lot.cost for lot in history.open_lots] == [Decimal(200)]
    assert (found.rows_read, len(activities(found))) == (4, 7)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("3/6/2026,QQQ,bullish,500,3/6/2026,2,1.50,2.00,,,\n", "the direction 'bullish'"),
        ("3/6/2026,QQQ,call,,3/6/2026,2,1.50,2.00,,,\n", "neither a call or put with a strike"),
        ("3/6/2026,QQQ,call,500,3/6/2026,2,1.50,2.00,$900,,\n", "p_l does not follow"),
        ("3/6/2026,QQQ,call,500,3/6/2026,,1.50,2.00,,,\n", "are missing"),
    ],
)
def test_a_journal_row_that_contradicts_itself_is_refused(text: str, told: str) -> None:
    assert told in read(JOURNAL + text).refused[0].reason
