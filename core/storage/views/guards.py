"""What the guards said and what the kill switch did, as the pages list it."""

from __future__ import annotations

import pandas as pd

from core.storage.views.base import StoreView

SAID = """
select r.checked_at, r.session_date, r.asks_for, v->>'$.name' as name, v->>'$.action' as action,
    (v->>'$.value')::double as value, (v->>'$.limit')::double as "limit", v->>'$.detail' as detail
from (select * from guard_reports order by rowid desc limit ?) r,
    unnest(json_extract(r.body, '$.verdicts[*]')) as told(v)
where (v->>'$.breached')::boolean order by r.checked_at desc, name
"""
HALTS = """
select h.halted_at, h.depth, h.reason, h.actor, o.recorded_at, o.is_verified,
    array_to_string(json_extract_string(o.body, '$.left[*]'), '; ') as "left",
    (o.body->>'$.is_suspended')::boolean as is_suspended
from halts h left join (
    select * from halt_outcomes
    qualify row_number() over (partition by run_id order by rowid desc) = 1
) o on o.run_id = h.run_id and h.run_id <> ''
order by h.rowid desc limit ?
"""


class GuardViews(StoreView):
    """Breaches and halts."""

    def guard_breaches(self, limit: int = 50) -> pd.DataFrame:
        """Return what was breached in the newest reports that said something new.

        Shape: checked_at, session_date, asks_for, name, action, value, limit, detail.
        """
        return self._store.frame(SAID, (limit,))

    def halts(self, limit: int = 50) -> pd.DataFrame:
        """Return the presses of the kill switch and what they came to, the newest first.

        Shape: halted_at, depth, reason, actor, recorded_at, is_verified, left, is_suspended; what
            is missing has not ended, or had nothing to clear.
        """
        return self._store.frame(HALTS, (limit,))
