"""The inbox: what waits for the operator, and what was decided."""

from __future__ import annotations

import streamlit as st

from core import bootstrap
from pages.components import inbox
from pages.components.cards import draw_card
from pages.components.edge import live
from pages.components.formatting import plural
from pages.components.tables import State, table, when, wide


@live("4s")
def waiting() -> None:
    """Draw the inbox; it reads afresh every time, and each click acts on one card."""
    if inbox.is_filling():
        st.caption("The replay decides by itself until the desk is filled.")
        return
    cards, about = inbox.read()
    if not cards:
        with st.container(border=True, horizontal_alignment="center", key="approvals_zero"):
            st.markdown("### :material/inbox: Inbox zero", text_alignment="center")
            told = "Nothing waits for you. New plans are drafted at 08:15 ET on trading days."
            st.caption(told, text_alignment="center")
        return
    ids = [approval_id for card in cards for approval_id in card.ids]
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.caption(
            f"{plural(len(ids), 'decision')} on {plural(len(cards), 'card')}", width="content"
        )
        st.button(
            f"Approve all {len(ids)}", key="approvals_all", icon=":material/done_all:",
            on_click=inbox.approve, args=(ids, "Approve all"),
        )  # fmt: skip
    now = bootstrap.desk().clock.now()
    for card in cards:
        draw_card(card, about, now)


@live("10s")
def decided() -> None:
    """Draw the newest decisions, with who and why."""
    rows = bootstrap.desk().views.decided(50)
    table(
        rows,
        {
            "occurred_at": when("Decided"), "verdict": State("Decision"), "kind": State("What"),
            "title": wide("Title"), "actor": "By", "reason": "Why", "subject_id": "Subject",
        },
        key="approvals_decided", alt="Decisions, newest first",
        empty="Nothing has been decided yet.",
    )  # fmt: skip


st.title("Approvals", icon=":material/fact_check:")
waiting()
st.subheader("Decided")
decided()
