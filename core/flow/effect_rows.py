"""The table of the effects ledger: every change is a compare-and-set, committed at once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.domain.base import canonical_json, content_sha256
from core.domain.flow import EffectRecord, EffectState
from core.errors import EffectBusyError, EffectParkedError, NotFoundError
from core.flow.tables import effects


@dataclass(frozen=True)
class Lease:
    """The right of one process to send one attempt, until `until`.

    `sent_at` is when an earlier attempt went out, None where surely none did.
    """

    key: str
    attempt: int
    until: datetime
    state_before: EffectState
    sent_at: datetime | None


class EffectRows:
    """Reads and compare-and-set writes of the ledger."""

    def __init__(self, database: sa.Engine, owner: str) -> None:
        self._database, self._owner = database, owner

    def intend(self, key: str, target: str, request: dict[str, Any]) -> EffectRecord:
        """Insert the intent, or return the row that is there.

        Raises: EffectParkedError if the key is taken by another request.
        """
        now = datetime.now(UTC)
        values = {
            "key": key, "target": target, "request": canonical_json(request),
            "request_sha256": content_sha256(request), "state": EffectState.INTENDED,
            "attempt": 0, "created_at": now, "updated_at": now,
        }  # fmt: skip
        try:
            with self._database.begin() as connection:
                connection.execute(sa.insert(effects).values(values))
        except sa.exc.IntegrityError:
            self._check_same_request(key, content_sha256(request))
        return self.existing(key)

    def lease(self, before: EffectRecord, duration: timedelta) -> Lease:
        """Take the lease and commit it.

        There is no exception for an own lease: two runs of one process are two senders.
        """
        now = datetime.now(UTC)
        until, attempt = now + duration, before.attempt + 1
        where = sa.and_(
            effects.c.state == before.state,
            effects.c.attempt == before.attempt,
            sa.or_(effects.c.lease_until.is_(None), effects.c.lease_until < now),
        )
        values = {
            "state": EffectState.SENDING, "attempt": attempt,
            "lease_owner": self._owner, "lease_until": until,
        }  # fmt: skip
        if not self._set(before.key, where, values):
            raise EffectBusyError(before.key, "another sender holds its lease")
        return Lease(before.key, attempt, until, before.state, self._sent_at(before.key))

    def mark_sent(self, lease: Lease, sent_at: datetime) -> bool:
        """Look at the lease and the clock once more; False hands an unsent effect back."""
        if sent_at < lease.until:
            return bool(self._set(lease.key, self._held(lease), {"sent_at": sent_at}))
        self.release(lease, lease.state_before, "its lease ended before it was sent")
        return False

    def release(self, lease: Lease, state: EffectState, note: str) -> None:
        """End an attempt without success; a lease that somebody else took is left alone."""
        values = {"state": state, "lease_until": None, "note": note[:500], **_unsent(state)}
        self._set(lease.key, self._held(lease), values)

    def record_done(self, lease: Lease, response: dict[str, Any], note: str) -> EffectRecord:
        """Record the proof, also of a process that was suspended and has lost its lease."""
        external_id = str(response["external_id"])
        values = {
            "state": EffectState.DONE, "response": response, "external_id": external_id,
            "lease_until": None, "note": note,
        }  # fmt: skip
        if not self._set(lease.key, effects.c.state != EffectState.DONE, values):
            late = f"a late process also sent it, as {external_id}"
            other = sa.func.coalesce(effects.c.external_id, "") != external_id
            self._set(lease.key, other, {"note": late})
        return self.existing(lease.key)

    def settle(self, key: str, state: EffectState, note: str, values: dict[str, Any]) -> bool:
        changed = {**values, "state": state, "lease_until": None, "note": note, **_unsent(state)}
        return bool(self._set(key, self._is_unsettled(), changed))

    def release_leases(self) -> int:
        with self._database.begin() as connection:
            where = effects.c.lease_until.is_not(None)
            update = sa.update(effects).where(where).values(lease_until=None)
            return int(connection.execute(update).rowcount)

    def get(self, key: str) -> EffectRecord | None:
        found = self._select(effects.c.key == key)
        return found[0] if found else None

    def existing(self, key: str) -> EffectRecord:
        record = self.get(key)
        if record is None:
            raise NotFoundError(f"there is no effect {key!r}")
        return record

    def in_state(self, state: EffectState | None) -> list[EffectRecord]:
        return self._select(sa.true() if state is None else effects.c.state == state)

    def changed_since(self, moment: datetime) -> list[EffectRecord]:
        return self._select(effects.c.updated_at >= moment)

    def unsettled(self) -> list[EffectRecord]:
        return self._select(self._is_unsettled())

    def _is_unsettled(self) -> sa.ColumnElement[bool]:
        now = datetime.now(UTC)
        free = sa.or_(effects.c.lease_until.is_(None), effects.c.lease_until < now)
        return sa.and_(free, effects.c.state.in_([EffectState.UNKNOWN, EffectState.SENDING]))

    def _held(self, lease: Lease) -> sa.ColumnElement[bool]:
        return sa.and_(
            effects.c.state == EffectState.SENDING,
            effects.c.attempt == lease.attempt,
            effects.c.lease_owner == self._owner,
        )

    def _check_same_request(self, key: str, sha256: str) -> None:
        with self._database.begin() as connection:
            query = sa.select(effects.c.request_sha256).where(effects.c.key == key)
            recorded = connection.execute(query).scalar_one()
        if recorded != sha256:
            reason = "is already recorded with another content; amend it or use a new key"
            raise EffectParkedError(key, reason)

    def _sent_at(self, key: str) -> datetime | None:
        query = sa.select(effects.c.sent_at).where(effects.c.key == key)
        with self._database.begin() as connection:
            sent_at: datetime | None = connection.execute(query).scalar_one()
        return sent_at

    def _set(self, key: str, where: sa.ColumnElement[bool], values: dict[str, Any]) -> int:
        update = sa.update(effects).where(effects.c.key == key, where)
        with self._database.begin() as connection:
            result = connection.execute(update.values(updated_at=datetime.now(UTC), **values))
            return int(result.rowcount)

    def _select(self, where: sa.ColumnElement[bool]) -> list[EffectRecord]:
        query = sa.select(effects).where(where).order_by(effects.c.created_at, effects.c.key)
        with self._database.begin() as connection:
            return [_record(row) for row in connection.execute(query)]


def _unsent(state: EffectState) -> dict[str, Any]:
    return {"sent_at": None} if state is EffectState.INTENDED else {}


def _record(row: sa.Row[Any]) -> EffectRecord:
    shown = {name: getattr(row, name) for name in EffectRecord.model_fields if name != "request"}
    return EffectRecord(request=json.loads(row.request), **shown)
