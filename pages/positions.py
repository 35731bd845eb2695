"""What is open, what is ordered, what was traded, and what the account made of it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import bootstrap
from core.domain.views import PositionsView
from pages.components import charts
from pages.components.formatting import NEW_YORK, eastern, money, plural, r
from pages.components.migration import migration
from pages.components.tables import State, dollars, number, table, when


def account(view: PositionsView) -> None:
    """Draw the money at the broker."""
    if view.account.empty:
        st.caption("The broker has not been asked yet: no account is known.")
        return
    newest = view.account.iloc[-1]
    pnl = float(view.open["unrealized_pnl"].sum()) if len(view.open) else 0.0
    with st.container(horizontal=True):
        st.metric(
            "Equity",
            money(newest.equity),
            border=True,
            height="stretch",
            icon=":material/account_balance:",
        )
        st.metric(
            "Cash", money(newest.cash), border=True, height="stretch", icon=":material/payments:"
        )
        st.metric("Buying power", money(newest.buying_power), border=True, height="stretch",
                  icon=":material/speed:")  # fmt: skip
        st.metric("Open profit and loss", money(pnl, signed=True) if len(view.open) else "Flat",
                  border=True, height="stretch", icon=":material/trending_up:")  # fmt: skip
    st.caption(f"Account as of {eastern(newest.as_of)}. USD, paper broker in the demo.")


def open_positions(view: PositionsView) -> None:
    st.subheader("Open positions")
    looked = f"The broker was looked at {eastern(view.broker_as_of)}"
    table(
        view.open,
        {
            "symbol": "Symbol", "side": State("Side"), "quantity": number("Quantity", "%.0f"),
            "entry": number("Entry"), "stop": number("Stop"), "target": number("Next target"),
            "last": number("Last"), "open_r": number("R", "%+.2fR"),
            "unrealized_pnl": dollars("Open P&L"), "age_sessions": number("Age, sessions", "%d"),
            "opened_at": when("Opened"), "tactic_id": "Tactic",
        },
        key="positions_open", alt="Open positions",
        empty=f"Flat. {looked}." if view.broker_as_of else "The broker has not been asked yet.",
    )  # fmt: skip


def curve(view: PositionsView) -> None:
    st.markdown("**Equity and drawdown** :small[:gray[by account sample, USD]]")
    if len(view.account) < 2:
        st.caption("The curve begins with the second account sample.")
        return
    local = view.account["as_of"].dt.tz_convert(NEW_YORK)
    daily = view.account.assign(day=local.dt.date).groupby("day").tail(1)
    days = pd.to_datetime(daily["day"]).dt.strftime("%-d %b %Y").tolist()
    charts.equity_with_drawdown(days, daily["equity"].astype(float), key="positions_equity")


def closed(frame: pd.DataFrame) -> None:
    """Draw the flat trades: what the account made, and what the rule made of the same plan."""
    system = bootstrap.desk().views.recent_resolutions(500)
    merged = frame.merge(system[["tactic_id", "system_r", "outcome"]], how="left", on="tactic_id")
    if len(merged):
        made, rule = merged["realized_r"].sum(), merged["system_r"].sum()
        st.caption(
            f"{plural(len(merged), 'trade')}: {money(merged['realized_pnl'].sum(), signed=True)}, "
            f"account {r(float(made))}, by rule {r(float(rule))}.".replace("$", "\\$")
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


def orders(view: PositionsView) -> None:
    """Draw the orders; below them the timeline of one."""
    table(
        view.orders,
        {
            "symbol": "Symbol", "side": State("Side"), "status": State("Status"),
            "quantity": number("Quantity", "%.0f"), "limit_price": number("Limit"),
            "filled_quantity": number("Filled", "%.0f"),
            "average_fill_price": number("Average fill"), "submitted_at": when("Submitted"),
            "updated_at": when("Changed"), "client_order_id": "Key",
        },
        key="positions_orders", alt="Orders, newest first", empty="No order was sent yet.",
    )  # fmt: skip
    if len(view.orders):
        chosen = st.selectbox(
            "Timeline of an order", view.orders["client_order_id"].tolist(), key="positions_order"
        )
        timeline(chosen)


def timeline(client_order_id: str) -> None:
    """Draw what the broker said of one order, and its fills."""
    said = bootstrap.desk().views.order_timeline(client_order_id)
    table(
        said,
        {
            "happened_at": when("When", seconds=True), "what": State("What"),
            "quantity": number("Quantity", "%.0f"), "price": number("Price"), "label": "Label",
        },
        key="positions_timeline", alt=f"Timeline of {client_order_id}",
        empty="Nothing is known of this order.",
    )  # fmt: skip


st.title("Positions", icon=":material/account_balance:")
view = bootstrap.desk().views.positions()
account(view)
open_positions(view)
with st.container(border=True):
    curve(view)
done, sent, filled = st.tabs(["Closed trades", "Orders", "Fills"], key="positions_tabs")
with done:
    closed(view.closed)
with sent:
    orders(view)
with filled:
    table(
        view.fills,
        {
            "filled_at": when("Filled", seconds=True), "symbol": "Symbol", "side": State("Side"),
            "leg": State("Leg"), "quantity": number("Quantity", "%.0f"),
            "price": number("Price"), "fees": dollars("Fees"), "label": State("Bars"),
            "client_order_id": "Order",
        },
        key="positions_fills", alt="Fills, newest first", empty="Nothing was filled yet.",
    )  # fmt: skip
migration(bootstrap.desk().imports.migration())
