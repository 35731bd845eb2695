"""The money at the broker: four numbers, and the equity with how far it lies under its peak."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.domain.views.positions import PositionsPage
from pages.components import charts
from pages.components.formatting import NEW_YORK, eastern, money, percent, plural


def numbers(page: PositionsPage) -> None:
    """Draw what the account holds."""
    if page.view.account.empty:
        st.caption("The broker has not been asked yet: no account is known.")
        return
    newest = page.view.account.iloc[-1]
    with st.container(horizontal=True):
        st.metric(
            "Equity", money(newest.equity), under_peak(page.curve), delta_color="off",
            delta_arrow="off", border=True, height="stretch", icon=":material/account_balance:",
        )  # fmt: skip
        st.metric("Cash", money(newest.cash), border=True, height="stretch",
                  icon=":material/payments:")  # fmt: skip
        st.metric("Buying power", money(newest.buying_power), border=True, height="stretch",
                  icon=":material/speed:")  # fmt: skip
        st.metric("Open profit and loss", open_pnl(page), plural(len(page.holdings), "holding"),
                  delta_color="off", delta_arrow="off", border=True, height="stretch",
                  icon=":material/trending_up:")  # fmt: skip
    st.caption(f"Account as of {eastern(newest.as_of)}, in USD.")


def under_peak(curve: pd.DataFrame) -> str | None:
    """Say how far the equity lies under its highest day."""
    if curve.empty:
        return None
    fall = float(curve["drawdown_fraction"].iloc[-1])
    return f"{percent(-fall)} under its peak" if fall < 0 else "at its peak"


def open_pnl(page: PositionsPage) -> str:
    """Return the sum of what is known; what is not known is said beside it."""
    if not page.holdings:
        return "Flat"
    known = [one.unrealized_pnl for one in page.holdings if one.unrealized_pnl is not None]
    return money(sum(known), signed=True) if known else "Not known"


def curve(page: PositionsPage) -> None:
    """Draw the equity with its drawdown, by day."""
    st.markdown("**Equity and drawdown** :small[:gray[last sample of each day, USD]]")
    if len(page.curve) < 2:
        st.caption("The curve begins with the second day on which the account was read.")
        return
    local = page.curve["as_of"].dt.tz_convert(NEW_YORK)
    days = [f"{day:%-d %b %Y}" for day in local]
    charts.equity_with_drawdown(days, page.curve["equity"].astype(float), key="positions_equity")
    deepest = float(page.curve["drawdown_fraction"].min())
    st.caption(f"Deepest drawdown of these {len(days)} days: {percent(deepest)}.")
