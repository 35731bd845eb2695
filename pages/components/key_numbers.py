"""The row of four numbers at the top of the first page."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.domain.flow import Approval
from core.domain.views import Overview
from pages.components.formatting import NEW_YORK, day, money, percent, plural, r


def key_numbers(view: Overview, pending: list[Approval]) -> None:
    """Draw the row of four numbers."""
    with st.container(horizontal=True):
        equity_metric(view.equity)
        open_metric(view)
        result_metric(view.resolutions)
        waiting_metric(pending)


def equity_metric(equity: pd.DataFrame) -> None:
    values = equity["equity"].astype(float)
    change, moved = None, 0.0
    if len(values) > 1:
        moved = float(values.iloc[-1] - values.iloc[-2])
        change = f"{money(moved, signed=True)} ({percent(moved / values.iloc[-2], signed=True)})"
    curve = values.tail(60).tolist() if len(values) > 2 else None
    st.metric(
        "Equity", money(values.iloc[-1], cents=False) if len(values) else "No account yet", change,
        delta_description="on the day" if change else None,
        delta_color="normal" if moved else "off",
        delta_arrow="auto" if moved else "off", border=True, height="stretch",
        icon=":material/account_balance:", chart_data=curve, chart_type="area",
    )  # fmt: skip


def open_metric(view: Overview) -> None:
    count = len(view.positions)
    st.metric(
        "Open profit and loss", money(view.open_pnl, signed=True) if count else "Flat",
        plural(count, "open position"), delta_color="off", delta_arrow="off", border=True,
        height="stretch", icon=":material/trending_up:",
    )  # fmt: skip


def result_metric(resolutions: pd.DataFrame) -> None:
    """Draw what the newest session that had results made, and the last twenty plans."""
    if resolutions.empty:
        st.metric(
            "Result in R", "None yet", "no plan is resolved", delta_color="off", border=True,
            delta_arrow="off", height="stretch", icon=":material/flag:",
        )  # fmt: skip
        return
    days = resolutions["resolved_at"].dt.tz_convert(NEW_YORK).dt.date
    newest = resolutions.loc[days == days.iloc[-1], "system_r"]
    st.metric(
        f"Result of {day(days.iloc[-1])}", r(float(newest.sum())),
        f"{r(float(resolutions['system_r'].sum()))} over the last {len(resolutions)} plans",
        delta_color="off", delta_arrow="off", border=True, height="stretch",
        icon=":material/flag:", chart_data=resolutions["system_r"].tolist(), chart_type="bar",
    )  # fmt: skip


def waiting_metric(pending: list[Approval]) -> None:
    trades = sum(approval.kind == "trade" for approval in pending)
    posts = len(pending) - trades
    told = f"{plural(trades, 'order')}, {plural(posts, 'post')}" if pending else "inbox zero"
    st.metric(
        "Awaiting approval", len(pending), told, delta_color="off", delta_arrow="off",
        border=True, height="stretch", icon=":material/fact_check:",
    )  # fmt: skip
