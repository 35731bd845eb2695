"""What was traded: closed trades beside what the rule made of the same plan, and the fills."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import bootstrap
from pages.components.formatting import plural, r, usd
from pages.components.tables import State, dollars, number, table, when


def closed(frame: pd.DataFrame) -> None:
    """Draw the flat trades: what the account made, and what the rule made of the same plan."""
    system = bootstrap.desk().views.recent_resolutions(500)
    merged = frame.merge(system[["tactic_id", "system_r", "outcome"]], how="left", on="tactic_id")
    if len(merged):
        made, rule = merged["realized_r"].sum(), merged["system_r"].sum()
        st.caption(
            f"{plural(len(merged), 'trade')}: {usd(merged['realized_pnl'].sum(), signed=True)}, "
            f"account {r(float(made))}, by rule {r(float(rule))}."
        )
    table(
        merged,
        {
            "symbol": "Symbol", "side": State("Side"), "quantity": number("Quantity", "%.0f"),
            "entry": number("Entry"), "exit": number("Exit"), "outcome": State("Outcome by rule"),
            "realized_pnl": dollars("P&L after fees"), "realized_r": number("Account R", "%+.2fR"),
            "system_r": number("Rule R", "%+.2fR"), "fees": dollars("Fees"),
            "closed_at": when("Closed"), "exit_leg": State("Last exit"), "tactic_id": "Tactic",
        },
        key="positions_closed", alt="Closed trades, newest first",
        empty="No trade is closed yet.",
    )  # fmt: skip


def fills(frame: pd.DataFrame) -> None:
    table(
        frame,
        {
            "filled_at": when("Filled", seconds=True), "symbol": "Symbol", "side": State("Side"),
            "leg": State("Leg"), "quantity": number("Quantity", "%.0f"),
            "price": number("Price"), "fees": dollars("Fees"), "label": State("Bars"),
            "client_order_id": "Order",
        },
        key="positions_fills", alt="Fills, newest first", empty="Nothing was filled yet.",
    )  # fmt: skip
