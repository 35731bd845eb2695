"""Why an analyst sees a symbol as it does: its words, with the facts they cite."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pandas as pd
import streamlit as st

from core.domain.content import Fact
from core.domain.insights import Insight
from pages.components import badges
from pages.components.claims import cited
from pages.components.formatting import percent, prose
from pages.components.tables import State, table

POINTS = {-1: "\u2193 down", 0: "\u2192 neither way", 1: "\u2191 up"}


def stance_marks(insight: Insight) -> str:
    """Return the view as badges: the stance, how firm it is, and who stands in for whom."""
    marks = [badges.inline("abstains")] if insight.abstains else [
        badges.inline(insight.stance), f"conviction **{percent(insight.conviction, places=0)}**"
    ]  # fmt: skip
    if insight.fallback:
        marks.append(badges.inline("fallback"))
    return " ".join(marks)


def agreement(insight: Insight) -> str:
    """Say how many of the answers agree; empty where the analyst was asked once."""
    if insight.disagreement is None:
        return ""
    count = len(insight.samples)
    agreeing = round((1 - insight.disagreement) * count)
    apart = percent(insight.disagreement, places=0)
    return f"{agreeing} of {count} answers agree, {apart} take another side"


def cost(usd: Decimal | float | None) -> str:
    """Return what an answer cost, for Markdown; empty where no model was asked."""
    return "" if usd is None else f"\\${usd:,.4f}"


def view(insight: Insight, facts: Mapping[str, Fact]) -> None:
    """Draw the words of an insight, each reason with the facts that it cites."""
    st.markdown(prose(insight.summary))
    for driver in insight.drivers:
        st.markdown(
            f"**{POINTS[driver.direction]}** {prose(driver.text)}  \n"
            f":small[:gray[{prose(cited(driver.fact_ids, facts))}]]"
        )
    for risk in insight.risks:
        st.markdown(f":material/warning: {prose(risk)}")
    st.markdown(f"**Would change its mind:** {prose(insight.would_change_mind)}")


def samples(insight: Insight) -> None:
    """Draw each answer where the same was asked more than once."""
    if not insight.samples:
        return
    st.markdown(f"**Stability** :small[:gray[{agreement(insight)}]]")
    rows = [
        {"number": number, "stance": "abstains" if one.abstains else one.stance,
         "conviction": percent(one.conviction, places=0)}
        for number, one in enumerate(insight.samples, 1)
    ]  # fmt: skip
    table(
        pd.DataFrame(rows),
        {"number": "Answer", "stance": State("Stance"), "conviction": "Conviction"},
        key="insights_samples", alt="Each answer of the analyst", empty="",
    )  # fmt: skip
