"""What is drawn into the candles of a symbol: its averages, its levels, the days of its stories."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from html import escape

import pandas as pd
import plotly.graph_objects as go

from pages.components.candle_figure import draw_name
from pages.components.charts import Palette
from pages.components.formatting import NEW_YORK
from pages.components.level_names import Name

TITLES, TITLE_LENGTH = 3, 90
LEVELS, NEWS = "Levels", "News"
LINES = {
    "ema8": "EMA 8", "ema21": "EMA 21", "sma50": "SMA 50", "sma200": "SMA 200", "vwap": "VWAP",
}  # fmt: skip
SOURCES = LINES | {
    "bb_upper": "Upper band", "bb_lower": "Lower band", "pivot": "Pivot", "r1": "R1", "s1": "S1",
    "pdh": "Prev. high", "pdl": "Prev. low", "pmh": "Pre-mkt high", "pml": "Pre-mkt low",
    "swing": "Swing", "round": "Round", "manual": "By hand",
}  # fmt: skip


def reach(bars: pd.DataFrame) -> tuple[float, float]:
    low, high = float(bars["low"].min()), float(bars["high"].max())
    room = (high - low) * 0.08
    return low - room, high + room


def draw_lines(
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


def draw_levels(figure: go.Figure, names: Sequence[Name], colors: Palette) -> None:
    for level, at in names:
        color = colors.good if level.kind == "support" else colors.bad
        width = 1 + 2 * level.strength
        figure.add_hline(y=level.price, line={"color": color, "width": width, "dash": "dot"})
        draw_name(figure, at, f"{SOURCES[level.source]} {level.price:,.2f}", color)


def mark_stories(
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
    low, high = reach(bars)
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
