"""The watch list, and one symbol of it in full."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import streamlit as st

from core import bootstrap
from pages.components import feed_health
from pages.components.edge import live
from pages.components.formatting import prose
from pages.components.symbol_view import heading, symbol_view
from pages.components.watch_list import watch_list

SYMBOL, LIST = "market_symbol", "market_list"


@st.cache_data(ttl="5s", max_entries=4, show_spinner=False)
def read(store: str, moment: datetime) -> pd.DataFrame:  # noqa: ARG001
    """Return what is only shown; the two arguments tell one desk and its minute from another."""
    return bootstrap.desk().market.watch_list()


@live("15s")
def freshness() -> None:
    """Draw how fresh the feeds are."""
    health = bootstrap.desk().market.health()
    feed_health.freshness(health)
    feed_health.alarm(health)


def open_row() -> None:
    """Open the symbol of the row that was chosen."""
    rows = st.session_state[LIST]["selection"]["rows"]
    if rows:
        st.session_state[SYMBOL] = bootstrap.desk().market.symbols()[rows[0]]


def choose_row() -> None:
    """Choose the row of the symbol that was opened."""
    row = bootstrap.desk().market.symbols().index(st.session_state[SYMBOL])
    st.session_state[LIST] = {"selection": {"rows": [row], "columns": []}}


def asked_for(symbols: tuple[str, ...]) -> str:
    """Return the symbol of the address; say so if it is none of ours."""
    asked = str(st.session_state.get(SYMBOL) or st.query_params.get(SYMBOL) or symbols[0])
    if asked in symbols:
        return asked
    st.warning(
        f"{prose(asked[:20])} is not on the watch list. CONVERGENCE_WATCHLIST names what the desk "
        "follows.",
        icon=":material/search_off:",
    )
    return symbols[0]


def draw(listed: pd.DataFrame) -> None:
    """Draw the list and the chosen symbol below it."""
    symbols = bootstrap.desk().market.symbols()
    asked = asked_for(symbols)
    watch_list(listed, key=LIST, on_select=open_row, first=symbols.index(asked))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        symbol = st.selectbox(
            "Symbol", symbols, key=SYMBOL, bind="query-params", on_change=choose_row, width=180
        )
        view = bootstrap.desk().market.symbol(symbol)
        heading(view)
    symbol_view(view)


st.title("Market", icon=":material/candlestick_chart:")
desk = bootstrap.desk()
freshness()
listed = read(str(desk.settings.data_dir), desk.clock.now().replace(second=0, microsecond=0))
if listed["sparkline"].isna().all():
    st.caption(
        "No snapshot yet. The aggregate workflow fetches the bars and takes one of each symbol, "
        f"every 15 minutes while the market is open. Followed: {', '.join(desk.market.symbols())}."
    )
else:
    draw(listed)
