"""Why a plan is as it is: the insight with its facts, the checklist, the score."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.domain.content import Fact
from core.domain.insights import Insight
from core.domain.tactics import CheckItem, Tactic
from pages.components import badges
from pages.components.formatting import prose, words
from pages.components.insight_reasons import stance_marks, view

CHECKS = {
    "macd_curl_with_bias": "MACD curls with the bias",
    "vwap_confirmed": "VWAP confirms",
    "tape_slowed_at_level": "The tape slows at the level",
    "entry_candle_rejects": "The last candle rejects the level",
    "risk_defined": "Risk is defined",
    "bias_matches_market": "The market agrees",
}


def reasons(tactic: Tactic, insight: Insight | None, facts: Mapping[str, Fact]) -> None:
    """Draw what the plan rests on: its objective, and the insight with the facts it cites."""
    st.markdown(f"**Objective.** {prose(tactic.objective)}")
    if insight is None:
        st.caption("The insight is not in the store.")
        return
    st.markdown(f"**Insight** {stance_marks(insight)}")
    view(insight, facts)
    st.page_link(
        "insights.py", label="The insight in full", icon=":material/psychology:",
        query_params={"insight": insight.insight_id},
    )  # fmt: skip


def score(tactic: Tactic) -> None:
    """Draw the score of the plan and the parts that it is made of."""
    plan, parts = tactic.scenario, tactic.score_parts
    if plan is None or parts is None:
        return
    st.subheader(f"Score {plan.score:.2f}")
    for name, value in parts:
        st.progress(value, text=f"{words(name).capitalize()} {value:.2f}")


def checklist(items: tuple[CheckItem, ...]) -> None:
    """Draw the six points, each with what it was judged on."""
    if not items:
        return
    st.subheader("Checklist")
    with st.grid(3, border=True, key="tactics_checklist"):
        for item in items:
            name = CHECKS.get(item.name, words(item.name).capitalize())
            st.markdown(
                f"{badges.inline(item.verdict)} **{name}**  \n:small[:gray[{prose(item.evidence)}]]"
            )
