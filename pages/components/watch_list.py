"""The watch list: one row per symbol, sortable by what an operator looks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from pages.components import badges
from pages.components.formatting import NEW_YORK, NOTHING
from pages.components.tables import number

PERCENTS = ("change_fraction", "gap_fraction", "vwap_distance_fraction")
PERCENT = "%+.1f %%"
States = Sequence[list[str] | None]


def watch_list(
    listed: pd.DataFrame, *, key: str, on_select: Callable[[], None], first: int
) -> None:
    """Draw the list with the row `first` chosen; another choice calls `on_select`.

    `listed` is what `Market.watch_list` returns.
    """
    states = _states(listed)
    words = {name: _words(listed, found) for name, found in states.items()}
    percents = {name: listed[name].astype(float) * 100 for name in PERCENTS}
    columns = _columns() | {
        name: badges.column(label, [state for row in states[name] for state in row or ()])
        for name, label in (("macd", "MACD"), ("regime", "Regime"), ("label", "Label"))
    }
    order = [*_columns()]
    st.dataframe(
        listed.assign(**words, **percents)[order], hide_index=True, key=key, alt="Watch list",
        column_config=columns, placeholder=NOTHING, on_select=on_select,
        selection_mode="single-row-required",
        selection_default={"selection": {"rows": [first], "columns": []}},
    )  # fmt: skip


def _columns() -> dict[str, Any]:
    """Return the columns in their order; those of states are coloured by what they hold."""
    charts = st.column_config
    return {
        "symbol": charts.TextColumn("Symbol", pinned=True),
        "sparkline": charts.AreaChartColumn("30 sessions", color="auto", width=66),
        "last": number("Last", "%,.2f"),
        "change_fraction": number("Change", PERCENT),
        "relative_volume": _number("RVOL", "%.2f", "Relative volume: against its mean of 20 bars"),
        "macd": None,
        "rsi14": _number("RSI", "%.0f", "RSI 14 of the last whole session"),
        "vwap_distance_fraction": _number("VWAP", PERCENT, "Last against the session's VWAP", 58),
        "gap_fraction": _number("Gap", PERCENT, "The session's open against the last close", 58),
        "regime": None,
        "sentiment": _number("Tone", "%+.2f", "Mean of the stories of five days, -1 to 1"),
        "stories": _number("Stories", "%d", "Stories of the last five days"),
        "next_event": charts.TextColumn("Event", help="The next known day that may move it"),
        "next_event_date": charts.DateColumn("On", format="D MMM"),
        "label": None,
        "as_of": charts.DatetimeColumn(
            "As of (ET)", format="D MMM HH:mm", timezone=str(NEW_YORK)
        ),
    }  # fmt: skip


def _number(label: str, shown: str, told: str, width: int | None = None) -> Any:
    return st.column_config.NumberColumn(label, format=shown, help=told, width=width)


def _states(listed: pd.DataFrame) -> dict[str, States]:
    """Return the states of each row, None where nothing is known of them."""
    turns = zip(listed["macd_curl"], listed["macd_cross"], strict=True)
    regimes = zip(listed["trend"], listed["volatility"], strict=True)
    return {
        "macd": [None if pd.isna(curl) else [_turn(curl, cross)] for curl, cross in turns],
        "regime": [
            None if pd.isna(trend) else [f"trend {trend}", f"volatility {volatility}"]
            for trend, volatility in regimes
        ],
        "label": [None if pd.isna(label) else [str(label)] for label in listed["label"]],
    }


def _turn(curl: str, cross: str) -> str:
    """Return the one turn of the MACD: what has just crossed cannot curl towards zero."""
    return f"curl {curl}" if cross == "none" else f"cross {cross}"


def _words(listed: pd.DataFrame, states: States) -> pd.Series[Any]:
    words = [row and [badges.word(state) for state in row] for row in states]
    return pd.Series(words, index=listed.index, dtype=object)
