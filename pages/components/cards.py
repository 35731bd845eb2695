"""The cards of the inbox: everything that a decision needs, and its buttons."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from core.domain.flow import Approval
from core.domain.views import Inbox
from pages.components import badges, dialogs
from pages.components.formatting import countdown, eastern, post_markdown, prose, short
from pages.components.inbox import REASON, Card, approve, reject
from pages.components.ticket import order_ticket


@st.dialog("Reject", icon=":material/close:", on_dismiss="rerun")
def reject_dialog(card: Card) -> None:
    dialogs.opening()
    st.markdown(f"**{prose(card.title)}**")
    chosen = list(card.approvals)
    if len(chosen) > 1:
        kinds = [approval.kind for approval in chosen]
        kept = st.pills(
            "What to reject", kinds, selection_mode="multi", default=kinds,
            format_func=badges.word, key=f"approvals_kinds_{card.ids[0]}",
        )  # fmt: skip
        chosen = [approval for approval in chosen if approval.kind in kept]
    reason = st.text_input("Reason", key=REASON, placeholder="In a few words", live=True)
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel", key="approvals_reject_cancel"):
            st.rerun()
        if st.button(
            "Reject", key="approvals_reject_yes", type="primary", on_click=reject,
            args=({a.approval_id: badges.word(a.kind) for a in chosen},),
            disabled=not (chosen and (reason or "").strip()),
        ):  # fmt: skip
            st.rerun()  # only closes the dialog: the callback has acted


def draw_card(card: Card, about: Inbox, now: datetime) -> None:
    """Draw one card with everything that a decision needs."""
    with st.container(border=True, key=f"card_{card.ids[0]}"):
        _head(card, about, now)
        if card.trade is None or card.content is None:
            _body(card.trade or card.content, about)
            return
        left, right = st.columns(2)
        with left:
            _body(card.trade, about)
        with right:
            _body(card.content, about)


def buttons(card: Card) -> None:
    """Draw the buttons of a card; each is one call."""
    key = card.ids[0]
    if card.trade and card.content:
        _approve("Approve both", card.ids, f"both_{key}", primary=True)
        _approve("Order only", [card.trade.approval_id], f"trade_{key}")
        _approve("Post only", [card.content.approval_id], f"content_{key}")
    else:
        _approve("Approve", card.ids, f"one_{key}", primary=True)


def _approve(label: str, ids: list[str], key: str, *, primary: bool = False) -> None:
    st.button(
        label, key=f"approve_{key}", type="primary" if primary else "secondary",
        icon=":material/check:", on_click=approve, args=(ids, label),
    )  # fmt: skip


def _head(card: Card, about: Inbox, now: datetime) -> None:
    tactic = about.tactics.get(card.subject_id)
    marks = [badges.inline(approval.kind) for approval in card.approvals]
    if tactic is not None:
        marks.append(badges.inline(tactic.grade, f"grade {tactic.grade}"))
    marks.append(badges.inline("waiting", countdown(card.expires_at, now)))
    marks.append(f":small[:gray[open until {eastern(card.expires_at)}]]")
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.markdown(f"**{prose(card.title)}**  \n{' '.join(marks)}", width="content")
        with st.container(horizontal=True, width="content"):
            buttons(card)
            if st.button("Reject", key=f"reject_{card.ids[0]}", icon=":material/close:"):
                reject_dialog(card)


def _body(approval: Approval | None, about: Inbox) -> None:
    if approval is None:
        return
    if approval.kind == "trade":
        order_ticket(approval, about)
    elif content := about.contents.get(approval.subject_id):
        with st.container(border=True, height=440):
            st.markdown(post_markdown(content.body))
        platforms = ", ".join(variant.platform for variant in content.variants)
        st.caption(f"Goes to {prose(platforms)}. Bound to `{short(approval.content_sha256)}`.")
    else:
        st.caption("What this is about is not in the store yet.")
