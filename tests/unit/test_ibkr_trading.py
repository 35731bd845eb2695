"""What IBKR's adapter makes of fills, exits, other people's orders and random faults."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.adapters.brokers.ibkr import IbkrBroker, connection, lookup
from core.adapters.brokers.ibkr.address import Address
from core.domain.orders import OrderChange, OrderKind, OrderRequest, OrderStatus, Purpose
from core.domain.trading import FillLeg, OrderSide
from core.errors import OutcomeUnknownError, RejectedError, UnavailableError
from tests.contract.broker_sentences.asking import (
    BUY,
    ENTRY,
    KEY,
    SELL,
    STOP,
    bracket,
    entry,
    fills,
    found,
    held,
    open_ids,
    status,
    stop_price,
    submit,
    traded,
    usd,
    way_out,
)
from tests.contract.stubs.brokers_ibkr import ACCOUNT, IbkrVenue
from tests.contract.stubs.exchange import Start
from tests.contract.stubs.exchange_orders import ExchangeOrder

pytestmark = pytest.mark.wire

OTHER = "order:2:entry"


@pytest.fixture(params=Start)
def venue(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[IbkrVenue]:
    """Return a market where exits start with the first, or with the last share of their entry."""
    monkeypatch.setattr(connection, "MESSAGES_A_SECOND", 0)
    made = IbkrVenue(request.param)
    yield made
    made.broker.close()


@pytest.fixture
def broker(venue: IbkrVenue) -> IbkrBroker:
    return venue.broker


def another(venue: IbkrVenue, client_id: int, path: Path) -> IbkrBroker:
    address = Address("127.0.0.1", venue.server.port, client_id, ACCOUNT)
    return IbkrBroker(address, path, patience_s=1)


def late_fill(venue: IbkrVenue, shares: int, price: float) -> None:
    """Let an order of ours trade although its cancel was confirmed."""
    order = next(one.order for one in venue.desk.orders if one.ref == KEY)
    assert order is not None
    venue.exchange._fill(order, Decimal(shares), usd(price))


# protection


def test_what_a_cancelled_entry_holds_is_protected_to_the_share(
    venue: IbkrVenue, broker: IbkrBroker
) -> None:
    submit(broker, entry())
    venue.trade("TSLA", usd(99), usd(4))
    broker.cancel(KEY)

    order = found(broker)
    assert (order.status, order.protected_quantity) == (OrderStatus.CANCELED, 4)
    assert {leg.leg for leg in order.open_legs} == {STOP, FillLeg.TARGET}
    venue.trade("TSLA", usd(107))
    assert (held(broker), broker.open_orders()) == (0, [])


def test_new_exits_stand_where_the_stop_was_moved_to(venue: IbkrVenue, broker: IbkrBroker) -> None:
    submit(broker, entry())
    broker.replace(KEY, OrderChange(stop_price=usd(96.5)))
    venue.trade("TSLA", usd(99), usd(4))
    broker.cancel(KEY)

    assert stop_price(broker) == usd(96.5)
    assert found(broker).bracket == bracket(96.5, (107, 10))


def test_a_fill_after_the_cancel_is_told_and_leaves_no_doubt(
    venue: IbkrVenue, broker: IbkrBroker
) -> None:
    submit(broker, entry())
    broker.cancel(KEY)
    late_fill(venue, 3, 99)

    order = found(broker)
    assert (order.status, order.filled_quantity) == (OrderStatus.CANCELED, 3)
    assert traded(broker) == [(ENTRY, 3, usd(99))]
    assert held(broker) == 3
    broker.close_position(KEY, "it was not wanted")
    venue.trade("TSLA", usd(98))
    assert held(broker) == 0


def test_a_cancel_that_loses_the_race_leaves_a_protected_position(
    venue: IbkrVenue, broker: IbkrBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(broker, entry())
    hears = venue.desk.handle

    def fills_first(client_id: int, fields: Any) -> Any:
        if fields[0] == "4":
            venue.trade("TSLA", usd(99))
        return hears(client_id, fields)

    monkeypatch.setattr(venue.desk, "handle", fills_first)
    broker.cancel(KEY)

    order = found(broker)
    assert (order.status, order.protected_quantity) == (OrderStatus.FILLED, 10)


def test_a_bracket_whose_stop_is_refused_leaves_nothing(
    venue: IbkrVenue, broker: IbkrBroker
) -> None:
    venue.desk.refused_type = "STP"

    with pytest.raises(RejectedError, match="no STP now"):
        submit(broker, entry())

    assert (broker.open_orders(), broker.order_by_client_id(KEY)) == ([], None)
    assert [order for order in venue.desk.orders if order.is_open] == []
    venue.trade("TSLA", usd(99))
    assert held(broker) == 0


def test_exits_of_an_entry_that_never_was_are_listed_and_can_be_cancelled(
    venue: IbkrVenue, broker: IbkrBroker
) -> None:
    venue.desk.duplicates = 1
    venue.server.hang_up_after = lambda fields: fields[0] == "3" and fields[27] == "1"
    with pytest.raises((OutcomeUnknownError, UnavailableError)):
        submit(broker, entry())
    venue.server.hang_up_after = lambda _: False

    assert broker.order_by_client_id(KEY) is None
    (stray,) = broker.open_orders()
    assert (stray.client_order_id, stray.kind) == (f"{KEY}#stop", OrderKind.STOP)
    assert (stray.side, stray.bracket) == (SELL, None)
    broker.cancel(stray.client_order_id)
    assert broker.open_orders() == []
    assert submit(broker, entry()).status is OrderStatus.ACCEPTED


@pytest.mark.parametrize(
    "request_",
    [
        entry(kind=OrderKind.STOP, limit_price=None, stop_price=usd(101)),
        entry(kind=OrderKind.STOP_LIMIT, stop_price=usd(101), limit_price=usd(102)),
    ],
    ids=["stop", "stop limit"],
)
def test_an_entry_beyond_the_market_waits_and_is_protected(
    venue: IbkrVenue, broker: IbkrBroker, request_: OrderRequest
) -> None:
    submit(broker, request_)
    venue.trade("TSLA", usd(100.9))
    assert traded(broker) == []

    venue.trade("TSLA", usd(101))
    order = found(broker)
    assert (order.kind, order.stop_price) == (request_.kind, usd(101))
    assert order.protected_quantity == 10


def test_a_stop_of_its_own_can_be_moved(venue: IbkrVenue, broker: IbkrBroker) -> None:
    venue.trade_by_hand("TSLA", Decimal(10), usd(100))
    submit(broker, way_out(kind=OrderKind.STOP, stop_price=usd(95)))
    broker.replace("order:TBOW-TSLA-20261124-A:exit", OrderChange(stop_price=usd(97)))

    venue.trade("TSLA", usd(97))
    assert held(broker) == 0


# closing


def entered(venue: IbkrVenue, key: str = KEY, side: OrderSide = BUY) -> None:
    submit(venue.broker, entry(side, client_order_id=key))
    venue.trade("TSLA", usd(100 - side.sign))


def test_what_was_sold_by_hand_is_not_sold_again(venue: IbkrVenue, broker: IbkrBroker) -> None:
    entered(venue)
    venue.trade_by_hand("TSLA", Decimal(-7), usd(100))
    broker.close_position(KEY, "test")

    venue.trade("TSLA", usd(100))
    assert held(broker) == 0


def test_two_orders_on_opposite_sides_are_closed_each_by_its_own_size(
    venue: IbkrVenue, broker: IbkrBroker
) -> None:
    entered(venue)
    entered(venue, OTHER, SELL)
    assert held(broker) == 0

    broker.close_position(KEY, "test")
    venue.trade("TSLA", usd(100))
    assert held(broker) == -10
    broker.close_position(OTHER, "test")
    venue.trade("TSLA", usd(100))
    assert (held(broker), broker.open_orders()) == (0, [])


def test_a_close_that_waits_is_not_sent_again(venue: IbkrVenue, broker: IbkrBroker) -> None:
    entered(venue)
    for _ in range(3):
        broker.close_position(KEY, "test")

    closes = [one for one in venue.desk.orders if one.ref == f"{KEY}#close"]
    assert len(closes) == 1
    (order,) = broker.open_orders()
    assert [(leg.leg, leg.quantity) for leg in order.open_legs] == [(FillLeg.TIME_STOP, 10)]


def test_a_close_that_is_refused_gives_the_position_its_stop_back(
    venue: IbkrVenue, broker: IbkrBroker
) -> None:
    entered(venue)
    venue.desk.refused_type = "MKT"

    with pytest.raises(RejectedError, match="no MKT now"):
        broker.close_position(KEY, "test")
    assert (found(broker).protected_quantity, stop_price(broker)) == (10, usd(95))

    venue.trade("TSLA", usd(95))
    assert held(broker) == 0


def test_closing_a_working_entry_ends_it_too(venue: IbkrVenue, broker: IbkrBroker) -> None:
    submit(broker, entry())
    venue.trade("TSLA", usd(99), usd(4))
    broker.close_position(KEY, "test")

    venue.trade("TSLA", usd(99))
    assert (held(broker), broker.open_orders()) == (0, [])


# fills


def test_a_fill_is_told_once_its_commission_is_known(
    venue: IbkrVenue, broker: IbkrBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "COMMISSION_S", 0.1)
    venue.desk.keeps_commissions = True
    entered(venue)
    assert (fills(broker), found(broker).filled_quantity) == ([], 10)

    venue.server.send(17, [venue.desk.traded[0].commission("0.35")])
    (fill,) = fills(broker)
    assert fill.fees == usd(0.35)


def test_a_rebate_is_no_negative_fee(venue: IbkrVenue, broker: IbkrBroker) -> None:
    venue.desk.keeps_commissions = True
    entered(venue)
    venue.server.send(17, [venue.desk.traded[0].commission("-0.20")])

    assert [fill.fees for fill in fills(broker)] == [0]


def test_a_corrected_execution_is_no_second_one(venue: IbkrVenue, broker: IbkrBroker) -> None:
    entered(venue)
    before = fills(broker)
    first, second = ([*message] for message in venue.desk.traded[0].messages(-1))
    corrected = first[14].removesuffix("01") + "02"
    first[14], second[2] = corrected, corrected
    venue.server.send(17, [first, second])

    assert fills(broker) == before
    assert found(broker).filled_quantity == 10


def test_executions_come_out_of_order_and_twice_and_count_once(
    venue: IbkrVenue, broker: IbkrBroker
) -> None:
    submit(broker, entry())
    for shares in (4, 3, 3):
        venue.trade("TSLA", usd(99), Decimal(shares))
    for one in [*reversed(venue.desk.traded), *venue.desk.traded]:
        venue.server.send(17, one.messages(-1))

    assert sorted(fill.quantity for fill in fills(broker)) == [3, 3, 4]


# others


def by_hand(venue: IbkrVenue) -> str:
    order = ExchangeOrder(
        symbol="TSLA", side=BUY, quantity=Decimal(5), kind=OrderKind.LIMIT, limit_price=usd(90),
        account=ACCOUNT,
    )  # fmt: skip
    venue.exchange.submit(order)
    return f"ibkr-{order.note.permanent_id}"


def test_an_order_by_hand_is_listed_and_left_alone(venue: IbkrVenue, broker: IbkrBroker) -> None:
    name = by_hand(venue)

    (order,) = broker.open_orders()
    assert (order.client_order_id, order.limit_price, order.bracket) == (name, usd(90), None)
    assert found(broker, name).quantity == 5
    with pytest.raises(RejectedError, match="was placed elsewhere"):
        broker.cancel(name)


@pytest.mark.parametrize(
    "touch",
    [
        lambda broker: broker.cancel(KEY),
        lambda broker: broker.replace(KEY, OrderChange(stop_price=usd(97))),
    ],
    ids=["cancel", "replace"],
)
def test_an_order_id_of_another_client_never_hits_an_order_of_ours(
    venue: IbkrVenue, broker: IbkrBroker, tmp_path: Path, touch: Callable[[IbkrBroker], object]
) -> None:
    submit(broker, entry())
    with closing(another(venue, 30, tmp_path / "other.sqlite")) as other:
        submit(other, entry(client_order_id=OTHER))
        with pytest.raises(RejectedError, match="was placed elsewhere"):
            touch(other)

    assert sorted(open_ids(broker)) == sorted([KEY, OTHER])
    assert status(broker) is OrderStatus.ACCEPTED


def test_what_another_client_trades_is_foreign_unless_it_is_our_record(
    venue: IbkrVenue, broker: IbkrBroker, tmp_path: Path
) -> None:
    entered(venue)
    with closing(another(venue, 30, tmp_path / "other.sqlite")) as other:
        assert [fill.leg for fill in fills(other)] == [FillLeg.EXTERNAL]

    assert [fill.leg for fill in fills(broker)] == [ENTRY]


def test_without_its_record_the_desk_reads_everything_off_ibkr(
    venue: IbkrVenue, broker: IbkrBroker, tmp_path: Path
) -> None:
    entered(venue)
    before, cursor = broker.fills_since("")
    broker.close()

    with closing(another(venue, 17, tmp_path / "new.sqlite")) as anew:
        order = found(anew)
        assert (order.status, order.protected_quantity) == (OrderStatus.FILLED, 10)
        assert order.bracket == bracket(95, (107, 10))
        assert order.purpose is Purpose.ENTRY
        assert anew.fills_since("") == (before, cursor)
        assert anew.fills_since(cursor) == ([], cursor)
        assert submit(anew, entry()).venue_order_id == order.venue_order_id


def test_a_pair_of_exits_is_no_entry_even_without_its_record(
    venue: IbkrVenue, broker: IbkrBroker, tmp_path: Path
) -> None:
    venue.trade_by_hand("TSLA", Decimal(10), usd(100))
    pair = way_out(kind=OrderKind.LIMIT, limit_price=usd(107), bracket=bracket(95, (107, 10)))
    submit(broker, pair)
    broker.close()

    with closing(another(venue, 17, tmp_path / "new.sqlite")) as anew:
        (order,) = anew.open_orders()
        assert (order.purpose, order.protected_quantity) == (Purpose.EXIT, 10)


def test_a_position_without_a_price_is_told_as_an_error(
    venue: IbkrVenue, broker: IbkrBroker
) -> None:
    entered(venue)
    venue.exchange.last["TSLA"] = Decimal(0)

    with pytest.raises(UnavailableError, match="no price for TSLA"):
        broker.positions()


def test_an_id_with_another_content_is_refused_without_the_record_too(
    venue: IbkrVenue, broker: IbkrBroker, tmp_path: Path
) -> None:
    submit(broker, entry())
    broker.close()

    with (
        closing(another(venue, 17, tmp_path / "new.sqlite")) as anew,
        pytest.raises(RejectedError, match="must be unique"),
    ):
        submit(anew, entry(symbol="AAPL"))


# whatever happens


def settled(
    venue: IbkrVenue, broker: IbkrBroker, request: OrderRequest, dice: random.Random
) -> None:
    """Send as the effects ledger does: unknown is looked up, surely not done is tried again."""
    if dice.random() < 0.3:
        venue.restart()
    for _ in range(20):
        _misfortune(venue, dice)
        try:
            submit(broker, request)
        except (OutcomeUnknownError, UnavailableError):
            venue.server.hang_up_before = venue.server.hang_up_after = lambda _: False
            continue
        return
    raise AssertionError("it never settled")


def _misfortune(venue: IbkrVenue, dice: random.Random) -> None:
    def third(fields: Any) -> bool:
        return fields[0] == "3" and dice.random() < 0.3

    fate = dice.randrange(5)
    if fate == 0:
        venue.server.hang_up_before = third
    elif fate == 1:
        venue.server.hang_up_after = third
    elif fate == 2:
        venue.desk.duplicates = dice.randrange(1, 4)
    elif fate == 3:
        venue.server.drop_all()


@pytest.mark.parametrize("seed", range(2))
def test_random_faults_make_no_order_twice_and_lose_none(
    venue: IbkrVenue, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PAUSES_S", (0,))
    dice, names = random.Random(seed), [f"order:{n}:entry" for n in range(8)]
    with closing(another(venue, 40, venue.folder / "chaos.sqlite")) as broker:
        for name in names:
            settled(venue, broker, entry(client_order_id=name), dice)
        venue.server.hang_up_before = venue.server.hang_up_after = lambda _: False
        for name in names:
            live = [one for one in venue.desk.orders if one.ref == name and one.is_open]
            assert len(live) == 1, name
        venue.trade("TSLA", usd(99))

        orders = [found(broker, name) for name in names]
        assert [order.protected_quantity for order in orders] == [10] * len(names)
        assert held(broker) == 10 * len(names)
