"""IBKR's gateway at its worst: silent, gone, restarted, cut off, or somebody else's."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from queue import Empty, Queue
from threading import Event
from typing import Any

import pytest

from core.adapters.brokers.ibkr import IbkrBroker
from core.adapters.brokers.ibkr.address import Address
from core.adapters.brokers.ibkr.connection import PAUSES_S
from core.adapters.brokers.ibkr.hours import parse_window
from core.domain.orders import OrderChange, OrderStatus
from core.domain.trading import TradeUpdate
from core.errors import (
    AuthenticationError,
    OutcomeUnknownError,
    UnavailableError,
)
from tests.contract.broker_sentences.asking import (
    ENTRY,
    KEY,
    change_of,
    entry,
    fills,
    found,
    held,
    open_ids,
    status,
    submit,
    traded,
    usd,
)
from tests.contract.stubs.brokers_ibkr import ACCOUNT, IbkrVenue
from tests.contract.stubs.brokers_ibkr_server import Line

pytestmark = pytest.mark.wire

NIGHT = datetime(2026, 11, 25, 5, 0, tzinfo=UTC)  # midnight in New York
SHORT_S = 0.6
PATIENCE_S = 10


@pytest.fixture
def venue() -> Iterator[IbkrVenue]:
    made = IbkrVenue()
    yield made
    made.broker.close()


@pytest.fixture
def broker(venue: IbkrVenue) -> Iterator[IbkrBroker]:
    """Return a broker that loses its patience soon."""
    made = asking(venue)
    made.connect()
    yield made
    made.close()


def asking(venue: IbkrVenue, client_id: int = 99, **changes: Any) -> IbkrBroker:
    address = {"host": "127.0.0.1", "port": venue.server.port, "account": ACCOUNT} | changes
    made = Address(**address, client_id=client_id)
    return IbkrBroker(made, venue.folder / "ibkr.sqlite", patience_s=SHORT_S)


def recovered(broker: IbkrBroker) -> IbkrBroker:
    """Ask until the broker has seen that its connection ended, and has made a new one."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            broker.clock()
        except UnavailableError:
            continue
        return broker
    raise TimeoutError


def refused_with(broker: IbkrBroker, text: str) -> bool:
    """Tell whether the broker says so by now."""
    try:
        broker.clock()
    except UnavailableError as error:
        return text in str(error)
    return False


def is_last_part(fields: Any) -> bool:
    return fields[0] == "3" and fields[27] == "1"


def main_orders(venue: IbkrVenue, key: str = KEY) -> list[Any]:
    return [order for order in venue.desk.orders if order.ref == key]


# writes without an answer


def test_a_line_that_ends_before_the_order_leaves_none(
    venue: IbkrVenue, broker: IbkrBroker
) -> None:
    venue.server.hang_up_before = is_last_part
    with pytest.raises(OutcomeUnknownError, match="connection"):
        submit(broker, entry())
    venue.server.hang_up_before = lambda _: False

    assert broker.order_by_client_id(KEY) is None or open_ids(broker) == [KEY]
    submit(broker, entry())
    assert open_ids(broker) == [KEY]


def test_a_line_that_ends_after_the_order_leaves_it_to_be_found(
    venue: IbkrVenue, broker: IbkrBroker
) -> None:
    venue.server.hang_up_after = is_last_part
    with pytest.raises(OutcomeUnknownError):
        submit(broker, entry())
    venue.server.hang_up_after = lambda _: False

    order = found(broker)
    assert order.status is OrderStatus.ACCEPTED
    assert submit(broker, entry()).venue_order_id == order.venue_order_id
    assert len(main_orders(venue)) == 1


def test_no_answer_to_an_order_is_an_unknown_outcome(
    venue: IbkrVenue, broker: IbkrBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    hears = venue.desk.handle

    def goes_mute(client_id: int, fields: Any) -> Any:
        if is_last_part(fields):
            venue.server.line = Line.MUTE
        return hears(client_id, fields)

    monkeypatch.setattr(venue.desk, "handle", goes_mute)
    with pytest.raises(OutcomeUnknownError, match="no answer"):
        submit(broker, entry())
    monkeypatch.undo()
    venue.server.line = Line.CLEAR

    assert found(broker).status is OrderStatus.ACCEPTED
    assert len(main_orders(venue)) == 1


@pytest.mark.parametrize(
    "write",
    [
        lambda broker: broker.cancel(KEY),
        lambda broker: broker.replace(KEY, OrderChange(stop_price=usd(97))),
        lambda broker: broker.close_position(KEY, "test"),
    ],
    ids=["cancel", "replace", "close"],
)
def test_a_write_that_meets_silence_is_never_called_done(
    venue: IbkrVenue, broker: IbkrBroker, write: Callable[[IbkrBroker], object]
) -> None:
    submit(broker, entry())
    venue.trade("TSLA", usd(99), usd(4))
    venue.server.line = Line.MUTE

    with pytest.raises((OutcomeUnknownError, UnavailableError)):
        write(broker)


def test_a_read_that_meets_silence_is_bounded_and_never_nothing(
    venue: IbkrVenue, broker: IbkrBroker
) -> None:
    venue.server.line = Line.DEAF
    reads = (broker.positions, broker.open_orders, broker.account, broker.clock)
    began = time.monotonic()

    for read in (*reads, lambda: broker.order_by_client_id(KEY), lambda: broker.fills_since("")):
        with pytest.raises(UnavailableError):
            read()
    assert time.monotonic() - began < 6 * broker.timeout_s


def test_after_silence_a_late_answer_is_not_taken_for_the_next_one(
    venue: IbkrVenue, broker: IbkrBroker
) -> None:
    venue.server.line = Line.MUTE
    with pytest.raises(UnavailableError, match="no answer from the gateway within"):
        broker.open_orders()
    venue.server.line = Line.CLEAR

    submit(venue.broker, entry())
    assert open_ids(broker) == [KEY]


# order ids


def test_an_order_id_that_was_used_is_looked_up_and_never_sent_again_blindly(
    venue: IbkrVenue, broker: IbkrBroker
) -> None:
    venue.desk.duplicates = 1
    sent = len(venue.server.requests)
    with pytest.raises(UnavailableError, match="Duplicate order id"):
        submit(broker, entry())

    orders = [fields for fields in venue.server.requests[sent:] if fields[0] == "3"]
    assert len(orders) == 3
    assert (broker.order_by_client_id(KEY), broker.open_orders()) == (None, [])
    assert submit(broker, entry()).status is OrderStatus.ACCEPTED
    assert open_ids(broker) == [KEY]


def test_a_gateway_that_counts_anew_meets_no_used_order_id(
    venue: IbkrVenue, broker: IbkrBroker
) -> None:
    submit(broker, entry())
    venue.trade("TSLA", usd(99))
    venue.restart()

    submit(recovered(broker), entry(client_order_id="order:2:entry"))

    assert sorted(open_ids(broker)) == sorted([KEY, "order:2:entry"])
    ids = [order.order_id for order in venue.desk.orders if order.client_id == 99]
    assert len(ids) == len(set(ids)) == 6


def test_what_a_restarted_gateway_forgets_is_still_known(
    venue: IbkrVenue, broker: IbkrBroker
) -> None:
    submit(broker, entry())
    venue.trade("TSLA", usd(99))
    before = fills(broker)
    venue.restart()

    assert fills(recovered(broker)) == before != []
    assert (status(broker), found(broker).average_fill_price) == (OrderStatus.FILLED, usd(99))
    assert found(broker).protected_quantity == 10


def test_a_fill_that_nobody_asked_for_before_the_restart_is_kept(
    venue: IbkrVenue, broker: IbkrBroker
) -> None:
    submit(broker, entry())
    venue.trade("TSLA", usd(99))
    broker.clock()  # by now the execution has arrived
    venue.restart()

    assert traded(recovered(broker)) == [(ENTRY, 10, usd(99))]


def test_an_order_whose_trace_is_lost_is_not_called_absent(
    venue: IbkrVenue, broker: IbkrBroker
) -> None:
    submit(broker, entry(client_order_id="order:first:entry"))
    venue.server.hang_up_after = is_last_part
    with pytest.raises(OutcomeUnknownError):
        submit(broker, entry())
    venue.server.hang_up_after = lambda _: False
    venue.trade("TSLA", usd(99))
    venue.trade("TSLA", usd(95))
    venue.desk.orders.clear()
    venue.restart()
    recovered(broker)

    with pytest.raises(UnavailableError, match="settle it by hand"):
        broker.order_by_client_id(KEY)
    with pytest.raises(UnavailableError, match="settle it by hand"):
        submit(broker, entry())


# the connection


def test_nothing_is_asked_while_the_gateway_restarts(venue: IbkrVenue) -> None:
    night = parse_window("23:45-00:45")
    address = Address("127.0.0.1", venue.server.port, 98, ACCOUNT, night)
    heard = len(venue.server.requests)
    with closing(
        IbkrBroker(address, venue.folder / "night.sqlite", SHORT_S, lambda: NIGHT)
    ) as broker:
        for ask in (broker.connect, broker.positions, lambda: broker.cancel(KEY)):
            with pytest.raises(
                UnavailableError, match="restarts every night between 23:45 and 00:45"
            ):
                ask()

    assert len(venue.server.requests) == heard


def test_a_gateway_that_is_not_there_says_where_it_was_looked_for(venue: IbkrVenue) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with closing(asking(venue, port=port)) as broker:
        with pytest.raises(UnavailableError, match=rf"127\.0\.0\.1:{port} for client 99.*running"):
            broker.connect()
        with pytest.raises(UnavailableError, match="the next try is in"):
            broker.connect()


def test_pauses_between_tries_grow_and_end(venue: IbkrVenue) -> None:
    assert list(PAUSES_S) == sorted(PAUSES_S)
    assert PAUSES_S[-1] <= 30


def test_a_client_id_that_is_in_use_is_told(venue: IbkrVenue, broker: IbkrBroker) -> None:
    with (
        closing(asking(venue)) as second,
        pytest.raises(UnavailableError, match=r"already in use \(326\)"),
    ):
        second.connect()

    assert broker.clock().is_open


@pytest.mark.parametrize(
    ("served", "asked", "reason"),
    [
        ("DU1,DU2", "", "name the one to trade"),
        ("DU1", "DU2", "IBKR_ACCOUNT is DU2"),
    ],
)
def test_an_account_that_is_not_served_stops_the_desk(
    venue: IbkrVenue, served: str, asked: str, reason: str
) -> None:
    venue.desk.accounts = served
    with (
        closing(asking(venue, account=asked)) as broker,
        pytest.raises(AuthenticationError, match=reason),
    ):
        broker.connect()


def test_an_api_that_may_only_read_stops_the_desk(venue: IbkrVenue, broker: IbkrBroker) -> None:
    venue.desk.is_read_only = True

    with pytest.raises(AuthenticationError, match="switch off Read-Only API"):
        submit(broker, entry())
    venue.desk.is_read_only = False
    assert submit(broker, entry()).status is OrderStatus.ACCEPTED


def test_a_connection_that_ended_is_made_anew(venue: IbkrVenue, broker: IbkrBroker) -> None:
    submit(broker, entry())
    venue.server.drop_all()

    assert open_ids(recovered(broker)) == [KEY]
    broker.cancel(KEY)
    assert status(broker) is OrderStatus.CANCELED


def test_a_closed_broker_can_be_used_again(broker: IbkrBroker) -> None:
    submit(broker, entry())
    for _ in range(2):
        broker.close()

    assert open_ids(broker) == [KEY]


def test_no_more_than_45_messages_are_sent_in_a_second(venue: IbkrVenue) -> None:
    began = time.monotonic()
    for _ in range(95):
        venue.broker.clock()

    assert time.monotonic() - began > 1.9


def wait_for(told: Queue[TradeUpdate], name: str) -> TradeUpdate:
    """Return the next update of an order, "" for a gap."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        update = told.get(timeout=PATIENCE_S)
        if update.client_order_id == name:
            return update
    raise Empty


@pytest.fixture
def told(broker: IbkrBroker) -> Iterator[Queue[TradeUpdate]]:
    """Return what a listener hears after its first gap."""
    updates: Queue[TradeUpdate] = Queue()
    stop = Event()
    with ThreadPoolExecutor(1) as pool:
        listening = pool.submit(broker.listen, updates.put, stop)
        try:
            assert wait_for(updates, "").event == "gap"
            yield updates
        finally:
            stop.set()
            listening.result(PATIENCE_S)


def test_orders_and_fills_are_told_as_they_happen(
    venue: IbkrVenue, broker: IbkrBroker, told: Queue[TradeUpdate]
) -> None:
    submit(broker, entry())
    assert wait_for(told, KEY).event

    venue.trade("TSLA", usd(99))
    while wait_for(told, KEY).event != "fill":
        continue


def test_a_listener_reconnects_by_itself_and_tells_the_gap(
    venue: IbkrVenue, broker: IbkrBroker, told: Queue[TradeUpdate]
) -> None:
    submit(broker, entry())
    venue.server.drop_all()
    assert wait_for(told, "").event == "gap"

    venue.trade("TSLA", usd(99))
    assert wait_for(told, KEY)


def test_lost_servers_block_everything_until_they_are_found(
    venue: IbkrVenue, broker: IbkrBroker, told: Queue[TradeUpdate]
) -> None:
    venue.lose_servers()
    while not refused_with(broker, "1100"):
        continue
    with pytest.raises(UnavailableError):
        submit(broker, entry())
    assert main_orders(venue) == []

    venue.find_servers()
    assert wait_for(told, "").event == "gap"
    assert submit(broker, entry()).status is OrderStatus.ACCEPTED


def test_a_position_is_the_sum_of_its_fills_after_every_fault(
    venue: IbkrVenue, broker: IbkrBroker
) -> None:
    submit(broker, entry())
    venue.trade("TSLA", usd(99), usd(4))
    venue.server.drop_all()
    venue.trade("TSLA", usd(99), usd(3))
    recovered(broker).cancel(KEY)
    venue.restart()
    recovered(broker)
    venue.trade("TSLA", usd(95), usd(2))

    assert held(broker) == change_of(fills(broker)) == 5
