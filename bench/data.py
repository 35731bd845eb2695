"""The data path: from files and feeds to stored snapshots, and back onto a page."""

from __future__ import annotations

import dataclasses
import shutil
import statistics
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench import Row, median_ms
from core import bootstrap
from core.desk import Desk
from core.flow import calendars
from core.settings import Mode, Settings
from core.steps.services import Universe
from core.steps.snapshots import take_snapshots

SYMBOLS, BARS, MANY = 500, 2_520, 10_000_000
LAST = date(2026, 11, 20)
AS_OF = datetime(2026, 11, 23, 13, 15, tzinfo=UTC)


def run() -> list[Row]:
    folder = Path(tempfile.mkdtemp(prefix="bench-data-"))
    desk = bootstrap.build(Settings(data_dir=folder, mode=Mode.PAPER, _env_file=None))
    try:
        return [_whole(desk, folder), _increment(desk), _page(desk)]
    finally:
        desk.close()
        shutil.rmtree(folder)


def _whole(desk: Desk, folder: Path) -> Row:
    """500 symbols x 2,520 daily bars from Parquet to stored snapshots, all indicators read."""
    path = folder / "bars.parquet"
    random_bars([f"S{number:03}" for number in range(SYMBOLS)], BARS).to_parquet(path)
    started = time.perf_counter()
    desk._services.storage.bars.append(pd.read_parquet(path), AS_OF - timedelta(hours=12))
    _snapshots(desk, AS_OF, date(2026, 11, 23))
    seconds = time.perf_counter() - started
    return f"{SYMBOLS} x {BARS:,} bars from Parquet to snapshots", seconds, "s", "<= 10 s"


def _increment(desk: Desk) -> Row:
    """One new bar of each symbol, to stored snapshots."""
    times = []
    sessions = calendars.sessions("XNYS", date(2026, 11, 23), date(2026, 12, 4))
    for session, following in pairwise(sessions):
        bars = random_bars([f"S{number:03}" for number in range(SYMBOLS)], 1, session)
        at = datetime.combine(following, datetime.min.time(), UTC) + timedelta(hours=13)
        started = time.perf_counter()
        desk._services.storage.bars.append(bars, at)
        _snapshots(desk, at, following)
        times.append(time.perf_counter() - started)
    milliseconds = statistics.median(times) * 1000
    return f"{SYMBOLS} symbols, one new bar each, to snapshots", milliseconds, "ms", "<= 250 ms"


def _page(desk: Desk) -> Row:
    """What the symbol page reads, with ten million bars in the store."""
    known = SYMBOLS * BARS
    for start in range(0, MANY - known, 1_000_000):
        names = [f"M{start // 1_000_000}{number:03}" for number in range(400)]
        desk._services.storage.bars.append(random_bars(names, BARS), AS_OF)
    services = dataclasses.replace(desk._services, universe=Universe(("S250",), ()))
    desk.market._services = services
    milliseconds = median_ms(lambda: desk.market.symbol("S250"), 15)
    return "symbol page, read model on 10 million bars", milliseconds, "ms", "<= 50 ms"


def _snapshots(desk: Desk, as_of: datetime, session: date) -> None:
    symbols = tuple(f"S{number:03}" for number in range(SYMBOLS))
    services = dataclasses.replace(desk._services, universe=Universe(symbols, (symbols[0],)))
    taken = take_snapshots(services, session, as_of)
    assert len(taken.symbols) == SYMBOLS, dict(list(taken.failed.items())[:2])
    services.storage.insights.append_snapshots(taken.all)


def random_bars(symbols: list[str], count: int, last: date = LAST) -> pd.DataFrame:
    """Random walks; the same symbol and session have the same bar."""
    sessions = calendars.sessions("XNYS", last - timedelta(days=int(count * 1.5) + 10), last)[
        -count:
    ]
    random = np.random.default_rng(len(symbols) + count)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.001, (len(symbols), count)), axis=1)).ravel()
    columns: dict[str, Any] = {
        "symbol": np.repeat(symbols, count), "timeframe": "1d",
        "session_date": np.tile(np.array(sessions, dtype=object), len(symbols)),
        "started_at": np.tile(pd.to_datetime(sessions, utc=True).as_unit("us"), len(symbols)),
        "open": close, "high": close * 1.01, "low": close * 0.99, "close": close,
        "volume": random.integers(1_000, 1_000_000, len(close)).astype(float),
        "provider": "sample", "label": "synthetic",
    }  # fmt: skip
    return pd.DataFrame(columns)
