"""Alpaca's broker: what it sends, what it makes of answers, and orders that are not the desk's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from core import registry
from core.adapters.brokers.alpaca import AlpacaBroker, fills, reading
from core.domain.orders import (
    OptionLeg,
    Order,
    OrderChange,
    OrderKind,
    OrderRequest,
    OrderStatus,
    Purpose,
    TimeInForce,
)
from core.domain.trading import FillLeg
from core.errors import ConfigurationError, RejectedError, UnexpectedResponseError
from core.ports import Broker
from core.settings import Settings
from tests.contract.broker_sentences.asking import (
    BUY,
    ENTRY,
    EXIT,
    KEY,
    SELL,
    STOP,
    TARGET,
    at_market,
    bracket,
    either,
    entry,
    found,
    held,
    many,
    open_ids,
    stop_price,
    submit,
    traded,
    usd,
    way_out,
)
from tests.contract.stubs import brokers_alpaca
from tests.contract.stubs.alpaca.rules import take
from tests.contract.stubs.brokers_alpaca import KEYS, AlpacaVenue
from tests.contract.stubs.exchange import ExchangeFill

CALL, PUT = "TSLA261218C00100000", "TSLA261218P00090000"


@pytest.fixture
def venue(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[AlpacaVenue]:
    made = brokers_alpaca.install(httpserver, monkeypatch)
    yield made
    made.broker.close()
    assert made.service.violations == []


@pytest.fixture
def broker(venue: AlpacaVenue) -> AlpacaBroker:
    return venue.broker


@pytest.fixture
def entered(venue: AlpacaVenue) -> AlpacaBroker:
    submit(venue.broker, entry())
    venue.trade("TSLA", usd(99))
    return venue.broker


def sent(venue: AlpacaVenue) -> dict[str, Any]:
    """Return the last order as it was sent."""
    bodies = zip(venue.service.requests, venue.service.bodies, strict=True)
    body: dict[str, Any] = [json.loads(b) for asked, b in bodies if asked == "POST /v2/orders"][-1]
    return body


def by_others(venue: AlpacaVenue, **content: Any) -> str:
    """Let another program of the account order something; return the client order id."""
    body = {"symbol": "TSLA", "side": "buy", "qty": "3", "time_in_force": "day", "type": "limit"}
    return take(venue.exchange, body | content).client_order_id


# settings


def test_it_is_built_from_the_settings(venue: AlpacaVenue, tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path)

    built = registry.create("brokers", "alpaca", Broker, settings)

    built.connect()
    assert built.account().account_id == "PA2STUB00001"
    built.close()


def test_without_keys_it_says_which_are_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="APCA_API_KEY_ID"):
        registry.create("brokers", "alpaca", Broker, Settings(_env_file=None, data_dir=tmp_path))


@pytest.mark.parametrize(
    ("url", "is_live"),
    [
        ("https://paper-api.alpaca.markets", False),
        ("https://paper-api.alpaca.markets/v2/", False),
        ("https://api.alpaca.markets", True),
        ("http://127.0.0.1:4010", True),
    ],
)
def test_only_the_paper_host_is_not_live(url: str, is_live: bool) -> None:
    assert AlpacaBroker(KEYS, url).capabilities().is_live is is_live


def test_an_address_that_is_none_is_a_wrong_setting() -> None:
    with pytest.raises(ConfigurationError, match="APCA_API_BASE_URL"):
        AlpacaBroker(KEYS, "paper-api.alpaca.markets").connect()


# what is sent


def test_a_bracket_is_one_order_with_both_exits(venue: AlpacaVenue, broker: AlpacaBroker) -> None:
    submit(broker, entry())

    assert sent(venue) == {
        "symbol": "TSLA",
        "qty": 10.0,
        "side": "buy",
        "type": "limit",
        "time_in_force": "gtc",
        "order_class": "bracket",
        "limit_price": 99.0,
        "take_profit": {"limit_price": 107.0},
        "stop_loss": {"stop_price": 95.0},
        "client_order_id": KEY,
    }


def test_decimals_are_sent_as_they_are(venue: AlpacaVenue, broker: AlpacaBroker) -> None:
    venue.trade_by_hand("TSLA", usd(1), usd(100))
    request = way_out(quantity=usd(0.1) + usd(0.2), time_in_force=TimeInForce.DAY)

    assert submit(broker, request).quantity == usd(0.3)
    assert '"qty": 0.3,' in venue.service.bodies[-1]


def test_below_a_dollar_prices_have_four_decimals(venue: AlpacaVenue, broker: AlpacaBroker) -> None:
    venue.exchange.last["AAPL"] = usd(0.5)
    protection = bracket(0.1234, (0.75, 10))
    request = entry(symbol="AAPL", limit_price=usd(0.4321), bracket=protection)

    assert submit(broker, request).limit_price == usd(0.4321)
    with pytest.raises(RejectedError, match="finer than"):
        submit(broker, request.model_copy(update={"limit_price": usd(0.43215)}))


def test_an_exit_says_that_it_closes_and_so_opens_nothing(
    venue: AlpacaVenue, broker: AlpacaBroker
) -> None:
    with pytest.raises(RejectedError, match="position intent mismatch"):
        submit(broker, way_out())

    assert sent(venue)["position_intent"] == "sell_to_close"
    assert held(broker) == 0


def test_a_trail_is_sent_in_percent(venue: AlpacaVenue, broker: AlpacaBroker) -> None:
    venue.trade_by_hand("TSLA", Decimal(10), usd(100))
    submit(broker, way_out(kind=OrderKind.TRAILING_STOP, trail_fraction=usd(0.035)))

    assert sent(venue)["trail_percent"] == 3.5


def test_a_name_leaves_room_for_what_is_sent_in_it(broker: AlpacaBroker) -> None:
    with pytest.raises(RejectedError, match="more than 118"):
        submit(broker, entry(client_order_id="x" * 119))

    assert submit(broker, entry(client_order_id="x" * 118)).client_order_id == "x" * 118


def test_a_name_may_hold_any_sign(venue: AlpacaVenue, broker: AlpacaBroker) -> None:
    key = "order:É+ü/&=?#%20 \"'<>:entry"
    submit(broker, entry(client_order_id=key))
    venue.trade("TSLA", usd(99))

    assert (open_ids(broker), found(broker, key).protected_quantity) == ([key], 10)


def test_fractions_are_no_entries(broker: AlpacaBroker) -> None:
    half = entry(quantity=usd(0.5), bracket=bracket(95, (107, 0.5)))

    assert not broker.capabilities().fractional
    for request in (half, half.model_copy(update={"time_in_force": TimeInForce.DAY})):
        with pytest.raises(RejectedError, match="fractional orders must be"):
            submit(broker, request)


# options


def spread(**changes: Any) -> OrderRequest:
    legs = (OptionLeg(symbol=CALL, side=BUY), OptionLeg(symbol=PUT, side=SELL))
    content = {"bracket": None, "legs": legs, "quantity": Decimal(2), "limit_price": usd(1.5)}
    return entry(**content | changes)


def test_several_options_are_one_order(venue: AlpacaVenue, broker: AlpacaBroker) -> None:
    order = submit(broker, spread())

    assert (order.symbol, order.side, order.purpose) == ("TSLA", BUY, Purpose.ENTRY)
    assert (order.quantity, order.limit_price, order.legs) == (2, usd(1.5), ())
    assert sent(venue)["legs"][1] == {
        "symbol": PUT, "ratio_qty": 1.0, "side": "sell", "position_intent": "sell_to_open",
    }  # fmt: skip
    assert submit(broker, spread()).venue_order_id == order.venue_order_id
    assert open_ids(broker) == [KEY]


def test_options_are_given_back_for_a_credit(venue: AlpacaVenue, broker: AlpacaBroker) -> None:
    legs = (
        OptionLeg(symbol=CALL, side=SELL, opens=False),
        OptionLeg(symbol=PUT, side=BUY, opens=False),
    )
    order = submit(broker, spread(side=SELL, purpose=Purpose.EXIT, legs=legs))

    assert sent(venue)["limit_price"] == -1.5
    assert (order.side, order.purpose, order.limit_price) == (SELL, Purpose.EXIT, usd(1.5))


def test_one_option_is_an_order_of_its_own_symbol(venue: AlpacaVenue, broker: AlpacaBroker) -> None:
    order = submit(broker, spread(legs=(OptionLeg(symbol=CALL, side=BUY),)))

    assert (sent(venue)["symbol"], sent(venue)["position_intent"]) == (CALL, "buy_to_open")
    assert (order.symbol, order.purpose, order.quantity) == ("TSLA", Purpose.ENTRY, 2)


def test_options_that_are_cancelled_are_gone(broker: AlpacaBroker) -> None:
    submit(broker, spread())

    broker.cancel(KEY)

    assert (found(broker).status, open_ids(broker)) == (OrderStatus.CANCELED, [])


# orders


def test_a_leg_that_waits_for_the_entry_protects_nothing(
    venue: AlpacaVenue, broker: AlpacaBroker
) -> None:
    assert submit(broker, entry()).legs == ()
    venue.trade("TSLA", usd(99), Decimal(4))

    order = found(broker)
    assert (order.filled_quantity, order.protected_quantity) == (4, 0)
    assert order.bracket == entry().bracket


@pytest.mark.parametrize("shows_replaced_legs", [True, False])
def test_a_moved_stop_is_found_however_alpaca_tells_it(
    venue: AlpacaVenue, entered: AlpacaBroker, shows_replaced_legs: bool
) -> None:
    venue.service.shows_replaced_legs = shows_replaced_legs
    for price in (96, 97):
        entered.replace(KEY, OrderChange(stop_price=usd(price)))

    (listed,) = venue.reconnect().open_orders()
    assert listed == found(entered)
    assert (stop_price(entered), listed.protected_quantity) == (usd(97), 10)
    assert listed.bracket is not None
    assert listed.bracket.stop_price == usd(97)


def test_fills_of_a_moved_stop_are_the_entrys_after_a_restart(
    venue: AlpacaVenue, entered: AlpacaBroker
) -> None:
    entered.replace(KEY, OrderChange(stop_price=usd(97)))
    venue.trade("TSLA", usd(97))

    assert traded(venue.reconnect()) == [(ENTRY, 10, usd(99)), (STOP, 10, usd(97))]


def test_fills_of_a_moved_entry_are_its_own_after_a_restart(
    venue: AlpacaVenue, broker: AlpacaBroker
) -> None:
    submit(broker, entry())
    for price in (98, 98.5):
        broker.replace(KEY, OrderChange(limit_price=usd(price)))
    venue.trade("TSLA", usd(98.5))
    venue.trade("TSLA", usd(107))

    again = venue.reconnect()
    assert traded(again) == [(ENTRY, 10, usd(98.5)), (TARGET, 10, usd(107))]
    assert found(again).average_fill_price == usd(98.5)


def test_what_was_sent_for_an_entry_is_told_with_it_after_a_restart(
    venue: AlpacaVenue, broker: AlpacaBroker
) -> None:
    submit(broker, entry())
    venue.trade("TSLA", usd(99), Decimal(4))
    broker.cancel(KEY)
    again = venue.reconnect()
    assert (open_ids(again), found(again).protected_quantity) == ([KEY], 4)

    again.close_position(KEY, "test")
    third = venue.reconnect()
    (order,) = third.open_orders()
    assert [leg.leg for leg in order.open_legs] == [FillLeg.TIME_STOP]
    venue.trade("TSLA", usd(98))
    assert traded(third) == [(ENTRY, 4, usd(99)), (FillLeg.TIME_STOP, 4, usd(98))]
    assert third.open_orders() == []


def test_the_stop_that_rescues_a_part_can_be_moved(
    venue: AlpacaVenue, broker: AlpacaBroker
) -> None:
    submit(broker, entry())
    venue.trade("TSLA", usd(99), Decimal(4))
    broker.cancel(KEY)

    order = broker.replace(KEY, OrderChange(stop_price=usd(97)))

    assert (stop_price(broker), order.protected_quantity) == (usd(97), 4)
    assert order.bracket is not None
    assert order.bracket.stop_price == usd(97)


def test_an_order_may_be_named_like_what_is_sent_for_another(
    venue: AlpacaVenue, broker: AlpacaBroker
) -> None:
    venue.trade_by_hand("TSLA", Decimal(10), usd(100))
    submit(broker, way_out(client_order_id="order:other:close"))
    venue.trade("TSLA", usd(100))

    assert traded(broker, "order:other:close") == [(FillLeg.EXIT, 10, usd(100))]


def test_a_pair_of_exits_is_as_far_as_both_together(
    venue: AlpacaVenue, broker: AlpacaBroker
) -> None:
    venue.trade_by_hand("TSLA", Decimal(10), usd(100))
    submit(broker, either())
    venue.trade("TSLA", usd(95), Decimal(4))
    order = found(broker, EXIT)
    assert (order.status, order.filled_quantity) == (OrderStatus.PARTIALLY_FILLED, 4)

    venue.trade("TSLA", usd(94))
    order = found(broker, EXIT)
    assert (order.status, order.filled_quantity) == (OrderStatus.FILLED, 10)
    assert order.average_fill_price == usd(94.4)


def test_a_moved_exit_keeps_its_name(venue: AlpacaVenue, broker: AlpacaBroker) -> None:
    venue.trade_by_hand("TSLA", Decimal(10), usd(100))
    submit(broker, way_out(kind=OrderKind.STOP, stop_price=usd(95)))

    broker.replace(EXIT, OrderChange(stop_price=usd(96)))
    assert [(o.client_order_id, o.stop_price) for o in broker.open_orders()] == [(EXIT, usd(96))]

    venue.trade("TSLA", usd(96))
    assert traded(venue.reconnect(), EXIT) == [(FillLeg.EXIT, 10, usd(96))]


def test_lists_are_read_to_their_last_page(
    venue: AlpacaVenue, broker: AlpacaBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PAGE", 2)
    monkeypatch.setattr(fills, "PAGE", 2)
    keys = [f"order:{number}:entry" for number in range(5)]
    for key in keys:
        submit(broker, entry(client_order_id=key))
    venue.trade("TSLA", usd(99))

    again = venue.reconnect()
    assert open_ids(again) == keys
    assert [fill.client_order_id for fill in again.fills_since("")[0]] == keys


def test_a_list_without_end_is_an_error(
    venue: AlpacaVenue, broker: AlpacaBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PAGE", 1)
    monkeypatch.setattr(reading, "MAX_PAGES", 2)
    for number in range(3):
        submit(broker, entry(client_order_id=f"order:{number}:entry"))

    with pytest.raises(UnexpectedResponseError, match="more than 2 orders"):
        broker.open_orders()


# orders of others


def test_orders_of_others_are_listed_under_their_own_names(
    venue: AlpacaVenue, broker: AlpacaBroker
) -> None:
    names = [
        by_others(venue, limit_price="98"),
        by_others(venue, limit_price="98", client_order_id="bot-17"),
        by_others(venue, type="stop", stop_price="110"),
    ]

    assert open_ids(broker) == names


def test_a_bracket_of_others_is_one_order_and_its_fills_are_external(
    venue: AlpacaVenue, broker: AlpacaBroker
) -> None:
    protection = {"take_profit": {"limit_price": "107"}, "stop_loss": {"stop_price": "95"}}
    name = by_others(venue, limit_price="99", order_class="bracket", **protection)
    venue.trade("TSLA", usd(99))
    (order,) = broker.open_orders()
    assert (order.client_order_id, order.protected_quantity) == (name, 3)

    venue.trade("TSLA", usd(95))
    told = [(fill.client_order_id, fill.leg) for fill in broker.fills_since("")[0]]
    assert told == [(name, FillLeg.EXTERNAL)] * 2


@pytest.mark.parametrize(
    ("odd", "expected"),
    [
        ({"qty": None, "notional": "500", "filled_qty": "0"}, {"quantity": Decimal("1e-9")}),
        ({"symbol": "BTC/USD", "asset_class": "crypto"}, {"symbol": "BTCUSD"}),
        ({"status": "a_word_of_tomorrow"}, {"status": OrderStatus.ACCEPTED}),
        ({"status": "done_for_day", "filled_qty": "2"}, {"status": OrderStatus.PARTIALLY_FILLED}),
        ({"order_class": "mleg", "symbol": "", "side": "", "limit_price": "-1.5",
          "legs": [{"symbol": CALL, "side": "sell", "position_intent": "sell_to_open"}]},
         {"symbol": "TSLA", "side": SELL, "limit_price": usd(1.5)}),
    ],
    ids=["for an amount", "crypto", "unknown status", "done for the day", "options for a credit"],
)  # fmt: skip
def test_odd_orders_of_others_are_listed_too(
    httpserver: HTTPServer, odd: dict[str, Any], expected: dict[str, Any]
) -> None:
    legs = [_told(leg | {"order_class": "mleg"}) for leg in odd.get("legs", ())]
    answer = [_told(odd | {"legs": legs or None})]
    httpserver.expect_request("/v2/orders").respond_with_json(answer)

    (order,) = AlpacaBroker(KEYS, httpserver.url_for("")).open_orders()

    assert {name: getattr(order, name) for name in expected} == expected
    assert isinstance(order, Order)


def _told(content: dict[str, Any]) -> dict[str, Any]:
    moments = dict.fromkeys(("created_at", "updated_at", "submitted_at"), "2026-11-27T15:00:00Z")
    return {
        "id": "0b3c2f6e-5c1d-4e39-9f58-3f1f2f9b8a01",
        "client_order_id": "5f0a9d3c-0a53-4c9f-8a42-9d3f0f7f3a10",
        "symbol": "TSLA",
        "side": "buy",
        "type": "limit",
        "order_class": "",
        "time_in_force": "day",
        "qty": "3",
        "filled_qty": "0",
        "filled_avg_price": None,
        "limit_price": "98",
        "status": "new",
        **moments,
    } | content


# fills


def test_a_fill_that_comes_in_late_is_told_once(venue: AlpacaVenue, entered: AlpacaBroker) -> None:
    _, cursor = entered.fills_since("")
    (filled,) = venue.exchange.fills
    order, moment = filled.order, filled.filled_at - timedelta(seconds=2)
    venue.exchange.fills.append(ExchangeFill(order, Decimal(1), usd(99), moment))

    late, after = entered.fills_since(cursor)

    assert [fill.quantity for fill in late] == [1]
    assert entered.fills_since(after) == ([], after)


@pytest.mark.parametrize("cursor", ["17", "yesterday 1 2", "2026-11-27T15:00:00"])
def test_a_cursor_of_another_broker_is_refused(broker: AlpacaBroker, cursor: str) -> None:
    with pytest.raises(RejectedError, match="unknown cursor"):
        broker.fills_since(cursor)


def test_fills_beyond_the_last_page_come_with_the_next_call(
    venue: AlpacaVenue, broker: AlpacaBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fills, "PAGE", 2)
    monkeypatch.setattr(fills, "MAX_PAGES", 1)
    monkeypatch.setattr(fills, "OVERLAP", timedelta(0))
    submit(broker, many(3))
    for _ in range(3):
        venue.trade("TSLA", usd(99), Decimal(1))

    first, cursor = broker.fills_since("")
    second, _ = broker.fills_since(cursor)

    assert (len(first), len(second)) == (2, 1)


# the account


def test_an_account_under_water_tells_it(venue: AlpacaVenue, broker: AlpacaBroker) -> None:
    submit(broker, many(1900, bracket=bracket(1, (107, 1900))))
    venue.trade("TSLA", usd(99))
    venue.trade("TSLA", usd(40))

    account = broker.account()

    assert account.buying_power < 0
    assert account.equity == account.cash + 1900 * 40


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"trading_blocked": True}, "Alpaca has blocked trading"),
        ({"account_blocked": True, "status": "ACCOUNT_UPDATED"},
         "Alpaca has blocked the account; the account is account updated"),
    ],
)  # fmt: skip
def test_a_block_is_told_in_words(httpserver: HTTPServer, told: dict[str, Any], words: str) -> None:
    answer = {
        "id": "1", "account_number": "PA1", "status": "ACTIVE", "equity": "1.005",
        "cash": "-1.001", "buying_power": "-2.5", "multiplier": "4", "shorting_enabled": False,
    }  # fmt: skip
    httpserver.expect_request("/v2/account").respond_with_json(answer | told)

    account = AlpacaBroker(KEYS, httpserver.url_for("")).account()

    assert account.blocked == words
    assert (account.equity, account.cash, account.buying_power) == (1, usd(-1.01), usd(-2.5))
    assert (account.multiplier, account.shorting_enabled) == (4, False)


def test_an_account_without_its_money_is_no_account(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/v2/account").respond_with_json({"id": "1", "status": "ACTIVE"})

    with pytest.raises(UnexpectedResponseError):
        AlpacaBroker(KEYS, httpserver.url_for("")).account()


def test_a_market_entry_with_a_bracket_is_taken(venue: AlpacaVenue, broker: AlpacaBroker) -> None:
    submit(broker, at_market())
    venue.trade("TSLA", usd(100))

    assert found(broker).protected_quantity == 10
