"""What holds in the paper venue whatever is asked and whatever the bars are."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.adapters.brokers.paper import PaperBroker
from core.domain.orders import Bracket, OrderRequest, TakeProfit
from core.domain.trading import OrderSide
from tests.unit.paper_orders import (
    KEY,
    MORNING,
    Row,
    asked,
    opened,
    shown,
    traded,
)

FEW = hypothesis_settings(max_examples=25, deadline=None)
CENTS = st.integers(9_000, 11_000).map(lambda cents: cents / 100)
BARS = st.lists(
    st.tuples(CENTS, CENTS, CENTS, CENTS).map(lambda p: (p[0], max(p), min(p), p[3])),
    min_size=1,
    max_size=12,
)


@st.composite
def orders(draw: st.DrawFn, key: str = KEY) -> OrderRequest:
    side = draw(st.sampled_from(OrderSide))
    limit = Decimal(draw(st.integers(9_500, 10_500))) / 100
    risk = Decimal(draw(st.integers(1, 300))) / 100
    steps = draw(st.lists(st.integers(1, 300), min_size=1, max_size=3))
    exits = tuple(
        TakeProfit(price=limit + side.sign * Decimal(step) / 100, quantity=Decimal(place + 1))
        for place, step in enumerate(steps)
    )
    return asked(
        side,
        client_order_id=key,
        quantity=sum(exit_.quantity for exit_ in exits),
        limit_price=limit,
        bracket=Bracket(stop_price=limit - side.sign * risk, take_profits=exits),
    )


PAIR = st.tuples(orders("order:1:entry"), orders("order:2:entry"))


@contextmanager
def played(pair: Iterable[OrderRequest], bars: list[Row]) -> Iterator[PaperBroker]:
    with tempfile.TemporaryDirectory() as folder:
        venue = opened(Path(folder))
        for request in pair:
            venue.submit(request, MORNING)
        venue.process(shown(bars))
        yield venue


@FEW
@given(PAIR, BARS)
def test_a_position_is_the_sum_of_its_fills(pair: Iterable[OrderRequest], bars: list[Row]) -> None:
    with played(pair, bars) as venue:
        fills = venue.fills_since("")[0]
        held = sum((position.quantity for position in venue.positions()), Decimal(0))

    assert held == sum((fill.side.sign * fill.quantity for fill in fills), Decimal(0))


@FEW
@given(PAIR, BARS)
def test_equity_is_cash_and_positions(pair: Iterable[OrderRequest], bars: list[Row]) -> None:
    with played(pair, bars) as venue:
        account, held, fills = venue.account(), venue.positions(), venue.fills_since("")[0]

    flows = sum((f.side.sign * f.quantity * f.price + f.fees for f in fills), Decimal(0))
    assert account.cash == 100_000 - flows
    assert account.equity == account.cash + sum((p.market_value for p in held), Decimal(0))


@FEW
@given(PAIR, BARS)
def test_no_order_exits_more_than_it_entered(pair: Iterable[OrderRequest], bars: list[Row]) -> None:
    with played(pair, bars) as venue:
        for request in pair:
            venue.close_position(request.client_order_id, "test")
        fills = venue.fills_since("")[0]

    assert sum((fill.side.sign * fill.quantity for fill in fills), Decimal(0)) == 0
    assert len({fill.fill_id for fill in fills}) == len(fills)


@FEW
@given(orders(), BARS)
def test_a_short_is_the_mirror_image_of_a_long(request: OrderRequest, bars: list[Row]) -> None:
    mirrored = [(200 - o, 200 - low, 200 - high, 200 - c) for o, high, low, c in rounded(bars)]
    with played([request], bars) as venue:
        plain = traded(venue)
    with played([mirror(request)], rounded(mirrored)) as venue:
        image = traded(venue)

    assert [(leg, quantity, 200 - price) for leg, quantity, price in image] == plain


def rounded(bars: list[Row]) -> list[Row]:
    return [tuple(round(price, 2) for price in bar) for bar in bars]  # type: ignore[misc]


def mirror(request: OrderRequest) -> OrderRequest:
    exits = tuple(
        TakeProfit(price=200 - exit_.price, quantity=exit_.quantity)
        for exit_ in request.bracket.take_profits
    )
    return OrderRequest(
        **dict(request)
        | {
            "side": request.side.opposite,
            "limit_price": 200 - request.limit_price,
            "bracket": Bracket(stop_price=200 - request.bracket.stop_price, take_profits=exits),
        }
    )


@FEW
@given(orders(), BARS, st.integers(0, 12))
def test_bars_in_two_portions_trade_as_in_one(
    request: OrderRequest, bars: list[Row], cut: int
) -> None:
    with played([request], bars) as venue:
        whole = (traded(venue), venue.account())
    with played([request], bars[:cut]) as venue:
        venue.process(shown(bars))
        assert (traded(venue), venue.account()) == whole
