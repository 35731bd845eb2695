"""The first page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd


@dataclass(frozen=True)
class Overview:
    """The first page, but for what waits for a decision.

    equity: as_of, equity, cash, drawdown_fraction (0 or below); the last sample of each day.
    tactics: those of `session_date`, with the columns of the tactic list.
    positions: the open ones, with the columns of the positions page.
    runs: workflow, run_id, status, as_of, started_at, ended_at, seconds, error; newest each.
    publications: publication_id, content_id, kind, title, platform, url, published_at.
    resolutions: tactic_id, symbol, outcome, system_r, actual_r, resolved_at, label; oldest first.
    feeds: feed, provider, checked_at, newest_at, rows_read, rows_stored, rows_quarantined, error,
        run_id, newest_ok_at (the last check without an error).
    """

    session_date: date | None
    equity: pd.DataFrame
    tactics: pd.DataFrame
    positions: pd.DataFrame
    runs: pd.DataFrame
    publications: pd.DataFrame
    resolutions: pd.DataFrame
    feeds: pd.DataFrame

    @property
    def open_pnl(self) -> float:
        """The unrealized profit of the open positions, in USD."""
        return float(self.positions["unrealized_pnl"].sum())
