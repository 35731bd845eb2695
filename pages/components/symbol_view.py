"""One symbol, read from the top: its state, its chart, its prices, its stories, its company."""

from __future__ import annotations

import streamlit as st

from core.desk.market import SymbolView
from core.domain.market import MarketSnapshot
from pages.components import badges, company, symbol_numbers
from pages.components.candle_marks import LEVELS, NEWS
from pages.components.formatting import day, eastern, percent, price, prose
from pages.components.stories import stories
from pages.components.symbol_chart import (
    OPTIONS,
    TOTAL_RETURN,
    daily_chart,
    intraday_chart,
    total_return_chart,
)

DAILY, INTRADAY, PRICE = "Daily", "5-minute", "Price"


def symbol_view(view: SymbolView) -> None:
    """Draw everything that is known of one symbol, below its `heading`."""
    if view.snapshot is not None:
        symbol_numbers.readings(view.snapshot)
    left, right = st.columns([5, 2])
    with left.container(border=True, height="stretch"):
        charts(view)
    with right.container(border=True, height="stretch"):
        if view.snapshot is not None:
            symbol_numbers.ladder(view.snapshot)
        symbol_numbers.newest_quote(view)
    told, reported = st.columns([3, 2])
    with told.container(border=True, height="stretch"):
        stories(view.stories)
    with reported.container(border=True, height="stretch"):
        company.fundamentals(view.fundamentals)
        company.actions(view)


def heading(view: SymbolView) -> None:
    """Draw the price of a symbol and everything that one word can say of it."""
    taken = view.snapshot
    if taken is None:
        st.caption(
            f"There is no snapshot of {prose(view.symbol)}: it leads the market, or too few of "
            "its daily bars are stored."
        )
        return
    change = percent(taken.change_fraction, signed=True, places=2)
    first, last = day(taken.bars_first_date), day(taken.bars_last_date)
    st.markdown(
        f"**{price(taken.last)}** {change} {' '.join(marks(taken))}  \n"
        f":small[:gray[As of {eastern(taken.as_of)}, USD per share. {taken.bars_count} daily bars "
        f"of {prose(taken.provider)}, {first} to {last}.]]"
    )


def marks(taken: MarketSnapshot) -> list[str]:
    """Return the states of a symbol as badges."""
    read, regime = taken.indicators, taken.regime
    states = {"trend": regime.trend, "volatility": regime.volatility}
    found = [badges.inline(f"{what} {word}", f"{what} {word}") for what, word in states.items()]
    if regime.chop:
        found.append(badges.inline("trend flat", "chop"))
    turns = {"curl": read.macd_curl, "cross": read.macd_cross}
    found += [
        badges.inline(f"{what} {turn}", f"MACD {what} {turn}")
        for what, turn in turns.items() if turn in {"up", "down"}
    ]  # fmt: skip
    return [badges.inline(taken.label), *found]


def charts(view: SymbolView) -> None:
    """Draw the daily bars, in prices or as total returns, or the intraday bars."""
    with st.container(horizontal=True, vertical_alignment="center"):
        bars = st.segmented_control(
            "Bars", [DAILY, INTRADAY], default=DAILY, required=True, key="market_bars",
            label_visibility="collapsed",
        )  # fmt: skip
        measure = st.segmented_control(
            "Drawn as", [PRICE, TOTAL_RETURN], default=PRICE, required=True, key="market_measure",
            label_visibility="collapsed", disabled=bars == INTRADAY,
        )  # fmt: skip
        wanted = st.pills(
            "Drawn into the bars", OPTIONS, selection_mode="multi", default=[LEVELS, NEWS],
            key="market_lines", label_visibility="collapsed", disabled=bars == INTRADAY,
        )  # fmt: skip
    if bars == INTRADAY:
        intraday_chart(view)
    elif measure == TOTAL_RETURN:
        total_return_chart(view, wanted)
    else:
        daily_chart(view, wanted)
