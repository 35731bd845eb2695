"""Every override with what was said about it, and what each group of them has cost."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.domain.discipline import CostGroup
from core.domain.two_books import DisciplineRecord
from pages.components.discipline_charts import told
from pages.components.formatting import NEW_YORK, plural, words
from pages.components.tables import State, dollars, medium, number, table

GROUPS = {
    "kind": "Kind", "hour": "Hour (ET)", "weekday": "Weekday", "emotion": "Mood",
    "follows": "Result before",
}  # fmt: skip


def overrides(record: DisciplineRecord) -> None:
    """Draw the overrides, the newest first."""
    rows = record.overrides
    if rows.empty:
        st.caption("No override so far: what was traded is what was planned.")
        return
    st.caption(
        f"{plural(len(rows), 'override')}, newest first. The cost of a trade is told once, at its "
        "first cause; below zero it paid, and is an override all the same. Empty: not known yet."
    )
    shown = rows.assign(
        time=[_time(at, known) for at, known in zip(rows.occurred_at, rows.has_time, strict=True)],
        kind=rows["kind"].map(words),
        follows=rows["follows"].map({"win": "a win", "loss": "a loss", "": ""}),
        label=rows["label"].where(rows["label"] != ""),
    )
    table(
        shown,
        {
            "session_date": st.column_config.DateColumn("Session", format="D MMM YYYY"),
            "time": "Time (ET)", "label": State("Data"), "kind": "What", "symbol": "Symbol",
            "cost_r": number("Cost", "%+.2fR"), "cost_usd": dollars("Cost, USD"),
            "follows": "After", "emotion": "Mood", "reason": medium("Reason"),
            "planned": medium("Planned"), "actual": medium("Done"), "said_by": "Said by",
        },
        key=f"discipline_overrides_{record.is_synthetic}", alt="Overrides, newest first",
        empty="",
    )  # fmt: skip


def _time(at: pd.Timestamp, is_known: bool) -> str:
    return at.tz_convert(NEW_YORK).strftime("%H:%M") if is_known else "day only"


def groups(record: DisciplineRecord) -> None:
    """Draw the groups, the dearest first; a mean needs enough results."""
    tabs = st.tabs(list(GROUPS.values()), key=f"discipline_groups_{record.is_synthetic}")
    for tab, (name, title) in zip(tabs, GROUPS.items(), strict=True):
        with tab:
            table(
                pd.DataFrame([_row(one) for one in record.costs[name]]),
                {
                    "name": title, "count": number("Overrides", "%d"),
                    "cost_r": number("Cost", "%+.2fR"), "cost_usd": dollars("Cost, USD"),
                    "mean": medium("Mean (95 % interval)"),
                },
                key=f"discipline_{name}_rows_{record.is_synthetic}",
                alt=f"Cost of overrides by {title.lower()}", empty="No override so far.",
            )  # fmt: skip


def _row(group: CostGroup) -> dict[str, object]:
    return {
        "name": words(group.name), "count": group.count, "cost_r": group.cost_r,
        "cost_usd": float(group.cost_usd), "mean": told(group),
    }  # fmt: skip
