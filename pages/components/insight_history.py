"""How the view of one symbol went over the last sessions."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from pages.components.charts import palette
from pages.components.formatting import NEW_YORK, percent, words
from pages.components.session import rows_of
from pages.components.tables import State, table, wide

SIDES = {"bullish": 1, "bearish": -1}


def stance_history(history: pd.DataFrame) -> None:
    """Draw the conviction of each session's last look, bullish above and bearish below zero."""
    st.markdown("**Stance over the sessions** :small[:gray[the last look of each]]")
    rows = list(rows_of(history))
    st.echarts_chart(
        {
            "tooltip": {"trigger": "axis"},
            "grid": {"left": 48, "right": 8, "top": 12, "bottom": 24},
            "xAxis": {"type": "category", "data": [f"{row.session_date:%-d %b}" for row in rows],
                      "axisTick": {"show": False}},
            "yAxis": {"type": "value", "min": -100, "max": 100, "interval": 100,
                      "axisLabel": {"formatter": "{value} %"}},
            "series": [
                {"type": "bar", "name": "Conviction, bearish below zero", "barMaxWidth": 18,
                 "data": [_bar(row) for row in rows]},
                {"type": "scatter", "name": "Neutral or abstains", "symbolSize": 7,
                 "color": palette().muted, "data": [_point(row) for row in rows]},
            ],
        },
        height=180, key="insights_history", alt=_told(rows),
    )  # fmt: skip
    with st.expander("As a table"):
        table(
            _listed(history),
            {"session": "Session", "stance": State("Stance"), "conviction": "Conviction",
             "engine": "Analyst", "fallback": wide("Rules stand in because")},
            key="insights_history_table", alt="Stance by session, newest first", empty="",
        )  # fmt: skip


def _bar(row: Any) -> dict[str, Any]:
    colors, side = palette(), SIDES.get(row.stance, 0)
    color = colors.good if side > 0 else colors.bad
    return {"value": round(100 * side * row.conviction), "itemStyle": {"color": color}}


def _point(row: Any) -> int | None:
    """Return where a session without a side is marked: on the line."""
    return None if row.stance in SIDES else 0


def _told(rows: list[Any]) -> str:
    return "Stance by session: " + ", ".join(
        f"{row.session_date:%-d %b} {'abstains' if row.abstains else row.stance}" for row in rows
    )


def _listed(history: pd.DataFrame) -> pd.DataFrame:
    newest = history.iloc[::-1]
    local = newest["as_of"].dt.tz_convert(NEW_YORK)
    return newest.assign(
        session=local.dt.strftime("%-d %b %Y, %H:%M ET"),
        stance=newest["stance"].mask(newest["abstains"], "abstains"),
        conviction=[percent(value, places=0) for value in newest["conviction"]],
        fallback=[words(text) for text in newest["fallback"]],
    )
