"""Both books over time, and what overriding cost, as pictures."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core.domain.discipline import CostGroup
from core.domain.two_books import DisciplineRecord
from pages.components.charts import palette
from pages.components.formatting import NEW_YORK, plural, r, words

# Each line has its own dash and mark, so that no colour is needed to tell them apart.
LINES = {
    "SYSTEM": ("system_r", "solid", "circle"),
    "ACTUAL": ("actual_r", "dashed", "rect"),
    "Override cost": ("cost_r", "dotted", "triangle"),
}
NOTHING_R = 0.005


def curves(record: DisciplineRecord) -> None:
    """Draw the sums of both books in R, and of what overriding has cost."""
    st.markdown("**Both books** :small[:gray[sum of R in the order in which trades ended]]")
    curve = record.curve
    if len(curve) < 2:
        st.caption("The curves begin with the second trade that has ended in both books.")
        return
    ended = curve["ended_at"].dt.tz_convert(NEW_YORK).dt.strftime("%-d %b %Y, %H:%M")
    sums = {name: curve[column].round(2) for name, (column, _, _) in LINES.items()}
    frame = pd.DataFrame({"Ended": ended, **sums})
    colors = palette()
    shades = {"SYSTEM": colors.primary, "ACTUAL": colors.good, "Override cost": colors.bad}
    st.echarts_chart(
        {
            "dataset": {"source": frame},
            "tooltip": {"trigger": "axis"},
            "legend": {"top": 0, "left": 0, "textStyle": {"color": colors.muted}},
            "grid": {"left": 56, "right": 16, "top": 40, "bottom": 32},
            "xAxis": {"type": "category", "axisLabel": {"hideOverlap": True}},
            "yAxis": {"type": "value", "axisLabel": {"formatter": "{value}R"}},
            "series": [_line(name, shades[name]) for name in LINES],
        },
        height=380, key=f"discipline_curves_{record.is_synthetic}",
        alt=", ".join(f"{name} {r(float(values.iloc[-1]))}" for name, values in sums.items()),
    )  # fmt: skip


def _line(name: str, color: str) -> dict[str, Any]:
    _, dash, mark = LINES[name]
    return {
        "type": "line", "step": "end", "name": name, "encode": {"x": "Ended", "y": name},
        "color": color, "symbol": mark, "symbolSize": 7, "lineStyle": {"type": dash, "width": 2},
    }  # fmt: skip


def cost(which: str, title: str, record: DisciplineRecord) -> None:
    """Draw what the overrides of each group have cost in R; each bar says its number."""
    st.markdown(f"**{title}** :small[:gray[R; to the right it was lost, to the left it paid]]")
    groups = [one for one in record.costs[which] if one.measured]
    if not groups:
        st.caption("No override has a known cost in R yet.")
        return
    colors = palette()
    shown = groups[::-1]  # the first one on top
    bars = [(round(one.cost_r, 2), colors.bad if one.cost_r > 0 else colors.good) for one in shown]
    st.echarts_chart(
        {
            "grid": {"left": 8, "right": 16, "top": 8, "bottom": 24, "containLabel": True},
            "xAxis": {"type": "value", "axisLabel": {"formatter": "{value}R", "hideOverlap": True}},
            "yAxis": {"type": "category", "axisLabel": {"lineHeight": 15},
                      "data": [f"{_name(one)}\n{_said(one.cost_r)}" for one in shown]},
            "series": [{"type": "bar", "barMaxWidth": 22,
                        "data": [{"value": value, "itemStyle": {"color": color}}
                                 for value, color in bars]}],
        },
        height=60 + 44 * len(groups), key=f"discipline_{which}_{record.is_synthetic}",
        alt=", ".join(f"{_name(one)}: {r(one.cost_r)}" for one in groups),
    )  # fmt: skip


def _name(group: CostGroup) -> str:
    return f"{words(group.name)}, n {group.count}"


def _said(cost_r: float) -> str:
    """Say with a word which way it went, so that neither sign nor colour has to."""
    word = "nothing" if abs(cost_r) < NOTHING_R else "lost" if cost_r > 0 else "paid"
    return f"{word} {abs(cost_r):.2f}R"


def told(group: CostGroup) -> str:
    """Say what a group has cost on average, or that there are too few to say."""
    if not group.enough:
        return f"not enough data, {plural(group.measured, 'result')}"
    return f"{r(group.mean_r)}, {r(group.mean_low)} to {r(group.mean_high)} (95 %)"
