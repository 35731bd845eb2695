"""Approvals: rows bound to the hash of what is approved, single-use and expiring."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from core.domain.flow import (
    Approval,
    ApprovalRequest,
    ApprovalState,
    Decision,
    Verdict,
)
from core.errors import InvalidTransitionError, NotFoundError, StaleError
from core.flow.client import RunClient
from core.flow.spec import Workflow
from core.flow.tables import approvals


class Approvals:
    """Asks, decides once, and starts what follows in the same transaction."""

    def __init__(
        self,
        database: sa.Engine,
        client: RunClient,
        workflow_lookup: Callable[[str], Workflow],
    ) -> None:
        self._database, self._client, self._workflow = database, client, workflow_lookup

    def request(self, request: ApprovalRequest) -> Approval:
        """Ask; the same kind, subject and content again return the row that is there."""
        values = request.model_dump()
        row = {
            **values,
            "approval_id": request.approval_id,
            "effect_keys": list(request.effect_keys),
            "state": ApprovalState.PENDING,
        }
        try:
            with self._database.begin() as connection:
                connection.execute(sa.insert(approvals).values(row))
        except sa.exc.IntegrityError:
            pass
        return self.get(request.approval_id)

    def decide(self, approval_id: str, decision: Decision, now: datetime) -> Approval:
        """Decide once; the follow-up run starts if and only if the decision is stored.

        Raises: NotFoundError; InvalidTransitionError if it was decided before; StaleError if it
            is too late, which then is recorded as expired.
        """
        workflow = self._workflow(self.get(approval_id).workflow)
        with self._database.begin() as connection:
            approval = self._claim(connection, approval_id, decision, now)
            if approval is not None:
                inputs = _follow_up_inputs(approval)
                run_id = str(approval.follow_up_run_id)
                self._client.enqueue_in_transaction(connection, workflow, inputs, run_id)
                return approval
        return self._refuse(self.get(approval_id), now)

    def get(self, approval_id: str) -> Approval:
        found = self._select(approvals.c.approval_id == approval_id)
        if not found:
            raise NotFoundError(f"there is no approval {approval_id!r}")
        return found[0]

    def pending(self, now: datetime) -> list[Approval]:
        """Return what can still be decided, the oldest first."""
        open_ = approvals.c.state == ApprovalState.PENDING
        return [*self._select(sa.and_(open_, approvals.c.expires_at > now))]

    def expire_due(self, now: datetime) -> list[Approval]:
        """Expire what nobody decided in time; each starts its follow-up, so that it is recorded."""
        due = sa.and_(approvals.c.state == ApprovalState.PENDING, approvals.c.expires_at <= now)
        expired = []
        for approval in self._select(due):
            try:
                expired.append(self.decide(approval.approval_id, _expiry(approval), now))
            except InvalidTransitionError:
                continue  # somebody else was faster
        return expired

    def list(
        self, state: ApprovalState | None = None, kind: str | None = None, limit: int = 200
    ) -> list[Approval]:
        """Return approvals, the newest first."""
        where: list[sa.ColumnElement[bool]] = [sa.true()]
        if state is not None:
            where.append(approvals.c.state == state)
        if kind is not None:
            where.append(approvals.c.kind == kind)
        return [*self._select(sa.and_(*where), newest=limit)]

    def _claim(
        self, connection: sa.Connection, approval_id: str, decision: Decision, now: datetime
    ) -> Approval | None:
        where = [approvals.c.approval_id == approval_id, approvals.c.state == ApprovalState.PENDING]
        if decision.verdict is not Verdict.EXPIRED:
            where.append(approvals.c.expires_at > now)
        values = {
            "state": ApprovalState(decision.verdict),
            "decided_at": now,
            "decided_by": decision.actor,
            "reason": decision.reason,
            "follow_up_run_id": approvals.c.workflow + "@" + approvals.c.approval_id,
        }
        update = sa.update(approvals).where(*where).values(values).returning(*approvals.c)
        row = connection.execute(update).one_or_none()
        return None if row is None else _approval(row)

    def _refuse(self, approval: Approval, now: datetime) -> Approval:
        """Say why no row was changed; an approval that ran out fails closed."""
        if approval.state is ApprovalState.PENDING:
            self.decide(approval.approval_id, _expiry(approval), now)
            raise StaleError(f"approval {approval.approval_id} ran out at {approval.expires_at}")
        raise InvalidTransitionError(
            f"approval {approval.approval_id} was {approval.state} by {approval.decided_by}"
            f" at {approval.decided_at}"
        )

    def _select(
        self, where: sa.ColumnElement[bool], newest: int | None = None
    ) -> Sequence[Approval]:
        order = approvals.c.requested_at, approvals.c.approval_id
        query = sa.select(approvals).where(where).order_by(*order)
        if newest is not None:
            query = query.order_by(None).order_by(order[0].desc(), order[1]).limit(newest)
        with self._database.begin() as connection:
            return [_approval(row) for row in connection.execute(query)]


def _expiry(approval: Approval) -> Decision:
    reason = f"not decided before {approval.expires_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return Decision(verdict=Verdict.EXPIRED, actor="clock", reason=reason)


def _follow_up_inputs(approval: Approval) -> dict[str, Any]:
    decided_at = approval.decided_at.isoformat() if approval.decided_at else None
    decision = {
        "approval_id": approval.approval_id,
        "kind": approval.kind,
        "subject_id": approval.subject_id,
        "content_sha256": approval.content_sha256,
        "verdict": str(approval.state),
        "actor": approval.decided_by,
        "reason": approval.reason,
        "decided_at": decided_at,
    }
    return {"as_of": decided_at, **approval.inputs, "approval": decision}


def _approval(row: sa.Row[Any]) -> Approval:
    return Approval.model_validate(dict(row._mapping))
