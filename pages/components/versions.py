"""The versions of a tactic, and what changed between two of them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.domain.differences import Difference, differences
from core.domain.tactics import Tactic
from pages.components.formatting import NOTHING, eastern, short, words
from pages.components.tables import State, number, table, wide

UNTOLD = {"version", "supersedes", "snapshot_id", "insight_id"}  # they differ in every version


def versions(known: Sequence[Tactic]) -> None:
    """Draw all versions, newest first; with more than one, what changed between two."""
    rows = [
        {"version": one.version, "as_of": eastern(one.as_of), "headline": one.headline,
         "grade": one.grade, "hash": short(one.content_sha256)}
        for one in reversed(known)
    ]  # fmt: skip
    table(
        pd.DataFrame(rows),
        {"version": number("Version", "%d"), "as_of": "As of", "headline": wide("Headline"),
         "grade": State("Grade"), "hash": "Hash"},
        key="tactics_versions", alt="Versions, newest first", empty="",
    )  # fmt: skip
    if len(known) < 2:
        st.caption("There is one version, so there is nothing to compare.")
        return
    numbers = [one.version for one in known]
    with st.container(horizontal=True):
        before = st.selectbox("From", numbers, len(numbers) - 2, key="tactics_before", width=120)
        after = st.selectbox("To", numbers, len(numbers) - 1, key="tactics_after", width=120)
    by_number = {one.version: one for one in known}
    changes(by_number[before], by_number[after])


def changes(before: Tactic, after: Tactic) -> None:
    """Draw what two versions do not share, old and new side by side."""
    found = [one for one in differences(before, after) if one.field not in UNTOLD]
    rows = [
        {"field": _name(one.field), "before": _shown(one, "before"), "after": _shown(one, "after")}
        for one in found
    ]
    table(
        pd.DataFrame(rows),
        {"field": st.column_config.TextColumn("What", width=220), "before": wide("Before"),
         "after": wide("After")},
        key="tactics_changes",
        alt=f"What changed from version {before.version} to {after.version}",
        empty=f"Versions {before.version} and {after.version} say the same.",
    )  # fmt: skip


def _name(field: str) -> str:
    return words(field).replace(".", " \u203a ")


def _shown(difference: Difference, side: str) -> str:
    value = getattr(difference, side)
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.6g}" if isinstance(value, float) else str(value)
