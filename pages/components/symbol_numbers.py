"""What is known of one symbol in numbers: readings, prices that matter, the quote."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.desk.market import SymbolView
from core.domain.market import Indicators, MarketSnapshot
from pages.components import badges
from pages.components.formatting import (
    NOTHING,
    eastern,
    percent,
    price,
    prose,
)


def readings(snapshot: MarketSnapshot) -> None:
    """Draw the readings that tell the state of a symbol, each with its word."""
    read, vwap = snapshot.indicators, snapshot.vwap
    adx = NOTHING if read.adx14 is None else f"{read.adx14:.0f}"
    with st.container(horizontal=True):
        _metric("RSI 14", f"{read.rsi14:.0f}", f"ADX {adx}")
        _metric("ATR 14", price(read.atr14), _against_mean(read))
        _metric("Band width", percent(read.bollinger_width), _squeeze(read))
        _metric("Relative volume", f"{read.relative_volume:.2f}", read.volume_state or NOTHING)
        to_vwap = None if vwap is None else percent(snapshot.last / vwap - 1, signed=True)
        _metric("VWAP", price(vwap), _session(vwap, f"last {to_vwap}"))
        gap = snapshot.gap_fraction
        _metric("Gap", percent(gap, signed=True), _session(gap, "from the last close"))


def _metric(label: str, value: str, told: str) -> None:
    st.metric(
        label, value, told, delta_color="off", delta_arrow="off", border=True, height="stretch"
    )


def _session(reading: float | None, told: str) -> str:
    return "no bar of today" if reading is None else told


def _against_mean(read: Indicators) -> str:
    if not read.atr14_mean:
        return read.atr_state or NOTHING
    return f"{read.atr_state or NOTHING}, {read.atr14 / read.atr14_mean:.2f} of mean"


def _squeeze(read: Indicators) -> str:
    if read.bollinger_squeeze is None:
        return NOTHING
    return "squeeze" if read.bollinger_squeeze else "no squeeze"


def ladder(snapshot: MarketSnapshot) -> None:
    """Draw the prices that matter, the highest first, and what is not known of them last."""
    pivots = snapshot.indicators.pivots
    names = ("r2", "r1", "pivot", "s1", "s2")
    found: dict[str, float | None] = {
        "Previous high": snapshot.previous_high, "Previous low": snapshot.previous_low,
        "Pre-market high": snapshot.premarket_high, "Pre-market low": snapshot.premarket_low,
        "Pre-market VWAP": snapshot.premarket_vwap, "VWAP": snapshot.vwap,
        "**Last**": snapshot.last,
        **{name.capitalize(): getattr(pivots, name, None) for name in names},
    }  # fmt: skip
    ordered = sorted(found.items(), key=lambda item: (item[1] is None, -(item[1] or 0)))
    away = ["" if at == snapshot.last else _away(at, snapshot.last) for _, at in ordered]
    st.markdown("**Prices that matter**")
    st.table(
        pd.DataFrame({
            "Name": [name for name, _ in ordered],
            "Price": [price(at) for _, at in ordered],
            "From last": away,
        }),
        border="horizontal", hide_index=True, alt="Prices that matter, the highest first",
    )  # fmt: skip


def _away(at: float | None, last: float) -> str:
    return percent(None if at is None else at / last - 1, signed=True)


def newest_quote(view: SymbolView) -> None:
    """Draw bid, ask and last of the newest quote."""
    if view.quote is None:
        st.caption("No quote of this symbol is stored.")
        return
    prices = {name: price(_number(view.quote[name])) for name in ("bid", "ask", "last")}
    told = ", ".join(f"{name} {amount}" for name, amount in prices.items())
    st.markdown(
        f"**Quote** {badges.inline(view.quote['label'])}  \n:small[{told}]  \n:small[:gray["
        f"{eastern(view.quote['quoted_at'])}, {prose(view.quote['provider'])}]]"
    )


def _number(value: float | None) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
