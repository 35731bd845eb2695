"""Orders, posts and alerts happen once: commit the intent, send under a business key, record.

The key ("order:<tactic>:entry") is never a run id: a replay, a fork and a second trigger must all
meet the same row. After a crash or an unclear answer the effect is looked up before any resend;
where it cannot be looked up, it is parked for the operator.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol

import sqlalchemy as sa

from core.domain.flow import EffectRecord, EffectState, Json
from core.errors import (
    AuthenticationError,
    EffectBusyError,
    EffectError,
    EffectNotNowError,
    EffectParkedError,
    EffectRejectedError,
    EffectUnclearError,
    InvalidTransitionError,
    NotFoundError,
    RejectedError,
    UnavailableError,
    UnexpectedResponseError,
)
from core.flow.effect_rows import EffectRows, Lease

Lookup = Literal["authoritative", "best_effort", "none"]


class Effect(Protocol):
    """One kind of write to the outside.

    `timeout_s` bounds `send`. `lookup` says whether `find` can prove absence. An effect may add
    `settle_s`: for so long after a send, finding nothing proves nothing yet.
    """

    @property
    def target(self) -> str: ...

    @property
    def timeout_s(self) -> float: ...

    @property
    def lookup(self) -> Lookup: ...

    def send(self, key: str, request: dict[str, Any]) -> dict[str, Any]:
        """Do it under `key`; the answer holds `external_id`."""
        ...

    def find(self, key: str, request: dict[str, Any]) -> dict[str, Any] | None:
        """Look it up: the answer that `send` gave, or None."""
        ...


class EffectLedger:
    """The one way to write to the outside."""

    def __init__(
        self,
        database: sa.Engine,
        owner: str,
        after_send: Callable[[EffectRecord], None] | None = None,
    ) -> None:
        """`owner` is unique per process; `after_send` lets tests crash at the worst moment."""
        self._rows = EffectRows(database, owner)
        self._after_send = after_send

    def apply(self, key: str, effect: Effect, request: dict[str, Any]) -> EffectRecord:
        """Make sure that the effect has happened once, and return its record.

        Raises: EffectError, or AuthenticationError from the adapter.
        """
        before = self._rows.intend(key, effect.target, request)
        if before.state is EffectState.DONE:
            return before
        if before.state is EffectState.REJECTED:
            raise EffectRejectedError(key, before.note or "was rejected before")
        lease = self._rows.lease(before, timedelta(seconds=2 * effect.timeout_s))
        if lease.sent_at is not None:
            found = self._reconcile(lease, lease.sent_at, effect, request)
            if found is not None:
                return self._rows.record_done(lease, found, "found by look-up")
        return self._send(lease, effect, request)

    def get(self, key: str) -> EffectRecord | None:
        return self._rows.get(key)

    def parked(self) -> list[EffectRecord]:
        """Return what nobody is working on and nobody can tell: the operator must settle it."""
        return self._rows.unsettled()

    def changed_since(self, moment: datetime) -> list[EffectRecord]:
        """Return the effects that were intended, sent or settled since a moment, oldest first."""
        return self._rows.changed_since(moment)

    def list(self, state: EffectState | None = None) -> list[EffectRecord]:
        """Return the effects, oldest first."""
        return self._rows.in_state(state)

    def settle_done(self, key: str, external_id: str, by: str) -> EffectRecord:
        """Record that a parked effect did happen."""
        response = {"external_id": external_id}
        values = {"external_id": external_id, "response": response}
        return self._settle(key, EffectState.DONE, f"settled as done by {by}", values)

    def settle_absent(self, key: str, by: str) -> EffectRecord:
        """Record that a parked effect did not happen: it may be sent again."""
        return self._settle(key, EffectState.INTENDED, f"settled as not done by {by}", {})

    def release_leases(self) -> int:
        """End the leases of a process that is surely dead; only for a database with one owner."""
        return self._rows.release_leases()

    def _reconcile(
        self, lease: Lease, sent_at: datetime, effect: Effect, request: dict[str, Any]
    ) -> dict[str, Any] | None:
        """Return the answer of an earlier send, None where it surely did not happen."""
        found = self._find(lease, effect, request)
        if found is not None:
            return found
        # An absence counts only once the other side has had time to show what it took.
        is_settling = datetime.now(UTC) < sent_at + settle_time(effect)
        if effect.lookup != "none" and is_settling:
            raise self._unknown(lease, EffectUnclearError, "may still appear; looking again later")
        if effect.lookup != "authoritative":
            reason = f"{effect.target} may have received it and cannot tell"
            raise self._unknown(lease, EffectParkedError, reason)
        return None

    def _find(self, lease: Lease, effect: Effect, request: dict[str, Any]) -> Json | None:
        if effect.lookup == "none":
            return None
        try:
            found = effect.find(lease.key, request)
            return None if found is None else _checked(effect, found)
        except AuthenticationError as error:
            self._unknown(lease, EffectUnclearError, f"look-up failed: {error}")
            raise
        except Exception as error:  # a failed look-up never means that it is absent
            reason = f"look-up failed: {describe(error)}"
            raise self._unknown(lease, EffectUnclearError, reason) from error

    def _send(self, lease: Lease, effect: Effect, request: dict[str, Any]) -> EffectRecord:
        sent_at = datetime.now(UTC)
        if not self._rows.mark_sent(lease, sent_at):
            raise EffectBusyError(lease.key, "its lease ended before it was sent")
        try:
            response = _checked(effect, effect.send(lease.key, request))
        except RejectedError as error:
            self._rows.release(lease, EffectState.REJECTED, str(error))
            raise EffectRejectedError(lease.key, str(error)) from error
        except AuthenticationError as error:
            self._rows.release(lease, EffectState.INTENDED, str(error))
            raise
        except UnavailableError as error:
            self._rows.release(lease, EffectState.INTENDED, str(error))
            raise EffectNotNowError(lease.key, str(error)) from error
        except Exception as error:  # whatever else went wrong, it may have happened
            raise self._unknown(lease, EffectUnclearError, describe(error)) from error
        if self._after_send:
            self._after_send(self._rows.existing(lease.key))
        return self._rows.record_done(lease, response, "sent")

    def _unknown(self, lease: Lease, kind: type[EffectError], reason: str) -> EffectError:
        self._rows.release(lease, EffectState.UNKNOWN, reason)
        return kind(lease.key, reason)

    def _settle(
        self, key: str, state: EffectState, note: str, values: dict[str, Any]
    ) -> EffectRecord:
        if self._rows.settle(key, state, note, values):
            return self._rows.existing(key)
        record = self._rows.get(key)
        if record is None:
            raise NotFoundError(f"there is no effect {key!r}")
        raise InvalidTransitionError(f"effect {key!r} is {record.state}, only a parked one can be")


def settle_time(effect: Effect) -> timedelta:
    return timedelta(seconds=float(getattr(effect, "settle_s", 0.0)))


def describe(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:500]


def _checked(effect: Effect, response: dict[str, Any]) -> dict[str, Any]:
    if not response.get("external_id"):
        raise UnexpectedResponseError(effect.target, "answer", "holds no external_id")
    return response
