"""How fast many plans are replayed on the bars that followed."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from bench import Row
from core.analysis.resolution import BarPath, replay
from core.domain.scenarios import Grade, Scenario, Side, Target, Trigger

TACTICS, SYMBOLS, SESSIONS, BARS = 10_000, 100, 105, 78
FIRST = datetime(2024, 3, 11, 13, 30, tzinfo=UTC)


def run() -> list[Row]:
    """Return (name, value, unit, target) of each measure."""
    paths = [_bars(symbol) for symbol in range(SYMBOLS)]
    plans = [_plan(paths[number % SYMBOLS], number) for number in range(TACTICS)]
    shared = _seconds(lambda: _replay_by_symbol(paths, plans))
    frames = [_own_bars(paths[n % SYMBOLS], plans[n][1]) for n in range(TACTICS)]
    alone = _seconds(
        lambda: [replay(plan, f, at) for f, (plan, at) in zip(frames, plans, strict=True)]
    )
    return [
        (f"{TACTICS:,} plans replayed, bars by symbol", shared, "s", "<= 5"),
        (f"{TACTICS:,} plans replayed, a frame for each", alone, "s", "<= 10"),
    ]


def _replay_by_symbol(frames: list[pd.DataFrame], plans: list[tuple[Scenario, datetime]]) -> None:
    paths = [BarPath.of(frame) for frame in frames]
    ends = [replay(plan, paths[n % SYMBOLS], at) for n, (plan, at) in enumerate(plans)]
    assert {end.status for end in ends} >= {"final"}


def _bars(seed: int) -> pd.DataFrame:
    """Return a random walk in 5-minute bars over all sessions."""
    steps = np.random.default_rng(seed).normal(0, 0.15, (SESSIONS * BARS, 4))
    close = 100 + np.cumsum(steps[:, 0])
    opened = np.concatenate(([100.0], close[:-1]))
    high = np.maximum(opened, close) + np.abs(steps[:, 1])
    low = np.minimum(opened, close) - np.abs(steps[:, 2])
    days = [FIRST + timedelta(days=day) for day in range(SESSIONS)]
    starts = pd.DatetimeIndex([day + timedelta(minutes=5 * n) for day in days for n in range(BARS)])
    names = np.repeat(np.array([day.date() for day in days], dtype=object), BARS)
    prices = {"open": opened, "high": high, "low": low, "close": close}
    return pd.DataFrame({"started_at": starts, "session_date": names, **prices, "volume": 1000.0})


def _own_bars(frame: pd.DataFrame, at: datetime) -> pd.DataFrame:
    """Return the five sessions from a plan's own on, as the store would."""
    first = (at.date() - FIRST.date()).days * BARS
    return frame.iloc[first : first + 5 * BARS].reset_index(drop=True)


def _plan(frame: pd.DataFrame, number: int) -> tuple[Scenario, datetime]:
    """Return a plan around the open of a session, every second one short, each third to wait."""
    place = number // SYMBOLS
    price, at = float(frame["open"].iloc[place * BARS]), FIRST + timedelta(days=place, hours=-1)
    side = Side.SHORT if number % 2 else Side.LONG
    sign, edges = side.sign, sorted((price, price + 0.3 * side.sign))
    return Scenario(
        key="bench",
        setup="breakout",
        side=side,
        grade=Grade.B,
        score=0.5,
        trigger=Trigger(
            kind="reclaim", price=price, min_relative_volume=1, is_met=bool(number % 3)
        ),
        entry_low=edges[0],
        entry_high=edges[1],
        stop=price - 1.2 * sign,
        targets=(
            Target(price=price + 1.8 * sign, fraction=0.5),
            Target(price=price + 3.3 * sign, fraction=0.5),
        ),
        timebox_sessions=5,
        breakeven_after_target=1,
        invalidation="a close beyond the stop",
    ), at


def _seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


if __name__ == "__main__":
    for name, value, unit, target in run():
        print(f"{name}: {value:.2f} {unit} (target {target})")
