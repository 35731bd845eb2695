"""How fast the store ingests bars and answers the overview page."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from bench import Row
from core.domain.engagement import SampleAge
from core.domain.lifecycle import TacticEventKind
from core.domain.orders import OrderStatus
from core.domain.tactics import Tactic
from core.domain.trading import FillLeg
from core.storage.content import PUBLICATIONS, VERSIONS
from core.storage.insights import INSIGHTS, SNAPSHOTS
from core.storage.storage import Storage
from core.storage.tactics import RESOLUTIONS, TACTICS
from tests.storage import samples

BARS = 1_000_000
SYMBOLS = 500
SESSIONS = 60
FIRST = date(2024, 1, 5)
WATCHED = tuple(f"W{number:02d}" for number in range(20))
KINDS = (
    TacticEventKind.DRAFTED,
    TacticEventKind.APPROVED,
    TacticEventKind.PUBLISHED,
    TacticEventKind.ARMED,
    TacticEventKind.TRIGGERED,
    TacticEventKind.OPENED,
)


def run() -> list[Row]:
    """Return (name, value, unit, target) of each measure."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "desk.duckdb"
        storage = Storage(path)
        rows = [*_pages(storage), *_appends(storage), *_ingest(storage)]
        storage.close()
        opened = _milliseconds(lambda: Storage(path).close())
        return [*rows, ("open and close a store of 1,000,000 bars", opened, "ms", "<= 200")]


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


def _ingest(storage: Storage) -> list[Row]:
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


def _pages(storage: Storage) -> list[Row]:
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
    days = [FIRST + timedelta(offset) for offset in range(SESSIONS)]
    tactics = [samples.tactic(symbol, day) for day in days for symbol in WATCHED[:2]]
    for symbol in WATCHED:
        storage.bars.append(samples.bars(symbol, sessions=400, last=days[-1]))
    storage.bars.append(pd.concat([_intraday(day) for day in days]))
    _fill_tactics(storage, tactics)
    _fill_trading(storage, tactics)
    _fill_content(storage, tactics)
    return tactics[-1].tactic_id


def _fill_tactics(storage: Storage, tactics: list[Tactic]) -> None:
    store = storage.store
    names = [(tactic.symbol, tactic.session_date) for tactic in tactics]
    SNAPSHOTS.append(store, [samples.snapshot(*name) for name in names])
    INSIGHTS.append(store, [samples.insight(*name) for name in names])
    TACTICS.append(store, tactics)
    events = [samples.tactic_event(kind, of=tactic) for tactic in tactics for kind in KINDS]
    storage.tactics.append_events(events)
    RESOLUTIONS.append(store, [samples.resolution(tactic) for tactic in tactics[:-4]])


def _fill_trading(storage: Storage, tactics: list[Tactic]) -> None:
    trading = storage.trading
    for tactic in tactics:
        storage.tactics.append_size(tactic.tactic_id, 1, tactic.as_of, samples.size_decision())
        trading.append_request(samples.order_request(tactic), tactic.tactic_id, 1)
        trading.append_account(samples.account(tactic.as_of))
        check = samples.feed_check(checked_at=tactic.as_of, run_id=tactic.tactic_id)
        storage.quality.record_check(check)
    states = (OrderStatus.ACCEPTED, OrderStatus.FILLED)
    trading.append_orders([samples.order(t, status=state) for t in tactics for state in states])
    trading.append_fills([samples.fill(tactic) for tactic in tactics])
    trading.append_fills([samples.fill(tactic, FillLeg.TARGET) for tactic in tactics[:-4]])
    trading.append_positions(tactics[-1].as_of, [samples.position(tactics[-1].symbol)])


def _fill_content(storage: Storage, tactics: list[Tactic]) -> None:
    versions = [samples.content(tactic) for tactic in tactics]
    posts = [samples.publication(version) for version in versions]
    VERSIONS.append(storage.store, versions)
    storage.content.append_events([samples.content_event(of=version) for version in versions])
    PUBLICATIONS.append(storage.store, posts)
    storage.engagement.append([samples.sample(post, age) for post in posts for age in SampleAge])


def _appends(storage: Storage) -> list[Row]:
    tactics = [samples.tactic("NEW", FIRST + timedelta(offset)) for offset in range(30)]
    chained = _milliseconds(lambda: [storage.tactics.append(tactic) for tactic in tactics])
    events = [samples.tactic_event(kind, of=tactic) for tactic in tactics for kind in KINDS]
    batch = _milliseconds(lambda: storage.tactics.append_events(events))
    return [
        ("append and chain one tactic", round(chained / len(tactics), 1), "ms", "<= 15"),
        (f"append and chain {len(events)} events at once", batch, "ms", "<= 60"),
    ]


def _intraday(session: date) -> pd.DataFrame:
    frames = [samples.bars(symbol, sessions=78, last=session, timeframe="5m") for symbol in WATCHED]
    bars = pd.concat(frames, ignore_index=True)
    opened = pd.Timestamp(samples.moment(session, hours=14.5))
    starts = [opened + pd.Timedelta(minutes=5 * place) for place in range(78)]
    return bars.assign(session_date=session, started_at=starts * len(WATCHED))


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
