"""The candles that every chart of prices starts from, and prices named beside them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.components.charts import Palette

CHART_CONFIG = {"displayModeBar": False, "scrollZoom": False}


def candle_figure(bars: pd.DataFrame, colors: Palette) -> go.Figure:
    """Return candles above their volume.

    `bars` has the columns time, open, high, low, close, volume, oldest first; `time` is text and
    makes a category axis, so that nights and holidays leave no gap.
    """
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


def draw_name(figure: go.Figure, at: float, text: str, color: str) -> None:
    """Write a name to the right of the candles, at a price."""
    figure.add_annotation(
        x=1, xref="paper", xanchor="left", xshift=6, y=at, yref="y", yanchor="middle",
        text=text, showarrow=False, font={"color": color, "size": 11},
    )  # fmt: skip


def show_candles(
    figure: go.Figure, bars: pd.DataFrame, *, key: str, named: Sequence[float] = ()
) -> None:
    """Draw the figure so that all bars and the `named` prices are in sight."""
    low, high = float(bars["low"].min()), float(bars["high"].max())
    alt = f"{len(bars)} candles between {low:,.2f} and {high:,.2f}"
    low, high = min([low, *named]), max([high, *named])
    room = (high - low) * 0.04
    ticks = 5 if len(str(bars["time"].iloc[0])) > 11 else 7  # a date with its time is wide
    figure.update_layout(
        height=460, hovermode="x unified", bargap=0.2,
        margin={"l": 0, "r": 132 if named else 16, "t": 24, "b": 0},
        xaxis={"type": "category", "rangeslider": {"visible": False}, "nticks": ticks,
               "showgrid": False, "anchor": "y2", "tickangle": 0},
        yaxis={"domain": [0.2, 1], "range": [low - room, high + room], "tickformat": ",.2f"},
        yaxis2={"domain": [0, 0.15], "showgrid": False, "showticklabels": False},
    )  # fmt: skip
    st.plotly_chart(figure, key=key, config=CHART_CONFIG, alt=alt)
