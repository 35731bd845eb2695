"""The publishing deadline: what nobody has decided by then is published by policy or escalated."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from core.domain.flow import Approval, Decision, Verdict
from core.domain.tactics import Tactic
from core.errors import InvalidTransitionError, StaleError
from core.flow.catalog import StepContext, step
from core.steps.alert import send_alert
from core.steps.approval import is_disputed
from core.steps.content import tactic_content_id
from core.steps.moment import known_at

FRESH = timedelta(minutes=15)
ACTOR = "policy:deadline"


@step("deadline.check")
def check(context: StepContext) -> dict[str, Any]:
    """Publish what policy allows and the newest price bears out; tell the operator the rest."""
    tactics = context.services.storage.tactics.for_session(context.session_date)
    if not tactics:
        _tell(context, "none", "No tactic was drafted today", "Look at the workflows page.")
        return {"published": [], "escalated": [], "missing": True}
    published, escalated = [], []
    for tactic in tactics:
        approval = _question(context, tactic)
        if approval is None:
            continue
        doubt = _dispute(context, tactic) or doubt_of(context, tactic)
        may_publish = context.services.playbook.policy.approvals.at_deadline == "publish"
        if not may_publish or doubt:
            _escalate(context, tactic, doubt)
            escalated.append(tactic.tactic_id)
        elif _publish(context, approval):
            published.append(tactic.tactic_id)
    return {"published": published, "escalated": escalated, "missing": False}


def doubt_of(context: StepContext, tactic: Tactic) -> str:
    """Say why a plan should not be published unseen, an empty text if nothing speaks against it."""
    plan = tactic.scenario
    if plan is None:
        return ""
    known_by = known_at(context)
    quote = context.services.storage.quotes.latest_of([tactic.symbol], known_by).get(tactic.symbol)
    if quote is None or known_by - quote.quoted_at > FRESH:
        return f"there is no price of {tactic.symbol} from the last 15 minutes"
    price = quote.last or quote.bid or quote.ask or 0.0  # a quote has one of them
    if plan.side.sign * (price - plan.stop) <= 0:
        return "the price is at or beyond the stop already"
    atr = context.services.storage.insights.snapshot(tactic.snapshot_id).indicators.atr14
    return "" if plan.is_in_reach(price, atr) else "the entry is too far from the price"


def _question(context: StepContext, tactic: Tactic) -> Approval | None:
    """Return the open question about the tactic's post, if there is one."""
    subject = tactic_content_id(tactic.tactic_id)
    pending = context.services.approvals.pending(context.services.clock.now())
    return next((one for one in pending if one.subject_id == subject), None)


def _dispute(context: StepContext, tactic: Tactic) -> str:
    return "the analyst disagrees with itself" if is_disputed(context, tactic) else ""


def _publish(context: StepContext, approval: Approval) -> bool:
    """Approve by policy; False if somebody decided at the same moment."""
    decision = Decision(
        verdict=Verdict.APPROVED, actor=ACTOR, reason="undecided at the deadline, allowed by policy"
    )
    services = context.services
    try:
        services.approvals.decide(approval.approval_id, decision, services.clock.now())
    except (InvalidTransitionError, StaleError):
        return False
    return True


def _escalate(context: StepContext, tactic: Tactic, doubt: str) -> None:
    why = doubt or "the policy leaves it to you"
    _tell(
        context,
        tactic.tactic_id,
        f"{tactic.tactic_id} waits for your decision until 09:25 ET",
        f"Nobody has decided on its post by the deadline; {why}. Undecided means not published.",
    )


def _tell(context: StepContext, subject: str, title: str, body: str) -> None:
    services = context.services
    key = f"alert:deadline:{context.session_date}:{subject}"
    send_alert(services.ledger, services.adapters.alerts, key, title, body)
