"""The candles of one symbol: its daily prices, its total returns, its newest session."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.desk.market import SymbolView
from pages.components import badges
from pages.components.candle_figure import candle_figure, show_candles
from pages.components.candle_marks import (
    LEVELS,
    LINES,
    NEWS,
    draw_levels,
    draw_lines,
    mark_stories,
    reach,
)
from pages.components.charts import Palette, palette
from pages.components.formatting import NEW_YORK, day, plural, prose
from pages.components.level_names import Name, placed

CANDLES = 120
NO_BARS = "No daily bar of this symbol is stored."
TOTAL_RETURN = "Total return"
OPTIONS = (LEVELS, NEWS, *(LINES[name] for name in ("ema8", "ema21", "sma50", "sma200")))


def daily_chart(view: SymbolView, wanted: Sequence[str]) -> None:
    """Draw the daily bars with what is wanted of `OPTIONS`."""
    if view.daily.empty:
        st.caption(NO_BARS)
        return
    bars, colors, names = _newest(view.daily), palette(), list[Name]()
    figure = _daily_figure(view, bars, wanted, colors)
    if LEVELS in wanted and view.snapshot is not None:
        names = placed(view.snapshot.levels, view.snapshot.last, reach(bars))
        draw_levels(figure, names, colors)
    _origin(bars)
    show_candles(figure, bars, key="market_daily", named=[name.at for name in names])


def total_return_chart(view: SymbolView, wanted: Sequence[str]) -> None:
    """Draw the daily bars with dividends left in the share; levels are prices and stay away."""
    found = view.total_return
    if found.bars.empty:
        st.caption(f"No total return: {prose(found.problem)}." if found.problem else NO_BARS)
        return
    bars = _newest(found.bars)
    figure = _daily_figure(view, bars, wanted, palette())
    figure.update_traces(name=TOTAL_RETURN, selector={"type": "candlestick"})
    _origin(bars)
    st.caption(_meaning(view, bars["session_date"].iloc[0]))
    show_candles(figure, bars, key="market_total_return")


def intraday_chart(view: SymbolView) -> None:
    """Draw the 5-minute bars of the newest session that has some, with its VWAP."""
    if view.intraday.empty:
        st.caption("No 5-minute bar of this symbol is stored: they come while a session trades.")
        return
    local = view.intraday["started_at"].dt.tz_convert(NEW_YORK)
    bars = view.intraday.assign(time=local.dt.strftime("%H:%M"))
    colors = palette()
    figure = candle_figure(bars, colors)
    draw_lines(figure, bars, ["vwap"], colors)
    _origin(bars, f", {day(view.intraday_date)}, New York time")
    show_candles(figure, bars, key="market_intraday")


def _meaning(view: SymbolView, first: date) -> str:
    """Say in words what a total return is, and what is in the bars from a date on."""
    count = sum(ex_date > first for ex_date in view.total_return.ex_dates)
    paid = (
        f"{plural(count, 'dividend')} in this time: the bars before are lowered and are not prices."
        if count
        else f"No dividend of {prose(view.symbol)} is known in this time: it is the price itself."
    )
    return (
        "Total return: as if each dividend had been put back into the share on its ex-date, "
        f"before tax. {paid} Levels are prices, so they are not drawn."
    )


def _newest(daily: pd.DataFrame) -> pd.DataFrame:
    bars = daily.tail(CANDLES)
    return bars.assign(time=pd.to_datetime(bars["session_date"]).dt.strftime("%-d %b %Y"))


def _daily_figure(
    view: SymbolView, bars: pd.DataFrame, wanted: Sequence[str], colors: Palette
) -> go.Figure:
    figure = candle_figure(bars, colors)
    draw_lines(figure, bars, [name for name, label in LINES.items() if label in wanted], colors)
    if NEWS in wanted:
        mark_stories(figure, bars, view.stories, colors)
    return figure


def _origin(bars: pd.DataFrame, told: str = "") -> None:
    marks = " ".join(badges.inline(label) for label in sorted(set(bars["label"])))
    providers = prose(", ".join(sorted(set(bars["provider"]))))
    st.markdown(f"{marks} :small[:gray[{len(bars)} bars from {providers}{told}]]")
