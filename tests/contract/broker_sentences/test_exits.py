"""What every broker must do with exits of their own, sessions, halts and its switch."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal

import pytest

from core.domain.orders import (
    OrderKind,
    OrderRequest,
    OrderStatus,
    TimeInForce,
)
from core.domain.trading import FillLeg
from core.errors import RejectedError
from core.ports import Broker
from tests.contract.broker_sentences.asking import (
    EXIT,
    KEY,
    STOP,
    TARGET,
    either,
    entry,
    found,
    held,
    open_ids,
    refused,
    status,
    submit,
    traded,
    usd,
    way_out,
)
from tests.contract.venue import Venue

# exits that are orders of their own


def test_an_exit_at_market_flattens(venue: Venue, naked: Broker) -> None:
    submit(naked, way_out())

    venue.trade("TSLA", usd(101))

    assert traded(naked, EXIT) == [(FillLeg.EXIT, 10, usd(101))]
    assert (status(naked, EXIT), naked.positions()) == (OrderStatus.FILLED, [])


@pytest.mark.parametrize(
    ("request_", "waits_at", "sells_at"),
    [
        (way_out(kind=OrderKind.LIMIT, limit_price=usd(104)), 103.99, 104),
        (way_out(kind=OrderKind.STOP, stop_price=usd(96)), 96.01, 96),
        (
            way_out(kind=OrderKind.STOP_LIMIT, stop_price=usd(96), limit_price=usd(95)),
            96.01,
            96,
        ),
    ],
    ids=["limit", "stop", "stop limit"],
)
def test_an_exit_waits_for_its_price(
    venue: Venue, naked: Broker, request_: OrderRequest, waits_at: float, sells_at: float
) -> None:
    submit(naked, request_)
    venue.trade("TSLA", usd(waits_at))
    assert (held(naked), open_ids(naked)) == (10, [EXIT])

    venue.trade("TSLA", usd(sells_at))
    assert traded(naked, EXIT) == [(FillLeg.EXIT, 10, usd(sells_at))]
    assert (naked.positions(), naked.open_orders()) == ([], [])


def test_an_exit_that_is_cancelled_leaves_the_position(venue: Venue, naked: Broker) -> None:
    submit(naked, way_out(kind=OrderKind.STOP, stop_price=usd(96)))
    naked.cancel(EXIT)

    venue.trade("TSLA", usd(96))

    assert (held(naked), traded(naked, EXIT)) == (10, [])


@pytest.mark.parametrize(("price", "leg"), [(95, STOP), (107, TARGET)])
def test_one_of_two_exits_sells_and_takes_the_other_away(
    venue: Venue, naked: Broker, price: float, leg: FillLeg
) -> None:
    if not naked.capabilities().oco:
        refused(submit, naked, either())
        return
    submit(naked, either())
    assert found(naked, EXIT).protected_quantity == 10

    for each in (price, 95, 107):
        venue.trade("TSLA", usd(each))
    assert traded(naked, EXIT) == [(leg, 10, usd(price))]
    assert (naked.positions(), naked.open_orders()) == ([], [])


def test_cancelling_one_of_two_exits_cancels_both(venue: Venue, naked: Broker) -> None:
    if not naked.capabilities().oco:
        refused(submit, naked, either())
        return
    submit(naked, either())
    naked.cancel(EXIT)

    for price in (95, 107):
        venue.trade("TSLA", usd(price))
    assert (held(naked), naked.open_orders()) == (10, [])


@pytest.mark.parametrize("trail", [{"trail_usd": usd(3)}, {"trail_fraction": usd(0.03)}])
def test_a_trailing_exit_follows_the_price_up_and_sells(
    venue: Venue, naked: Broker, trail: dict[str, Decimal]
) -> None:
    request = way_out(kind=OrderKind.TRAILING_STOP, **trail)
    if not naked.capabilities().trailing:
        refused(submit, naked, request)
        return
    venue.trade("TSLA", usd(100))
    submit(naked, request)
    for price in (98, 110, 107.5, 112):
        venue.trade("TSLA", usd(price))
    assert (held(naked), open_ids(naked)) == (10, [EXIT])

    venue.trade("TSLA", usd(108.5))
    assert traded(naked, EXIT) == [(FillLeg.EXIT, 10, usd(108.5))]


# sessions and halts


def test_a_day_entry_ends_with_its_session(venue: Venue, broker: Broker) -> None:
    submit(broker, entry(time_in_force=TimeInForce.DAY))

    venue.end_session()
    venue.trade("TSLA", usd(99))

    assert (status(broker), traded(broker)) == (OrderStatus.EXPIRED, [])
    assert open_ids(broker) == []


def test_an_entry_that_is_good_till_cancelled_fills_in_a_later_session(
    venue: Venue, broker: Broker
) -> None:
    submit(broker, entry())

    venue.end_session()
    assert status(broker) is OrderStatus.ACCEPTED
    venue.trade("TSLA", usd(99))

    assert status(broker) is OrderStatus.FILLED


def test_the_protection_outlives_the_session(venue: Venue, entered: Broker) -> None:
    venue.end_session()
    assert found(entered).protected_quantity == 10

    venue.trade("TSLA", usd(95))
    assert traded(entered)[1:] == [(STOP, 10, usd(95))]


def test_a_halted_symbol_does_not_trade(venue: Venue, entered: Broker) -> None:
    venue.halt("TSLA")
    venue.trade("TSLA", usd(95))
    assert held(entered) == 10

    venue.open("TSLA")
    venue.trade("TSLA", usd(94))
    assert traded(entered)[1:] == [(STOP, 10, usd(94))]


def test_a_halted_symbol_is_not_ordered(venue: Venue, broker: Broker) -> None:
    venue.halt("TSLA")

    with pytest.raises(RejectedError):
        submit(broker, entry())

    venue.open("TSLA")
    assert submit(broker, entry()).status is OrderStatus.ACCEPTED


# the switch at the broker


def test_a_suspended_account_refuses_every_new_order(venue: Venue, naked: Broker) -> None:
    if not naked.capabilities().suspend:
        refused(naked.suspend)
        return
    naked.suspend()
    for request in (entry(), way_out()):
        refused(submit, naked, request)
    assert naked.account().blocked

    venue.trade("TSLA", usd(99))
    assert held(naked) == 10


def test_a_suspended_account_still_cancels(broker: Broker) -> None:
    if not broker.capabilities().suspend:
        refused(broker.suspend)
        return
    submit(broker, entry())
    broker.suspend()

    broker.cancel(KEY)

    assert status(broker) is OrderStatus.CANCELED


def test_a_resumed_account_trades_again(venue: Venue, broker: Broker) -> None:
    if not broker.capabilities().suspend:
        refused(broker.resume)
        return
    for change in (broker.suspend, broker.suspend, broker.resume, broker.resume):
        change()

    with closing(venue.reconnect()) as again:
        assert again.account().blocked == ""
        assert submit(again, entry()).status is OrderStatus.ACCEPTED
