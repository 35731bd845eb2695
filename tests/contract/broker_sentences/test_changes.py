"""What every broker must do when an order is to change, to end, or to be flattened."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from core.domain.orders import (
    OrderChange,
    OrderStatus,
)
from core.errors import RejectedError
from core.ports import Broker
from tests.contract.broker_sentences.asking import (
    ENTRY,
    KEY,
    NOBODY,
    STOP,
    TARGET,
    change_of,
    entry,
    fills,
    found,
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

# replacing


def move_stop(broker: Broker, price: float) -> Any:
    return broker.replace(KEY, OrderChange(stop_price=usd(price)))


def refuses_to_replace(broker: Broker) -> bool:
    """Tell whether the broker cannot replace; then it must refuse."""
    if broker.capabilities().replace:
        return False
    refused(move_stop, broker, 97)
    return True


def test_a_moved_stop_sells_where_it_stands_now(venue: Venue, entered: Broker) -> None:
    if refuses_to_replace(entered):
        return
    move_stop(entered, 97)
    assert (stop_price(entered), found(entered).protected_quantity) == (usd(97), 10)

    venue.trade("TSLA", usd(97))
    assert traded(entered)[1:] == [(STOP, 10, usd(97))]
    assert entered.positions() == []


def test_moving_a_stop_to_where_it_stands_does_nothing(entered: Broker) -> None:
    if refuses_to_replace(entered):
        return
    first, second = move_stop(entered, 97), move_stop(entered, 97)

    assert first.legs == second.legs
    assert open_ids(entered) == [KEY]
    assert found(entered).protected_quantity == 10


def test_a_moved_stop_still_goes_when_the_target_sells(venue: Venue, entered: Broker) -> None:
    if refuses_to_replace(entered):
        return
    move_stop(entered, 97)

    venue.trade("TSLA", usd(107))
    venue.trade("TSLA", usd(97))

    assert traded(entered)[1:] == [(TARGET, 10, usd(107))]
    assert entered.open_orders() == []


def test_a_stop_beyond_the_target_is_refused_and_the_old_one_stands(entered: Broker) -> None:
    with pytest.raises(RejectedError):
        move_stop(entered, 108)

    assert stop_price(entered) == usd(95)


def test_a_moved_limit_fills_where_it_stands_now(venue: Venue, broker: Broker) -> None:
    submit(broker, entry())
    if refuses_to_replace(broker):
        return
    for _ in range(2):
        broker.replace(KEY, OrderChange(limit_price=usd(98)))
    venue.trade("TSLA", usd(99))
    assert (found(broker).limit_price, traded(broker)) == (usd(98), [])

    venue.trade("TSLA", usd(98))
    assert traded(broker) == [(ENTRY, 10, usd(98))]
    assert found(broker).protected_quantity == 10


def test_a_changed_order_is_still_the_same_order(venue: Venue, broker: Broker) -> None:
    submit(broker, entry())
    if refuses_to_replace(broker):
        return
    broker.replace(KEY, OrderChange(limit_price=usd(98)))

    assert submit(broker, entry()).limit_price == usd(98)
    assert open_ids(broker) == [KEY]


def test_the_limit_of_a_filled_entry_is_not_changed(entered: Broker) -> None:
    with pytest.raises(RejectedError):
        entered.replace(KEY, OrderChange(limit_price=usd(98)))


def test_the_stop_of_a_closed_position_is_not_changed(venue: Venue, entered: Broker) -> None:
    venue.trade("TSLA", usd(107))

    with pytest.raises(RejectedError):
        move_stop(entered, 97)


@pytest.mark.parametrize(
    "change", [OrderChange(stop_price=usd(97)), OrderChange(limit_price=usd(98))]
)
def test_a_cancelled_order_is_not_changed(broker: Broker, change: OrderChange) -> None:
    submit(broker, entry())
    broker.cancel(KEY)

    with pytest.raises(RejectedError):
        broker.replace(KEY, change)


def test_an_unknown_order_is_not_changed(broker: Broker) -> None:
    with pytest.raises(RejectedError):
        broker.replace(NOBODY, OrderChange(stop_price=usd(97)))


# cancelling


def test_a_cancelled_order_is_not_open(broker: Broker) -> None:
    submit(broker, entry())

    broker.cancel(KEY)

    assert (status(broker), open_ids(broker)) == (OrderStatus.CANCELED, [])


def test_a_cancelled_entry_does_not_fill(venue: Venue, broker: Broker) -> None:
    submit(broker, entry())
    broker.cancel(KEY)

    venue.trade("TSLA", usd(99))

    assert (traded(broker), held(broker)) == ([], 0)


def test_cancelling_again_or_what_is_unknown_does_nothing(broker: Broker) -> None:
    submit(broker, entry())
    for key in (KEY, KEY, NOBODY):
        broker.cancel(key)

    assert status(broker) is OrderStatus.CANCELED


def test_a_cancel_that_comes_too_late_leaves_the_protection(venue: Venue, entered: Broker) -> None:
    entered.cancel(KEY)

    assert status(entered) is OrderStatus.FILLED
    assert found(entered).protected_quantity == 10
    venue.trade("TSLA", usd(95))
    assert traded(entered)[1:] == [(STOP, 10, usd(95))]


def test_cancelling_a_closed_position_does_nothing(venue: Venue, entered: Broker) -> None:
    venue.trade("TSLA", usd(107))

    entered.cancel(KEY)

    assert (status(entered), len(traded(entered))) == (OrderStatus.FILLED, 2)


def test_fills_from_before_a_cancel_are_told_after_it(venue: Venue, broker: Broker) -> None:
    submit(broker, entry())
    cursor = broker.fills_since("")[1]
    venue.trade("TSLA", usd(99), Decimal(4))
    broker.cancel(KEY)

    assert [(fill.leg, fill.quantity) for fill in fills(broker, cursor)] == [(ENTRY, 4)]


# closing


def test_closing_a_position_flattens_it_once(venue: Venue, entered: Broker) -> None:
    venue.trade("TSLA", usd(101))
    for _ in range(2):
        entered.close_position(KEY, "the plan has ended")
        venue.trade("TSLA", usd(101))

    (_, (leg, shares, price)) = traded(entered)
    assert (shares, price) == (10, usd(101))
    assert leg not in {ENTRY, STOP, TARGET}
    assert entered.positions() == []


def test_a_closed_position_has_no_exits_left(venue: Venue, entered: Broker) -> None:
    entered.close_position(KEY, "the plan has ended")
    for price in (99, 95, 107):
        venue.trade("TSLA", usd(price))

    assert len(traded(entered)) == 2
    assert (held(entered), entered.open_orders()) == (0, [])


def test_closing_a_partly_filled_entry_leaves_nothing(venue: Venue, broker: Broker) -> None:
    submit(broker, entry())
    venue.trade("TSLA", usd(99), Decimal(4))

    broker.cancel(KEY)
    broker.close_position(KEY, "the plan has ended")
    for price in (99, 95):
        venue.trade("TSLA", usd(price))

    assert change_of(fills(broker)) == held(broker) == 0
    assert broker.open_orders() == []


def test_closing_after_a_take_profit_sells_the_rest(venue: Venue, entered: Broker) -> None:
    venue.trade("TSLA", usd(107), Decimal(4))

    entered.close_position(KEY, "the plan has ended")
    venue.trade("TSLA", usd(106))

    assert change_of(fills(entered)) == held(entered) == 0
    assert entered.open_orders() == []


def test_closing_what_is_unknown_or_never_entered_trades_nothing(
    venue: Venue, broker: Broker
) -> None:
    submit(broker, entry())
    broker.cancel(KEY)
    for key in (KEY, NOBODY):
        broker.close_position(key, "the plan has ended")
    venue.trade("TSLA", usd(99))

    assert (fills(broker), held(broker)) == ([], 0)


def test_closing_one_order_leaves_the_shares_of_another(venue: Venue, entered: Broker) -> None:
    submit(entered, entry(client_order_id="order:2:entry"))
    venue.trade("TSLA", usd(99))

    entered.close_position(KEY, "the plan has ended")
    venue.trade("TSLA", usd(99))

    assert (held(entered), found(entered, "order:2:entry").protected_quantity) == (10, 10)
    assert open_ids(entered) == ["order:2:entry"]
