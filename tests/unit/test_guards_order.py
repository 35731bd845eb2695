"""The guards of one order: not too many, not far from the market, not on an old quote."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.feeds import Label, Quote
from core.domain.guards import GuardAction, GuardName, GuardVerdict, OrderFacts, order_guards
from core.domain.orders import (
    Bracket,
    OptionLeg,
    OrderKind,
    OrderRequest,
    Purpose,
    TakeProfit,
)
from core.domain.risk import GuardLimits
from core.domain.trading import OrderSide

NOON = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
LIMITS = GuardLimits()
ORDER = OrderRequest(
    client_order_id="order:x:entry", symbol="AAPL", side=OrderSide.BUY, quantity=Decimal(10),
    limit_price=Decimal(100), bracket=Bracket(
        stop_price=Decimal(90), take_profits=(TakeProfit(price=Decimal(120), quantity=Decimal(10)),)
    ),
)  # fmt: skip
WAY_OUT = OrderRequest(
    client_order_id="out", symbol="AAPL", side=OrderSide.SELL, quantity=Decimal(10),
    purpose=Purpose.EXIT, kind=OrderKind.MARKET,
)  # fmt: skip


def quote(**changes: Any) -> Quote:
    values = {
        "symbol": "AAPL", "bid": 99.9, "ask": 100.1, "last": 100.0, "quoted_at": NOON,
        "provider": "test", "label": Label.REAL,
    }  # fmt: skip
    return Quote(**{**values, **changes})


def judged(**changes: Any) -> dict[GuardName, GuardVerdict]:
    values: dict[str, Any] = {"now": NOON, "request": ORDER, "quote": quote()}
    return {one.name: one for one in order_guards(LIMITS, OrderFacts(**{**values, **changes}))}


def at(limit: str) -> OrderRequest:
    return ORDER.model_copy(update={"limit_price": Decimal(limit)})


def test_an_order_at_a_fresh_price_stands_all_of_them() -> None:
    said = judged()
    assert len(said) == 4
    assert not any(one.breached for one in said.values())


def test_without_a_quote_nothing_goes_out() -> None:
    said = judged(quote=None)
    breached = {name for name, one in said.items() if one.breached}
    assert breached == {GuardName.STALE_QUOTE, GuardName.PRICE_COLLAR, GuardName.SPREAD}
    assert all("missing input: there is no quote of AAPL" in said[n].detail for n in breached)
    assert all(said[name].action is GuardAction.REFUSE for name in breached)


@pytest.mark.parametrize(("limit", "is_breached"), [("104.99", False), ("105", True), ("95", True)])
def test_a_limit_far_from_the_price_is_refused_on_either_side(
    limit: str, is_breached: bool
) -> None:
    said = judged(request=at(limit))[GuardName.PRICE_COLLAR]
    assert said.breached is is_breached
    assert f"the order at {limit} is" in said.detail
    assert "the price of 100.00; the limit is 5.00%" in said.detail


@pytest.mark.parametrize(
    ("sides", "price"),
    [({"last": None}, 100.0), ({"last": None, "bid": None}, 100.1), ({"last": 110.0}, 110.0)],
)
def test_the_price_is_the_last_one_else_the_middle_else_the_side_that_is_there(
    sides: dict[str, Any], price: float
) -> None:
    assert (
        f"the price of {price:,.2f}" in judged(quote=quote(**sides))[GuardName.PRICE_COLLAR].detail
    )


@pytest.mark.parametrize(("age", "is_breached"), [(-5, False), (899, False), (900, True)])
def test_a_quote_is_fresh_until_its_age_reaches_the_limit(age: int, is_breached: bool) -> None:
    old = quote(quoted_at=NOON - timedelta(seconds=age))
    assert judged(quote=old)[GuardName.STALE_QUOTE].breached is is_breached


@pytest.mark.parametrize(("half", "is_breached"), [(0.49, False), (0.5, True)])
def test_a_spread_is_measured_of_the_middle(half: float, is_breached: bool) -> None:
    wide = quote(bid=100 - half, ask=100 + half)
    assert judged(quote=wide)[GuardName.SPREAD].breached is is_breached


def test_a_spread_that_nobody_tells_holds_back_what_has_no_limit_price() -> None:
    silent = quote(bid=None, ask=None)
    bound = judged(quote=silent)[GuardName.SPREAD]
    assert (bound.breached, bound.value) == (False, None)
    assert judged(quote=silent, request=WAY_OUT)[GuardName.SPREAD].breached


def test_an_order_without_a_price_is_in_no_collar() -> None:
    assert not judged(request=WAY_OUT)[GuardName.PRICE_COLLAR].breached


def test_of_options_the_quote_is_only_asked_to_be_fresh() -> None:
    call = OptionLeg(symbol="AAPL261218C00100000", side=OrderSide.BUY)
    option = OrderRequest(
        client_order_id="call", symbol="AAPL", side=OrderSide.BUY, quantity=Decimal(1),
        limit_price=Decimal("1.20"), legs=(call,),
    )  # fmt: skip
    assert set(judged(request=option)) == {GuardName.ORDERS_PER_MINUTE, GuardName.STALE_QUOTE}


@pytest.mark.parametrize(("sent", "is_breached"), [(9, False), (10, True)])
def test_the_orders_of_the_last_minute_are_counted_to_their_limit(
    sent: int, is_breached: bool
) -> None:
    times = tuple(NOON - timedelta(seconds=59) for _ in range(sent))
    older = tuple(NOON - timedelta(seconds=60) for _ in range(20))
    said = judged(sent_at=(*older, *times))[GuardName.ORDERS_PER_MINUTE]
    assert (said.value, said.breached) == (sent, is_breached)


@given(near=st.floats(0.01, 0.19), far=st.floats(0.01, 0.19))
def test_a_limit_that_is_farther_away_is_never_judged_more_mildly(near: float, far: float) -> None:
    one, other = sorted((near, far))
    said = [
        judged(request=at(f"{100 * (1 + away):.2f}"))[GuardName.PRICE_COLLAR]
        for away in (one, other)
    ]
    assert said[0].breached <= said[1].breached
