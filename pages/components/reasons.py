"""Why a plan is as it is: the insight, its drivers with their facts, and the checklist."""

from __future__ import annotations

import streamlit as st

from core.domain.insights import Insight
from core.domain.tactics import CheckItem, Tactic
from pages.components import badges
from pages.components.formatting import prose, words

CHECKS = {
    "macd_curl_with_bias": "MACD curls with the bias",
    "vwap_confirmed": "VWAP confirms",
    "tape_slowed_at_level": "The tape slows at the level",
    "entry_candle_rejects": "The last candle rejects the level",
    "risk_defined": "Risk is defined",
    "bias_matches_market": "The market agrees",
}


def reasons(tactic: Tactic, insight: Insight | None) -> None:
    """Draw what the plan rests on: the insight, its drivers with their facts, the checklist."""
    st.markdown(f"**Objective.** {prose(tactic.objective)}")
    if insight is None:
        st.caption("The insight is not in the store.")
    else:
        st.markdown(f"**Insight** {badges.inline(insight.stance)} {prose(insight.summary)}")
        for driver in insight.drivers:
            arrow = {-1: "\u2193", 0: "\u2192", 1: "\u2191"}[driver.direction]
            facts = ", ".join(f"`{fact}`" for fact in driver.fact_ids)
            st.markdown(f"{arrow} {prose(driver.text)}  \n:small[:gray[facts {facts}]]")
        for risk in insight.risks:
            st.markdown(f":material/warning: {prose(risk)}")
        st.caption(f"Would change its mind: {prose(insight.would_change_mind)}")


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
