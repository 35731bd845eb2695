"""The inbox: what waits for the operator, and what was decided."""

from __future__ import annotations

import streamlit as st

from core import bootstrap
from pages.components import badges, inbox
from pages.components.edge import live
from pages.components.formatting import NEW_YORK, plural


@live("4s")
def waiting() -> None:
    """Draw the inbox; it reads afresh every time, and each click acts on one card."""
    cards, about = inbox.read()
    if not cards:
        with st.container(border=True, horizontal_alignment="center", key="approvals_zero"):
            st.markdown("### :material/inbox: Inbox zero", text_alignment="center")
            st.caption("Nothing waits for you. New plans are drafted at 08:15 ET on trading days.")
        return
    ids = [approval_id for card in cards for approval_id in card.ids]
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.caption(f"{plural(len(ids), 'decision')} on {plural(len(cards), 'card')}", width="content")
        st.button(
            f"Approve all {len(ids)}", key="approvals_all", icon=":material/done_all:",
            on_click=inbox.approve, args=(ids, "Approve all"),
        )  # fmt: skip
    now = bootstrap.desk().clock.now()
    for card in cards:
        inbox.draw_card(card, about, now)


@live(None)
def decided() -> None:
    """Draw the newest decisions, with who and why."""
    rows = bootstrap.desk().views.decided(50)
    if rows.empty:
        st.caption("Nothing has been decided yet.")
        return
    st.dataframe(
        rows.assign(kind=badges.cells(rows["kind"]), verdict=badges.cells(rows["verdict"]))[
            ["occurred_at", "verdict", "kind", "title", "actor", "reason", "subject_id"]
        ],
        hide_index=True, key="approvals_decided", alt="Decisions, newest first",
        column_config={
            "occurred_at": st.column_config.DatetimeColumn(
                "Decided (ET)", format="ddd D MMM YYYY, HH:mm", timezone=str(NEW_YORK)
            ),
            "verdict": badges.column("Decision", rows["verdict"]),
            "kind": badges.column("What", rows["kind"]),
            "title": st.column_config.TextColumn("Title", width="large"),
            "actor": "By", "reason": "Why", "subject_id": "Subject",
        },
    )  # fmt: skip


st.title("Approvals", icon=":material/fact_check:")
waiting()
st.subheader("Decided")
decided()
