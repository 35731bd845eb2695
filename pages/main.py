"""The main script: every page is listed here and nowhere else."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.components import shell, sign_in
from pages.components.edge import guarded

ICON = Path(__file__).resolve().parent / "components" / "icon.svg"  # ":material/" loads a font host

st.set_page_config(page_title="Convergence", page_icon=str(ICON), layout="wide")
st.logo(str(ICON), size="large")
sign_in.require()  # before st.navigation: nothing of the desk is drawn for a stranger

page = st.navigation(
    {
        "Today": [
            st.Page(
                "overview.py", title="Overview", icon=":material/space_dashboard:", default=True,
                help="Money, today's session, what waits for you, and how the desk runs.",
            ),
            st.Page(
                "approvals.py", title="Approvals", icon=":material/fact_check:",
                help="Approve or reject orders and posts before they go out.",
            ),
            st.Page(
                "market.py", title="Market", icon=":material/candlestick_chart:",
                help="The watch list, and one symbol with its bars, levels, stories and company.",
            ),
            st.Page(
                "insights.py", title="Insights", icon=":material/psychology:",
                help="What the analyst makes of each symbol, with facts, claims and cost.",
            ),
            st.Page(
                "tactics.py", title="Tactics", icon=":material/strategy:",
                help="Plans with entry, stop, targets and grade, and what they rest on.",
            ),
        ],
        "Money": [
            st.Page(
                "positions.py", title="Positions", icon=":material/account_balance:",
                help="What is open, its stops, exposure, and whether desk and broker agree.",
            ),
            st.Page(
                "track_record.py", title="Track record", icon=":material/query_stats:",
                help="How past plans have ended, losers included, and the public ledger.",
            ),
            st.Page(
                "discipline.py", title="Discipline", icon=":material/self_improvement:",
                help="The plans by rule beside what was filled, and what overriding has cost.",
            ),
        ],
        "Words": [
            st.Page(
                "content.py", title="Content", icon=":material/article:",
                help="Posts by state, their text, facts and publications.",
            ),
            st.Page(
                "engagement.py", title="Engagement", icon=":material/insights:",
                help="What readers did with each post, by its age.",
            ),
        ],
        "Machine": [
            st.Page(
                "workflows.py", title="Workflows", icon=":material/account_tree:",
                help="Graphs, runs and steps; run again, fork, cancel, resume.",
            ),
            st.Page(
                "connections.py", title="Connections", icon=":material/cable:",
                help="Feeds, providers, adapters, gaps, refused rows, effects and the ledger.",
            ),
        ],
    }
)  # fmt: skip

with guarded():
    shell.frame()
    sign_in.account()
with guarded():
    page.run()
