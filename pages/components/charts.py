"""Charts from plain series. Colours come from the theme; shape and words carry the meaning too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from pages.components import formatting


class Palette(NamedTuple):
    """The theme's colours for the base, light or dark, that the browser shows."""

    primary: str
    good: str
    bad: str
    muted: str
    series: tuple[str, ...]


def palette() -> Palette:
    base = st.context.theme.type or "light"
    series = tuple(st.get_option(f"theme.{base}.chartCategoricalColors") or ())
    return Palette(
        primary=str(st.get_option(f"theme.{base}.primaryColor")),
        good=str(st.get_option(f"theme.{base}.greenColor")),
        bad=str(st.get_option(f"theme.{base}.redColor")),
        muted="#94A3B8" if base == "dark" else "#64748B",
        series=series,
    )


def drawdown(equity: pd.Series[float]) -> pd.Series[float]:
    """Return how far each value lies under the highest one before it, as a fraction <= 0."""
    return equity / equity.cummax() - 1


def equity_with_drawdown(days: Sequence[str], equity: pd.Series[float], *, key: str) -> None:
    """Draw the equity curve in USD above its drawdown in percent."""
    falls = drawdown(equity)
    frame = pd.DataFrame({
        "Day": list(days), "Equity": equity.round(2).to_numpy(),
        "Drawdown": (falls * 100).round(2).to_numpy(),
    })  # fmt: skip
    colors = palette()
    st.echarts_chart(
        {
            "dataset": {"source": frame},
            "tooltip": {"trigger": "axis"},
            "axisPointer": {"link": [{"xAxisIndex": "all"}]},
            "grid": [
                {"left": 72, "right": 12, "top": 12, "height": "58%"},
                {"left": 72, "right": 12, "top": "74%", "height": "16%"},
            ],
            "xAxis": [_days(0, labels=False), _days(1, labels=True)],
            "yAxis": [_money_axis(0), _percent_axis(1)],
            "series": [
                _line("Equity", 0, colors.primary, "dollar", opacity=0.08),
                _line("Drawdown", 1, colors.bad, "%.2f %%", opacity=0.25),
            ],
        },
        height=340,
        key=key,
        alt=f"Equity {formatting.money(float(equity.iloc[-1]))}, "
        f"deepest drawdown {formatting.percent(float(falls.min()))}",
    )


def _days(grid: int, *, labels: bool) -> dict[str, Any]:
    return {
        "type": "category", "gridIndex": grid, "boundaryGap": False,
        "axisLabel": {"show": labels, "hideOverlap": True}, "axisTick": {"show": False},
    }  # fmt: skip


def _money_axis(grid: int) -> dict[str, Any]:
    return {
        "type": "value",
        "gridIndex": grid,
        "scale": True,
        "axisLabel": {"formatter": "${value}"},
    }


def _percent_axis(grid: int) -> dict[str, Any]:
    return {
        "type": "value", "gridIndex": grid, "max": 0, "splitNumber": 2,
        "axisLabel": {"formatter": "{value} %"},
    }  # fmt: skip


def _line(name: str, grid: int, color: str, shown: str, *, opacity: float) -> dict[str, Any]:
    return {
        "type": "line", "name": name, "xAxisIndex": grid, "yAxisIndex": grid, "showSymbol": False,
        "encode": {"x": "Day", "y": name}, "color": color, "lineStyle": {"width": 2},
        "areaStyle": {"opacity": opacity}, "tooltip": {"valueFormatter": shown},
    }  # fmt: skip


def age_curve(frame: pd.DataFrame, *, key: str, alt: str) -> None:
    """Draw one line per column over the ages of the index; missing values leave a gap."""
    source = frame.reset_index(names="Age")
    series = [
        {
            "type": "line", "name": name, "encode": {"x": "Age", "y": name},
            "symbol": symbol, "symbolSize": 8, "connectNulls": False,
        }
        for name, symbol in zip(
            frame.columns, ("circle", "rect", "triangle", "diamond", "pin"), strict=False
        )
    ]  # fmt: skip
    st.echarts_chart(
        {
            "dataset": {"source": source},
            "tooltip": {"trigger": "axis"},
            "legend": {"top": 0},
            "grid": {"left": 56, "right": 16, "top": 40, "bottom": 32},
            "xAxis": {"type": "category"},
            "yAxis": {"type": "value"},
            "series": series,
        },
        height=300,
        key=key,
        alt=alt,
    )
