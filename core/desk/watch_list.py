"""The rows of the watch list: what the newest snapshots say of each symbol."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from core.domain.feeds import CorporateAction
from core.domain.market import Lead, MarketSnapshot

COLUMNS = (
    "symbol", "is_lead", "as_of", "last", "change_fraction", "sparkline", "relative_volume",
    "macd_curl", "macd_cross", "rsi14", "vwap_distance_fraction", "gap_fraction", "trend",
    "volatility", "stories", "sentiment", "next_event", "next_event_date", "label", "provider",
)  # fmt: skip
Row = dict[str, Any]


def rows_of(snapshots: Iterable[MarketSnapshot]) -> dict[str, Row]:
    """Return what some snapshots say, by symbol; of a lead what is newer, its own or another's."""
    taken = list(snapshots)
    rows = rows_of_leads(taken)
    for one in taken:
        if one.symbol not in rows or rows[one.symbol]["as_of"] <= one.as_of:
            rows[one.symbol] = row_of(one)
    return rows


def row_of(snapshot: MarketSnapshot) -> Row:
    """Return what a symbol's own snapshot says."""
    read, vwap = snapshot.indicators, snapshot.vwap
    return {
        "as_of": snapshot.as_of,
        "last": snapshot.last,
        "change_fraction": snapshot.change_fraction,
        "relative_volume": read.relative_volume,
        "macd_curl": read.macd_curl,
        "macd_cross": read.macd_cross,
        "rsi14": read.rsi14,
        "vwap_distance_fraction": None if vwap is None else snapshot.last / vwap - 1,
        "gap_fraction": snapshot.gap_fraction,
        "trend": snapshot.regime.trend,
        "volatility": snapshot.regime.volatility,
        "label": snapshot.label,
        "provider": snapshot.provider,
    }


def rows_of_leads(snapshots: Iterable[MarketSnapshot]) -> dict[str, Row]:
    """Return what the newest of some snapshots says of the market's leads, by symbol."""
    rows: dict[str, Row] = {}
    for snapshot in sorted(snapshots, key=lambda one: one.as_of):
        rows |= {lead.symbol: _row_of_lead(lead, snapshot) for lead in snapshot.leads}
    return rows


def _row_of_lead(lead: Lead, snapshot: MarketSnapshot) -> Row:
    return {
        "as_of": snapshot.as_of,
        "last": lead.last,
        "change_fraction": lead.change_fraction,
        "label": lead.label,
    }


def next_event(
    snapshot: MarketSnapshot | None, actions: Iterable[CorporateAction], today: date
) -> Row:
    """Return the nearest known day, from today on, that may move the price, and what it is."""
    events: dict[date, str] = {action.ex_date: action.kind for action in actions}
    reported = snapshot.fundamentals if snapshot else None
    if reported and reported.next_earnings_date:
        events[reported.next_earnings_date] = "earnings"
    coming = min((day for day in events if day >= today), default=None)
    if coming is None:
        return {}
    return {"next_event": events[coming], "next_event_date": coming}
