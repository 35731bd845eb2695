"""The candles of one symbol with its averages, its levels and the days of its stories."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from html import escape

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.desk.market import SymbolView
from pages.components import badges
from pages.components.candle_figure import candle_figure, draw_name, show_candles
from pages.components.charts import Palette, palette
from pages.components.formatting import NEW_YORK, day, prose
from pages.components.level_names import Name, placed

CANDLES, TITLES, TITLE_LENGTH = 120, 3, 90
LINES = {
    "ema8": "EMA 8", "ema21": "EMA 21", "sma50": "SMA 50", "sma200": "SMA 200", "vwap": "VWAP",
}  # fmt: skip
SOURCES = LINES | {
    "bb_upper": "Upper band", "bb_lower": "Lower band", "pivot": "Pivot", "r1": "R1", "s1": "S1",
    "pdh": "Prev. high", "pdl": "Prev. low", "pmh": "Pre-mkt high", "pml": "Pre-mkt low",
    "swing": "Swing", "round": "Round", "manual": "By hand",
}  # fmt: skip
LEVELS, NEWS = "Levels", "News"
OPTIONS = (LEVELS, NEWS, *(LINES[name] for name in ("ema8", "ema21", "sma50", "sma200")))


def daily_chart(view: SymbolView, wanted: Sequence[str]) -> None:
    """Draw the daily bars with what is wanted of `OPTIONS`."""
    if view.daily.empty:
        st.caption("No daily bar of this symbol is stored.")
        return
    bars = view.daily.tail(CANDLES)
    bars = bars.assign(time=pd.to_datetime(bars["session_date"]).dt.strftime("%-d %b %Y"))
    colors, names = palette(), list[Name]()
    figure = candle_figure(bars, colors)
    _draw_lines(figure, bars, [name for name, label in LINES.items() if label in wanted], colors)
    if NEWS in wanted:
        _mark_stories(figure, bars, view.stories, colors)
    if LEVELS in wanted and view.snapshot is not None:
        names = placed(view.snapshot.levels, view.snapshot.last, _reach(bars))
        _draw_levels(figure, names, colors)
    _origin(bars)
    show_candles(figure, bars, key="market_daily", named=[name.at for name in names])


def intraday_chart(view: SymbolView) -> None:
    """Draw the 5-minute bars of the newest session that has some, with its VWAP."""
    if view.intraday.empty:
        st.caption("No 5-minute bar of this symbol is stored: they come while a session trades.")
        return
    local = view.intraday["started_at"].dt.tz_convert(NEW_YORK)
    bars = view.intraday.assign(time=local.dt.strftime("%H:%M"))
    colors = palette()
    figure = candle_figure(bars, colors)
    _draw_lines(figure, bars, ["vwap"], colors)
    _origin(bars, f", {day(view.intraday_date)}, New York time")
    show_candles(figure, bars, key="market_intraday")


def _reach(bars: pd.DataFrame) -> tuple[float, float]:
    low, high = float(bars["low"].min()), float(bars["high"].max())
    room = (high - low) * 0.08
    return low - room, high + room


def _draw_lines(
    figure: go.Figure, bars: pd.DataFrame, names: Sequence[str], colors: Palette
) -> None:
    for place, (name, label) in enumerate(LINES.items()):
        if name in names and bars[name].notna().any():
            color = colors.series[place % len(colors.series)] if colors.series else colors.primary
            figure.add_scatter(
                x=bars["time"], y=bars[name], name=label, mode="lines",
                line={"color": color, "width": 1.5}, hovertemplate="%{y:,.2f}",
            )  # fmt: skip
    figure.update_layout(legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"})


def _draw_levels(figure: go.Figure, names: Sequence[Name], colors: Palette) -> None:
    for level, at in names:
        color = colors.good if level.kind == "support" else colors.bad
        width = 1 + 2 * level.strength
        figure.add_hline(y=level.price, line={"color": color, "width": width, "dash": "dot"})
        draw_name(figure, at, f"{SOURCES[level.source]} {level.price:,.2f}", color)


def _mark_stories(
    figure: go.Figure, bars: pd.DataFrame, stories: pd.DataFrame, colors: Palette
) -> None:
    """Mark the sessions that could react: a story after the last bar stands at the last one."""
    sessions, told = list(bars["session_date"]), dict[int, list[str]]()
    for at, title in zip(stories["published_at"], stories["title"], strict=True):
        published = at.tz_convert(NEW_YORK).date()
        if published >= sessions[0]:
            place = min(bisect_left(sessions, published), len(sessions) - 1)
            told.setdefault(place, []).append(str(title))
    if not told:
        return
    low, high = _reach(bars)
    marked = bars.iloc[list(told)]
    figure.add_scatter(
        x=marked["time"], y=marked["high"] + (high - low) * 0.03, name=NEWS, mode="markers",
        marker={"symbol": "diamond", "size": 8, "color": colors.primary},
        text=[_told(titles) for titles in told.values()], hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip


def _told(titles: Sequence[str]) -> str:
    """Return the titles of a day as the chart's tooltip takes them: untrusted, so escaped."""
    lines = [escape(title[:TITLE_LENGTH]) for title in titles[:TITLES]]
    count = [f"{len(titles)} stories"] if len(titles) > 1 else []
    return "<br>".join(count + lines)


def _origin(bars: pd.DataFrame, told: str = "") -> None:
    marks = " ".join(badges.inline(label) for label in sorted(set(bars["label"])))
    providers = prose(", ".join(sorted(set(bars["provider"]))))
    st.markdown(f"{marks} :small[:gray[{len(bars)} bars from {providers}{told}]]")
