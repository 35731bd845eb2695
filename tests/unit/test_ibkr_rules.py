"""IBKR's adapter without a gateway: names, hours, accounts, tickets, and what is remembered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.adapters.brokers.ibkr import create
from core.adapters.brokers.ibkr.address import Address
from core.adapters.brokers.ibkr.codes import is_harmless, to_error
from core.adapters.brokers.ibkr.hours import closes_after, market_clock, parse_window
from core.adapters.brokers.ibkr.known import Known
from core.adapters.brokers.ibkr.orders import to_order
from core.adapters.brokers.ibkr.record import Entry, Record
from core.adapters.brokers.ibkr.refs import Part, client_order_id, parse_ref, to_ref
from core.adapters.brokers.ibkr.sightings import from_ibkr, number, to_ibkr
from core.adapters.brokers.ibkr.tickets import to_orders
from core.domain.orders import OrderKind, OrderRequest, OrderStatus, TimeInForce
from core.domain.trading import Fill, FillLeg, OrderSide
from core.errors import (
    AuthenticationError,
    ConfigurationError,
    RejectedError,
    UnavailableError,
)
from core.settings import Settings
from tests.contract.broker_sentences.asking import KEY, either, entry, halves, usd, way_out

NOON = datetime(2026, 11, 24, 17, tzinfo=UTC)
LONG_AGO = datetime.min.replace(tzinfo=UTC)


def new_york(hour: int, minute: int = 0, month: int = 11) -> datetime:
    """Return a time of a Tuesday in New York; July is on daylight saving time."""
    offset = 4 if month == 7 else 5
    return datetime(2026, month, 24 if month == 11 else 14, hour, minute, tzinfo=UTC) + timedelta(
        hours=offset
    )


# the nightly restart


@pytest.mark.parametrize("month", [7, 11])
@pytest.mark.parametrize(
    ("hour", "minute", "is_held"),
    [(23, 44, False), (23, 45, True), (0, 0, True), (0, 44, True), (0, 45, False), (12, 0, False)],
)
def test_the_restart_window_lies_around_midnight_in_new_york(
    month: int, hour: int, minute: int, is_held: bool
) -> None:
    window = parse_window("23:45-00:45")
    assert window is not None
    assert window.holds(new_york(hour, minute, month)) is is_held


def test_a_window_within_one_day_holds_its_hours_alone() -> None:
    window = parse_window(" 05:00 - 05:30 ")
    assert window is not None
    assert [window.holds(new_york(hour, 15)) for hour in (4, 5, 23)] == [False, True, False]


def test_no_text_is_no_window() -> None:
    assert parse_window(" ") is None


@pytest.mark.parametrize("text", ["23:45", "23:45-", "a-b", "23:45-24:45", "1-2-3"])
def test_a_window_that_cannot_be_read_names_its_variable(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"IBKR_RESTART_WINDOW.*23:45-00:45"):
        parse_window(text)


def test_the_adapter_asks_nothing_before_it_is_used(tmp_path: Path) -> None:
    broker = create(Settings(_env_file=None, data_dir=tmp_path))

    assert (broker.name, broker.capabilities().is_live) == ("ibkr", False)


# who is traded


@pytest.mark.parametrize(
    ("port", "account", "is_live"),
    [
        (4001, "", True),
        (7496, "", True),
        (4002, "", False),
        (7497, "", False),
        (5000, "", True),
        (4002, "DU12", False),
        (5000, "DF12", False),
        (4002, "U12", True),
        (4001, "DU12", True),
    ],
)
def test_what_may_be_real_money_is_called_live(port: int, account: str, is_live: bool) -> None:
    assert Address("127.0.0.1", port, 17, account).is_live is is_live


@pytest.mark.parametrize(
    ("address", "served", "reason"),
    [
        (Address("h", 4002, 17, "DU1"), ["DU2", "DU3"], "IBKR_ACCOUNT is DU1.*DU2, DU3"),
        (Address("h", 4002, 17), ["DU2", "DU3"], "name the one to trade in IBKR_ACCOUNT"),
        (Address("h", 4002, 17), [], "serves no account"),
        (Address("h", 4002, 17), ["U1"], "4002 is a paper gateway's, but U1 is a live account"),
    ],
)
def test_a_wrong_account_is_never_traded(address: Address, served: list[str], reason: str) -> None:
    with pytest.raises(AuthenticationError, match=reason):
        address.choose("connect", served)


def test_the_only_account_of_a_paper_gateway_needs_no_name() -> None:
    assert Address("h", 4002, 17).choose("connect", ["DU1"]) == "DU1"
    assert Address("h", 4001, 17).choose("connect", ["U1"]) == "U1"
    assert Address("h", 4002, 17, "U1").choose("connect", ["DU1", "U1"]) == "U1"


# names


@given(st.text(min_size=1).filter(lambda text: "#" not in text), st.sampled_from(Part))
def test_a_reference_leads_back_to_its_order_and_part(name: str, part: Part) -> None:
    assert parse_ref(to_ref(name, part)) == (name, part)


@pytest.mark.parametrize("ref", ["#stop", "a#b", "a#", "stop", "a:close"])
def test_a_reference_of_somebody_else_is_taken_as_it_is(ref: str) -> None:
    assert parse_ref(ref) == (ref, Part.MAIN)


def test_an_order_without_a_reference_has_a_name_of_its_own() -> None:
    assert client_order_id("", 77) == "ibkr-77"
    assert client_order_id(f"{KEY}#close", 77) == KEY


@pytest.mark.parametrize(("ours", "theirs"), [("BRK.B", "BRK B"), ("TSLA", "TSLA")])
def test_a_share_class_is_written_as_ibkr_does(ours: str, theirs: str) -> None:
    assert (to_ibkr(ours), from_ibkr(theirs)) == (theirs, ours)


@pytest.mark.parametrize(
    ("told", "read"),
    [(98.0, "98"), (100.0, "100"), (98.125, "98.125"), (1e7, "10000000"), (0.0, None), ("", None)],
)
def test_a_float_becomes_the_number_that_it_shows(told: object, read: str | None) -> None:
    assert number(told) == (Decimal(read) if read else None)
    assert "E" not in str(number(told))


def test_a_price_that_is_not_set_is_none() -> None:
    assert number(1.7976931348623157e308) is None


# codes


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        (201, "Order rejected - reason: no money", RejectedError),
        (100, "Max rate of messages per second has been exceeded", UnavailableError),
        (504, "Not connected", UnavailableError),
        (1100, "Connectivity lost", UnavailableError),
        (321, "The API interface is currently in Read-Only mode.", AuthenticationError),
    ],
)
def test_a_refusal_tells_its_code_and_what_to_make_of_it(
    code: int, message: str, kind: type[Exception]
) -> None:
    error = to_error("submit", code, message)

    assert type(error) is kind
    assert f"{message} ({code})" in str(error)


def test_what_says_that_all_is_well_is_no_complaint() -> None:
    told = (2104, 2106, 2158, 399, 202, 201, 103, 110)

    assert [code for code in told if not is_harmless(code)] == [201, 103, 110]


# hours


def test_the_clock_knows_half_days_and_holidays() -> None:
    thanksgiving = market_clock(datetime(2026, 11, 26, 16, tzinfo=UTC))

    assert not thanksgiving.is_open
    assert thanksgiving.next_open == datetime(2026, 11, 27, 14, 30, tzinfo=UTC)
    assert thanksgiving.next_close == datetime(2026, 11, 27, 18, 0, tzinfo=UTC)


def test_the_market_is_open_from_its_open_to_its_close() -> None:
    moments = [new_york(9, 29), new_york(9, 30), new_york(15, 59), new_york(16)]

    assert [market_clock(moment).is_open for moment in moments] == [False, True, True, False]
    assert closes_after(new_york(16)) == new_york(16) + timedelta(days=1)


def test_a_time_beyond_the_calendar_is_an_error() -> None:
    with pytest.raises(UnavailableError, match="no session is known"):
        market_clock(datetime(2100, 1, 1, tzinfo=UTC))


# tickets


def tickets(request: OrderRequest) -> list[Any]:
    return to_orders(request, "DU1", iter(range(5, 9)).__next__)


def test_a_bracket_is_sent_as_a_whole_with_its_last_part() -> None:
    main, target, stop = tickets(entry())

    assert [part.transmit for part in (main, target, stop)] == [False, False, True]
    assert [part.orderRef for part in (main, target, stop)] == [KEY, f"{KEY}#target", f"{KEY}#stop"]
    assert (target.parentId, stop.parentId, main.parentId) == (main.orderId, main.orderId, 0)
    assert (main.action, target.action, stop.action) == ("BUY", "SELL", "SELL")
    assert {part.account for part in (main, target, stop)} == {"DU1"}


def test_exits_outlive_the_day_of_their_entry() -> None:
    main, target, stop = tickets(entry(time_in_force=TimeInForce.DAY))

    assert (main.tif, target.tif, stop.tif) == ("DAY", "GTC", "GTC")


@pytest.mark.parametrize(
    ("changes", "kind", "limit", "aux"),
    [
        ({"kind": OrderKind.MARKET, "limit_price": None}, "MKT", None, None),
        ({}, "LMT", 99.0, None),
        ({"kind": OrderKind.STOP, "limit_price": None, "stop_price": usd(101)}, "STP", None, 101.0),
        ({"kind": OrderKind.STOP_LIMIT, "stop_price": usd(98)}, "STP LMT", 99.0, 98.0),
    ],
)
def test_an_entry_of_any_kind_has_its_prices(
    changes: dict[str, Any], kind: str, limit: float | None, aux: float | None
) -> None:
    main = tickets(entry(**changes))[0]
    unset = type(main)()

    assert main.orderType == kind
    assert main.lmtPrice == (unset.lmtPrice if limit is None else limit)
    assert main.auxPrice == (unset.auxPrice if aux is None else aux)


def test_a_pair_of_exits_sends_the_stop_first_and_ties_both() -> None:
    stop, target = tickets(either())

    assert (stop.orderType, target.orderType) == ("STP", "LMT")
    assert stop.ocaGroup == target.ocaGroup != ""
    assert stop.ocaType == target.ocaType == 2
    assert stop.transmit
    assert target.transmit


def test_a_trailing_exit_trails_in_dollars_or_percent() -> None:
    (dollars,) = tickets(way_out(kind=OrderKind.TRAILING_STOP, trail_usd=usd(3)))
    (percent,) = tickets(way_out(kind=OrderKind.TRAILING_STOP, trail_fraction=usd(0.03)))

    assert (dollars.orderType, dollars.auxPrice) == ("TRAIL", 3.0)
    assert (percent.orderType, percent.trailingPercent) == ("TRAIL", 3.0)


# what is remembered


def fill(fill_id: str = "e.01", name: str = KEY, side: OrderSide = OrderSide.BUY) -> Fill:
    return Fill(
        fill_id=fill_id,
        client_order_id=name,
        symbol="TSLA",
        side=side,
        leg=FillLeg.ENTRY if side is OrderSide.BUY else FillLeg.STOP,
        quantity=Decimal(10),
        price=usd(99),
        fees=usd(0.35),
        filled_at=NOON,
        label="real",
    )


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return Record(tmp_path / "ibkr.sqlite")


def test_an_execution_is_kept_once_and_as_it_was_first_told(record: Record) -> None:
    record.add_fills([("e", fill("e.01"))])
    record.add_fills([("e", fill("e.02")), ("f", fill("f.01"))])

    assert [one.fill_id for one in record.fills_after("")] == ["e.01", "f.01"]
    assert [one.fill_id for one in record.fills_after("e.01")] == ["f.01"]


def test_a_cursor_that_this_record_does_not_know_tells_everything_again(record: Record) -> None:
    record.add_fills([("e", fill("e.01"))])

    assert [one.fill_id for one in record.fills_after("of another record")] == ["e.01"]


def test_the_record_survives_its_process(record: Record, tmp_path: Path) -> None:
    record.add(entry(), NOON, NOON)
    record.note_used(17, 41)
    record.note_used(17, 40)
    record.add_fills([("e", fill())])

    again = Record(tmp_path / "ibkr.sqlite")
    assert again.entries([KEY])[KEY].request == entry()
    assert (again.used_number(17), again.used_number(18)) == (41, 0)
    assert again.fills([KEY]) == {KEY: (fill(),)}


def test_holdings_are_of_entries_and_what_their_exits_gave_back(record: Record) -> None:
    exits = fill("g.01", side=OrderSide.SELL)
    record.add_fills([("e", fill()), ("f", fill("f.01", "order:2:entry")), ("g", exits)])

    assert record.holdings("TSLA") == {KEY: 0, "order:2:entry": 10}
    assert record.holdings("AAPL") == {}


def test_a_broken_record_is_told_and_not_emptied(tmp_path: Path) -> None:
    path = tmp_path / "ibkr.sqlite"
    path.write_bytes(b"this is no database" * 100)

    with pytest.raises(Exception, match=r"ibkr\.sqlite"):
        Record(path)
    assert path.read_bytes().startswith(b"this is no database")


# what an order amounts to that IBKR no longer shows


def forgotten(sent_at: datetime, at: datetime, **changes: Any) -> Known:
    sent = Entry(entry(**changes), sent_at, sent_at)
    return Known(KEY, (), (), sent, (), at=at, since=LONG_AGO)


def test_what_was_sent_today_and_is_not_shown_surely_is_not_there() -> None:
    assert to_order(forgotten(NOON, NOON + timedelta(minutes=1))) is None


def test_nobody_can_tell_what_became_of_yesterdays_unconfirmed_order() -> None:
    with pytest.raises(UnavailableError, match="settle it by hand"):
        to_order(forgotten(NOON, NOON + timedelta(days=1)))


def test_nobody_can_tell_after_the_gateway_has_forgotten() -> None:
    known = Known(
        KEY, (), (), Entry(entry(), NOON, NOON), (), at=NOON, since=NOON + timedelta(seconds=1)
    )

    with pytest.raises(UnavailableError, match="settle it by hand"):
        to_order(known)


@pytest.mark.parametrize(
    ("tif", "later", "status"),
    [
        (TimeInForce.DAY, timedelta(days=1), OrderStatus.EXPIRED),
        (TimeInForce.DAY, timedelta(hours=1), OrderStatus.CANCELED),
        (TimeInForce.GTC, timedelta(days=1), OrderStatus.CANCELED),
    ],
)
def test_an_order_that_vanished_has_ended_as_its_time_in_force_says(
    tif: TimeInForce, later: timedelta, status: OrderStatus
) -> None:
    waiting = to_order(filled_later(tif))
    assert waiting is not None
    was_open = waiting.model_copy(
        update={"status": OrderStatus.ACCEPTED, "filled_quantity": Decimal(0)}
    )
    sent = Entry(entry(time_in_force=tif), NOON, NOON, seen=was_open)

    order = to_order(Known(KEY, (), (), sent, (), at=NOON + later, since=LONG_AGO))

    assert order is not None
    assert (order.status, order.filled_quantity) == (status, 0)
    assert "no longer shows it" in order.reason


def filled_later(tif: TimeInForce = TimeInForce.GTC) -> Known:
    sent = Entry(entry(time_in_force=tif), NOON, NOON)
    return Known(KEY, (), (), sent, (fill(),), at=NOON + timedelta(days=3), since=LONG_AGO)


def test_an_order_is_known_by_its_fills_alone() -> None:
    order = to_order(filled_later())

    assert order is not None
    assert (order.status, order.filled_quantity) == (OrderStatus.FILLED, 10)
    assert order.average_fill_price == usd(99)


def test_several_take_profits_are_refused_before_anything_is_sent(tmp_path: Path) -> None:
    broker = create(Settings(_env_file=None, data_dir=tmp_path, ibkr_port=9))
    try:
        with pytest.raises(RejectedError, match="one take-profit"):
            broker.submit(halves(), NOON)
        with pytest.raises(RejectedError, match="no zone"):
            broker.submit(entry(), NOON.replace(tzinfo=None))
        with pytest.raises(RejectedError, match="must not hold '#'"):
            broker.submit(entry(client_order_id="a#stop"), NOON)
    finally:
        broker.close()
