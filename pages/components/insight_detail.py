"""One insight, read from the top: the view, its reasons, its headlines, its claims."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd
import streamlit as st

from core.domain.content import Fact
from core.domain.insights import Insight, ReadHeadline
from core.domain.views import InsightDetail
from pages.components import badges
from pages.components.claims import claims_panel
from pages.components.formatting import day, eastern, eastern_time, prose, short, words
from pages.components.insight_history import stance_history
from pages.components.insight_reasons import cost, samples, stance_marks, view
from pages.components.split import split
from pages.components.stories import title
from pages.components.tables import State, number, table, when, wide

TONES = {
    -2: "very negative", -1: "negative", 0: "neutral", 1: "positive", 2: "very positive",
}  # fmt: skip


def heading(detail: InsightDetail, show: Callable[[str], None]) -> None:
    """Draw the view in one line, who took it, and the other looks of the session."""
    insight = detail.insight
    st.title(f"{insight.symbol}: {_side(insight)}", icon=":material/psychology:")
    st.markdown(f"{stance_marks(insight)} :small[:gray[{', '.join(_origin(insight))}]]")
    if insight.fallback:
        st.warning(f"The rules stand in. {prose(insight.fallback)}", icon=":material/swap_horiz:")
    others = [one for one in detail.looks if one.insight_id != insight.insight_id]
    if others:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("Other looks of this session", width="content")
            for one in others:
                st.button(
                    f"{eastern_time(one.as_of)}: {_side(one)}", key=f"insights_{one.insight_id}",
                    on_click=show, args=(one.insight_id,),
                )  # fmt: skip


def _side(insight: Insight) -> str:
    return "abstains" if insight.abstains else insight.stance.value


def _origin(insight: Insight) -> list[str]:
    prompt = insight.prompt
    said = [
        f"session {day(insight.session_date)}",
        f"as of {eastern(insight.as_of)}",
        f"by {prose(insight.engine)}",
    ]
    if prompt is not None:
        said.append(f"prompt {prose(prompt.name)} {prose(prompt.version)}, {short(prompt.sha256)}")
    if insight.cost_usd is not None:
        said.append(f"cost {cost(insight.cost_usd)}")
    return said


def body(detail: InsightDetail, facts: Mapping[str, Fact]) -> None:
    """Draw everything below the heading."""
    left, right = split(3, 2)
    with left:
        view(detail.insight, facts)
        tactics(detail)
    with right:
        stance_history(detail.history)
        samples(detail.insight)
    told, checked = split(2, 3)
    with told:
        headlines(detail)
    with checked:
        claims_panel(detail.reports, facts, key="insights_claims")
    if len(detail.calls):
        with st.container(border=True):
            calls(detail.calls)


def tactics(detail: InsightDetail) -> None:
    """Link to what was drafted from the insight."""
    if not detail.tactics:
        st.caption("No tactic was drafted from this look.")
    for tactic in detail.tactics:
        st.page_link(
            "tactics.py", label=f"Tactic: {prose(tactic.headline)}, grade {tactic.grade}",
            icon=":material/strategy:", query_params={"tactic": tactic.tactic_id},
        )  # fmt: skip


def headlines(detail: InsightDetail) -> None:
    """Draw what was read, the most relevant first, in the fixed words of the reading."""
    st.markdown("**Headlines**")
    read = sorted(detail.insight.headlines, key=lambda one: -one.extraction.relevance)
    if not read:
        st.caption("No headline was known at this moment.")
    for one in read:
        st.markdown(f"{_title(detail, one)}  \n{_reading(detail, one)}")


def _title(detail: InsightDetail, read: ReadHeadline) -> str:
    item = detail.news.get(read.news_id)
    return title(item.title, item.url) if item else prose(read.news_id)


def _reading(detail: InsightDetail, read: ReadHeadline) -> str:
    said, item = read.extraction, detail.news.get(read.news_id)
    tone = badges.inline(TONES[said.sentiment])
    stand_in = badges.inline("fallback") if read.fallback else ""
    source = f"{prose(item.source)}, {eastern(item.published_at)}" if item else "not stored"
    label = badges.inline(item.label) if item else ""
    event = f"{words(said.event)}, relevance {said.relevance} of 3"
    return f"{tone} {label} {stand_in} :small[:gray[{event}. {source}]]"


def calls(frame: pd.DataFrame) -> None:
    """Draw what models were asked for this insight."""
    st.markdown("**Model calls** :small[:gray[on its headlines, its snapshot and its words]]")
    table(
        frame,
        {"requested_at": when("Asked", seconds=True), "stage": "Stage", "status": State("Ended"),
         "prompt": "Prompt", "attempt": number("Try", "%d"),
         "input_tokens": number("Tokens in", "%d"), "output_tokens": number("Tokens out", "%d"),
         "cost_usd": number("Cost, USD", "%.4f"), "detail": wide("Why there is no answer")},
        key="insights_calls", alt="Model calls, oldest first", empty="",
    )  # fmt: skip
