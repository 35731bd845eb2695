"""Open and closed trades, orders, fills and the account."""

from __future__ import annotations

import json
from bisect import bisect_right
from datetime import date, datetime
from itertools import accumulate
from typing import NamedTuple

import pandas as pd

from core.domain.views import PositionsView
from core.storage.views.base import StoreView

TRADES = """
select client_order_id, any_value(r.tactic_id), any_value(r.symbol) as symbol, any_value(r.side),
    any_value(r.body->'$.bracket.take_profits'), any_value(r.stop_price)::double,
    any_value(abs(r.limit_price - r.stop_price))::double, any_value(r.quantity)::double,
    sum(if(f.side = 'buy', f.quantity, -f.quantity))::double as open_quantity,
    sum(if(f.side = 'buy', -f.quantity, f.quantity) * f.price)::double,
    sum(if(f.side = r.side, f.quantity, 0))::double,
    sum(if(f.side = r.side, f.quantity * f.price, 0))::double,
    sum(if(f.side = r.side, 0, f.quantity))::double,
    sum(if(f.side = r.side, 0, f.quantity * f.price))::double,
    sum(f.fees)::double, min(f.filled_at) as opened_at, max(f.filled_at) as closed_at,
    arg_max(f.leg, (f.filled_at, f.place))
from (
    select rowid as place, * replace (coalesce(nullif(
        regexp_extract(client_order_id, '^protect:(.+):[0-9]+$', 1), ''), client_order_id
    ) as client_order_id) from fills
) f join order_requests r using (client_order_id) group by client_order_id
"""
BROKER = """
select symbol, quantity, average_entry_price, last_price, as_of from positions
where sample_sha256 = (
    select sample_sha256 from position_samples order by as_of desc, rowid desc limit 1)
order by symbol
"""
CLOSES = """
select symbol, arg_max(close, (started_at, fetched_at)) as last, max(started_at) as last_at
from bars where timeframe = '1d' and list_contains(?::varchar[], symbol) group by symbol
"""
SESSIONS = """
select distinct symbol, session_date from bars
where timeframe = '5m' and list_contains(?::varchar[], symbol) and session_date >= ?
"""
ORDERS = """
with newest as (
    select * from order_events qualify
    row_number() over (partition by client_order_id order by updated_at desc, rowid desc) = 1
)
select o.client_order_id, r.tactic_id, o.symbol, o.side, o.quantity, o.limit_price, o.status,
    o.filled_quantity, o.average_fill_price, o.submitted_at, o.updated_at
from newest o left join order_requests r using (client_order_id)
order by o.submitted_at desc, o.client_order_id limit ?
"""
FILLS = """
select fill_id, client_order_id, symbol, side, leg, quantity, price, fees, filled_at, label
from fills order by filled_at desc, rowid desc limit ?
"""
ACCOUNT = """
from (
    select as_of, arg_max(equity, rowid) as equity, arg_max(cash, rowid) as cash,
        arg_max(buying_power, rowid) as buying_power
    from accounts group by as_of order by as_of desc limit ?
) order by as_of
"""
OPEN_COLUMNS = [
    "client_order_id", "tactic_id", "symbol", "side", "quantity", "entry", "stop", "target",
    "targets", "last", "last_at", "unrealized_pnl", "open_r", "opened_at", "age_sessions",
    "r_per_share",
]  # fmt: skip
CLOSED_COLUMNS = [
    "client_order_id", "tactic_id", "symbol", "side", "quantity", "entry", "exit", "fees",
    "realized_pnl", "realized_r", "opened_at", "closed_at", "exit_leg",
]  # fmt: skip


class Trade(NamedTuple):
    """The fills of one order, summed up. USD, USD per share."""

    client_order_id: str
    tactic_id: str
    symbol: str
    side: str
    take_profits: str
    stop: float
    r_per_share: float
    ordered: float
    open_quantity: float
    cash_flow: float
    entered: float
    entry_value: float
    exited: float
    exit_value: float
    fees: float
    opened_at: datetime
    closed_at: datetime
    last_leg: str

    @property
    def entry(self) -> float:
        return self.entry_value / self.entered if self.entered else float("nan")


Mark = tuple[float, datetime]


class TradeViews(StoreView):
    """Everything on the positions page."""

    def open_positions(self) -> pd.DataFrame:
        """Return the open trades with the columns of `PositionsView.open`, oldest first."""
        return self._open(self._trades("having open_quantity <> 0 order by opened_at"))

    def closed_trades(self) -> pd.DataFrame:
        """Return the flat trades, newest first, with the columns of `PositionsView.closed`."""
        return _closed(self._trades("having open_quantity = 0 order by opened_at"))

    def positions(self, limit: int = 200) -> PositionsView:
        """Return the positions page; orders, fills and account samples up to `limit`."""
        trades = self._trades("order by opened_at")
        looked = self._store.all("select max(as_of) from position_samples")[0][0]
        return PositionsView(
            open=self._open([trade for trade in trades if trade.open_quantity]),
            closed=_closed([trade for trade in trades if not trade.open_quantity]),
            orders=self._store.frame(ORDERS, (limit,)),
            fills=self._store.frame(FILLS, (limit,)),
            account=self._store.frame(ACCOUNT, (limit,)),
            broker=self._store.frame(BROKER),
            broker_as_of=looked,
        )

    def _trades(self, which: str) -> list[Trade]:
        return [Trade(*row) for row in self._store.all(f"{TRADES} {which}")]

    def _open(self, trades: list[Trade]) -> pd.DataFrame:
        if not trades:
            return pd.DataFrame(columns=OPEN_COLUMNS)
        symbols = sorted({trade.symbol for trade in trades})
        marks = self._marks(symbols)
        since = min(trade.opened_at for trade in trades).date()
        sessions = self._store.all(SESSIONS, (symbols, since))
        rows = [_opened(trade, marks.get(trade.symbol), _age(trade, sessions)) for trade in trades]
        return pd.DataFrame(rows, columns=OPEN_COLUMNS)

    def _marks(self, symbols: list[str]) -> dict[str, Mark]:
        """Map symbols to the broker's last price and its moment, else to the last daily close."""
        held = {row[0]: (float(row[3]), row[4]) for row in self._store.all(BROKER)}
        lacking = [symbol for symbol in symbols if symbol not in held]
        closes = self._store.all(CLOSES, (lacking,)) if lacking else []
        return held | {symbol: (close, at) for symbol, close, at in closes}


def _age(trade: Trade, sessions: list[tuple[str, date]]) -> int:
    first = trade.opened_at.date()
    return sum(1 for symbol, session in sessions if symbol == trade.symbol and session >= first)


def _opened(trade: Trade, mark: Mark | None, age: int) -> tuple[object, ...]:
    last, last_at = mark or (float("nan"), None)
    moved, sign = last - trade.entry, 1 if trade.open_quantity > 0 else -1
    target, targets = _targets(trade.take_profits, trade.exited)
    return (
        *trade[:4], trade.open_quantity, trade.entry, trade.stop, target, targets, last, last_at,
        trade.open_quantity * moved, sign * moved / trade.r_per_share, trade.opened_at, age,
        trade.r_per_share,
    )  # fmt: skip


def _closed(trades: list[Trade]) -> pd.DataFrame:
    newest_first = sorted(trades, key=lambda trade: trade.closed_at, reverse=True)
    rows = [_closed_row(trade) for trade in newest_first]
    return pd.DataFrame(rows, columns=CLOSED_COLUMNS)


def _closed_row(trade: Trade) -> tuple[object, ...]:
    profit = trade.cash_flow - trade.fees
    return (
        *trade[:4], trade.entered, trade.entry, trade.exit_value / trade.exited, trade.fees, profit,
        profit / (trade.ordered * trade.r_per_share), trade.opened_at, trade.closed_at,
        trade.last_leg,
    )  # fmt: skip


def _targets(take_profits: str, exited: float) -> tuple[float, list[float]]:
    """Return the next target and all of them; what was exited went to the nearest first."""
    legs = json.loads(take_profits)
    prices = [float(leg["price"]) for leg in legs]
    done = list(accumulate(float(leg["quantity"]) for leg in legs))
    return prices[min(bisect_right(done, exited), len(prices) - 1)], prices
