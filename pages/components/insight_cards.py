"""One card per symbol: what the analyst sees, how sure it is, and who it was."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.domain.views import InsightCard, ModelDay
from pages.components import badges
from pages.components.formatting import plural, prose, usd
from pages.components.insight_reasons import agreement, cost, stance_marks
from pages.components.tables import State, table, when, wide


def insight_card(card: InsightCard, show: Callable[[str], None]) -> None:
    """Draw one symbol; `show` opens its insight in full."""
    insight = card.insight
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.button(
            f"**{insight.symbol}**", key=f"insights_read_{insight.symbol}", type="tertiary",
            icon=":material/arrow_forward:", icon_position="right", on_click=show,
            args=(insight.insight_id,),
        )  # fmt: skip
        st.markdown(stance_marks(insight))
        st.markdown(f":small[{prose(insight.summary)}]")
        if insight.fallback:
            told = prose(insight.fallback)
            st.markdown(f":small[:material/swap_horiz: The rules stand in. {told}]")
        st.caption(", ".join(_facts(card)))
        for tactic_id in card.tactic_ids:
            st.page_link(
                "tactics.py", label="Its tactic", icon=":material/strategy:",
                query_params={"tactic": tactic_id},
            )  # fmt: skip


def _facts(card: InsightCard) -> list[str]:
    insight = card.insight
    looks = f"{card.looks} looks in this session" if card.looks > 1 else ""
    said = (prose(insight.engine), agreement(insight), cost(insight.cost_usd), looks)
    return [one for one in said if one]


def model_strip(day: ModelDay) -> None:
    """Draw who judges, what of today's budget is gone, and how the calls of today ended."""
    with st.container(border=True, key="insights_models"):
        spent = "" if day.budget else " Nothing is spent."
        asked = "" if day.asks_a_model else f" No model is asked.{spent}"
        calls = " ".join(
            badges.inline(status, f"{badges.word(status)} {count}")
            for status, count in day.statuses.items()
        )
        st.markdown(f"**Analyst** {prose(day.engine)}.{asked} {calls}")
        if day.budget is not None:
            spent, kept = cost(day.budget.spent_usd), cost(day.budget.reserved_usd)
            limit = usd(day.budget.limit_usd)
            st.progress(
                day.budget.used_fraction,
                text=f"Model budget of today: {spent} spent, {kept} reserved, of {limit}",
            )
        if len(day.unanswered):
            with st.expander(f"{plural(len(day.unanswered), 'call')} of today without an answer"):
                calls_table(day, key="insights_unanswered")


def calls_table(day: ModelDay, *, key: str) -> None:
    """Draw why the rules had to stand in."""
    table(
        day.unanswered,
        {"requested_at": when("Asked", seconds=True), "stage": "Stage", "status": State("Ended"),
         "detail": wide("Why"), "engine": "Model", "subject_id": "About"},
        key=key, alt="Calls without an answer, newest first", empty="",
    )  # fmt: skip
