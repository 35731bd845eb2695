"""Charts from plain series. Colours come from the theme; shape and words carry the meaning too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.domain.tactics import Scenario
from pages.components import formatting

CHART_CONFIG = {"displayModeBar": False, "scrollZoom": False}


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


def candles_with_levels(
    bars: pd.DataFrame, scenario: Scenario | None, *, key: str, start: str | None = None
) -> None:
    """Draw candles and volume with the plan's entry zone, stop and targets, each with its name.

    `bars` has the columns time, open, high, low, close, volume, oldest first; `time` is text and
    makes a category axis, so that nights and holidays leave no gap. `start` is the time from which
    the plan holds.
    """
    colors = palette()
    figure = go.Figure(
        go.Candlestick(
            x=bars["time"], open=bars["open"], high=bars["high"], low=bars["low"],
            close=bars["close"], name="Price", showlegend=False,
            increasing={"line": {"color": colors.good, "width": 1}},
            decreasing={"line": {"color": colors.bad, "width": 1}, "fillcolor": colors.bad},
        )
    )  # fmt: skip
    figure.add_bar(
        x=bars["time"], y=bars["volume"], yaxis="y2", name="Volume", showlegend=False,
        marker={"color": colors.muted, "opacity": 0.35},
    )  # fmt: skip
    if scenario is not None:
        _draw_plan(figure, scenario, colors)
    if start is not None:
        line = {"color": colors.muted, "width": 1, "dash": "dot"}
        figure.add_vline(x=start, line=line)
        figure.add_annotation(
            x=start, y=1, yref="paper", yanchor="bottom", text="plan", showarrow=False,
            font={"color": colors.muted, "size": 11},
        )  # fmt: skip
    _lay_out(figure, bars, scenario)
    symbol_range = f"{bars['low'].min():,.2f} to {bars['high'].max():,.2f}"
    alt = f"{len(bars)} candles between {symbol_range}"
    st.plotly_chart(figure, key=key, config=CHART_CONFIG, alt=alt)


def _draw_plan(figure: go.Figure, plan: Scenario, colors: Palette) -> None:
    figure.add_hrect(
        y0=plan.entry_low, y1=plan.entry_high, fillcolor=colors.primary, opacity=0.18, line_width=0
    )
    entry = (plan.entry_low + plan.entry_high) / 2
    zone = f"Entry {plan.entry_low:,.2f} to {plan.entry_high:,.2f}"
    _name(figure, entry, zone, colors.primary)
    _level(figure, plan.stop, f"Stop {plan.stop:,.2f}", colors.bad, "solid")
    for number, target in enumerate(plan.targets, 1):
        text = f"Target {number} {target.price:,.2f} ({plan.reward_risk(target.price):+.1f}R)"
        _level(figure, target.price, text, colors.good, "dash")


def _level(figure: go.Figure, at: float, text: str, color: str, dash: str) -> None:
    figure.add_hline(y=at, line={"color": color, "width": 1.5, "dash": dash})
    _name(figure, at, text, color)


def _name(figure: go.Figure, at: float, text: str, color: str) -> None:
    figure.add_annotation(
        x=1, xref="paper", xanchor="left", xshift=6, y=at, yref="y", yanchor="middle",
        text=text, showarrow=False, font={"color": color, "size": 11},
    )  # fmt: skip


def _lay_out(figure: go.Figure, bars: pd.DataFrame, plan: Scenario | None) -> None:
    low, high = float(bars["low"].min()), float(bars["high"].max())
    if plan is not None:
        prices = (plan.stop, plan.entry_low, plan.entry_high, *(t.price for t in plan.targets))
        low, high = min(low, *prices), max(high, *prices)
    room = (high - low) * 0.04
    ticks = 5 if len(str(bars["time"].iloc[0])) > 11 else 7  # a date with its time is wide
    figure.update_layout(
        height=460, hovermode="x unified", bargap=0.2,
        margin={"l": 0, "r": 132 if plan is not None else 16, "t": 24, "b": 0},
        xaxis={"type": "category", "rangeslider": {"visible": False}, "nticks": ticks,
               "showgrid": False, "anchor": "y2", "tickangle": 0},
        yaxis={"domain": [0.2, 1], "range": [low - room, high + room], "tickformat": ",.2f"},
        yaxis2={"domain": [0, 0.15], "showgrid": False, "showticklabels": False},
    )  # fmt: skip
