"""Open and closed trades, orders, fills and the account."""

from __future__ import annotations

import pandas as pd

from core.domain.views import PositionsView
from core.storage.views.base import StoreView

NEWEST_SAMPLE = """
newest_sample as (
    select sample_sha256, as_of from position_samples order by as_of desc, rowid desc limit 1
)"""
TRADES = """
trades as (
    select f.client_order_id, r.tactic_id, any_value(f.symbol) as symbol, r.side, r.body,
        r.stop_price, abs(r.limit_price - r.stop_price) as r_per_share,
        r.quantity * abs(r.limit_price - r.stop_price) as r_usd,
        sum(if(f.side = 'buy', f.quantity, -f.quantity)) as open_quantity,
        sum(f.quantity) filter (f.side = r.side) as entered,
        sum(f.quantity) filter (f.side <> r.side) as exited,
        sum(f.quantity * f.price) filter (f.side = r.side) as entry_value,
        sum(f.quantity * f.price) filter (f.side <> r.side) as exit_value,
        sum(f.fees) as fees, sum(if(f.side = 'buy', -f.quantity, f.quantity) * f.price) as flow,
        min(f.filled_at) as opened_at, max(f.filled_at) as closed_at,
        arg_max(f.leg, (f.filled_at, f.rowid)) as last_leg
    from fills f join order_requests r using (client_order_id)
    group by f.client_order_id, r.tactic_id, r.side, r.body, r.stop_price, r.limit_price,
        r.quantity
)"""
OPEN = f"""
with {TRADES}, {NEWEST_SAMPLE},
marks as (
    select p.symbol, p.last_price as last, p.as_of as last_at
    from positions p join newest_sample using (sample_sha256)
),
closes as (
    select symbol, arg_max(close, (started_at, fetched_at)) as last, max(started_at) as last_at
    from bars
    where timeframe = '1d' and symbol in (select symbol from trades where open_quantity <> 0)
    group by symbol
),
priced as (
    select t.*, t.entry_value / t.entered as entry, coalesce(m.last, c.last) as last,
        coalesce(m.last_at, c.last_at) as last_at,
        list_transform(json_extract(t.body, '$.bracket.take_profits[*].price'),
            lambda price: (price->>'$')::double) as targets,
        list_transform(json_extract(t.body, '$.bracket.take_profits[*].quantity'),
            lambda quantity: (quantity->>'$')::double) as parts
    from trades t left join marks m using (symbol) left join closes c using (symbol)
    where t.open_quantity <> 0
)
select client_order_id, tactic_id, symbol, side, open_quantity as quantity, entry,
    stop_price as stop,
    targets[1 + len(list_filter(range(1, len(parts)),
        lambda place: list_sum(parts[1:place]) <= coalesce(exited, 0)))] as target,
    targets, last, last_at, open_quantity * (last - entry) as unrealized_pnl,
    sign(open_quantity) * (last - entry) / r_per_share as open_r, opened_at,
    (select count(distinct b.session_date) from bars b where b.symbol = p.symbol
        and b.timeframe = '5m' and b.session_date >= p.opened_at::date) as age_sessions
from priced p order by opened_at
"""
CLOSED = f"""
with {TRADES},
ended as (
    select tactic_id, arg_max(actual_r, version) as actual_r from resolutions group by tactic_id
)
select client_order_id, tactic_id, symbol, side, entered as quantity,
    entry_value / entered as entry, exit_value / exited as exit, fees,
    flow - fees as realized_pnl,
    coalesce(e.actual_r, (flow - fees) / r_usd) as actual_r, opened_at, closed_at,
    last_leg as exit_leg
from trades left join ended e using (tactic_id)
where open_quantity = 0 order by closed_at desc
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
BROKER = f"""
with {NEWEST_SAMPLE}
select symbol, quantity, average_entry_price, last_price, p.as_of
from positions p join newest_sample using (sample_sha256) order by symbol
"""


class TradeViews(StoreView):
    """Everything on the positions page."""

    def open_positions(self) -> pd.DataFrame:
        """Return the open trades with the columns of `PositionsView.open`."""
        return self._store.frame(OPEN)

    def closed_trades(self) -> pd.DataFrame:
        """Return the flat trades, newest first, with the columns of `PositionsView.closed`."""
        return self._store.frame(CLOSED)

    def positions(self, limit: int = 200) -> PositionsView:
        """Return the positions page; orders, fills and account samples up to `limit`."""
        looked = self._store.all("select max(as_of) from position_samples")[0][0]
        return PositionsView(
            open=self.open_positions(),
            closed=self.closed_trades(),
            orders=self._store.frame(ORDERS, (limit,)),
            fills=self._store.frame(FILLS, (limit,)),
            account=self._store.frame(ACCOUNT, (limit,)),
            broker=self._store.frame(BROKER),
            broker_as_of=looked,
        )
