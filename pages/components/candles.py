"""Candles with a plan drawn into them."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.domain.tactics import Scenario
from pages.components.charts import Palette, palette

CHART_CONFIG = {"displayModeBar": False, "scrollZoom": False}


def candles_with_levels(
    bars: pd.DataFrame, scenario: Scenario | None, *, key: str, start: str | None = None
) -> None:
    """Draw candles and volume with the plan's entry zone, stop and targets, each with its name.

    `bars` has the columns time, open, high, low, close, volume, oldest first; `time` is text and
    makes a category axis, so that nights and holidays leave no gap. `start` is the time from which
    the plan holds.
    """
    colors = palette()
    figure = _candles(bars, colors)
    if scenario is not None:
        _draw_plan(figure, scenario, colors)
    if start is not None:
        _draw_start(figure, start, colors)
    _lay_out(figure, bars, scenario)
    reach = f"{bars['low'].min():,.2f} to {bars['high'].max():,.2f}"
    alt = f"{len(bars)} candles between {reach}"
    st.plotly_chart(figure, key=key, config=CHART_CONFIG, alt=alt)


def _candles(bars: pd.DataFrame, colors: Palette) -> go.Figure:
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
    return figure


def _draw_start(figure: go.Figure, start: str, colors: Palette) -> None:
    figure.add_vline(x=start, line={"color": colors.muted, "width": 1, "dash": "dot"})
    figure.add_annotation(
        x=start, y=1, yref="paper", yanchor="bottom", text="plan", showarrow=False,
        font={"color": colors.muted, "size": 11},
    )  # fmt: skip


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
