"""Read the morning's plans again after the early data releases; replace what no longer stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.domain.flow import Approval, ApprovalState, Decision, Verdict
from core.domain.lifecycle import TacticEventKind
from core.domain.scenarios import Scenario
from core.domain.tactics import Tactic
from core.errors import InvalidTransitionError
from core.flow.catalog import StepContext, step
from core.steps.alert import send_alert
from core.steps.content import tactic_content_id
from core.steps.drafting import Candidate, candidates, draft_tactic
from core.steps.tactic import summary
from core.steps.tactic_events import event

MOVED_ATR = 0.25
ACTOR = "policy:refresh"


@dataclass(frozen=True)
class Revision:
    """A drafted tactic, what its snapshot of now says, and why it does not stand as it is."""

    tactic: Tactic
    candidate: Candidate
    reason: str


@step("tactic.refresh")
def refresh(context: StepContext) -> dict[str, Any]:
    """Draft a new version of each undecided tactic whose plan has changed."""
    found = {candidate.snapshot.symbol: candidate for candidate in candidates(context)}
    drafted, kept = [], []
    for tactic in context.services.storage.tactics.for_session(context.session_date):
        candidate = found.get(tactic.symbol)
        reason = change(tactic, candidate)
        if not reason and _is_ours(context, tactic):
            drafted.append(tactic)
        elif not reason:
            kept.append(tactic.tactic_id)
        elif candidate is None or not _close_questions(context, tactic, reason):
            _tell(context, tactic, reason)
            kept.append(tactic.tactic_id)
        else:
            drafted.append(_replace(context, Revision(tactic, candidate, reason)))
    return {"tactics": [summary(tactic) for tactic in drafted], "kept": kept}


def change(tactic: Tactic, candidate: Candidate | None) -> str:
    """Say why a tactic no longer stands, an empty text if it does."""
    if candidate is None:
        return "no fresh data"
    if tactic.bias is not candidate.insight.stance:
        return f"the view turned from {tactic.bias} to {candidate.insight.stance}"
    old, new = tactic.scenario, candidate.scenario
    if old is None:
        return "a plan has come up" if new else ""
    return _plan_change(old, new, candidate.snapshot.indicators.atr14)


def _plan_change(old: Scenario, new: Scenario | None, atr: float) -> str:
    if new is None:
        return "the plan no longer stands"
    if old.key != new.key:
        return "another plan is better now"
    return "its prices have moved" if _distance(old, new) > MOVED_ATR * atr else ""


def _distance(old: Scenario, new: Scenario) -> float:
    pairs = ((old.entry_low, new.entry_low), (old.entry_high, new.entry_high), (old.stop, new.stop))
    return max(abs(one - other) for one, other in pairs)


def _replace(context: StepContext, revision: Revision) -> Tactic:
    old, storage = revision.tactic, context.services.storage
    slot = old.tactic_id.rpartition("-")[2]
    newer = draft_tactic(context, revision.candidate, slot, supersedes=old)
    told = {"reason": revision.reason}
    storage.tactics.append_events(
        [
            event(old, TacticEventKind.SUPERSEDED, context, told),
            event(newer, TacticEventKind.DRAFTED, context, told),
        ]
    )
    storage.tactics.append(newer)  # last: until it is there, a second try replaces the old one
    return newer


def _is_ours(context: StepContext, tactic: Tactic) -> bool:
    """Tell whether this very run drafted it, before a crash took its result."""
    return any(
        one.kind is TacticEventKind.DRAFTED
        and (one.version, one.actor) == (tactic.version, context.run_id)
        for one in context.services.storage.tactics.events(tactic.tactic_id)
    )


def _close_questions(context: StepContext, tactic: Tactic, reason: str) -> bool:
    """Close what was asked about a tactic; False if some of it was decided already.

    The order's question comes first: once it is closed, the old plan can no longer be traded.
    """
    approvals, now = context.services.approvals, context.services.clock.now()
    asked = questions_about(context, tactic)
    pending = [approval for approval in asked if approval.state is ApprovalState.PENDING]
    if any(one.decided_by != ACTOR for one in asked if one not in pending):
        return False
    decision = Decision(verdict=Verdict.SUPERSEDED, actor=ACTOR, reason=reason)
    try:
        for approval in sorted(pending, key=lambda one: one.kind != "trade"):
            approvals.decide(approval.approval_id, decision, now)
    except InvalidTransitionError:
        return False
    return True


def questions_about(context: StepContext, tactic: Tactic) -> list[Approval]:
    """Return the approvals asked for this version of a tactic, its order's and its post's."""
    subjects = {tactic.tactic_id, tactic_content_id(tactic.tactic_id)}
    return [
        approval
        for approval in context.services.approvals.list(limit=500)
        if approval.subject_id in subjects
        and approval.inputs.get("version", tactic.version) == tactic.version
    ]


def _tell(context: StepContext, tactic: Tactic, reason: str) -> None:
    services = context.services
    send_alert(
        services.ledger,
        services.adapters.alerts,
        f"alert:refresh:{tactic.tactic_id}:{tactic.version}",
        f"{tactic.tactic_id} does not stand as it was written",
        f"{reason}; it was decided on or cannot be redrawn, so it is left as it is. Look at it.",
    )
