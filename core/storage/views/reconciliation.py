"""The comparisons with the broker, as the positions page lists them."""

from __future__ import annotations

import pandas as pd

from core.storage.views.base import StoreView

COMPARISONS = """
select reconciled_at, broker, state, len(json_extract(body, '$.differences[*]')) as differences,
    (body->>'$.orders')::bigint as orders, (body->>'$.positions')::bigint as positions,
    (body->>'$.fills')::bigint as fills, body->>'$.no_answer' as no_answer, run_id
from reconciliations order by rowid desc limit ?
"""
SETTLED = """
select r.resolved_at, d.kind, d.subject, r.verdict, r.actor, r.body->>'$.reason' as reason,
    d.body->>'$.desk' as desk, d.body->>'$.broker' as broker
from reconciliation_resolutions r join reconciliation_differences d using (difference_id)
order by r.rowid desc limit ?
"""


class ReconciliationViews(StoreView):
    """What was compared, and what was settled."""

    def comparisons(self, limit: int = 50) -> pd.DataFrame:
        """Return the newest comparisons, newest first.

        Shape: reconciled_at, broker, state, differences, orders, positions, fills, no_answer,
            run_id.
        """
        return self._store.frame(COMPARISONS, (limit,))

    def settled_differences(self, limit: int = 50) -> pd.DataFrame:
        """Return what was adopted or ignored, newest first.

        Shape: resolved_at, kind, subject, verdict, actor, reason, desk, broker.
        """
        return self._store.frame(SETTLED, (limit,))
