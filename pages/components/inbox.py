"""What waits for a decision: one card per plan, its order and its post side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import streamlit as st

from core import bootstrap
from core.domain.content import ContentVersion
from core.domain.flow import Approval
from core.domain.views import Inbox
from pages.components import flash
from pages.components.formatting import plural

REASON = "approvals_reason"


@dataclass(frozen=True)
class Card:
    """The approvals of one plan; a post without a plan has a card of its own."""

    subject_id: str
    trade: Approval | None = None
    content: Approval | None = None

    @property
    def approvals(self) -> tuple[Approval, ...]:
        return tuple(part for part in (self.trade, self.content) if part is not None)

    @property
    def ids(self) -> list[str]:
        return [approval.approval_id for approval in self.approvals]

    @property
    def title(self) -> str:
        return self.approvals[0].title

    @property
    def expires_at(self) -> datetime:
        return min(approval.expires_at for approval in self.approvals)


def is_filling() -> bool:
    """Return whether the demo is still being filled; the replay decides by itself then."""
    desk = bootstrap.desk()
    return desk.is_demo and desk.replay.status().is_filling


def read() -> tuple[list[Card], Inbox]:
    """Return what waits now, uncached: this is what the clicks act on."""
    desk = bootstrap.desk()
    pending = desk.decisions.pending()
    about = desk.views.inbox([approval.subject_id for approval in pending])
    return group(pending, about.contents), about


def group(pending: Iterable[Approval], contents: Mapping[str, ContentVersion]) -> list[Card]:
    """Put a trade and the post of the same plan on one card, in the order they were asked."""
    parts: dict[str, dict[str, Approval]] = {}
    for approval in pending:
        content = contents.get(approval.subject_id)
        subject = content.subject_id if content else approval.subject_id
        kind = "trade" if approval.kind == "trade" else "content"
        if kind in parts.get(subject, {}):
            subject = f"{subject} {approval.approval_id}"  # two versions of a post: a card each
        parts.setdefault(subject, {})[kind] = approval
    cards = [Card(key, part.get("trade"), part.get("content")) for key, part in parts.items()]
    return sorted(cards, key=lambda card: card.trade is None)


def approve(ids: list[str], what: str) -> None:
    """Approve what one button stands for, in one call; what was decided before is said."""

    def act() -> None:
        done, refused = bootstrap.desk().decisions.approve_all(ids, flash.actor())
        if done:
            flash.note(f"{what}: {plural(len(done), 'approval')} given")
        for reason in refused:
            known = "Already handled: " if " was " in reason else ""
            flash.note(f"{known}{reason}", flash.KNOWN)

    flash.press(act, "")


def reject(approvals: Mapping[str, str]) -> None:
    """Reject with the typed reason; `approvals` maps ids to what they are about."""
    reason = str(st.session_state.get(REASON) or "").strip()
    if not reason:
        flash.note("A rejection needs a reason.", flash.KNOWN)
        return
    decisions, actor = bootstrap.desk().decisions, flash.actor()
    for approval_id, what in approvals.items():
        act = partial(decisions.reject, approval_id, actor, reason)
        flash.press(act, f"Rejected the {what}")
