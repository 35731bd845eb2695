"""How fast the store ingests bars and answers the overview page."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from core.domain.tactics import TacticEventKind
from core.domain.trading import FillLeg, OrderStatus
from core.storage.storage import Storage
from tests.storage import samples

BARS = 1_000_000
SYMBOLS = 500
SESSIONS = 60
WATCHED = tuple(f"W{number:02d}" for number in range(20))
KINDS = (
    TacticEventKind.DRAFTED,
    TacticEventKind.APPROVED,
    TacticEventKind.PUBLISHED,
    TacticEventKind.ARMED,
    TacticEventKind.OPENED,
)


def run() -> list[tuple[str, float, str, str]]:
    """Return (name, value, unit, target) of each measure."""
    with tempfile.TemporaryDirectory() as folder:
        storage = Storage(Path(folder) / "desk.duckdb")
        try:
            return [*_pages(storage), *_ingest(storage), _reopen(storage)]
        finally:
            storage.close()


def many_bars(rows: int = BARS, symbols: int = SYMBOLS) -> pd.DataFrame:
    """Return random daily bars, `rows / symbols` per symbol."""
    days = pd.date_range("2000-01-03", periods=rows // symbols, freq="D")
    random = np.random.default_rng(7)
    close = random.uniform(10, 500, rows)
    return pd.DataFrame(
        {
            "symbol": np.repeat([f"S{number:03d}" for number in range(symbols)], len(days)),
            "timeframe": "1d",
            "session_date": np.tile(days.date, symbols),
            "started_at": pd.DatetimeIndex(np.tile(days.to_numpy(), symbols)).tz_localize("UTC"),
            "open": close,
            "high": close + 1,
            "low": close - 1,
            "close": close,
            "volume": random.integers(1_000, 1_000_000, rows).astype(float),
            "provider": "bench",
            "label": "synthetic",
        }
    )


def _ingest(storage: Storage) -> list[tuple[str, float, str, str]]:
    bars = many_bars()
    halves = bars.iloc[: len(bars) // 2], bars
    first = _rate(lambda: storage.bars.append(halves[0]), len(halves[0]))
    upsert = _rate(lambda: storage.bars.append(halves[1]), len(bars))
    again = _rate(lambda: storage.bars.append(bars), len(bars))
    read = _milliseconds(lambda: storage.bars.daily("S250", date(2005, 1, 1)))
    few = _milliseconds(lambda: storage.bars.append(samples.bars("S250", provider="bench")))
    return [
        ("500,000 new bars", first, "rows/s", ">= 300,000"),
        ("1,000,000 bars, half of them present", upsert, "rows/s", ">= 300,000"),
        ("1,000,000 bars, all of them present", again, "rows/s", ">= 300,000"),
        ("last 400 daily bars among 1,000,000", read, "ms", "<= 20"),
        ("append 5 bars to 1,000,000", few, "ms", "<= 60"),
    ]


def _pages(storage: Storage) -> list[tuple[str, float, str, str]]:
    last = fill_history(storage)
    pages: dict[str, tuple[Callable[[], object], str]] = {
        "overview": (storage.views.overview, "<= 60"),
        "tactic list": (storage.views.tactic_list, "<= 30"),
        "tactic detail": (lambda: storage.views.tactic_detail(last), "<= 60"),
        "positions": (storage.views.positions, "<= 40"),
        "content board": (storage.views.content_board, "<= 40"),
        "engagement": (storage.views.engagement, "<= 30"),
    }
    rows = [
        (f"{name} at {SESSIONS} sessions", _cpu_milliseconds(page), "ms CPU", target)
        for name, (page, target) in pages.items()
    ]
    verify = _milliseconds(storage.audit.verify)
    entries = storage.audit.count()
    return [*rows, (f"verify {entries} ledger rows", verify, "ms", "<= 500")]


def fill_history(storage: Storage) -> str:
    """Store some sessions of a desk's work; return the id of the last tactic."""
    first, tactic_id = date(2024, 1, 5), ""
    for symbol in WATCHED:
        storage.bars.append(samples.bars(symbol, sessions=400, last=first + timedelta(SESSIONS)))
    for offset in range(SESSIONS):
        for symbol in WATCHED[:2]:
            tactic_id = _one_day(storage, symbol, first + timedelta(offset))
        storage.bars.append(_intraday(first + timedelta(offset)))
    return tactic_id


def _one_day(storage: Storage, symbol: str, session: date) -> str:
    tactic = samples.tactic(symbol, session)
    version = samples.content(tactic)
    publication = samples.publication(version)
    storage.insights.append_snapshot(samples.snapshot(symbol, session))
    storage.insights.append_insight(samples.insight(symbol, session))
    storage.tactics.append(tactic)
    storage.tactics.append_events([samples.tactic_event(kind, of=tactic) for kind in KINDS])
    storage.tactics.append_size(tactic.tactic_id, 1, tactic.as_of, samples.size_decision())
    _trade(storage, symbol, session)
    storage.tactics.append_resolution(samples.resolution(tactic))
    storage.content.append(version)
    storage.content.append_events([samples.content_event(of=version)])
    storage.content.append_publication(publication)
    storage.engagement.append([samples.sample(publication)])
    return tactic.tactic_id


def _trade(storage: Storage, symbol: str, session: date) -> None:
    tactic, trading = samples.tactic(symbol, session), storage.trading
    is_closed = session < date(2024, 1, 5) + timedelta(SESSIONS - 2)
    legs = (FillLeg.ENTRY, FillLeg.TARGET) if is_closed else (FillLeg.ENTRY,)
    trading.append_request(samples.order_request(tactic), tactic.tactic_id, 1)
    trading.append_orders([samples.order(tactic), samples.order(tactic, status=OrderStatus.FILLED)])
    trading.append_fills([samples.fill(tactic, leg) for leg in legs])
    trading.append_account(samples.account(tactic.as_of))
    trading.append_positions(tactic.as_of, [samples.position(symbol)])
    storage.quality.record_check(samples.feed_check(checked_at=tactic.as_of, run_id=f"r{session}"))


def _intraday(session: date) -> pd.DataFrame:
    frames = [samples.bars(symbol, sessions=78, last=session, timeframe="5m") for symbol in WATCHED]
    bars = pd.concat(frames, ignore_index=True)
    opened = pd.Timestamp(samples.moment(session, hours=14.5))
    starts = [opened + pd.Timedelta(minutes=5 * place) for place in range(78)]
    return bars.assign(session_date=session, started_at=starts * len(WATCHED))


def _reopen(storage: Storage) -> tuple[str, float, str, str]:
    path = storage.store.path
    storage.close()
    milliseconds = _milliseconds(lambda: Storage(path).close())
    storage.__init__(path)  # type: ignore[misc]
    return ("open a store of 1,000,000 bars", milliseconds, "ms", "<= 200")


def _rate(action: Callable[[], object], rows: int) -> float:
    return round(rows / (_milliseconds(action) / 1000))


def _milliseconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return round((time.perf_counter() - started) * 1000, 1)


def _cpu_milliseconds(action: Callable[[], object], times: int = 10) -> float:
    action()
    started = time.process_time()
    for _ in range(times):
        action()
    return round((time.process_time() - started) / times * 1000, 1)


if __name__ == "__main__":
    for name, value, unit, target in run():
        print(f"{name}: {value:,} {unit} (target {target})")
