"""From snapshots to graded plans: what the decisions of one morning cost."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from bench import Row, median_ms
from core.analysis.bias import judge_bias
from core.analysis.daily_state import DailyState
from core.analysis.indicators import read_regime
from core.analysis.levels import levels_of
from core.analysis.plan import Plan, plan
from core.analysis.sessions import read_session
from core.domain.feeds import Label, SessionHours
from core.domain.market import Lead, MarketSnapshot, Timeframe
from core.domain.setups import SetupFile
from core.settings import ROOT

Market = tuple[MarketSnapshot, pd.DataFrame]
SYMBOLS, BARS, SESSION_BARS, ROUNDS = 100, 500, 24, 7
DAY = date(2024, 3, 4)
OPENS = datetime(2024, 3, 4, 14, 30, tzinfo=UTC)
HOURS = SessionHours(session_date=DAY, opens_at=OPENS, closes_at=OPENS + timedelta(hours=6.5))
LEAD = Lead(symbol="QQQ", last=400, above_ema21=True, above_sma50=True, change_fraction=0,
            label=Label.SYNTHETIC, above_vwap=True)  # fmt: skip


def run() -> list[Row]:
    """Return (name, value, unit, target) of each measure."""
    setups = load_setups(ROOT / "data" / "tactics")
    markets = [_market(number) for number in range(SYMBOLS)]
    made = _plans(markets, setups)
    found = sum(len(one.scenarios) for one in made)
    assert found
    assert all(one.scenarios or one.do_not_play_reasons for one in made)
    name = f"{SYMBOLS} snapshots to plans, {len(setups)} setups ({found} found)"
    return [(name, median_ms(lambda: _plans(markets, setups), ROUNDS), "ms", "<= 300 ms")]


def load_setups(folder: Path) -> list[SetupFile]:
    files = sorted(folder.glob("*.yaml"))
    return [SetupFile.model_validate(yaml.safe_load(path.read_text())) for path in files]


def _plans(markets: list[Market], setups: list[SetupFile]) -> list[Plan]:
    return [plan(snapshot, bars, judge_bias(snapshot), setups) for snapshot, bars in markets]


def _market(number: int) -> Market:
    random = np.random.default_rng(number)
    bars = _daily(random)
    state = DailyState(bars).read()
    session = read_session(_intraday(random, state.last_close), HOURS, state.last_close)
    assert session
    snapshot = MarketSnapshot(
        symbol="ACME", as_of=OPENS + timedelta(hours=2), session_date=DAY,
        timeframe=Timeframe.DAY, provider="bench", label=Label.SYNTHETIC,
        bars_first_date=state.first_date, bars_last_date=state.last_date, bars_count=state.count,
        bars_sha256=state.sha256, last=session.last, previous_close=state.last_close,
        change_fraction=session.last / state.last_close - 1, previous_high=float(state.high[-1]),
        previous_low=float(state.low[-1]), indicators=state.indicators,
        levels=levels_of(state.recent(400), state.indicators, session.last, session), lead=LEAD,
        leads=(LEAD,), regime=read_regime(state.indicators),
        **session.snapshot_fields(state.mean_volume),
    )  # fmt: skip
    return snapshot, bars


def _daily(random: np.random.Generator) -> pd.DataFrame:
    close = 100 * np.exp(np.cumsum(random.normal(0.0003, 0.015, BARS)))
    days = pd.bdate_range(end=DAY - timedelta(days=1), periods=BARS)
    return pd.DataFrame(
        {
            "session_date": days.date, "open": close, "high": close * 1.01, "low": close * 0.99,
            "close": close, "volume": random.lognormal(14, 0.3, BARS), "provider": "bench",
            "label": "synthetic",
        }
    )  # fmt: skip


def _intraday(random: np.random.Generator, previous_close: float) -> pd.DataFrame:
    path = np.cumsum(random.normal(0, 0.002, SESSION_BARS))
    close = previous_close * np.exp(random.normal(0, 0.01) + path)
    starts = pd.date_range(OPENS, periods=SESSION_BARS, freq="5min")
    return pd.DataFrame(
        {
            "started_at": starts, "open": close, "high": close * 1.002, "low": close * 0.998,
            "close": close, "volume": random.lognormal(10.5, 0.5, SESSION_BARS),
        }
    )  # fmt: skip
