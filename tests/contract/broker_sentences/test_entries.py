"""What every broker must do with an entry and its protection, filled whole or in part."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.domain.orders import OrderStatus
from core.errors import RejectedError
from core.ports import Broker
from tests.contract.broker_sentences.asking import (
    BUY,
    ENTRY,
    KEY,
    SELL,
    STOP,
    TARGET,
    at_market,
    cost_of,
    entry,
    fills,
    found,
    halves,
    held,
    open_ids,
    refused,
    status,
    stop_price,
    submit,
    traded,
    usd,
)
from tests.contract.venue import Venue

# entries and their protection


def test_an_entry_that_is_not_reached_waits(venue: Venue, broker: Broker) -> None:
    submit(broker, entry())

    venue.trade("TSLA", usd(99.01))

    assert (status(broker), traded(broker), held(broker)) == (OrderStatus.ACCEPTED, [], 0)


def test_an_entry_that_is_reached_fills(entered: Broker) -> None:
    order = found(entered)

    assert (order.status, order.filled_quantity) == (OrderStatus.FILLED, 10)
    assert order.average_fill_price == usd(99)
    assert traded(entered) == [(ENTRY, 10, usd(99))]


def test_a_market_entry_fills_at_the_next_trade(venue: Venue, broker: Broker) -> None:
    submit(broker, at_market())

    venue.trade("TSLA", usd(101))

    assert traded(broker) == [(ENTRY, 10, usd(101))]
    assert found(broker).protected_quantity == 10


def test_a_position_tells_what_it_holds_and_what_it_paid(venue: Venue, entered: Broker) -> None:
    venue.trade("TSLA", usd(101))

    (position,) = entered.positions()
    assert (position.symbol, position.quantity) == ("TSLA", 10)
    assert (position.average_entry_price, position.last_price) == (usd(99), usd(101))
    assert position.unrealized_pnl == 20


def test_cash_falls_by_what_fills_cost(venue: Venue, broker: Broker) -> None:
    before = broker.account().cash
    submit(broker, entry())
    venue.trade("TSLA", usd(99))

    account = broker.account()
    assert account.cash == before - cost_of(fills(broker))
    assert account.equity == account.cash + 10 * 99


def test_a_filled_entry_is_protected_whole(entered: Broker) -> None:
    order = found(entered)

    assert (order.protected_quantity, stop_price(entered)) == (10, usd(95))


def test_an_entry_is_listed_for_as_long_as_its_exits_work(venue: Venue, entered: Broker) -> None:
    (order,) = entered.open_orders()
    assert (order.client_order_id, order.status) == (KEY, OrderStatus.FILLED)
    assert {leg.leg for leg in order.open_legs} == {STOP, TARGET}

    venue.trade("TSLA", usd(107))
    assert entered.open_orders() == []


def test_the_stop_sells_at_the_price_that_reaches_it(venue: Venue, entered: Broker) -> None:
    venue.trade("TSLA", usd(94.5))

    assert traded(entered) == [(ENTRY, 10, usd(99)), (STOP, 10, usd(94.5))]
    assert entered.positions() == []


def test_the_target_sells_at_its_price(venue: Venue, entered: Broker) -> None:
    venue.trade("TSLA", usd(107))

    assert traded(entered) == [(ENTRY, 10, usd(99)), (TARGET, 10, usd(107))]
    assert entered.positions() == []


def test_fills_of_exits_carry_the_id_of_the_entry(venue: Venue, entered: Broker) -> None:
    venue.trade("TSLA", usd(95))

    assert [(f.client_order_id, f.side) for f in fills(entered)] == [(KEY, BUY), (KEY, SELL)]


@pytest.mark.parametrize(("first", "later"), [(95, 107), (107, 95)])
def test_the_exit_that_comes_first_takes_the_other_away(
    venue: Venue, entered: Broker, first: float, later: float
) -> None:
    venue.trade("TSLA", usd(first))
    venue.trade("TSLA", usd(later))

    assert len(traded(entered)) == 2
    assert (held(entered), entered.open_orders()) == (0, [])


def test_each_take_profit_sells_its_part_at_its_price(venue: Venue, broker: Broker) -> None:
    if not broker.capabilities().several_take_profits:
        with pytest.raises(RejectedError):
            submit(broker, halves())
        return
    submit(broker, halves())
    for price in (99, 103, 107):
        venue.trade("TSLA", usd(price))

    assert traded(broker)[1:] == [(TARGET, 5, usd(103)), (TARGET, 5, usd(107))]
    assert (held(broker), broker.open_orders()) == (0, [])


def test_after_a_take_profit_the_stop_holds_the_rest(venue: Venue, broker: Broker) -> None:
    if not broker.capabilities().several_take_profits:
        refused(submit, broker, halves())
        return
    submit(broker, halves())
    for price in (99, 103):
        venue.trade("TSLA", usd(price))
    assert found(broker).protected_quantity == held(broker) == 5

    venue.trade("TSLA", usd(95))
    assert traded(broker)[1:] == [(TARGET, 5, usd(103)), (STOP, 5, usd(95))]


def test_a_short_entry_is_the_mirror_image(venue: Venue, broker: Broker) -> None:
    if not broker.capabilities().short:
        refused(submit, broker, entry(SELL))
        return
    submit(broker, entry(SELL))
    venue.trade("TSLA", usd(101))
    (position,) = broker.positions()
    assert (position.quantity, position.average_entry_price) == (-10, usd(101))

    venue.trade("TSLA", usd(105))
    assert traded(broker) == [(ENTRY, 10, usd(101)), (STOP, 10, usd(105))]
    assert broker.positions() == []


def test_a_short_position_gains_when_the_price_falls(venue: Venue, broker: Broker) -> None:
    if not broker.capabilities().short:
        refused(submit, broker, entry(SELL))
        return
    before = broker.account().equity
    submit(broker, entry(SELL))
    for price in (101, 96):
        venue.trade("TSLA", usd(price))

    assert broker.positions()[0].unrealized_pnl == 50
    assert broker.account().equity == before + 50 - sum(fill.fees for fill in fills(broker))


# partial fills


def test_a_trade_of_few_shares_fills_a_part(venue: Venue, broker: Broker) -> None:
    submit(broker, entry())

    venue.trade("TSLA", usd(99), Decimal(4))

    order = found(broker)
    assert (order.status, order.filled_quantity) == (OrderStatus.PARTIALLY_FILLED, 4)
    assert (held(broker), open_ids(broker)) == (4, [KEY])


def test_the_rest_of_an_entry_goes_on_working(venue: Venue, broker: Broker) -> None:
    submit(broker, entry())
    venue.trade("TSLA", usd(99), Decimal(4))
    venue.trade("TSLA", usd(99), Decimal(6))

    order = found(broker)
    assert (order.status, order.filled_quantity) == (OrderStatus.FILLED, 10)
    assert order.protected_quantity == held(broker) == 10


def test_a_partly_filled_entry_that_is_cancelled_protects_what_it_holds(
    venue: Venue, broker: Broker
) -> None:
    submit(broker, entry())
    venue.trade("TSLA", usd(99), Decimal(4))

    broker.cancel(KEY)
    venue.trade("TSLA", usd(98.9))

    order = found(broker)
    assert (order.status, order.filled_quantity) == (OrderStatus.CANCELED, 4)
    assert order.protected_quantity == held(broker) == 4


def test_the_protection_of_a_part_sells_that_part(venue: Venue, broker: Broker) -> None:
    submit(broker, entry())
    venue.trade("TSLA", usd(99), Decimal(4))
    broker.cancel(KEY)

    venue.trade("TSLA", usd(95))

    assert traded(broker) == [(ENTRY, 4, usd(99)), (STOP, 4, usd(95))]
    assert broker.positions() == []


def test_a_stop_that_sold_a_part_sells_the_rest_at_the_next_trade(
    venue: Venue, entered: Broker
) -> None:
    venue.trade("TSLA", usd(95), Decimal(4))
    venue.trade("TSLA", usd(96))

    assert traded(entered)[1:] == [(STOP, 4, usd(95)), (STOP, 6, usd(96))]
    assert entered.positions() == []


def test_a_target_that_sold_a_part_leaves_the_rest_protected(venue: Venue, entered: Broker) -> None:
    venue.trade("TSLA", usd(107), Decimal(4))

    assert found(entered).protected_quantity == held(entered) == 6
