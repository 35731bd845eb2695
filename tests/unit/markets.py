"""Markets made by formula, for tests of the analysis."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd

from core.domain.feeds import Label
from core.domain.market import Indicators, Lead, MarketSnapshot, Regime, Timeframe


def closed_form_bars(count: int = 300) -> pd.DataFrame:
    """Return the bars of the published vectors; the volume is ours."""
    i = np.arange(count)
    close = 100 * np.exp(0.002 * i + 0.03 * np.sin(0.7 * i) + 0.01 * np.cos(1.9 * i))
    opened = np.concatenate([[100.0], close[:-1] * np.exp(0.004 * np.sin(2.3 * i[1:]))])
    high = np.maximum(opened, close) * (1 + 0.004 + 0.003 * np.sin(1.1 * i) ** 2)
    low = np.minimum(opened, close) * (1 - 0.004 - 0.003 * np.cos(1.3 * i) ** 2)
    frame = pd.DataFrame({"open": opened, "high": high, "low": low, "close": close})
    days = pd.bdate_range("2023-01-02", periods=count, tz="UTC")
    return frame.assign(
        symbol="ACME", timeframe="1d", session_date=days.date, started_at=days,
        volume=1e6 + 1e5 * np.sin(i), provider="formula", label="synthetic",
    )  # fmt: skip


def indicators(**changes: Any) -> Indicators:
    """Return the readings of a calm rising market around 100 with an ATR of 2."""
    fields: dict[str, Any] = {
        "ema8": 100, "ema21": 99, "sma50": 97, "sma200": 90, "bollinger_upper": 104,
        "bollinger_middle": 99, "bollinger_lower": 94, "macd": 1.0, "macd_signal": 0.8,
        "macd_histogram": (0.1, 0.15, 0.2), "rsi14": 55, "atr14": 2, "atr14_mean": 2,
        "relative_volume": 1.3,
    }  # fmt: skip
    return Indicators.model_validate(fields | changes)


def lead(**changes: Any) -> Lead:
    fields: dict[str, Any] = {
        "symbol": "LEAD6", "last": 200, "above_ema21": True, "above_sma50": True,
        "change_fraction": 0.01, "label": Label.DERIVED,
    }  # fmt: skip
    return Lead.model_validate(fields | changes)


def snapshot(**changes: Any) -> MarketSnapshot:
    fields: dict[str, Any] = {
        "symbol": "ACME", "as_of": datetime(2024, 3, 4, 13, 15, tzinfo=UTC),
        "session_date": date(2024, 3, 4), "timeframe": Timeframe.DAY, "provider": "formula",
        "label": Label.SYNTHETIC, "bars_first_date": date(2023, 1, 2),
        "bars_last_date": date(2024, 3, 1), "bars_count": 300, "bars_sha256": "0" * 64,
        "last": 100, "previous_close": 99, "change_fraction": 0.01, "previous_high": 101,
        "previous_low": 98.5, "indicators": indicators(), "levels": (), "lead": lead(),
        "regime": Regime(trend="up", volatility="normal"),
    }  # fmt: skip
    return MarketSnapshot.model_validate(fields | changes)


def daily(rows: list[tuple[float, float, float]], quiet: int = 40, at: float = 95) -> pd.DataFrame:
    """Return `quiet` bars between `at` - 1 and `at` + 1, then `rows` of high, low, close."""
    calm = [(at + 1, at - 1, at)] * quiet
    return pd.DataFrame([*calm, *rows], columns=["high", "low", "close"], dtype=float)


def mirrored(bars: pd.DataFrame, around: float) -> pd.DataFrame:
    """Return the bars with every price p as `around` - p."""
    turned = {"high": around - bars["low"], "low": around - bars["high"]}
    turned |= {name: around - bars[name] for name in ("open", "close") if name in bars}
    return bars.assign(**turned)
