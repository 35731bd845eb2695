"""How the plans have ended."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from core.domain.track_record import CalibrationBucket, Credibility, LedgerHead, Reconciliation


@dataclass(frozen=True)
class TrackRecord:
    """How the plans that were committed to have ended, and whether all are accounted for.

    total: all of them. rows: by setup, grade and timeframe. rows_by_side: by side, too.
    calibration: by score. A row that is not `enough` says "not enough data".
    resolved: tactic_id, version, scenario_key, symbol, session_date, timeframe, setup, side,
        grade, score, published_at, outcome, system_r, actual_r, slippage_r, mae_r, mfe_r,
        resolved_at, label, is_corrected; the newest result first.
    ledger: the head of the public ledger.
    """

    total: Credibility
    rows: tuple[Credibility, ...]
    rows_by_side: tuple[Credibility, ...]
    calibration: tuple[CalibrationBucket, ...]
    resolved: pd.DataFrame
    reconciliation: Reconciliation
    ledger: LedgerHead
