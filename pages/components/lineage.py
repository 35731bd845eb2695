"""From a post or a tactic down to the bars and headlines it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import pandas as pd
import streamlit as st

from core.domain.views import LineageRow
from pages.components import badges
from pages.components.formatting import day, eastern, short


def lineage_table(rows: Sequence[LineageRow], *, key: str) -> None:
    """Draw each thing under the one it feeds, with its provider, label and hash."""
    if not rows:
        st.caption("Nothing is known about where this comes from.")
        return
    top = min(row.depth for row in rows)
    frame = pd.DataFrame({
        "What": ["\u2003" * (row.depth - top) + row.kind for row in rows],
        "Label": badges.cells(pd.Series([row.label or None for row in rows], dtype=object)),
        "Title": [row.title for row in rows],
        "Hash": [short(row.sha256) if row.sha256 else "" for row in rows],
        "Provider": [row.provider for row in rows],
        "From": [_moment(row.first_at) for row in rows],
        "To": [_moment(row.last_at) for row in rows],
        "Count": [row.count for row in rows],
        "Reference": [row.reference for row in rows],
    })  # fmt: skip
    st.dataframe(
        frame, hide_index=True, key=key, alt="Lineage, from the newest down to bars and headlines",
        column_config={
            "Label": badges.column("Label", [row.label for row in rows if row.label]),
            "Title": st.column_config.TextColumn(width="medium"),
        },
    )  # fmt: skip


def _moment(at: datetime | date | None) -> str:
    if at is None:
        return ""
    return eastern(at) if isinstance(at, datetime) else day(at)
