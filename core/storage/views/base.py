"""What all views share: the store, and how states are folded from events."""

from __future__ import annotations

from core.storage.bars import Bars
from core.storage.connection import Store

PUBLISHING = """('drafted', 'approved', 'rejected', 'expired', 'scheduled', 'published',
    'update_posted')"""
OF_TRADE = "coalesce(json_extract_string(body, '$.payload.subject'), '') = 'trade'"

STATES = f"""
states as (
    select tactic_id,
        arg_max(kind, (version, occurred_at, rowid)) filter (
            kind in {PUBLISHING} and not {OF_TRADE}
        ) as publishing_state,
        arg_max(kind, (occurred_at, rowid)) filter (
            kind not in {PUBLISHING} or ({OF_TRADE} and kind in ('rejected', 'expired'))
        ) as trade_state,
        bool_or(kind = 'armed') as is_armed
    from tactic_events group by tactic_id
)"""


class StoreView:
    """Reads from the one store."""

    def __init__(self, store: Store, bars: Bars) -> None:
        self._store, self._bars = store, bars
