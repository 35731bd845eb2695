"""The first page: money, today's session, what waits, and how the desk runs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime

import pandas as pd
import streamlit as st

from core import bootstrap
from core.domain.content import ContentVersion
from core.domain.views import Overview
from pages.components import charts, dialogs, inbox, session
from pages.components.edge import live
from pages.components.formatting import NEW_YORK, countdown, prose
from pages.components.key_numbers import key_numbers

SHORTCUTS, EFFECT_S = 4, 3.0
DRAWN, AGAIN = "overview_drawn", "overview_again"


@st.cache_data(ttl="5s", max_entries=4, show_spinner=False)
def read(store: str, moment: datetime) -> Overview:  # noqa: ARG001
    """Return what is only shown; the two arguments tell one desk and its minute from another."""
    return bootstrap.desk().views.overview()


@st.cache_data(ttl="60s", max_entries=16, show_spinner=False)
def posts_of(subject_ids: tuple[str, ...]) -> Mapping[str, ContentVersion]:
    """Return the posts among the subjects; they only tell which approvals share a card."""
    return bootstrap.desk().views.inbox(subject_ids).contents


def follow(ids: list[str]) -> None:
    """Draw the whole page again when what waits has changed, and once more when it took effect."""
    if dialogs.is_open():
        return
    due = st.session_state.get(AGAIN)
    if ids != st.session_state[DRAWN]:
        st.session_state[AGAIN] = time.monotonic() + EFFECT_S
        st.rerun()
    if due is not None and time.monotonic() >= due:
        del st.session_state[AGAIN]
        read.clear()
        st.rerun()


@live("4s")
def shortcuts() -> None:
    """Draw the newest waiting cards with their one click."""
    st.markdown("**Waiting for you**")
    if inbox.is_filling():
        st.caption("The replay decides by itself until the desk is filled.")
        return
    pending = bootstrap.desk().decisions.pending()
    follow([approval.approval_id for approval in pending])
    cards = inbox.group(pending, posts_of(tuple(approval.subject_id for approval in pending)))
    if not cards:
        st.caption("Inbox zero.")
        return
    now = bootstrap.desk().clock.now()
    for card in cards[:SHORTCUTS]:
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            st.markdown(
                f"{prose(card.title)}  \n:small[:gray[{countdown(card.expires_at, now)}]]",
                width="content",
            )
            label = "Approve both" if len(card.ids) == 2 else "Approve"
            st.button(
                label, key=f"overview_approve_{card.ids[0]}", icon=":material/check:",
                on_click=inbox.approve, args=(card.ids, card.title),
            )  # fmt: skip
    more = len(cards) - SHORTCUTS
    label = f"{more} more in approvals" if more > 0 else "Open approvals"
    st.page_link("approvals.py", label=label, icon=":material/arrow_forward:")


def equity_card(equity: pd.DataFrame) -> None:
    st.markdown("**Equity and drawdown** :small[:gray[paper account, USD]]")
    if len(equity) < 2:
        st.caption("The curve begins with the second session.")
        return
    days = equity["as_of"].dt.tz_convert(NEW_YORK).dt.strftime("%-d %b %Y").tolist()
    charts.equity_with_drawdown(days, equity["equity"].astype(float), key="overview_equity")


st.title("Overview", icon=":material/space_dashboard:")
desk = bootstrap.desk()
now = desk.clock.now()
pending = desk.decisions.pending()
st.session_state[DRAWN] = [approval.approval_id for approval in pending]
view = read(str(desk.settings.data_dir), now.replace(second=0, microsecond=0))
key_numbers(view, pending)
left, right = st.columns([3, 2])
with left.container(border=True, height="stretch"):
    equity_card(view.equity)
with right.container(border=True, height="stretch"):
    session.session_card(view.session_date, view.tactics)
    shortcuts()
posts, runs, feeds = st.columns(3)
with posts.container(border=True, height="stretch"):
    session.publications_card(view.publications)
with runs.container(border=True, height="stretch"):
    session.runs_card(view.runs)
with feeds.container(border=True, height="stretch"):
    session.feeds_card(view.feeds, desk.market.health(), now)
