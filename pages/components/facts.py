"""The facts behind a text, and how long the text may be."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.domain.content import ContentVersion, Fact
from pages.components.formatting import eastern, money, percent, prose, r


def facts_table(facts: Sequence[Fact], *, key: str) -> None:
    st.caption("Each number in the text is one of these facts.")
    rows = {"Fact": [f.fact_id for f in facts], "Value": [shown(f) for f in facts],
            "Unit": [f.unit for f in facts]}  # fmt: skip
    st.dataframe(pd.DataFrame(rows), hide_index=True, key=key, alt="Facts behind the text")


def shown(fact: Fact) -> str:
    """Return the value of a fact in its unit."""
    if isinstance(fact.value, str):
        return fact.value
    if fact.unit == "usd":
        return money(fact.value)
    if fact.unit == "fraction":
        return percent(fact.value)
    return r(fact.value) if fact.unit == "r" else f"{fact.value:g}"


def limits(content: ContentVersion) -> None:
    for variant in content.variants:
        limit = f"of {variant.limit} allowed" if variant.limit else "no limit"
        st.caption(f"{prose(variant.platform)}: {variant.length} characters, {limit}.")
    st.caption(f"To be published before {eastern(content.expires_at)}.")
