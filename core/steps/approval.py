"""Ask for decisions, and record them once they are made."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from core.domain.content import ContentEvent, ContentEventKind, ContentKind, ContentVersion
from core.domain.flow import Approval, ApprovalRequest, ApprovalState, Decision, Verdict
from core.domain.lifecycle import TacticEvent, TacticEventKind
from core.domain.order_keys import entry_key
from core.domain.tactics import Tactic
from core.flow.catalog import StepContext, step
from core.steps.alert import send_alert
from core.steps.content import post_key
from core.steps.moment import deadline


@step("approval.ask_trade")
def ask_trade(context: StepContext) -> dict[str, Any]:
    """Ask for each sized order; the approval is bound to the hash of the order itself.

    `orders` names the node that lists them. What still waits for its trigger is asked for by the
    monitor, once the trigger has closed.
    """
    storage, asked = context.services.storage, []
    source = str(context.options.get("orders", "size"))
    for row in context.results[source]["orders"]:
        tactic = storage.tactics.get(row["tactic_id"])
        if source == "size" and tactic.scenario and not tactic.scenario.trigger.is_met:
            continue
        request = ApprovalRequest(
            kind="trade",
            subject_id=tactic.tactic_id,
            content_sha256=row["sha256"],
            title=f"{tactic.symbol} {tactic.headline}, grade {tactic.grade}",
            workflow="trade_tactic",
            inputs=_follow_up_inputs(context) | {"version": tactic.version},
            effect_keys=(entry_key(tactic),),
            requested_at=context.services.clock.now(),
            expires_at=deadline(context),
            requested_by_run=context.run_id,
        )
        asked.append(_ask(context, request, _policy(context, "trade", tactic)))
    return {"approvals": asked}


@step("approval.ask_content")
def ask_content(context: StepContext) -> dict[str, Any]:
    """Ask for each drafted post; the approval is bound to the hash of its exact variants."""
    result = context.results.get("content") or context.results["recap"]
    asked = []
    for row in result["contents"]:
        version = context.services.storage.content.get(row["content_id"])
        request = ApprovalRequest(
            kind="content",
            subject_id=version.content_id,
            content_sha256=version.content_sha256,
            title=version.title,
            workflow="publish_content",
            inputs=_follow_up_inputs(context) | {"version": version.version},
            effect_keys=tuple(post_key(version.content_id, v.platform) for v in version.variants),
            requested_at=context.services.clock.now(),
            expires_at=deadline(context),
            requested_by_run=context.run_id,
        )
        tactic = _tactic_of(context, version)
        asked.append(_ask(context, request, _policy(context, "content", tactic)))
    return {"approvals": asked}


@step("approval.record")
def record(context: StepContext) -> dict[str, Any]:
    """Append the decision to the history of what it was about."""
    approval = context.inputs["approval"]
    if approval["kind"] == "trade":
        _record_trade(context, approval)
    else:
        _record_content(context, approval)
    _audit(context, approval)
    return {"approved": approval["verdict"] == Verdict.APPROVED, "verdict": approval["verdict"]}


@step("approval.expire")
def expire(context: StepContext) -> dict[str, Any]:
    """Close every approval whose time has passed: silence means no."""
    expired = context.services.approvals.expire_due(context.services.clock.now())
    return {"expired": [approval.approval_id for approval in expired]}


def _follow_up_inputs(context: StepContext) -> dict[str, Any]:
    """A follow-up acts at the moment of the decision; one of a backfilled run at the run's own."""
    inputs: dict[str, Any] = {"session_date": context.session_date.isoformat()}
    if context.inputs.get("backfill"):
        inputs |= {"backfill": True, "as_of": context.as_of.isoformat()}
    return inputs


def _tactic_of(context: StepContext, version: ContentVersion) -> Tactic | None:
    is_tactic = version.kind in {ContentKind.TACTIC, ContentKind.TACTIC_UPDATE}
    return context.services.storage.tactics.get(version.subject_id) if is_tactic else None


def _policy(context: StepContext, kind: Literal["trade", "content"], tactic: Tactic | None) -> str:
    """Return who decides; what the analyst disagrees with itself about is left to a person."""
    if tactic is not None and is_disputed(context, tactic):
        return "manual"
    own = getattr(context.services.playbook.policy.approvals, kind)
    return str(context.inputs.get("approvals", own))


def is_disputed(context: StepContext, tactic: Tactic) -> bool:
    """Tell whether the analyst disagreed with itself more than the operator lets pass."""
    services = context.services
    disagreement = services.storage.insights.insight(tactic.insight_id).disagreement
    return disagreement is not None and disagreement > services.playbook.models.escalate_above


def _ask(context: StepContext, request: ApprovalRequest, policy: str) -> dict[str, Any]:
    approvals, now = context.services.approvals, context.services.clock.now()
    approval = approvals.request(request)
    if policy == "auto" and approval.state is ApprovalState.PENDING:
        actor = str(context.inputs.get("approver", "policy:auto"))
        decision = Decision(verdict=Verdict.APPROVED, actor=actor, reason="allowed by policy")
        approval = approvals.decide(approval.approval_id, decision, now)
    return summary(approval)


def summary(approval: Approval) -> dict[str, Any]:
    """Return what the command line and the pages list of an approval."""
    fields = {"approval_id", "kind", "subject_id", "content_sha256", "expires_at", "title"}
    return approval.model_dump(mode="json", include=fields)


def _record_trade(context: StepContext, approval: dict[str, Any]) -> None:
    tactic: Tactic = context.services.storage.tactics.get(
        approval["subject_id"], context.inputs.get("version")
    )
    _record_on_tactic(context, tactic, approval, "trade")


def _tell_expired(context: StepContext, version: ContentVersion) -> None:
    services = context.services
    send_alert(
        services.ledger,
        services.adapters.alerts,
        f"alert:expired:{version.content_id}:{version.version}",
        f"{version.title} was not published",
        "Nobody decided on it in time, and silence means no.",
    )


def _record_on_tactic(
    context: StepContext,
    tactic: Tactic,
    approval: dict[str, Any],
    subject: Literal["trade", "content"],
) -> None:
    """Append the decision on a tactic's order, or on its post, which is the whole tactic's."""
    plan = tactic.scenario if subject == "trade" else None
    event = TacticEvent(
        tactic_id=tactic.tactic_id,
        version=tactic.version,
        scenario_key=plan.key if plan else "",
        kind=TacticEventKind(approval["verdict"]),
        occurred_at=context.as_of,
        actor=approval["actor"],
        payload={"subject": subject, "reason": approval["reason"]},
    )
    context.services.storage.tactics.append_events([event])


def _record_content(context: StepContext, approval: dict[str, Any]) -> None:
    version: ContentVersion = context.services.storage.content.get(
        approval["subject_id"], context.inputs.get("version")
    )
    event = ContentEvent(
        content_id=version.content_id,
        version=version.version,
        kind=ContentEventKind(approval["verdict"]),
        occurred_at=context.as_of,
        actor=approval["actor"],
        reason=approval["reason"],
    )
    context.services.storage.content.append_events([event])
    if version.kind is ContentKind.TACTIC and approval["verdict"] != Verdict.SUPERSEDED:
        tactic = context.services.storage.tactics.get(version.subject_id, version.version)
        _record_on_tactic(context, tactic, approval, "content")
    if version.kind is ContentKind.TACTIC and approval["verdict"] == Verdict.EXPIRED:
        _tell_expired(context, version)


def _audit(context: StepContext, approval: dict[str, Any]) -> None:
    context.services.storage.audit.record(
        actor=approval["actor"],
        action=f"{approval['kind']} {approval['verdict']}",
        subject_id=approval["subject_id"],
        payload={"approval_id": approval["approval_id"], "sha256": approval["content_sha256"]},
        recorded_at=datetime.fromisoformat(approval["decided_at"]),
    )
