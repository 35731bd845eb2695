"""The track record in rows: by kind of plan, and every plan that has ended."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.domain.scenarios import Side
from core.domain.setups import setup_title
from core.domain.track_record import CalibrationBucket, Credibility
from pages.components import track_charts
from pages.components.formatting import percent, r
from pages.components.tables import State, number, table, when
from pages.components.track_numbers import TOO_FEW, factor, interval, mean_interval

RATE = st.column_config.TextColumn


def kinds(rows: Sequence[Credibility], *, by_side: bool) -> None:
    """Draw one row per kind of plan, the most common first."""
    ordered = sorted(rows, key=lambda row: -row.count)
    columns = {
        "setup": RATE("Setup", width=170), "grade": State("Grade"), "timeframe": "Timeframe",
        **({"side": State("Side")} if by_side else {}),
        "count": number("Filled", "%d"), "untraded": number("Never filled", "%d"),
        "win_rate": RATE("Win rate (95 % interval)", width=190),
        "mean": RATE("Mean (95 % interval)", width=210), "net": number("Net", "%+.2fR"),
        "factor": "Profit factor", "mae": number("MAE", "%.2fR"), "mfe": number("MFE", "%.2fR"),
    }  # fmt: skip
    table(
        pd.DataFrame([_kind(row) for row in ordered]), columns,
        key=f"track_kinds_{by_side}", alt="Results by kind of plan, the most common first",
        empty="No plan has ended yet.",
    )  # fmt: skip


def _kind(row: Credibility) -> dict[str, object]:
    rate = f"{percent(row.win_rate)}, {interval(row.win_low, row.win_high)}"
    mean = f"{r(row.expectancy_r)}, {mean_interval(row)}"
    return {
        "setup": setup_title(row.setup or "", row.side or Side.LONG),
        "grade": row.grade, "timeframe": row.timeframe, "side": row.side,
        "count": row.count, "untraded": row.untraded,
        "win_rate": rate if row.enough else TOO_FEW, "mean": mean if row.enough else TOO_FEW,
        "net": row.net_r if row.count else None, "factor": factor(row) if row.enough else TOO_FEW,
        "mae": row.average_mae_r, "mfe": row.average_mfe_r,
    }  # fmt: skip


def buckets(found: Sequence[CalibrationBucket]) -> None:
    """Draw the numbers behind the calibration chart."""
    rows = [
        {"score": f"{one.low:.1f} to {one.high:.1f}", "count": one.count,
         "mean": one.mean_score, "wins": one.wins, "decided": one.decided,
         "rate": f"{percent(one.hit_rate)}, {interval(one.hit_low, one.hit_high)}"
         if one.enough else TOO_FEW}
        for one in found
    ]  # fmt: skip
    table(
        pd.DataFrame(rows),
        {"score": "Score", "count": number("Filled", "%d"), "mean": number("Mean score"),
         "wins": number("Won", "%d"), "decided": number("Won or lost", "%d"),
         "rate": RATE("Share of wins (95 % interval)", width=210)},
        key="track_buckets", alt="Share of wins by score", empty="",
    )  # fmt: skip


def ended(resolved: pd.DataFrame) -> None:
    """Draw every plan that has ended, losers included, the newest first, with its tactic."""
    traded = resolved["outcome"].isin(track_charts.TRADED)
    shown = resolved.assign(
        system_r=resolved["system_r"].where(traded),
        setup=[setup_title(s, d) for s, d in zip(resolved["setup"], resolved["side"], strict=True)],
        corrected=["corrected" if flag else "" for flag in resolved["is_corrected"]],
        link=[f"/tactics?tactic={tactic_id}" for tactic_id in resolved["tactic_id"]],
    )
    table(
        shown,
        {
            "resolved_at": when("Ended"), "symbol": "Symbol", "setup": "Setup",
            "side": State("Side"), "grade": State("Grade"), "score": number("Score"),
            "outcome": State("Outcome"), "system_r": number("By rule", "%+.2fR"),
            "actual_r": number("Account", "%+.2fR"), "slippage_r": number("Slippage", "%+.2fR"),
            "mae_r": number("MAE", "%.2fR"), "mfe_r": number("MFE", "%.2fR"),
            "label": State("Bars"), "corrected": "Note",
            "link": st.column_config.LinkColumn("Tactic", display_text=r"tactic=(.+)$"),
        },
        key="track_ended", alt="Ended plans, newest first", empty="No plan has ended yet.",
    )  # fmt: skip
