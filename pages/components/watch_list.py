"""The watch list: one row per symbol, sortable by what an operator looks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from pages.components import badges
from pages.components.formatting import NOTHING
from pages.components.tables import number, when

PERCENTS = ("change_fraction", "gap_fraction", "vwap_distance_fraction")
CROSSES = {"up": ["cross up"], "down": ["cross down"]}
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
        "sparkline": charts.AreaChartColumn("30 sessions", color="auto", width=100),
        "last": number("Last", "%,.2f"),
        "change_fraction": number("Change", "%+.2f %%"),
        "relative_volume": number("Rel. volume"),
        "macd": None,
        "rsi14": number("RSI", "%.0f"),
        "vwap_distance_fraction": number("To VWAP", "%+.2f %%"),
        "gap_fraction": number("Gap", "%+.2f %%"),
        "regime": None,
        "sentiment": number("Tone", "%+.2f"),
        "stories": number("Stories", "%d"),
        "next_event": "Next event",
        "next_event_date": charts.DateColumn("On", format="D MMM YYYY"),
        "label": None,
        "as_of": when("As of"),
    }


def _states(listed: pd.DataFrame) -> dict[str, States]:
    """Return the states of each row, None where nothing is known of them."""
    turns = zip(listed["macd_curl"], listed["macd_cross"], strict=True)
    regimes = zip(listed["trend"], listed["volatility"], strict=True)
    return {
        "macd": [
            None if pd.isna(curl) else [f"curl {curl}", *CROSSES.get(cross, ())]
            for curl, cross in turns
        ],
        "regime": [
            None if pd.isna(trend) else [f"trend {trend}", f"volatility {volatility}"]
            for trend, volatility in regimes
        ],
        "label": [None if pd.isna(label) else [str(label)] for label in listed["label"]],
    }


def _words(listed: pd.DataFrame, states: States) -> pd.Series[Any]:
    words = [row and [badges.word(state) for state in row] for row in states]
    return pd.Series(words, index=listed.index, dtype=object)
