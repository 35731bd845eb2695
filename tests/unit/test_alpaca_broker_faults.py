"""Alpaca's broker when the way to Alpaca fails: one request a call, and the truth afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pytest_httpserver import HTTPServer

from core.adapters.brokers.alpaca import AlpacaBroker
from core.adapters.brokers.alpaca.client import Timeouts
from core.domain.orders import OrderChange, OrderStatus
from core.errors import (
    AdapterError,
    AuthenticationError,
    OutcomeUnknownError,
    RejectedError,
    UnavailableError,
    UnexpectedResponseError,
)
from tests.contract.broker_sentences.asking import (
    ENTRY,
    KEY,
    STOP,
    entry,
    found,
    held,
    many,
    open_ids,
    stop_price,
    submit,
    traded,
    usd,
)
from tests.contract.stubs import brokers_alpaca
from tests.contract.stubs.alpaca.faults import Fault
from tests.contract.stubs.alpaca.rules import take
from tests.contract.stubs.brokers_alpaca import KEYS, AlpacaVenue

IMPATIENT = Timeouts(read=0.3, settle=2, pause=0.02)
UNKNOWN = [
    Fault.GATEWAY_AFTER, Fault.GATEWAY_BEFORE, Fault.ERROR_AFTER, Fault.ERROR_BEFORE,
    Fault.EMPTY_AFTER, Fault.HTML_AFTER, Fault.OTHER_SHAPE_AFTER, Fault.HANG_AFTER,
    Fault.HANG_BEFORE, Fault.RESET_AFTER, Fault.RESET_BEFORE,
]  # fmt: skip
ORDERS, ONE = "/v2/orders", "/v2/orders/"


@pytest.fixture
def venue(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[AlpacaVenue]:
    made = brokers_alpaca.install(httpserver, monkeypatch)
    made.broker = made.reconnect(IMPATIENT)
    yield made
    made.broker.close()
    assert made.service.violations == []


@pytest.fixture
def entered(venue: AlpacaVenue) -> AlpacaBroker:
    submit(venue.broker, entry())
    venue.trade("TSLA", usd(99))
    return venue.broker


def orders_at_alpaca(venue: AlpacaVenue, key: str = KEY) -> int:
    return sum(order.client_order_id == key for order in venue.exchange.orders)


# submitting


@pytest.mark.parametrize("fault", UNKNOWN)
def test_a_submit_without_a_clear_answer_is_sent_once_and_found(
    venue: AlpacaVenue, fault: Fault
) -> None:
    venue.service.faults.next(fault)

    with pytest.raises(OutcomeUnknownError):
        submit(venue.broker, entry())

    assert venue.service.count("POST") == 1
    known = venue.broker.order_by_client_id(KEY)
    assert (known is not None) is fault.value.is_done
    assert known is None or known.status is OrderStatus.ACCEPTED


@pytest.mark.parametrize("fault", UNKNOWN)
def test_asked_again_after_any_of_these_there_is_one_order(
    venue: AlpacaVenue, fault: Fault
) -> None:
    venue.service.faults.next(fault)
    with pytest.raises(OutcomeUnknownError):
        submit(venue.broker, entry())

    assert submit(venue.broker, entry()).client_order_id == KEY

    assert (orders_at_alpaca(venue), open_ids(venue.broker)) == (1, [KEY])


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.TOO_MANY, UnavailableError),
        (Fault.KEYS_REFUSED, AuthenticationError),
        (Fault.FORBIDDEN, AuthenticationError),
    ],
)
def test_what_was_surely_not_done_is_said_so(
    venue: AlpacaVenue, fault: Fault, error: type[AdapterError]
) -> None:
    venue.service.faults.next(fault)

    with pytest.raises(error) as raised:
        submit(venue.broker, entry())

    assert type(raised.value) is error
    assert (venue.service.count("POST"), orders_at_alpaca(venue)) == (1, 0)


def test_a_refused_connection_is_surely_not_done() -> None:
    away = AlpacaBroker(KEYS, "http://127.0.0.1:9", timeouts=IMPATIENT)

    with pytest.raises(UnavailableError):
        away.submit(entry(), datetime.now(UTC))


def test_a_slow_answer_is_waited_for(venue: AlpacaVenue) -> None:
    venue.service.faults.next(Fault.SLOW)

    assert submit(venue.broker, entry()).client_order_id == KEY


def test_after_a_limit_nothing_is_asked_until_the_named_moment(venue: AlpacaVenue) -> None:
    venue.service.faults.next(Fault.TOO_MANY_FOR_A_MINUTE)
    with pytest.raises(UnavailableError, match="wait 60 s"):
        submit(venue.broker, entry())
    asked = len(venue.service.requests)

    for action in (venue.broker.account, venue.broker.open_orders):
        with pytest.raises(UnavailableError, match="its limit holds"):
            action()
    assert len(venue.service.requests) == asked


def test_a_limit_without_a_moment_may_be_tried_again(venue: AlpacaVenue) -> None:
    venue.service.faults.next(Fault.TOO_MANY)
    with pytest.raises(UnavailableError):
        submit(venue.broker, entry())

    assert submit(venue.broker, entry()).client_order_id == KEY


def test_a_refusal_tells_alpacas_code_and_words(venue: AlpacaVenue) -> None:
    with pytest.raises(RejectedError, match=r"403, 40310000: insufficient buying power"):
        submit(venue.broker, many(9_000))


# reading

READS: list[tuple[str, Callable[[AlpacaBroker], object]]] = [
    ("/v2/account", AlpacaBroker.account),
    ("/v2/positions", AlpacaBroker.positions),
    ("/v2/clock", AlpacaBroker.clock),
    ("/v2/orders", AlpacaBroker.open_orders),
    ("/v2/orders:by_client_order_id", lambda broker: broker.order_by_client_id(KEY)),
    ("/v2/account/activities", lambda broker: broker.fills_since("")),
    ("/v2/assets", lambda broker: broker.asset("TSLA")),
]


@pytest.mark.parametrize(
    "fault",
    [
        Fault.GATEWAY_BEFORE, Fault.ERROR_BEFORE, Fault.TOO_MANY, Fault.HTML_AFTER,
        Fault.EMPTY_AFTER, Fault.HANG_BEFORE, Fault.RESET_BEFORE,
    ],
)  # fmt: skip
@pytest.mark.parametrize(("path", "read"), READS, ids=[path for path, _ in READS])
def test_a_read_that_fails_is_never_nothing(
    venue: AlpacaVenue, path: str, read: Callable[[AlpacaBroker], object], fault: Fault
) -> None:
    venue.service.faults.next(fault, on=f"GET {path}")

    with pytest.raises(UnavailableError):
        read(venue.broker)

    read(venue.broker)


def test_an_answer_of_another_shape_is_an_error(venue: AlpacaVenue) -> None:
    venue.service.faults.next(Fault.OTHER_SHAPE_AFTER, on="GET /v2/account")

    with pytest.raises(UnexpectedResponseError):
        venue.broker.account()


def test_a_proxy_that_finds_nothing_is_no_proof_of_absence(venue: AlpacaVenue) -> None:
    venue.service.faults.next(Fault.NOT_FOUND_BY_A_PROXY, on="GET /v2/orders:by_client_order_id")

    with pytest.raises(UnavailableError):
        venue.broker.order_by_client_id(KEY)


def test_a_proxy_that_finds_nothing_has_refused_no_order(venue: AlpacaVenue) -> None:
    venue.service.faults.next(Fault.NOT_FOUND_BY_A_PROXY)

    with pytest.raises(OutcomeUnknownError):
        submit(venue.broker, entry())


# cancelling and closing


def test_a_cancel_that_loses_the_race_leaves_a_protected_position(venue: AlpacaVenue) -> None:
    submit(venue.broker, entry())
    venue.service.meanwhile(f"DELETE {ONE}", lambda: venue.trade("TSLA", usd(99)))

    venue.broker.cancel(KEY)

    order = found(venue.broker)
    assert (order.status, order.protected_quantity) == (OrderStatus.FILLED, 10)


def test_a_fill_while_the_cancel_is_under_way_is_protected(venue: AlpacaVenue) -> None:
    submit(venue.broker, entry())
    venue.service.slow_cancels = 3
    venue.service.meanwhile(f"GET {ONE}", lambda: None)
    venue.service.meanwhile(f"GET {ONE}", lambda: venue.trade("TSLA", usd(99), Decimal(4)))

    venue.broker.cancel(KEY)

    order = found(venue.broker)
    assert (order.status, order.filled_quantity) == (OrderStatus.CANCELED, 4)
    assert order.protected_quantity == held(venue.broker) == 4


def test_a_cancel_that_takes_too_long_is_unclear_and_may_be_asked_again(
    venue: AlpacaVenue,
) -> None:
    submit(venue.broker, entry())
    venue.service.slow_cancels = 10_000
    venue.broker = venue.reconnect(Timeouts(settle=0.05, pause=0.02))
    with pytest.raises(OutcomeUnknownError, match="still being cancelled"):
        venue.broker.cancel(KEY)
    assert found(venue.broker).status is OrderStatus.PENDING_CANCEL

    venue.exchange.cancel(venue.exchange.orders[0].id)
    venue.broker.cancel(KEY)
    assert found(venue.broker).status is OrderStatus.CANCELED


def test_a_cancel_without_an_answer_is_unclear(venue: AlpacaVenue) -> None:
    submit(venue.broker, entry())
    venue.service.faults.next(Fault.GATEWAY_AFTER, on=f"DELETE {ONE}")

    with pytest.raises(OutcomeUnknownError):
        venue.broker.cancel(KEY)

    venue.broker.cancel(KEY)
    assert found(venue.broker).status is OrderStatus.CANCELED


@pytest.mark.parametrize("fault", [Fault.GATEWAY_BEFORE, Fault.GATEWAY_AFTER])
def test_what_a_cancelled_part_lost_its_protection_by_gets_it_back_once(
    venue: AlpacaVenue, fault: Fault
) -> None:
    submit(venue.broker, entry())
    venue.trade("TSLA", usd(99), Decimal(4))
    venue.service.faults.next(fault)
    with pytest.raises(OutcomeUnknownError):
        venue.broker.cancel(KEY)

    for _ in range(2):
        venue.broker.cancel(KEY)

    assert found(venue.broker).protected_quantity == 4
    assert orders_at_alpaca(venue, f"{KEY}:exits") == 1


def test_what_another_process_sends_for_an_entry_is_not_sent_again(venue: AlpacaVenue) -> None:
    submit(venue.broker, entry())
    venue.trade("TSLA", usd(99), Decimal(4))
    pair = {
        "client_order_id": f"{KEY}:exits", "symbol": "TSLA", "side": "sell", "qty": 4,
        "type": "limit", "time_in_force": "gtc", "order_class": "oco",
        "take_profit": {"limit_price": 107}, "stop_loss": {"stop_price": 95},
    }  # fmt: skip
    venue.service.meanwhile(f"POST {ORDERS}", lambda: take(venue.exchange, pair))

    venue.broker.cancel(KEY)

    assert orders_at_alpaca(venue, f"{KEY}:exits") == 1
    assert found(venue.broker).protected_quantity == 4


def test_a_part_whose_stop_is_reached_already_is_sold(venue: AlpacaVenue) -> None:
    submit(venue.broker, entry())
    venue.trade("TSLA", usd(94), Decimal(4))

    venue.broker.cancel(KEY)
    venue.trade("TSLA", usd(94))

    assert (held(venue.broker), venue.broker.open_orders()) == (0, [])
    assert traded(venue.broker)[0] == (ENTRY, 4, usd(94))


@pytest.mark.parametrize("fault", UNKNOWN)
def test_a_close_without_an_answer_sells_once(venue: AlpacaVenue, fault: Fault) -> None:
    submit(venue.broker, entry())
    venue.trade("TSLA", usd(99))
    venue.service.faults.next(fault)
    with pytest.raises(OutcomeUnknownError):
        venue.broker.close_position(KEY, "test")

    venue.broker.close_position(KEY, "test")
    venue.trade("TSLA", usd(101))
    venue.broker.close_position(KEY, "test")

    assert (held(venue.broker), venue.broker.open_orders()) == (0, [])
    assert orders_at_alpaca(venue, f"{KEY}:close") == 1


def test_a_stop_that_sells_during_the_close_is_not_sold_again(
    venue: AlpacaVenue, entered: AlpacaBroker
) -> None:
    venue.service.meanwhile(f"DELETE {ONE}", lambda: venue.trade("TSLA", usd(95)))

    entered.close_position(KEY, "test")
    venue.trade("TSLA", usd(95))

    assert traded(entered)[1:] == [(STOP, 10, usd(95))]
    assert held(entered) == 0


def test_an_entry_that_fills_during_the_close_is_sold_whole(venue: AlpacaVenue) -> None:
    submit(venue.broker, entry())
    venue.trade("TSLA", usd(99), Decimal(4))
    venue.service.meanwhile(f"DELETE {ONE}", lambda: venue.trade("TSLA", usd(99)))

    venue.broker.close_position(KEY, "test")
    venue.trade("TSLA", usd(99))

    assert (held(venue.broker), venue.broker.open_orders()) == (0, [])


def test_a_close_that_expired_is_sent_again_for_what_is_left(
    venue: AlpacaVenue, entered: AlpacaBroker
) -> None:
    entered.close_position(KEY, "test")
    venue.trade("TSLA", usd(99), Decimal(3))
    venue.end_session()
    assert (held(entered), found(entered).is_working) == (7, False)

    entered.close_position(KEY, "test")
    venue.trade("TSLA", usd(98))

    assert (held(entered), found(entered).is_working) == (0, False)


# replacing


@pytest.mark.parametrize("fault", [Fault.GATEWAY_AFTER, Fault.EMPTY_AFTER, Fault.RESET_AFTER])
def test_a_moved_stop_without_an_answer_stands_once(
    venue: AlpacaVenue, entered: AlpacaBroker, fault: Fault
) -> None:
    venue.service.faults.next(fault, on=f"PATCH {ONE}")
    with pytest.raises(OutcomeUnknownError):
        entered.replace(KEY, OrderChange(stop_price=usd(97)))

    entered.replace(KEY, OrderChange(stop_price=usd(97)))

    assert stop_price(entered) == usd(97)
    assert sum(request.startswith("PATCH") for request in venue.service.requests) == 1


def test_a_switch_without_an_answer_is_unclear(venue: AlpacaVenue) -> None:
    venue.service.faults.next(Fault.HTML_AFTER, on="PATCH /v2/account/configurations")

    with pytest.raises(OutcomeUnknownError):
        venue.broker.suspend()

    assert venue.broker.account().blocked == "trading is suspended"
