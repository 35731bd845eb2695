"""What every broker must do: the account, new orders, fills, and laws that always hold.

More sentences are in broker_sentences/. A new module in core/adapters/brokers/ is tested at once.
What the market does is told through the `Venue` of the broker's stub; what a stub holds before
that is in conftest.py. What an adapter says that it cannot do, it must refuse.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal
from itertools import count
from queue import Queue
from threading import Event
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.domain.orders import (
    OptionLeg,
    OrderChange,
    OrderRequest,
    OrderStatus,
)
from core.domain.trading import CENT, FillLeg, TradeUpdate
from core.errors import RejectedError
from core.ports import Broker
from tests.contract.broker_sentences.asking import (
    BUY,
    ENTRY,
    EXIT,
    KEY,
    NOBODY,
    SELL,
    TARGET,
    at_market,
    bracket,
    change_of,
    entry,
    fills,
    found,
    held,
    many,
    open_ids,
    submit,
    traded,
    usd,
    way_out,
)
from tests.contract.venue import Venue

FEW = hypothesis_settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
PATIENCE_S = 10


# the account and the market


def test_the_account_tells_its_money_in_whole_cents(broker: Broker) -> None:
    account = broker.account()

    amounts = (account.equity, account.cash, account.buying_power)
    assert all(isinstance(amount, Decimal) and amount % CENT == 0 for amount in amounts)
    assert account.cash >= 25_000


def test_the_account_tells_who_and_when_it_is(broker: Broker) -> None:
    account = broker.account()

    assert account.account_id
    assert account.as_of.tzinfo is not None
    assert (account.multiplier >= 1, account.blocked) == (True, "")


def test_a_new_account_is_its_cash_alone(broker: Broker) -> None:
    account = broker.account()

    assert account.equity == account.cash
    assert account.buying_power >= account.cash
    assert (broker.positions(), broker.open_orders(), fills(broker)) == ([], [], [])


def test_a_broker_takes_brackets(broker: Broker) -> None:
    assert broker.capabilities().bracket


def test_connecting_twice_does_nothing(broker: Broker) -> None:
    submit(broker, entry())

    broker.connect()

    assert open_ids(broker) == [KEY]


def test_the_clock_tells_when_the_market_opens_and_closes_next(broker: Broker) -> None:
    clock = broker.clock()

    assert clock.is_open
    assert clock.at < clock.next_close
    assert clock.at < clock.next_open


def test_a_listed_symbol_may_be_traded(broker: Broker) -> None:
    asset = broker.asset("TSLA")

    assert (asset.symbol, asset.is_tradable) == ("TSLA", True)


def test_an_unknown_symbol_is_told_with_a_reason(broker: Broker) -> None:
    asset = broker.asset("ZZZZ")

    assert not asset.is_tradable
    assert asset.reason


def test_a_symbol_is_the_same_in_small_letters(broker: Broker) -> None:
    assert broker.asset("tsla") == broker.asset("TSLA")


def test_what_nobody_lends_is_told(broker: Broker) -> None:
    assert not broker.asset("HTBR").is_shortable


def test_a_share_class_keeps_its_name(venue: Venue, broker: Broker) -> None:
    submit(broker, entry(symbol="BRK.B"))
    venue.trade("BRK.B", usd(99))

    assert found(broker).symbol == "BRK.B"
    assert [p.symbol for p in broker.positions()] == ["BRK.B"]
    assert {fill.symbol for fill in fills(broker)} == {"BRK.B"}


# submitting


def test_submit_echoes_the_request(broker: Broker) -> None:
    order = submit(broker, entry())

    assert (order.client_order_id, order.symbol, order.side) == (KEY, "TSLA", BUY)
    assert (order.quantity, order.limit_price) == (Decimal(10), usd(99))
    assert (order.status, order.filled_quantity) == (OrderStatus.ACCEPTED, 0)
    assert order.venue_order_id
    assert order.submitted_at.tzinfo is not None


def test_submitting_twice_makes_one_order(broker: Broker) -> None:
    first, second = submit(broker, entry()), submit(broker, entry())

    assert first.venue_order_id == second.venue_order_id
    assert open_ids(broker) == [KEY]


def test_submitting_a_filled_order_again_trades_nothing(venue: Venue, entered: Broker) -> None:
    submit(entered, entry())
    venue.trade("TSLA", usd(99))

    assert traded(entered) == [(ENTRY, 10, usd(99))]


def test_eight_threads_that_submit_one_id_make_one_order(broker: Broker) -> None:
    with ThreadPoolExecutor(8) as pool:
        orders = pool.map(lambda _: submit(broker, entry()), range(16))

    assert len({order.venue_order_id for order in orders}) == 1
    assert open_ids(broker) == [KEY]


@pytest.mark.parametrize(
    "other",
    [entry(limit_price=usd(98.5)), entry(symbol="AAPL"), many(20), at_market(), entry(SELL)],
    ids=["price", "symbol", "quantity", "kind", "side"],
)
def test_one_id_with_another_content_is_refused(broker: Broker, other: OrderRequest) -> None:
    submit(broker, entry())

    with pytest.raises(RejectedError):
        submit(broker, other)

    assert found(broker).limit_price == usd(99)


def test_an_id_stays_used_after_cancel(broker: Broker) -> None:
    submit(broker, entry())
    broker.cancel(KEY)

    with pytest.raises(RejectedError):
        submit(broker, entry(limit_price=usd(98.5)))

    assert submit(broker, entry()).status is OrderStatus.CANCELED


def test_an_unknown_order_is_none(broker: Broker) -> None:
    assert broker.order_by_client_id(NOBODY) is None


def test_a_submitted_order_is_found_by_its_id(broker: Broker) -> None:
    order = submit(broker, entry())

    assert found(broker).venue_order_id == order.venue_order_id


def test_an_order_beyond_buying_power_leaves_nothing(broker: Broker) -> None:
    too_many = int(broker.account().buying_power / 99) + 100

    with pytest.raises(RejectedError):
        submit(broker, many(too_many))

    assert open_ids(broker) == []


def test_an_account_under_water_takes_no_entry_but_an_exit(venue: Venue, broker: Broker) -> None:
    shares = int(broker.account().buying_power * 95 / 100 / 99)
    submit(broker, many(shares, bracket=bracket(1, (107, shares))))
    venue.trade("TSLA", usd(99))
    venue.trade_by_hand("AAPL", Decimal(10), usd(100))
    venue.trade("TSLA", usd(2))

    left = max(Decimal(0), broker.account().buying_power)
    with pytest.raises(RejectedError):
        submit(broker, many(int(left / 99) + 100, client_order_id="order:2:entry"))
    assert submit(broker, way_out(symbol="AAPL")).client_order_id == EXIT


@pytest.mark.parametrize(
    "changes",
    [
        {"bracket": bracket(99.5, (107, 10))},
        {"bracket": bracket(95, (98, 10))},
        {"limit_price": usd(94)},
        {"limit_price": usd(108)},
        {"side": SELL},
        {"limit_price": usd(98.995)},
        {"bracket": bracket(94.995, (107, 10))},
    ],
    ids=[
        "stop above the entry", "target below it", "entry below the stop", "entry above the target",
        "other side", "limit not in cents", "stop not in cents",
    ],
)  # fmt: skip
def test_wrong_prices_are_refused(broker: Broker, changes: dict[str, Any]) -> None:
    with pytest.raises(RejectedError):
        submit(broker, entry().model_copy(update=changes))

    assert open_ids(broker) == []


def test_exits_that_do_not_cover_the_quantity_are_refused(broker: Broker) -> None:
    with pytest.raises(RejectedError):
        submit(broker, entry().model_copy(update={"quantity": Decimal(11)}))

    assert open_ids(broker) == []


def test_an_unknown_symbol_is_refused(broker: Broker) -> None:
    with pytest.raises(RejectedError):
        submit(broker, entry(symbol="ZZZZ"))

    assert open_ids(broker) == []


def test_what_nobody_lends_is_not_sold_short(broker: Broker) -> None:
    with pytest.raises(RejectedError):
        submit(broker, entry(SELL, symbol="HTBR"))

    assert submit(broker, entry(symbol="HTBR")).status is OrderStatus.ACCEPTED


def test_shares_are_whole_unless_the_broker_says_otherwise(broker: Broker) -> None:
    half = entry(quantity=usd(0.5), bracket=bracket(95, (107, 0.5)))

    if broker.capabilities().fractional:
        assert submit(broker, half).quantity == usd(0.5)
    else:
        with pytest.raises(RejectedError):
            submit(broker, half)


def test_options_are_refused_by_a_broker_that_has_none(broker: Broker) -> None:
    call = OptionLeg(symbol="TSLA261218C00100000", side=BUY)
    request = entry(bracket=None, legs=(call,), quantity=Decimal(1), limit_price=usd(2))

    if broker.capabilities().options:
        assert submit(broker, request).client_order_id == KEY
    else:
        with pytest.raises(RejectedError):
            submit(broker, request)


# fills


def test_a_cursor_without_new_fills_is_repeatable(entered: Broker) -> None:
    cursor = entered.fills_since("")[1]

    assert entered.fills_since(cursor) == ([], cursor)


def test_a_cursor_before_the_first_fill_misses_none(venue: Venue, broker: Broker) -> None:
    cursor = broker.fills_since("")[1]
    submit(broker, entry())
    venue.trade("TSLA", usd(99))

    assert [fill.leg for fill in fills(broker, cursor)] == [ENTRY]


def test_fills_resume_after_the_cursor_in_another_process(venue: Venue, entered: Broker) -> None:
    first, cursor = entered.fills_since("")
    venue.trade("TSLA", usd(107))

    with closing(venue.reconnect()) as again:
        second, end = again.fills_since(cursor)
        assert [fill.leg for fill in [*first, *second]] == [ENTRY, TARGET]
        assert again.fills_since(end) == ([], end)


def test_fills_have_names_that_stay_and_come_oldest_first(venue: Venue, entered: Broker) -> None:
    venue.trade("TSLA", usd(107), Decimal(4))
    venue.trade("TSLA", usd(107), Decimal(6))

    told = fills(entered)
    assert told == fills(entered)
    assert len({fill.fill_id for fill in told}) == len(told) == 3
    assert [fill.filled_at for fill in told] == sorted(fill.filled_at for fill in told)


def test_a_fill_tells_shares_price_and_costs(entered: Broker) -> None:
    (fill,) = fills(entered)

    assert (fill.symbol, fill.side, fill.quantity, fill.price) == ("TSLA", BUY, 10, usd(99))
    assert fill.fees >= 0
    assert fill.label


# what others do, and what is remembered


def test_a_trade_by_hand_is_a_foreign_fill(venue: Venue, broker: Broker) -> None:
    key = venue.trade_by_hand("TSLA", Decimal(7), usd(100))

    (fill,) = fills(broker)
    assert (fill.client_order_id, fill.leg) == (key, FillLeg.EXTERNAL)
    assert (fill.side, fill.quantity, fill.price) == (BUY, 7, usd(100))
    assert not key.startswith("order:")
    assert held(broker) == 7


def test_a_position_that_is_sold_by_hand_is_gone(venue: Venue, naked: Broker) -> None:
    venue.trade_by_hand("TSLA", Decimal(-10), usd(101))

    assert naked.positions() == []
    assert [fill.leg for fill in fills(naked)] == [FillLeg.EXTERNAL] * 2


def test_another_process_sees_the_same_account(venue: Venue, entered: Broker) -> None:
    submit(entered, entry(client_order_id="order:2:entry"))

    with closing(venue.reconnect()) as again:
        assert found(again) == found(entered)
        assert again.open_orders() == entered.open_orders()
        assert again.positions() == entered.positions()
        assert fills(again) == fills(entered)
        assert again.account().cash == entered.account().cash


def test_another_process_does_not_order_again(venue: Venue, broker: Broker) -> None:
    order = submit(broker, entry())

    with closing(venue.reconnect()) as again:
        assert submit(again, entry()).venue_order_id == order.venue_order_id
        assert open_ids(again) == [KEY]


# the stream


def test_listening_ends_when_it_is_told_to(broker: Broker) -> None:
    stop = Event()
    with ThreadPoolExecutor(1) as pool:
        listening = pool.submit(broker.listen, lambda _: None, stop)
        stop.set()
        assert listening.result(PATIENCE_S) is None


def test_a_broker_that_streams_names_the_order_that_changed(venue: Venue, broker: Broker) -> None:
    if not broker.capabilities().stream:
        return
    told: Queue[TradeUpdate] = Queue()
    stop = Event()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(broker.listen, told.put, stop)
        try:
            assert told.get(timeout=PATIENCE_S).client_order_id == ""
            submit(broker, entry())
            venue.trade("TSLA", usd(99))
            assert told.get(timeout=PATIENCE_S).client_order_id == KEY
        finally:
            stop.set()


# laws: whatever the order of events

KEYS = ("first", "second", "third")
Action = Callable[[Venue, str], object]


def asked_again(venue: Venue, key: str) -> object:
    return submit(venue.broker, entry(client_order_id=key))


def asked_elsewhere(venue: Venue, key: str) -> object:
    with closing(venue.reconnect()) as broker:
        return submit(broker, entry(client_order_id=key))


def moved(venue: Venue, key: str) -> object:
    return venue.broker.replace(key, OrderChange(stop_price=usd(96)))


def closed(venue: Venue, key: str) -> object:
    venue.broker.cancel(key)
    return venue.broker.close_position(key, "test")


def reached(price: float, shares: int | None = None) -> Action:
    volume = None if shares is None else Decimal(shares)
    return lambda venue, _: venue.trade("TSLA", usd(price), volume)


ACTIONS: tuple[Action, ...] = (
    asked_again, asked_again, asked_elsewhere, moved, closed,
    lambda venue, key: venue.broker.cancel(key),
    reached(99), reached(99, 3), reached(95), reached(95, 2), reached(107, 4), reached(101),
)  # fmt: skip
STORIES = st.lists(
    st.tuples(st.sampled_from(ACTIONS), st.sampled_from(KEYS)), min_size=3, max_size=14
)
NUMBERS = count(1)


def lived(venue: Venue, story: list[tuple[Action, str]]) -> tuple[str, ...]:
    """Let a story happen to orders of its own, and return their ids."""
    number = next(NUMBERS)
    for action, key in story:
        try:
            action(venue, f"order:{key}-{number}:entry")
        except RejectedError:  # a closed order is not moved
            continue
    venue.trade("TSLA", usd(101))  # what is on its way out at the market gets there
    return tuple(f"order:{key}-{number}:entry" for key in KEYS)


@FEW
@given(STORIES)
def test_a_position_is_the_sum_of_its_fills(venue: Venue, story: list[tuple[Action, str]]) -> None:
    lived(venue, story)

    assert held(venue.broker) == change_of(fills(venue.broker))


@FEW
@given(STORIES)
def test_no_id_ever_has_two_entries(venue: Venue, story: list[tuple[Action, str]]) -> None:
    keys = lived(venue, story)

    listed = open_ids(venue.broker)
    assert len(listed) == len(set(listed))
    for key in keys:
        entries = [f for f in fills(venue.broker) if (f.client_order_id, f.leg) == (key, ENTRY)]
        assert sum((fill.quantity for fill in entries), Decimal(0)) <= 10


@FEW
@given(STORIES)
def test_no_order_gives_back_more_than_it_took(
    venue: Venue, story: list[tuple[Action, str]]
) -> None:
    keys = lived(venue, story)

    told = fills(venue.broker)
    for key in keys:
        left = change_of(fill for fill in told if fill.client_order_id == key)
        order = venue.broker.order_by_client_id(key)
        assert 0 <= left <= 10
        assert (
            order is None
            or order.status is OrderStatus.PARTIALLY_FILLED
            or (order.protected_quantity == left)
        )
