"""Jumping from one bar that matters to the next trades exactly as reading every bar does."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.adapters.brokers.paper import PaperBroker, VenueRules
from core.adapters.brokers.paper.bars import SymbolBars, parse_bars
from core.adapters.brokers.paper.playing import play, play_all
from core.adapters.brokers.paper.sessions import session_close
from core.adapters.brokers.paper.ticket import Progress, Ticket
from core.domain.orders import OrderKind, OrderRequest, OrderStatus, Purpose, TimeInForce
from core.domain.trading import Asset, OrderSide
from core.errors import RejectedError
from tests.unit.paper_orders import MORNING, NEXT_DAY, OPEN, Row, asked, bracket, shown

MANY = hypothesis_settings(max_examples=200, deadline=None)
FEW = hypothesis_settings(max_examples=15, deadline=None)
LATE = OPEN + timedelta(hours=6)
RULES = VenueRules()
CENTS = st.integers(9_400, 10_600).map(lambda cents: cents / 100)
ROWS = st.lists(
    st.tuples(CENTS, CENTS, CENTS, CENTS).map(lambda p: (p[0], max(p), min(p), p[3])),
    min_size=1,
    max_size=10,
)
VOLUMES = st.sampled_from([0, 0, 5, 40, 90, 10_000])


@st.composite
def markets(draw: st.DrawFn) -> pd.DataFrame:
    """Return bars of two symbols at the end of one session and in the next."""
    parts = []
    for symbol in ("AAPL", "TSLA"):
        for start in (LATE, NEXT_DAY):
            rows: list[Row] = draw(ROWS)
            frame = shown(rows, start, symbol=symbol)
            parts.append(frame.assign(volume=[draw(VOLUMES) for _ in rows]))
    return pd.concat(parts, ignore_index=True)


def usd(cents: int) -> Decimal:
    return Decimal(cents) / 100


@st.composite
def prices(draw: st.DrawFn, kind: OrderKind, around: int) -> dict[str, Any]:
    """Return what an order of a kind names, within a dollar of a price in cents."""
    near = st.integers(around - 100, around + 100).map(usd)
    trail = {"trail_usd": usd(draw(st.integers(20, 300)))}
    if kind is OrderKind.TRAILING_STOP and draw(st.booleans()):
        trail = {"trail_fraction": draw(st.sampled_from([Decimal("0.01"), Decimal("0.0213")]))}
    return {
        "kind": kind,
        "limit_price": draw(near) if kind.has_limit else None,
        "stop_price": draw(near) if kind.has_stop else None,
        **(trail if kind is OrderKind.TRAILING_STOP else {}),
    }


@st.composite
def entries(draw: st.DrawFn) -> OrderRequest:
    side = draw(st.sampled_from(OrderSide))
    aims = draw(st.lists(st.integers(110, 400), min_size=1, max_size=3))
    targets = [(100 + side.sign * aim / 100, 3 + place) for place, aim in enumerate(aims)]
    stop = 100 - side.sign * draw(st.integers(110, 300)) / 100
    return asked(
        side,
        symbol=draw(st.sampled_from(["AAPL", "TSLA"])),
        quantity=Decimal(sum(shares for _, shares in targets)),
        bracket=bracket(stop, *targets),
        time_in_force=draw(st.sampled_from(TimeInForce)),
        **draw(prices(draw(st.sampled_from(OrderKind)), 10_000)),
    )


@st.composite
def exits(draw: st.DrawFn) -> OrderRequest:
    """Return an order that sells shares of TSLA, at one price or at either of two."""
    content: dict[str, Any] = draw(prices(draw(st.sampled_from(OrderKind)), 10_000))
    if draw(st.booleans()):
        stop, target = draw(st.integers(9_700, 9_990)), draw(st.integers(10_010, 10_300))
        exits = bracket(stop / 100, (target / 100, 10))
        content = {"kind": OrderKind.LIMIT, "limit_price": usd(target), "bracket": exits}
    return asked(
        OrderSide.SELL,
        purpose=Purpose.EXIT,
        **{"bracket": None, "time_in_force": draw(st.sampled_from(TimeInForce))} | content,
    )


ORDERS = st.lists(st.one_of(entries(), entries(), exits()), min_size=1, max_size=5)


def tickets(orders: list[OrderRequest]) -> list[Ticket]:
    """Return the orders as the book holds them, each second one sent while the market is open."""
    found = []
    for number, request in enumerate(orders):
        named = request.model_copy(update={"client_order_id": f"order:{number}:x"})
        at = MORNING if number % 2 else LATE + timedelta(minutes=10)
        is_day = request.time_in_force is TimeInForce.DAY
        has_seen = request.kind is OrderKind.TRAILING_STOP and number % 3
        progress = Progress(best_price=Decimal(100) if has_seen else None)
        expires_at = session_close(at) if is_day else None
        found.append(Ticket(number, named, OrderStatus.ACCEPTED, at, at, expires_at, progress))
    return found


def bar_by_bar(waiting: list[Ticket], bars: SymbolBars) -> list[Ticket]:
    """Show every bar to every order: the rule of which `play_all` is the fast way."""
    for place in range(len(bars)):
        waiting = play(waiting, bars.bar(place), RULES)
    return waiting


@MANY
@given(ORDERS, markets())
def test_jumping_is_reading_every_bar(orders: list[OrderRequest], frame: pd.DataFrame) -> None:
    waiting = tickets(orders)
    for bars in parse_bars(frame):
        mine = [ticket for ticket in waiting if ticket.asked.symbol == bars.symbol]
        assert play_all(mine, bars, RULES) == bar_by_bar(mine, bars)


@FEW
@given(ORDERS, markets(), st.integers(0, 40))
def test_bars_shown_in_two_portions_trade_as_in_one(
    orders: list[OrderRequest], frame: pd.DataFrame, cut: int
) -> None:
    ordered = frame.sort_values(["started_at", "symbol"], ignore_index=True)
    whole, parts = traded([ordered], orders), traded([ordered[:cut], ordered[cut:]], orders)

    assert whole == parts
    assert [fill.filled_at for fill in whole[0]] == sorted(fill.filled_at for fill in whole[0])


def traded(portions: list[pd.DataFrame], orders: list[OrderRequest]) -> tuple[Any, ...]:
    with tempfile.TemporaryDirectory() as folder:
        venue = PaperBroker(Path(folder) / "paper.sqlite", RULES)
        venue.process(shown([(100, 100, 100, 100)]))
        venue.trade_by_hand("TSLA", Decimal(60), Decimal(100))
        for ticket in tickets(orders):
            venue.submit(ticket.asked, ticket.submitted_at)
        for portion in portions:
            venue.process(portion)
        return venue.fills_since("")[0], venue.account(), venue.open_orders()


@pytest.fixture
def venue(tmp_path: Path) -> PaperBroker:
    return PaperBroker(tmp_path / "paper.sqlite", RULES)


def test_the_orders_of_an_account_share_what_a_bar_has(venue: PaperBroker) -> None:
    for number in (1, 2):
        venue.submit(asked(client_order_id=f"order:{number}:entry"), MORNING)

    venue.process(shown([(101, 101, 100, 100)], volume=150))

    filled = {fill.client_order_id: fill.quantity for fill in venue.fills_since("")[0]}
    assert filled == {"order:1:entry": 10, "order:2:entry": 5}


def test_no_more_than_a_bar_has_is_ever_traded(venue: PaperBroker) -> None:
    venue.submit(asked(), MORNING)

    venue.process(shown([(101, 101, 100, 100)] * 4, volume=39))

    assert [fill.quantity for fill in venue.fills_since("")[0]] == [3, 3, 3, 1]


def test_a_bar_without_volume_fills_nothing_and_reaches_no_stop(venue: PaperBroker) -> None:
    venue.submit(asked(), MORNING)
    venue.process(shown([(101, 101, 100, 100)]))
    venue.process(shown([(101, 110, 90, 100)], NEXT_DAY, volume=0))

    assert [fill.leg.value for fill in venue.fills_since("")[0]] == ["entry"]
    assert venue.positions()[0].last_price == 100


def test_a_halted_symbol_trades_nothing_but_its_day_still_ends(venue: PaperBroker) -> None:
    venue.submit(asked(), MORNING)
    halted = Asset(
        symbol="TSLA", is_tradable=False, is_shortable=True, is_fractionable=False, reason="halted"
    )
    venue.list_asset(halted)

    venue.process(shown([(101, 101, 100, 100)], NEXT_DAY))

    order = venue.order_by_client_id(asked().client_order_id)
    assert order is not None
    assert (order.status.value, order.filled_quantity) == ("expired", 0)
    with pytest.raises(RejectedError, match="TSLA is not traded: halted"):
        venue.submit(asked(client_order_id="order:2:entry"), MORNING)


def test_an_exit_that_trades_takes_the_rest_of_its_entry_away(venue: PaperBroker) -> None:
    venue.submit(asked(time_in_force=TimeInForce.GTC), MORNING)
    venue.process(shown([(101, 101, 100, 100)], volume=40))
    venue.process(shown([(103, 108, 102, 108), (100, 100, 100, 100)], NEXT_DAY))

    told = [(fill.leg.value, fill.quantity) for fill in venue.fills_since("")[0]]
    assert told == [("entry", 4), ("target", 4)]
    assert venue.open_orders() == []


def test_a_stop_reached_on_a_thin_entry_bar_sells_at_the_next_open(venue: PaperBroker) -> None:
    venue.submit(asked(), MORNING)
    venue.process(shown([(101, 101, 97, 98)], volume=40))
    order = venue.order_by_client_id(asked().client_order_id)
    assert order is not None
    assert (order.status.value, order.protected_quantity) == ("canceled", 4)

    venue.process(shown([(103, 104, 102, 103)], NEXT_DAY))
    told = [(f.leg.value, f.quantity, f.price) for f in venue.fills_since("")[0]]
    assert told == [("entry", 4, 101), ("stop", 4, Decimal("102.98"))]
