"""From the close of a bar to sized plans of many symbols, with every limit switched on."""

from __future__ import annotations

import statistics
import time

import numpy as np

from core.analysis.bar_arrays import BarArrays
from core.analysis.sizing import BarState, Candidates, SizedIntent, size_many
from core.analysis.sizing.candidates import HeatColumns, PlanColumns, RecordColumns
from core.analysis.statistics import summarize
from core.domain.risk import Book, OpenPosition, RiskPolicy, SizeInput, size
from core.domain.scenarios import Grade, Scenario, Side, Target, Trigger

Row = tuple[str, float, str, str]
SYMBOLS, HISTORY, POSITIONS, ROUNDS = 500, 300, 10, 1_000
NAMES = tuple(f"S{number}" for number in range(SYMBOLS))
SIDES = tuple((Side.LONG, Side.SHORT)[number % 2] for number in range(SYMBOLS))
GRADES = tuple((Grade.A_PLUS, Grade.B)[number % 3 == 0] for number in range(SYMBOLS))
RECORDS = (summarize([2.0] * 14 + [-1.0] * 12), summarize([1.5] * 6 + [-1.0] * 5))
POLICY = RiskPolicy(
    version="bench", maximum_order_usd=40_000, maximum_order_shares=2_000,
    sectors={name: f"sector {number % 11}" for number, name in enumerate(NAMES)},
)  # fmt: skip


def run() -> list[Row]:
    """Return (name, value, unit, target) of each measure."""
    bars = _bars()
    state = BarState(
        [BarArrays(*column) for column in zip(*(b[:HISTORY].T for b in bars), strict=True)]
    )
    book, records = _book(), RecordColumns.of([RECORDS[n % 2] for n in range(SYMBOLS)])
    heat = HeatColumns.of(book, list(zip(NAMES, SIDES, strict=True)))
    times = []
    for place in range(HISTORY, HISTORY + ROUNDS):
        bar = BarArrays(*(column[place] for column in bars))
        started = time.perf_counter()
        readings = state.update(bar)
        plans = _plans(bar.close, readings.atr)
        sized = Candidates(book, plans, readings, records, heat, trades_today=0)
        table = size_many(sized, POLICY)
        intents = table.intents()
        times.append((time.perf_counter() - started) * 1000)
    assert not np.isnan(table.rungs).any()
    one_by_one = _check(sized, intents)
    p50, p99 = statistics.median(times), statistics.quantiles(times, n=100)[-1]
    what = f"bar close to {len(intents)} intents of {SYMBOLS} symbols"
    return [
        (f"{what}, p50", p50, "ms", "<= 2"),
        (f"{what}, p99", p99, "ms", "<= 10"),
        ("the same against one plan at a time", one_by_one / p50, "x", "-"),
    ]


def _bars() -> list[np.ndarray]:
    """Return high, low, close and volume by bar and symbol."""
    random, shape = np.random.default_rng(5), (HISTORY + ROUNDS, SYMBOLS)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.015, shape), axis=0))
    high, low = (close * (1 + sign * 0.01 * random.random(shape)) for sign in (1, -1))
    return [high, low, close, np.round(random.lognormal(13, 0.5, shape))]


def _book() -> Book:
    held = tuple(
        OpenPosition(symbol=NAMES[n * 7], side=SIDES[n * 7], notional=5_000, risk=150)
        for n in range(POSITIONS)
    )
    random = np.random.default_rng(6)
    known = {
        tuple(sorted((one.symbol, name))): float(random.uniform(-0.3, 0.9))
        for one in held
        for name in NAMES
    }
    return Book(
        equity=100_000, peak_equity=108_000, buying_power=60_000, positions=held,
        correlations=known,
    )  # fmt: skip


def _plans(close: np.ndarray, atr: np.ndarray) -> PlanColumns:
    """Return a plan of each symbol: in at the close, out 2 ATRs behind it or 2 to 6 before."""
    sign = np.array([side.sign for side in SIDES], dtype=np.float64)
    unit = sign * 2 * atr
    return PlanColumns(NAMES, GRADES, sign, close, close - unit, close + unit, close + 3 * unit)


def _check(sized: Candidates, intents: list[SizedIntent]) -> float:
    """Return how long `size` takes for all plans; it must say the same of each."""
    rows = [_row(sized, place) for place in range(SYMBOLS)]
    started = time.perf_counter()
    decisions = [size(scenario, facts, POLICY) for scenario, facts in rows]
    took = (time.perf_counter() - started) * 1000
    told = [
        (name, one.quantity, one.binding)
        for name, one in zip(NAMES, decisions, strict=True)
        if one.quantity
    ]
    assert told == [(one.symbol, one.lots, one.binding) for one in intents]
    return took


def _row(sized: Candidates, place: int) -> tuple[Scenario, SizeInput]:
    plans, readings = sized.plans, [float(one[place]) for one in sized.readings]
    entry, stop = float(plans.entry[place]), float(plans.stop[place])
    targets = (float(plans.first_target[place]), float(plans.best_target[place]))
    scenario = Scenario(
        key="bench", setup="breakout", side=SIDES[place], grade=GRADES[place], score=0.5,
        trigger=Trigger(kind="hold_above", price=entry), entry_low=entry, entry_high=entry,
        stop=stop, targets=tuple(Target(price=price, fraction=0.5) for price in targets),
        timebox_sessions=5, invalidation="beyond the stop",
    )  # fmt: skip
    facts = SizeInput(
        symbol=NAMES[place], book=sized.book, record=RECORDS[place % 2], trades_today=0,
        atr=readings[0], atr_mean=readings[1], volatility=readings[2], average_volume=readings[3],
    )  # fmt: skip
    return scenario, facts


if __name__ == "__main__":
    for what, value, unit, target in run():
        print(f"{what:58} {value:>10,.1f} {unit:<3}  {target}")
