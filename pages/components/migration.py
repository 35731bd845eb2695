"""The migration report: what the operator's own files brought, and how those trades went."""

from __future__ import annotations

from decimal import Decimal

import streamlit as st

from core.domain.imports import MigrationReport, RoundTrip, TradeSummary
from pages.components import imported_tables as tables
from pages.components.formatting import day, money, percent, prose, usd

FEW = 20  # below this the statistics say `enough` is false


def migration(report: MigrationReport) -> None:
    """Draw the report; without an import, how to make one."""
    st.subheader("Imported history")
    if report.imported.files.empty:
        st.caption(
            "No file was imported yet. `python -m core import robinhood FILE` reads a broker's "
            "account activity."
        )
        return
    if not report.imported.codes.empty:
        _numbers(report)
        st.caption(" ".join(_said(report)))
    trips, lots, flags, files = st.tabs(
        ["Round trips", "Open lots", "To check", "Files"], key="positions_migration"
    )
    with trips:
        tables.kinds(report.by_kind)
        tables.round_trips(report.history)
    with lots:
        tables.open_lots(report.history)
    with flags:
        tables.flags(report.history)
    with files:
        tables.files(report.imported)


def _numbers(report: MigrationReport) -> None:
    total = report.total
    with st.container(horizontal=True):
        st.metric("Realised P&L, imported", money(total.realized_pnl, signed=True), border=True,
                  height="stretch", icon=":material/savings:")  # fmt: skip
        st.metric("Win rate, imported", win_rate(total), border=True, height="stretch",
                  icon=":material/percent:")  # fmt: skip
        st.metric("Round trips", total.count, border=True, height="stretch",
                  icon=":material/sync_alt:")  # fmt: skip
        st.metric("Open lots", len(report.history.open_lots), border=True, height="stretch",
                  icon=":material/inventory_2:")  # fmt: skip


def win_rate(summary: TradeSummary) -> str:
    """Return the share of wins with what it is a share of."""
    decided = summary.wins + summary.losses
    return f"{percent(summary.win_rate)} of {decided}" if decided else "None yet"


def _said(report: MigrationReport) -> list[str]:
    """Say what the numbers rest on."""
    total, partial = report.total, report.history.partial_pnl
    said = [_period(report), "P&L after fees; above zero is a win. No stop is known, so no R."]
    if partial:
        said.append(f"{usd(partial, signed=True)} of it on positions still open.")
    if total.win_low is not None and total.win_high is not None:
        said.append(f"95 % interval {percent(total.win_low)} to {percent(total.win_high)}.")
    if not total.enough:
        said.append(f"Fewer than {FEW} round trips say little.")
    return said + _extremes(report.history.round_trips)


def _period(report: MigrationReport) -> str:
    files = report.imported.files
    broker = files[files["kind"] == "robinhood"]
    first, last = broker["first_date"].dropna(), broker["last_date"].dropna()
    return f"Imported: {day(first.min())} to {day(last.max())}." if len(first) else "Imported."


def _extremes(trips: tuple[RoundTrip, ...]) -> list[str]:
    if not trips:
        return []
    best, worst = max(trips, key=_result), min(trips, key=_result)
    return [f"Best: {_named(best)}. Worst: {_named(worst)}."]


def _result(trip: RoundTrip) -> Decimal:
    return trip.realized_pnl


def _named(trip: RoundTrip) -> str:
    return f"{prose(trip.instrument)} {usd(trip.realized_pnl, signed=True)}"
