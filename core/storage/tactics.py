"""Tactic versions, their events, their sizes and how they ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import reduce

from core.domain.base import content_sha256
from core.domain.lifecycle import TacticEvent, TacticEventKind
from core.domain.resolutions import Resolution
from core.domain.risk import SizeDecision
from core.domain.tactic_state import TacticState, advance, apply
from core.domain.tactics import Tactic
from core.storage.connection import Store
from core.storage.facts import FactTable
from core.storage.inserts import Cursor

TACTICS = FactTable(
    name="tactics",
    model=Tactic,
    keys=("tactic_id", "version"),
    columns=(
        "tactic_id", "version", "symbol", "session_date", "as_of", "snapshot_id", "insight_id",
        "stage", "bias", "grade", "headline", "content_sha256",
    ),
)  # fmt: skip
EVENTS = FactTable(
    name="tactic_events",
    model=TacticEvent,
    keys=("event_id",),
    columns=("event_id", "tactic_id", "version", "scenario_key", "kind", "occurred_at", "actor"),
)
SIZES = FactTable(
    name="size_decisions",
    model=SizeDecision,
    keys=("size_id",),
    columns=("quantity", "binding", "risk_usd"),
)
RESOLUTIONS = FactTable(
    name="resolutions",
    model=Resolution,
    keys=("tactic_id", "version", "scenario_key"),
    columns=(
        "tactic_id", "version", "scenario_key", "outcome", "system_r", "actual_r", "resolved_at",
        "label",
    ),
)  # fmt: skip

NEWEST_VERSION = "version = (select max(version) from tactics n where n.tactic_id = f.tactic_id)"
OPEN_AND_COMMITTED = """
session_date <= ? and len(json_extract(body, '$.scenarios[*]')) > 0
and tactic_id not in (select tactic_id from resolutions)
and (tactic_id, version) in (
    select tactic_id, max(version) from tactic_events
    where kind in ('approved', 'armed', 'published') group by tactic_id)
and (tactic_id, version) not in (
    select (tactic_id, version) from tactic_events where kind in ('superseded', 'cancelled')
        and coalesce(json_extract_string(body, '$.payload.subject'), kind)
            in ('superseded', 'plan'))
order by session_date, tactic_id
"""


class Tactics:
    """Everything that is appended about tactics."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, tactic: Tactic) -> str:
        """Store one version; return the tactic's id."""
        TACTICS.append(self._store, [tactic])
        return tactic.tactic_id

    def get(self, tactic_id: str, version: int | None = None) -> Tactic:
        """Return one version, the newest by default.

        Raises: NotFoundError.
        """
        condition = "tactic_id = ? and (version = ? or ? is null) order by version desc limit 1"
        return TACTICS.get(self._store, tactic_id, condition, (tactic_id, version, version))

    def for_session(self, session_date: date) -> list[Tactic]:
        """Return the newest version of each tactic of one session."""
        condition = f"session_date = ? and {NEWEST_VERSION} order by tactic_id"
        return TACTICS.find(self._store, condition, (session_date,))

    def between(self, first: date, last: date) -> list[Tactic]:
        """Return every version of the tactics of the sessions from first to last."""
        condition = "session_date between ? and ? order by session_date, tactic_id, version"
        return TACTICS.find(self._store, condition, (first, last))

    def published_between(self, first: date, last: date) -> list[Tactic]:
        """Return the published versions of the sessions from first to last."""
        condition = (
            "session_date between ? and ? and (tactic_id, version) in "
            "(select (tactic_id, version) from tactic_events where kind = 'published') "
            "order by session_date, tactic_id"
        )
        return TACTICS.find(self._store, condition, (first, last))

    def unresolved(self, until: date) -> list[Tactic]:
        """Return the plans up to a session that were committed to and have not ended.

        Committed to: approved, armed or published. Each in the newest version that was.
        """
        return TACTICS.find(self._store, OPEN_AND_COMMITTED, (until,))

    def committed_at(self, tactics: Sequence[Tactic]) -> dict[tuple[str, int], datetime]:
        """Return when each version could first be acted on.

        That is its publication; of one that is not public, its first approval or order.
        """
        sql = """
            select tactic_id, version, coalesce(
                min(occurred_at) filter (where kind = 'published'), min(occurred_at))
            from tactic_events
            where kind in ('approved', 'armed', 'published') and list_contains(?, tactic_id)
            group by tactic_id, version"""
        rows = self._store.all(sql, ([tactic.tactic_id for tactic in tactics],))
        return {(key, version): at.replace(tzinfo=UTC) for key, version, at in rows}

    def append_events(self, events: Sequence[TacticEvent]) -> int:
        """Append the events that were not told yet; return how many these were.

        Raises: InvalidTransitionError for one that may not follow; then nothing is stored.
        """
        with self._store.write() as cursor:
            return self._append_events(cursor, events)

    def _append_events(self, cursor: Cursor, events: Sequence[TacticEvent]) -> int:
        told = self._events_of({event.tactic_id for event in events})
        known, fresh = {event.event_id for event in told}, []
        states: dict[tuple[str, int], TacticState] = {}
        for event in events:
            if event.event_id in known:
                continue
            key = (event.tactic_id, event.version)
            before = states[key] if key in states else _state(told, key)
            states[key] = advance(before, event, self._plan_of(event))
            known.add(event.event_id)
            fresh.append(event)
        return EVENTS.insert(cursor, self._store, fresh) if fresh else 0

    def _events_of(self, tactic_ids: set[str]) -> list[TacticEvent]:
        """Return the events in the order they were appended."""
        condition = "list_contains(?, tactic_id) order by rowid"
        return EVENTS.find(self._store, condition, (sorted(tactic_ids),))

    def _plan_of(self, event: TacticEvent) -> Tactic | None:
        """Return the version with the stop that an event moves; no other kind asks for it."""
        if event.kind is not TacticEventKind.STOP_MOVED:
            return None
        return self.get(event.tactic_id, event.version)

    def state(self, tactic_id: str, version: int) -> TacticState:
        """Return where a version stands."""
        return _state(self._events_of({tactic_id}), (tactic_id, version))

    def events(self, tactic_id: str) -> list[TacticEvent]:
        """Return the events of all versions in the order they occurred."""
        return EVENTS.find(self._store, "tactic_id = ? order by occurred_at, rowid", (tactic_id,))

    def trades_on(self, session_date: date) -> int:
        """Return how many times tactics of a session were armed."""
        sql = """
            select count(*) from tactic_events where kind = 'armed' and tactic_id in
                (select tactic_id from tactics where session_date = ?)"""
        return int(self._store.all(sql, (session_date,))[0][0])

    def armed(self) -> frozenset[str]:
        """Return the ids of the tactics whose order ever reached the broker."""
        rows = self._store.all("select distinct tactic_id from tactic_events where kind = 'armed'")
        return frozenset(tactic_id for (tactic_id,) in rows)

    def append_size(
        self, tactic_id: str, version: int, decided_at: datetime, decision: SizeDecision
    ) -> None:
        """Keep a sizing decision; the same one at the same moment is kept once."""
        size_id = content_sha256(
            {
                "tactic_id": tactic_id,
                "version": version,
                "decided_at": decided_at.isoformat(),
                "decision": decision.model_dump(mode="json"),
            }
        )
        SIZES.append(
            self._store,
            [decision],
            size_id=size_id,
            tactic_id=tactic_id,
            version=version,
            decided_at=decided_at,
        )

    def latest_size(self, tactic_id: str) -> SizeDecision | None:
        condition = "tactic_id = ? order by decided_at desc, rowid desc limit 1"
        found = SIZES.find(self._store, condition, (tactic_id,))
        return found[0] if found else None

    def append_resolution(self, resolution: Resolution, events: Sequence[TacticEvent] = ()) -> None:
        """Store how a plan ended with the events that tell it, all of them or nothing.

        Raises: InvalidTransitionError.
        """
        with self._store.write() as cursor:
            RESOLUTIONS.insert(cursor, self._store, [resolution])
            self._append_events(cursor, events)

    def resolution(self, tactic_id: str) -> Resolution | None:
        """Return how the tactic ended, by its newest version."""
        condition = "tactic_id = ? order by version desc, rowid desc limit 1"
        found = RESOLUTIONS.find(self._store, condition, (tactic_id,))
        return found[0] if found else None

    def resolutions(self, limit: int) -> list[Resolution]:
        """Return the newest results, oldest first."""
        condition = "true order by resolved_at desc, rowid desc limit ?"
        return RESOLUTIONS.find(self._store, condition, (limit,))[::-1]

    def resolved_between(self, start: datetime, end: datetime) -> list[Resolution]:
        """Return the results from one moment to another, both included, of published plans."""
        condition = (
            "resolved_at between ? and ? and (tactic_id, version) in "
            "(select (tactic_id, version) from tactic_events where kind = 'published') "
            "order by resolved_at, rowid"
        )
        return RESOLUTIONS.find(self._store, condition, (start, end))


def _state(events: Sequence[TacticEvent], key: tuple[str, int]) -> TacticState:
    own = (event for event in events if (event.tactic_id, event.version) == key)
    return reduce(apply, own, TacticState())
