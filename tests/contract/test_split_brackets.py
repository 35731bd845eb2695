"""An order of several take-profits over a broker that holds one an order."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from core.adapters.split_brackets import SplitBrackets, split
from core.domain.orders import (
    Bracket,
    Order,
    OrderChange,
    OrderRequest,
    OrderStatus,
    Purpose,
    TakeProfit,
)
from core.domain.trading import FillLeg, OrderSide
from core.errors import OutcomeUnknownError, RejectedError
from tests.contract.stubs.brokers_paper import PaperVenue

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
KEY = "order:TBOW-TSLA-20261124-AM:entry"
TARGETS = ((104, 4), (107, 3), (110, 3))


def asked(targets: tuple[tuple[int, int], ...] = TARGETS) -> OrderRequest:
    exits = tuple(TakeProfit(price=Decimal(p), quantity=Decimal(q)) for p, q in targets)
    return OrderRequest(
        client_order_id=KEY, symbol="TSLA", side=OrderSide.BUY, limit_price=Decimal(101),
        quantity=sum((one.quantity for one in exits), Decimal(0)),
        bracket=Bracket(stop_price=Decimal(98), take_profits=exits),
    )  # fmt: skip


@pytest.fixture
def venue(tmp_path: Path) -> PaperVenue:
    return PaperVenue(tmp_path)


@pytest.fixture
def broker(venue: PaperVenue) -> SplitBrackets:
    return SplitBrackets(venue.broker)


def told(broker: SplitBrackets) -> Order:
    order = broker.order_by_client_id(KEY)
    assert order is not None
    return order


def test_each_take_profit_becomes_an_order_with_the_whole_stop(
    broker: SplitBrackets, venue: PaperVenue
) -> None:
    order = broker.submit(asked(), NOW)
    inner = {one.client_order_id: one.quantity for one in venue.broker.open_orders()}
    assert inner == {KEY: 4, f"{KEY}-2": 3, f"{KEY}-3": 3}
    assert (order.client_order_id, order.quantity) == (KEY, 10)
    assert order.bracket == asked().bracket
    assert broker.open_orders() == [told(broker)]


def test_the_parts_trade_as_one_order(broker: SplitBrackets, venue: PaperVenue) -> None:
    broker.submit(asked(), NOW)
    venue.trade("TSLA", Decimal(101))
    assert (told(broker).status, told(broker).filled_quantity) == (OrderStatus.FILLED, 10)
    assert told(broker).protected_quantity == 10
    venue.trade("TSLA", Decimal(104))
    assert told(broker).protected_quantity == 6
    venue.trade("TSLA", Decimal(98))
    fills, _ = broker.fills_since("")
    assert {fill.client_order_id for fill in fills} == {KEY}
    closed = [(fill.leg, fill.quantity) for fill in fills if fill.leg is not FillLeg.ENTRY]
    assert sorted(closed) == [(FillLeg.STOP, 3), (FillLeg.STOP, 3), (FillLeg.TARGET, 4)]
    assert broker.positions() == []


def test_a_submission_that_was_cut_goes_on_where_it_stopped(
    broker: SplitBrackets, venue: PaperVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = venue.broker.submit, []

    def cut(request: OrderRequest, at: datetime) -> Order:
        calls.append(request.client_order_id)
        if len(calls) == 2:
            raise OutcomeUnknownError("paper", "submit", "cut")
        return real(request, at)

    monkeypatch.setattr(venue.broker, "submit", cut)
    with pytest.raises(OutcomeUnknownError):
        broker.submit(asked(), NOW)
    assert told(broker).quantity == 4
    assert broker.submit(asked(), NOW).quantity == 10
    assert len(venue.broker.open_orders()) == 3


def test_a_refused_part_makes_the_order_smaller_and_says_so(
    broker: SplitBrackets, venue: PaperVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = venue.broker.submit

    def refuse(request: OrderRequest, at: datetime) -> Order:
        if request.client_order_id.endswith("-2"):
            raise RejectedError("paper", "submit", "buying power is spent")
        return real(request, at)

    monkeypatch.setattr(venue.broker, "submit", refuse)
    order = broker.submit(asked(), NOW)
    assert (order.quantity, "buying power is spent" in order.reason) == (4, True)


def test_the_stop_moves_for_every_part_that_still_works(
    broker: SplitBrackets, venue: PaperVenue
) -> None:
    broker.submit(asked(), NOW)
    venue.trade("TSLA", Decimal(101))
    venue.trade("TSLA", Decimal(104))
    order = broker.replace(KEY, OrderChange(stop_price=Decimal(101)))
    stops = {leg.price for leg in order.open_legs if leg.leg is FillLeg.STOP}
    assert stops == {Decimal(101)}


def test_closing_and_cancelling_reach_every_part(broker: SplitBrackets, venue: PaperVenue) -> None:
    broker.submit(asked(), NOW)
    venue.trade("TSLA", Decimal(101), Decimal(6))
    broker.cancel(KEY)
    broker.close_position(KEY, "a test")
    venue.trade("TSLA", Decimal(101))
    assert broker.positions() == []
    assert not told(broker).is_working


def test_any_other_order_passes_as_it_is() -> None:
    one = asked(((104, 10),))
    exit_ = asked().model_copy(update={"purpose": Purpose.EXIT, "side": OrderSide.SELL})
    assert split(one) == (one,)
    assert split(exit_) == (exit_,)
