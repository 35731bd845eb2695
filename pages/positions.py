"""What is open, how it is protected and sized, and whether desk and broker agree about it."""

from __future__ import annotations

import streamlit as st

from core import bootstrap
from pages.components import (
    position_broker,
    position_cards,
    position_dialogs,
    position_differences,
    position_exposure,
    position_money,
    position_orders,
    position_reconciliation,
    position_trades,
)
from pages.components.guard_panel import guard_panel
from pages.components.migration import migration
from pages.components.split import split

desk = bootstrap.desk()
st.title("Positions", icon=":material/account_balance:")
page, standing = desk.positions.read(), desk.reconciliation.state()
position_dialogs.last_report()
position_money.numbers(page)
position_differences.differences(standing)
position_cards.holdings(page.holdings, page.view.broker_as_of)
position_orders.working(page.working)
left, right = split(3, 2)
with left:
    position_money.curve(page)
with right:
    position_exposure.exposure(page.exposure)
left, right = split(1, 1)
with left:
    position_broker.broker(desk.positions.broker())
with right:
    position_reconciliation.state(standing)
orders, closed, fills, compared = st.tabs(
    ["Orders", "Closed trades", "Fills", "Comparisons"], key="positions_tabs"
)
with orders:
    position_orders.all_orders(page)
with closed:
    position_trades.closed(page.view.closed)
with fills:
    position_trades.fills(page.view.fills)
with compared:
    position_reconciliation.history()
with st.container(border=True):
    guard_panel(desk.guards.panel())
migration(desk.imports.migration())
