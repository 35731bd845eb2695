"""How fast the paper venue plays ten years of daily bars to many bracket orders."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd

from core.adapters.brokers.paper import PaperBroker, VenueRules
from core.adapters.brokers.paper.bars import parse_bars
from core.adapters.brokers.paper.book_file import BookFile
from core.adapters.brokers.paper.playing import play
from core.adapters.brokers.paper.sessions import session_close
from core.adapters.brokers.paper.ticket import Progress, Ticket
from core.domain.orders import Bracket, OrderKind, OrderRequest, TakeProfit, TimeInForce
from core.domain.trading import Fill, OrderSide

SYMBOLS, SESSIONS, ORDERS = 500, 2_520, 10_000
PROVED = 20  # symbols that the reference loop plays as well, bar by bar
RULES = VenueRules(start_cash_usd=Decimal(10**9))
CENT = Decimal("0.01")
MORNING = clock_time(13)
FIRST = datetime(2015, 1, 5, tzinfo=UTC)


def run() -> list[tuple[str, float, str, str]]:
    """Return (name, value, unit, target) of each measure."""
    frame = _bars()
    orders = [_order(frame, number) for number in range(ORDERS)]
    with _venue(orders) as (venue, _):
        started = time.perf_counter()
        venue.process(frame)
        seconds = time.perf_counter() - started
        trades = len(venue.fills_since("")[0])
    proved = _proved(frame, orders)
    what = f"{ORDERS:,} brackets, {SYMBOLS} x {SESSIONS:,} daily bars, {trades:,} fills"
    return [
        (what, seconds, "s", "<= 5 s"),
        (f"fills equal to the event loop's, {PROVED} symbols", float(proved), "", "all"),
    ]


def _proved(frame: pd.DataFrame, orders: list[tuple[OrderRequest, datetime]]) -> int:
    """Play some symbols bar by bar, and check that the venue trades exactly the same."""
    names = {f"S{number:03}" for number in range(PROVED)}
    part = frame[frame["symbol"].isin(names)]
    with _venue([order for order in orders if order[0].symbol in names]) as (venue, tickets):
        expected = _event_loop(part, tickets)
        venue.process(part)
        assert venue.fills_since("")[0] == expected
    return len(expected)


def _event_loop(frame: pd.DataFrame, tickets: list[Ticket]) -> list[Fill]:
    """Show every bar to every order of its symbol, in time order."""
    by_symbol = {bars.symbol: bars for bars in parse_bars(frame)}
    steps = sorted(
        (int(start), symbol, place)
        for symbol, bars in by_symbol.items()
        for place, start in enumerate(bars.starts)
    )
    waiting: dict[str, list[Ticket]] = {symbol: [] for symbol in by_symbol}
    for ticket in tickets:
        waiting[ticket.asked.symbol].append(ticket)
    fills: list[Fill] = []
    for _, symbol, place in steps:
        after = play(waiting[symbol], by_symbol[symbol].bar(place), RULES)
        for before, now in zip(waiting[symbol], after, strict=True):
            fills += now.fills[len(before.fills) :]
        waiting[symbol] = after
    return fills


@contextmanager
def _venue(
    orders: list[tuple[OrderRequest, datetime]],
) -> Iterator[tuple[PaperBroker, list[Ticket]]]:
    """Return a venue that holds the orders; they are booked in one transaction."""
    with tempfile.TemporaryDirectory(prefix="bench-paper-") as folder:
        path = Path(folder) / "paper.sqlite"
        with BookFile(path).change("bench") as book:
            tickets = [
                book.add(request, at, _expiry(request, at), Progress()) for request, at in orders
            ]
        yield PaperBroker(path, RULES), tickets


def _expiry(request: OrderRequest, at: datetime) -> datetime | None:
    return session_close(at) if request.time_in_force is TimeInForce.DAY else None


def _order(frame: pd.DataFrame, number: int) -> tuple[OrderRequest, datetime]:
    """Return an order for the morning of a session, around its open of the day before."""
    symbol, turn = number % SYMBOLS, number // SYMBOLS
    row = symbol * SESSIONS + turn * (SESSIONS * SYMBOLS // ORDERS)
    side = OrderSide.SELL if turn % 2 else OrderSide.BUY
    kind = (OrderKind.LIMIT, OrderKind.MARKET, OrderKind.LIMIT, OrderKind.STOP)[turn % 4]
    last = Decimal(str(frame["close"].iat[row])).quantize(CENT)
    request = OrderRequest(
        client_order_id=f"order:{number}:entry",
        symbol=f"S{symbol:03}",
        side=side,
        quantity=Decimal(100),
        kind=kind,
        limit_price=_away(last, side, -1) if kind is OrderKind.LIMIT else None,
        stop_price=_away(last, side, 1) if kind is OrderKind.STOP else None,
        time_in_force=TimeInForce.DAY if number % 3 else TimeInForce.GTC,
        bracket=Bracket(
            stop_price=_away(last, side, -6),
            take_profits=(
                TakeProfit(price=_away(last, side, 5), quantity=Decimal(60)),
                TakeProfit(price=_away(last, side, 9), quantity=Decimal(40)),
            ),
        ),
    )
    morning = datetime.combine(frame["session_date"].iat[row], MORNING, UTC)
    return request, morning + timedelta(days=1)


def _away(price: Decimal, side: OrderSide, percent: int) -> Decimal:
    """Return a price some percent away, in the direction of the order."""
    return (price * (100 + side.sign * percent) / 100).quantize(CENT)


def _bars() -> pd.DataFrame:
    """Return random walks in daily bars, in cents; in one bar of fifty nearly nothing trades."""
    random = np.random.default_rng(7)
    shape = (SYMBOLS, SESSIONS)
    close = 100 * np.exp(np.cumsum(random.normal(0.0003, 0.015, shape), axis=1))
    before = np.concatenate((np.full((SYMBOLS, 1), 100.0), close[:, :-1]), axis=1)
    opened = before * (1 + random.normal(0, 0.004, shape))
    above, below = np.abs(random.normal(0, 0.008, (2, *shape)))
    prices = {
        "open": opened,
        "high": np.maximum(opened, close) * (1 + above),
        "low": np.minimum(opened, close) * (1 - below),
        "close": close,
    }
    thin = random.random(shape) < 0.02
    days = pd.bdate_range(FIRST, periods=SESSIONS)
    columns = {
        "symbol": np.repeat([f"S{number:03}" for number in range(SYMBOLS)], SESSIONS),
        "timeframe": "1d",
        "session_date": np.tile(days.date, SYMBOLS),
        "started_at": np.tile(days.tz_localize(None), SYMBOLS),
        "volume": np.where(thin, random.integers(0, 600, shape), 1e6).ravel(),
        "label": "real",
    }
    frame = pd.DataFrame(columns | {name: np.round(p, 2).ravel() for name, p in prices.items()})
    return frame.assign(started_at=frame["started_at"].dt.tz_localize("UTC"))
