"""The plans: by session, symbol, grade and state; and one of them in full."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from core import bootstrap
from core.domain.views import TacticFilter
from pages.components import badges, plan_chart, reading, reasons
from pages.components.decision import decision
from pages.components.formatting import day, plural, price, prose, r
from pages.components.session import GRADES, by_grade, state_of
from pages.components.split import split

ALL, PER_PAGE = "All sessions", 24
STATES = ("waiting", "approved", "published", "armed", "open", "ended", "rejected", "expired")
OF_STATE = {
    "waiting": {"drafted"}, "open": {"triggered", "opened", "target_hit"},
    "ended": {"resolved", "invalidated", "never_triggered", "cancelled"},
}  # fmt: skip


def read_one(tactic_id: str) -> None:
    """Draw the reading view."""
    st.button("All tactics", key="tactics_back", icon=":material/arrow_back:", type="tertiary",
              on_click=close)  # fmt: skip
    desk = bootstrap.desk()
    detail = desk.views.tactic_detail(tactic_id)
    facts = detail.facts
    if detail.insight and detail.snapshot:
        facts |= desk.insights.facts(detail.insight, detail.snapshot, [detail.tactic])
    reading.heading(detail)
    decision(tactic_id)
    reading.numbers(detail)
    left, right = split(3, 2)
    with left:
        plan_chart.chart(detail)
    with right:
        reasons.reasons(detail.tactic, detail.insight, facts)
    listed, scored = split(3, 1, border=False)
    with listed:
        reasons.checklist(detail.tactic.checklist)
    with scored:
        reasons.score(detail.tactic)
    reading.details(detail, facts)


def show(tactic_id: str) -> None:
    st.query_params["tactic"] = tactic_id


def close() -> None:
    st.query_params.pop("tactic", None)


def choose(sessions: list[date]) -> pd.DataFrame:
    """Draw the filters and return the tactics that pass them."""
    names = [ALL, *(session.isoformat() for session in sessions)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        session = st.selectbox(
            "Session", names, key="tactics_session", bind="query-params", width=180
        )  # fmt: skip
        grades = st.pills("Grade", GRADES, selection_mode="multi", key="tactics_grade",
                          bind="query-params")  # fmt: skip
        states = st.pills("State", STATES, selection_mode="multi", key="tactics_state",
                          bind="query-params")  # fmt: skip
    only = None if session in {ALL, None} else date.fromisoformat(str(session))
    sought = TacticFilter(first_session=only, last_session=only, grades=tuple(grades), limit=500)
    found = bootstrap.desk().views.tactic_list(sought)
    symbols = st.pills("Symbol", sorted(set(found["symbol"])), selection_mode="multi",
                       key="tactics_symbol") if len(found) else []  # fmt: skip
    if symbols:
        found = found[found["symbol"].isin(symbols)]
    if states:
        found = found[[_is_in(row, states) for row in found.itertuples()]]
    return by_grade(found)


def _is_in(row: Any, states: list[str]) -> bool:
    now = row.trade_state or row.publishing_state
    wanted = {kind for state in states for kind in OF_STATE.get(state, {state})}
    return now in wanted or row.publishing_state in wanted


def card(row: Any) -> None:
    """Draw one plan of the list."""
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.button(
            f"**{row.symbol}** {prose(row.headline)}", key=f"tactics_read_{row.tactic_id}",
            icon=":material/arrow_forward:", icon_position="right", type="tertiary",
            on_click=show, args=(row.tactic_id,),
        )  # fmt: skip
        marks = [badges.inline(row.grade), badges.inline(row.bias), badges.inline(state_of(row))]
        st.markdown(" ".join(marks))
        result = f" Result **{r(row.system_r)}**." if pd.notna(row.system_r) else ""
        st.caption(f"{day(row.session_date)}. {levels_of(row)}{result}")


def levels_of(row: Any) -> str:
    """Say the plan of a tactic in one line."""
    if pd.isna(row.entry_low):
        return "No plan to trade: wait."
    zone = f"{price(row.entry_low)}\u2013{price(row.entry_high)}"
    size = f"{int(row.quantity)} shares, entry" if row.quantity and row.quantity > 0 else "Entry"
    return f"{size} {zone}, stop {price(row.stop)}, best target {price(row.target)}."


def browse() -> None:
    """Draw the list."""
    st.title("Tactics", icon=":material/strategy:")
    sessions = bootstrap.desk().views.tactic_sessions()
    if not sessions:
        st.caption("No tactic yet. The daily tactic runs at 08:15 ET on trading days.")
        return
    found = choose(sessions)
    if found.empty:
        st.caption("No tactic passes these filters.")
        return
    pages = -(-len(found) // PER_PAGE)
    st.caption(plural(len(found), "tactic"))
    place = st.pagination(pages, key="tactics_page") if pages > 1 else 1
    with st.grid(min_column_width=320, key="tactics_grid"):
        for row in found.iloc[(place - 1) * PER_PAGE : place * PER_PAGE].itertuples():
            card(row)


if chosen := st.query_params.get("tactic"):
    read_one(chosen)
else:
    browse()
