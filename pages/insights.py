"""What the analyst makes of each symbol, and what every view rests on."""

from __future__ import annotations

from datetime import date

import streamlit as st

from core import bootstrap
from core.domain.views import InsightCard
from pages.components import badges, insight_detail
from pages.components.edge import live
from pages.components.formatting import day, plural
from pages.components.insight_cards import insight_card, model_strip

PER_PAGE = 24
KINDS = ("bullish", "bearish", "neutral", "abstains", "fallback")


def show(insight_id: str) -> None:
    st.query_params["insight"] = insight_id


def close() -> None:
    st.query_params.pop("insight", None)


def read_one(insight_id: str) -> None:
    """Draw one insight in full."""
    st.button("All insights", key="insights_back", icon=":material/arrow_back:", type="tertiary",
              on_click=close)  # fmt: skip
    desk = bootstrap.desk()
    detail = desk.views.insight_detail(insight_id)
    known = detail.snapshot
    facts = desk.insights.facts(detail.insight, known, detail.tactics) if known else {}
    insight_detail.heading(detail, show)
    insight_detail.body(detail, facts)


@live("15s")
def models() -> None:
    model_strip(bootstrap.desk().insights.models_today())


def choose(sessions: list[date]) -> list[InsightCard]:
    """Draw the filters; return the cards that pass them, the firmest view first."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        session = st.selectbox(
            "Session", [session.isoformat() for session in sessions], key="insights_session",
            bind="query-params", width=180,
        )  # fmt: skip
        kinds = st.pills(
            "View", KINDS, selection_mode="multi", format_func=badges.word, key="insights_kind"
        )
    cards = bootstrap.desk().views.insight_cards(date.fromisoformat(str(session)))
    found = [card for card in cards if not kinds or _kinds(card).intersection(kinds)]
    return sorted(found, key=lambda card: (-card.insight.conviction, card.insight.symbol))


def _kinds(card: InsightCard) -> set[str]:
    insight = card.insight
    view = "abstains" if insight.abstains else insight.stance.value
    return {view, "fallback"} if insight.fallback else {view}


def browse() -> None:
    """Draw the cards of one session."""
    st.title("Insights", icon=":material/psychology:")
    models()
    sessions = bootstrap.desk().views.insight_sessions()
    if not sessions:
        st.caption("No insight yet. The daily tactic judges every symbol at 08:15 ET on trading "
                   "days.")  # fmt: skip
        return
    found = choose(sessions)
    if not found:
        st.caption("No insight passes these filters.")
        return
    pages = -(-len(found) // PER_PAGE)
    of = day(found[0].insight.session_date)
    st.caption(f"{plural(len(found), 'symbol')}, {of}, the newest look of each")
    place = st.pagination(pages, key="insights_page") if pages > 1 else 1
    with st.grid(min_column_width=320, key="insights_grid"):
        for card in found[(place - 1) * PER_PAGE : place * PER_PAGE]:
            insight_card(card, show)


if chosen := st.query_params.get("insight"):
    read_one(chosen)
else:
    browse()
