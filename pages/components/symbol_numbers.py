"""What is known of one symbol in numbers: readings, prices that matter, fundamentals, actions."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.desk.market import SymbolView
from core.domain.feeds import Fundamentals
from core.domain.market import Indicators, MarketSnapshot
from pages.components import badges
from pages.components.formatting import (
    NOTHING,
    day,
    eastern,
    money,
    percent,
    price,
    prose,
    quantity,
)
from pages.components.tables import table

SCALES = ((1e12, "T"), (1e9, "B"), (1e6, "M"))


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


def fundamentals(known: Fundamentals | None) -> None:
    """Draw what was last reported of a company."""
    st.markdown("**Fundamentals**")
    if known is None:
        st.caption("Nothing is known of this company.")
        return
    rows = {
        "Sector": known.sector or NOTHING,
        "Market value": large(known.market_cap_usd),
        "Price to earnings": _plain(known.price_earnings_ratio),
        "Earnings per share": money(known.earnings_per_share_usd),
        "Revenue": large(known.revenue_usd),
        "Net income": large(known.net_income_usd),
        "Revenue growth": percent(known.revenue_growth_fraction, signed=True),
        "Gross margin": percent(known.gross_margin_fraction),
        "Net margin": percent(known.net_margin_fraction),
        "Next earnings": day(known.next_earnings_date),
    }
    st.table(
        pd.DataFrame({"What": [*rows], "Value": [prose(value) for value in rows.values()]}),
        border="horizontal", hide_index=True, hide_header=True, alt="Fundamentals",
    )  # fmt: skip
    st.markdown(
        f"{badges.inline(known.label)} :small[:gray[As of {day(known.as_of_date)}, "
        f"{prose(known.provider)}]]"
    )


def actions(view: SymbolView) -> None:
    """Draw splits and dividends, the newest first."""
    st.markdown("**Splits and dividends**")
    known = view.actions.iloc[::-1]
    table(
        known.assign(what=[_action(row) for row in known.itertuples()]),
        {
            "ex_date": st.column_config.DateColumn("From", format="D MMM YYYY"), "kind": "Kind",
            "what": "What", "provider": "Provider",
        },
        key="market_actions", alt="Splits and dividends, newest first",
        empty="No split or dividend is known.",
    )  # fmt: skip


def _action(row: object) -> str:
    kind, ratio, amount = (getattr(row, name) for name in ("kind", "ratio", "amount_usd"))
    return f"{quantity(ratio)} for 1" if kind == "split" else f"{money(amount)} a share"


def large(amount: float | None) -> str:
    """Return USD in the scale in which a company is spoken of: `$150.0 B`."""
    if amount is None:
        return NOTHING
    for scale, name in SCALES:
        if abs(amount) >= scale:
            return f"{'-' if amount < 0 else ''}${abs(amount) / scale:,.1f} {name}"
    return money(amount, cents=False)


def _plain(value: float | None) -> str:
    return NOTHING if value is None else f"{value:,.1f}"


def _number(value: float | None) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
