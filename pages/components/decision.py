"""The decision that a tactic waits for, where the tactic is read."""

from __future__ import annotations

import streamlit as st

from core import bootstrap
from pages.components import badges, inbox
from pages.components.cards import buttons, reject_dialog
from pages.components.formatting import countdown, eastern, short


def decision(tactic_id: str) -> None:
    """Draw the buttons for what waits on this tactic; nothing if nothing does."""
    if inbox.is_filling():
        return
    for card in inbox.read()[0]:
        if card.subject_id.split(" ")[0] == tactic_id:
            _draw(card)


def _draw(card: inbox.Card) -> None:
    now, asked = bootstrap.desk().clock.now(), card.approvals
    marks = " ".join(badges.inline(approval.kind) for approval in asked)
    bound = ", ".join(f"{badges.word(a.kind)} `{short(a.content_sha256)}`" for a in asked)
    with (
        st.container(border=True, key=f"tactics_decision_{card.ids[0]}"),
        st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ),
    ):
        st.markdown(
            f"**Waits for your decision** {marks} "
            f"{badges.inline('waiting', countdown(card.expires_at, now))}  \n"
            f":small[:gray[Open until {eastern(card.expires_at)}. Bound to {bound}.]]",
            width="content",
        )
        with st.container(horizontal=True, width="content"):
            buttons(card)
            if st.button("Reject", key=f"reject_{card.ids[0]}", icon=":material/close:"):
                reject_dialog(card)
