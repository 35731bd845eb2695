"""What the guards said, the locks they left, and the presses of the kill switch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from core.domain.guards import (
    EquityMarks,
    GuardLock,
    GuardReport,
    Halt,
    HaltOutcome,
    TradeResult,
)
from core.domain.guards.facts import day_start, week_start
from core.storage.connection import Store
from core.storage.facts import FactTable

REPORTS = FactTable(
    name="guard_reports",
    model=GuardReport,
    keys=("report_id", "stored_at"),  # what was said before may be said again
    identity="report_id",
    columns=("session_date", "checked_at", "asks_for", "policy_version"),
)
LOCKS = FactTable(
    name="guard_locks",
    model=GuardLock,
    keys=("name", "side", "until"),
    identity="lock_id",
    columns=("name", "side", "until", "reason"),
)
HALTS = FactTable(
    name="halts",
    model=Halt,
    keys=("halt_id",),
    identity="halt_id",
    columns=("halted_at", "depth", "reason", "actor", "run_id"),
)
OUTCOMES = FactTable(
    name="halt_outcomes",
    model=HaltOutcome,
    keys=("outcome_id",),
    identity="outcome_id",
    columns=("run_id", "recorded_at", "depth", "is_verified"),
)
NEWEST = "true order by rowid desc limit 1"
# What came into the account or went out is no profit and no loss: each reading is taken as if all
# that was adopted after it had been there before.
EQUITY_MARKS = """
with flows as (
    select r.resolved_at as at, (d.body->>'$.adoption.cash')::double as cash
    from reconciliation_resolutions r join reconciliation_differences d using (difference_id)
    where r.verdict = 'adopted' and d.subject = $1 and r.resolved_at <= $2
), readings as (
    select as_of, arg_max(equity, rowid)::double as equity from accounts
    where account_id = $1 and as_of <= $2 group by as_of
), marked as (
    select as_of, equity + coalesce(
        (select sum(cash) from flows where flows.at > readings.as_of), 0) as equity
    from readings
)
select max(as_of), arg_max(equity, as_of),
    coalesce(arg_max(equity, as_of) filter (as_of < $3), arg_min(equity, as_of)),
    coalesce(arg_max(equity, as_of) filter (as_of < $4), arg_min(equity, as_of)), max(equity)
from marked having count(*) > 0
"""
# Orders that protect an entry are named after it, and sell its shares.
ENTRY_ID = """coalesce(
    nullif(regexp_extract(client_order_id, '^protect:(.+):[0-9]+$', 1), ''), client_order_id)"""
RESULTS = f"""
with traded as (
    select {ENTRY_ID} as entry_id, max(filled_at) as closed_at, max(rowid) as place,
        sum(if(side = 'buy', -1, 1) * quantity::double * price::double - fees::double) as profit
    from fills group by all having sum(if(side = 'buy', quantity, -quantity)) = 0
)
select closed_at, profit,
    profit / nullif((r.quantity * abs(r.limit_price - r.stop_price))::double, 0)
from traded join order_requests r on r.client_order_id = entry_id
where closed_at <= ? order by closed_at desc, place desc limit ?
"""
ENTRIES = """
select occurred_at from tactic_events where kind = 'armed' and occurred_at >= ?
order by occurred_at
"""


class Guards:
    """Reports, locks and halts; nothing of it is ever changed, so that a restart finds it all."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def equity_marks(
        self, account_id: str, session_date: date, now: datetime
    ) -> EquityMarks | None:
        """Return the equity of an account as it was known by a moment, None if it never was."""
        since = (day_start(session_date), week_start(session_date))
        row = self._store.one(EQUITY_MARKS, (account_id, now, *since))
        if row is None:
            return None
        as_of, latest, day, week, peak = row
        return EquityMarks(as_of=as_of, latest=latest, day_start=day, week_start=week, peak=peak)

    def newest_account(self) -> str | None:
        """Return the id of the account that was read last."""
        row = self._store.one("select account_id from accounts order by rowid desc limit 1")
        return str(row[0]) if row else None

    def results(self, now: datetime, limit: int = 200) -> list[TradeResult]:
        """Return what the newest trades of the desk's entries have made, oldest first."""
        rows = self._store.all(RESULTS, (now, limit))
        return [TradeResult(closed_at=at, profit=made, r=r) for at, made, r in reversed(rows)]

    def entries_since(self, moment: datetime) -> list[datetime]:
        """Return when entries went out since a moment."""
        return [at for (at,) in self._store.all(ENTRIES, (moment,))]

    def append(self, report: GuardReport) -> bool:
        """Keep a report that says something else than the newest one; tell whether it does."""
        newest = self.newest()
        if newest is not None and newest.says_the_same(report):
            return False
        return bool(REPORTS.append(self._store, [report]))

    def newest(self) -> GuardReport | None:
        found = REPORTS.find(self._store, NEWEST)
        return found[0] if found else None

    def lock(self, locks: Sequence[GuardLock]) -> int:
        """Keep locks; the same one told again adds nothing."""
        return LOCKS.append(self._store, locks)

    def locks_at(self, now: datetime) -> list[GuardLock]:
        """Return the locks that hold at a moment, the longest first."""
        return LOCKS.find(self._store, "until > ? order by until desc, rowid", (now,))

    def append_halt(self, halt: Halt) -> None:
        HALTS.append(self._store, [halt])

    def newest_halt(self) -> Halt | None:
        found = HALTS.find(self._store, NEWEST)
        return found[0] if found else None

    def append_outcome(self, outcome: HaltOutcome) -> None:
        OUTCOMES.append(self._store, [outcome])

    def outcome_of(self, run_id: str) -> HaltOutcome | None:
        """Return what a run of the kill switch has come to, None while it runs."""
        condition = "run_id = ? order by rowid desc limit 1"
        found = OUTCOMES.find(self._store, condition, (run_id,))
        return found[0] if found else None
