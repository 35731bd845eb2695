"""Both books as they were last judged, and what stands between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime

from core.domain.discipline import Comparison, LevelState
from core.domain.lifecycle import TacticEvent
from core.domain.orders import Order
from core.domain.overrides import Override, OverrideNote
from core.storage.views.base import StoreView

COMPARISONS = """
select body from book_comparisons
qualify row_number() over (partition by case_id order by revision desc) = 1
order by session_date, case_id
"""
# A case that was judged anew may have lost an override: what its newest comparison does not name
# stands no more.
STANDING = """
with judged as (
    select case_id, json_extract_string(body, '$.override_ids[*]') as override_ids
    from book_comparisons
    qualify row_number() over (partition by case_id order by revision desc) = 1
),
told as (
    from overrides qualify row_number() over (partition by override_id order by revision desc) = 1
)
select body from told left join judged using (case_id)
where override_ids is null or list_contains(override_ids, override_id)
order by occurred_at, override_id
"""
NOTES = """
select body from override_notes
qualify row_number() over (partition by override_id order by noted_at desc, rowid desc) = 1
"""
LEVEL = "select body from discipline_levels order by session_date desc, revision desc limit 1"
TELLINGS = """
select body from order_events where list_contains(?::varchar[], client_order_id)
order by updated_at, rowid
"""
FIRST_IMPORTED = """
select min(first_date) from imports where kind = 'robinhood' and imported_at >= ?
"""
FIRST_COMMITTED = """
select min(session_date) from tactics where (tactic_id, version) in (
    select (tactic_id, version) from tactic_events where kind in ('approved', 'armed', 'published'))
"""
PLAN_CHANGES = """
select body from tactic_events where kind in ('superseded', 'cancelled', 'corrected')
order by occurred_at, rowid
"""


class OverrideViews(StoreView):
    """What the page about discipline and the judging itself read."""

    def book_comparisons(self) -> list[Comparison]:
        """Return every case as it was last judged, oldest session first."""
        rows = self._store.all(COMPARISONS)
        return [Comparison.model_validate_json(body) for (body,) in rows]

    def standing_overrides(self) -> list[Override]:
        """Return the overrides that the newest look at their case still names, oldest first."""
        return [Override.model_validate_json(body) for (body,) in self._store.all(STANDING)]

    def override_notes(self) -> dict[str, OverrideNote]:
        """Return the newest note on each override, by its id."""
        notes = [OverrideNote.model_validate_json(body) for (body,) in self._store.all(NOTES)]
        return {note.override_id: note for note in notes}

    def discipline_level(self) -> LevelState | None:
        """Return the level after the newest session that was judged, None before the first."""
        row = self._store.one(LEVEL)
        return LevelState.model_validate_json(row[0]) if row else None

    def order_tellings(self, client_order_ids: Sequence[str]) -> dict[str, list[Order]]:
        """Return everything that the broker told of some orders, oldest first, by their ids."""
        found: defaultdict[str, list[Order]] = defaultdict(list)
        for (body,) in self._store.all(TELLINGS, (list(client_order_ids),)):
            order = Order.model_validate_json(body)
            found[order.client_order_id].append(order)
        return found

    def first_imported(self, since: datetime) -> date | None:
        """Return the oldest day of the broker's history in what was imported since a moment."""
        row = self._store.one(FIRST_IMPORTED, (since,))
        return row[0] if row else None

    def first_committed(self) -> date | None:
        """Return the session of the first plan that was approved or published, None before it."""
        row = self._store.one(FIRST_COMMITTED)
        return row[0] if row else None

    def plan_changes(self) -> list[TacticEvent]:
        """Return what was taken back, replaced or corrected of plans and orders, oldest first."""
        rows = self._store.all(PLAN_CHANGES)
        return [TacticEvent.model_validate_json(body) for (body,) in rows]
