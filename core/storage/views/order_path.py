"""The way of one order, from the intent to its last fill."""

from __future__ import annotations

import pandas as pd

from core.domain.order_keys import entry_of
from core.storage.views.base import StoreView

# An entry shows what protects it, too. What was asked stands first, then by time; the fills of one
# moment come after what the broker said at that moment.
ORDER_PATH = """
with own as (
    select client_order_id from order_path where client_order_id = $1
        or starts_with(client_order_id, 'protect:' || $1 || ':')
    union select client_order_id from fills where client_order_id = $1
        or starts_with(client_order_id, 'protect:' || $1 || ':')
    union select $1
)
select coalesce(t.as_of, r.stored_at) as happened_at, client_order_id, 'requested' as what,
    quantity::double as quantity, coalesce(limit_price, stop_price)::double as price,
    side || ' ' || (r.body->>'$.kind') as detail, tactic_id as actor, '' as label, 0 as place,
    r.rowid as number
from order_requests r left join tactics t using (tactic_id, version)
where client_order_id in (from own) and client_order_id not in (
    select client_order_id from order_path where kind = 'intended')
union all
select occurred_at, client_order_id, kind, quantity::double, price::double, detail, actor, '', 1,
    rowid
from order_path where client_order_id in (from own)
union all
select filled_at, client_order_id, 'fill', quantity::double, price::double, leg, 'broker', label, 2,
    rowid
from fills where client_order_id in (from own)
order by place > 0, happened_at, place, number
"""


class OrderPathViews(StoreView):
    """What the positions page shows of one order."""

    def order_path(self, client_order_id: str) -> pd.DataFrame:
        """Return what was asked, what happened and what was filled, the newest last.

        Shape: happened_at, client_order_id, what (requested, a kind of event, or fill), quantity,
            price, detail, actor, label.
        """
        frame = self._store.frame(ORDER_PATH, (entry_of(client_order_id),))
        return frame.drop(columns=["place", "number"])
