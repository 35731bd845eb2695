"""Positions, orders, fills and the money."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pandas as pd


@dataclass(frozen=True)
class PositionsView:
    """What is open, what is ordered, what was traded, and the money.

    One R is what the order's quantity loses between its limit and its stop.

    open: client_order_id, tactic_id, symbol, side, quantity (negative is short), entry, stop,
        target (the next one), targets, last, last_at, unrealized_pnl, open_r, opened_at,
        age_sessions, r_per_share.
    closed: client_order_id, tactic_id, symbol, side, quantity, entry, exit, fees, realized_pnl,
        realized_r, opened_at, closed_at, exit_leg.
    orders: client_order_id, tactic_id, symbol, side, quantity, limit_price, status,
        filled_quantity, average_fill_price, submitted_at, updated_at; newest first.
    fills: fill_id, client_order_id, symbol, side, leg, quantity, price, fees, filled_at, label.
    account: as_of, equity, cash, buying_power; oldest first.
    broker: symbol, quantity, average_entry_price, last_price, as_of; the newest look.
    """

    open: pd.DataFrame
    closed: pd.DataFrame
    orders: pd.DataFrame
    fills: pd.DataFrame
    account: pd.DataFrame
    broker: pd.DataFrame
    broker_as_of: datetime | None
