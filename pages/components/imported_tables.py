"""The tables of the migration report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.domain.base import Frozen
from core.domain.imports import ImportedFiles, InstrumentKind, TradeHistory, TradeSummary
from pages.components.formatting import percent, plural
from pages.components.tables import State, dollars, number, table, when

SHOWN = 500


def kinds(by_kind: Mapping[InstrumentKind, TradeSummary]) -> None:
    """Draw one row for stocks and one for options."""
    rows = [
        {
            "kind": f"{kind}s", "count": of.count, "wins": of.wins, "losses": of.losses,
            "win_rate": percent(of.win_rate), "realized_pnl": float(of.realized_pnl),
            "fees": float(of.fees), "profit_factor": of.profit_factor,
        }
        for kind, of in by_kind.items() if of.count
    ]  # fmt: skip
    table(
        pd.DataFrame(rows),
        {
            "kind": "Kind", "count": number("Round trips", "%d"), "wins": number("Wins", "%d"),
            "losses": number("Losses", "%d"), "win_rate": "Win rate",
            "realized_pnl": dollars("P&L after fees"), "fees": dollars("Fees"),
            "profit_factor": number("Profit factor"),
        },
        key="positions_migration_kinds", alt="Results by kind", empty="No round trip is complete.",
    )  # fmt: skip


def round_trips(history: TradeHistory) -> None:
    """Draw the newest round trips."""
    if len(history.round_trips) > SHOWN:
        st.caption(f"The newest {SHOWN} of {plural(len(history.round_trips), 'round trip')}.")
    table(
        _frame(history.round_trips[: -SHOWN - 1 : -1], "quantity", "realized_pnl", "fees"),
        {
            "instrument": "Traded", "side": State("Side"), "quantity": number("Quantity", "%g"),
            "entry_price": number("Entry"), "exit_price": number("Exit"),
            "realized_pnl": dollars("P&L after fees"), "fees": dollars("Fees"),
            "opened_date": _date("Opened"), "closed_date": _date("Closed"), "ended_by": "Ended by",
            "order_unknown": st.column_config.CheckboxColumn("Order in the day unknown"),
        },
        key="positions_migration_trips", alt="Imported round trips, newest first", empty="",
    )  # fmt: skip


def open_lots(history: TradeHistory) -> None:
    table(
        _frame(history.open_lots[:SHOWN], "quantity", "cost"),
        {
            "instrument": "Traded", "side": State("Side"), "quantity": number("Quantity", "%g"),
            "cost": dollars("Cost"), "opened_date": _date("Opened"), "account": "Account",
        },
        key="positions_migration_lots", alt="Open lots", empty="No lot is left open.",
    )  # fmt: skip


def flags(history: TradeHistory) -> None:
    """Draw the rows that the operator should look at."""
    table(
        _frame(history.flags[:SHOWN], "amount"),
        {
            "activity_date": _date("Date"), "instrument": "Traded", "code": "Code",
            "reason": "What is wrong", "amount": dollars("Not accounted for"),
        },
        key="positions_migration_flags", alt="Rows to check", empty="Nothing needs a check.",
    )  # fmt: skip


def files(imported: ImportedFiles) -> None:
    """Draw the imports, why rows were refused, and what the broker's rows were."""
    table(
        imported.files,
        {
            "imported_at": when("Imported"), "kind": "Kind", "file_name": "File",
            "rows_read": number("Rows", "%d"), "rows_stored": number("Stored", "%d"),
            "rows_duplicate": number("Known already", "%d"),
            "rows_quarantined": number("Refused", "%d"),
            "first_date": _date("From"), "last_date": _date("To"),
        },
        key="positions_migration_files", alt="Imported files, newest first", empty="",
    )  # fmt: skip
    refused = imported.refused
    if len(refused):
        st.caption(f"{plural(int(refused['rows'].sum()), 'row')} refused; see the quarantine.")
    table(
        refused,
        {"file_name": "File", "reason": "Reason", "rows": number("Rows", "%d")},
        key="positions_migration_refused", alt="Refused rows by reason",
        empty="No row was refused.",
    )  # fmt: skip
    table(
        imported.codes,
        {"code": "Code", "rows": number("Rows", "%d"), "amount": dollars("Amount")},
        key="positions_migration_codes", alt="The broker's rows by code",
        empty="No broker's history was imported.",
    )  # fmt: skip


def _frame(items: Sequence[Frozen], *money: str) -> pd.DataFrame:
    """Return models as a table's rows, what is Decimal as float."""
    frame = pd.DataFrame([item.model_dump() for item in items])
    return frame.astype(dict.fromkeys(money, float)) if len(frame) else frame


def _date(label: str) -> Any:
    return st.column_config.DateColumn(label, format="D MMM YYYY")
