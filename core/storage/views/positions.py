"""Orders that may still trade, what the broker holds, and how orders were sized."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.domain.order_keys import entry_of
from core.domain.orders import Order
from core.domain.risk import SizeDecision
from core.domain.trading import Account, Position
from core.storage.trading import ACCOUNTS, LATEST_ORDERS, ORDERS, POSITIONS
from core.storage.views.base import StoreView

# What is open by its status, and the orders of entries whose exits may outlive them.
WORKING = f"""
client_order_id in (
    select client_order_id from (
        select client_order_id, status from order_events qualify row_number() over (
            partition by client_order_id order by updated_at desc, rowid desc) = 1
    ) where status in ('accepted', 'partially_filled', 'pending_cancel')
) or list_contains(?, coalesce(nullif(
    regexp_extract(client_order_id, '^protect:(.+):[0-9]+$', 1), ''), client_order_id))
{LATEST_ORDERS}
"""
NEWEST_SAMPLE = """
sample_sha256 = (
    select sample_sha256 from position_samples order by as_of desc, rowid desc limit 1)
order by symbol
"""
SIZES_OF_ORDER = """
select s.decided_at, s.body from order_requests r join size_decisions s using (tactic_id, version)
where r.client_order_id = ? order by s.decided_at, s.rowid
"""


class PositionViews(StoreView):
    """What the desk reads of positions and their orders."""

    def working_orders(self, entry_ids: Sequence[str] = ()) -> list[Order]:
        """Return the orders of which something may still trade, exits of these entries included."""
        told = ORDERS.find(self._store, WORKING, (list(entry_ids),))
        return [order for order in told if order.is_working]

    def last_told(self, client_order_id: str) -> Order | None:
        """Return what the broker last told of an order, None where it never did."""
        condition = f"client_order_id = ? {LATEST_ORDERS}"
        found = ORDERS.find(self._store, condition, (client_order_id,))
        return found[0] if found else None

    def at_broker(self) -> list[Position] | None:
        """Return what the broker held when it was last looked at, None where it never was."""
        if self._store.one("select 1 from position_samples limit 1") is None:
            return None
        return POSITIONS.find(self._store, NEWEST_SAMPLE)

    def newest_account(self) -> Account | None:
        found = ACCOUNTS.find(self._store, "true order by as_of desc, rowid desc limit 1")
        return found[0] if found else None

    def sizes_of_order(self, client_order_id: str) -> list[tuple[datetime, SizeDecision]]:
        """Return how the plan of an order was sized, and sized again, oldest first."""
        rows = self._store.all(SIZES_OF_ORDER, (entry_of(client_order_id),))
        return [(at, SizeDecision.model_validate_json(body)) for at, body in rows]
