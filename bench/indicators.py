"""How fast bars become readings: whole series, one bar at a time, levels, a snapshot."""

from __future__ import annotations

import statistics
import time
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pandas_ta_classic as peer

from bench import Row, median_ms
from core.analysis.bar_arrays import BarArrays
from core.analysis.indicators import indicator_series, indicators_of, read_regime
from core.analysis.levels import levels_of
from core.analysis.streaming import IndicatorStream
from core.domain.base import content_sha256
from core.domain.feeds import Label
from core.domain.market import Lead, MarketSnapshot, Timeframe

SYMBOLS, BARS, KEPT, PEER_SYMBOLS = 500, 2_520, 400, 20
UPDATES = 200


def run() -> list[Row]:
    """Return (name, value, unit, target) of each measure."""
    history = [_bars(number) for number in range(SYMBOLS)]
    batch = median_ms(lambda: [indicator_series(*bars) for bars in history], 5)
    return [
        (f"all indicators of {SYMBOLS} x {BARS:,} bars", batch, "ms", "-"),
        *_peers(history[:PEER_SYMBOLS]),
        *_streaming(history),
        *_snapshots(history[0]),
    ]


def _bars(number: int) -> BarArrays:
    random = np.random.default_rng(number)
    close = 100 * np.exp(np.cumsum(random.normal(0.0003, 0.015, BARS)))
    high = close * (1 + 0.01 * random.random(BARS))
    low = close * (1 - 0.01 * random.random(BARS))
    return BarArrays(high, low, close, np.round(random.lognormal(14, 0.5, BARS)))


def _streaming(history: list[BarArrays]) -> list[Row]:
    """Measure one new bar of each symbol, over and over."""
    started = time.perf_counter()
    streams = [IndicatorStream.open(BarArrays(*(c[:-UPDATES] for c in bars))) for bars in history]
    opened = (time.perf_counter() - started) * 1000
    times = [_update_ms(streams, history, place) for place in range(-UPDATES, 0)]
    last = indicator_series(*history[0])
    assert streams[0].readings == tuple(column[-1] for column in last)
    kept = [BarArrays(*(column[-KEPT:] for column in bars)) for bars in history]
    whole = median_ms(lambda: [indicator_series(*bars) for bars in kept], 5)
    p50, p99 = statistics.median(times), statistics.quantiles(times, n=100)[-1]
    return [
        (f"{SYMBOLS} streams opened", opened, "ms", "-"),
        (f"one bar of {SYMBOLS} streams, all indicators, p50", p50, "ms", "<= 2"),
        (f"one bar of {SYMBOLS} streams, all indicators, p99", p99, "ms", "<= 5"),
        (f"streams against recomputing {KEPT} bars", whole / p50, "x", "-"),
    ]


def _update_ms(streams: list[IndicatorStream], history: list[BarArrays], place: int) -> float:
    rows = [tuple(float(column[place]) for column in bars) for bars in history]
    started = time.perf_counter()
    for stream, (high, low, close, volume) in zip(streams, rows, strict=True):
        stream.update(high, low, close, volume)
    return (time.perf_counter() - started) * 1000


def _snapshots(bars: BarArrays) -> list[Row]:
    kept = BarArrays(*(column[-KEPT:] for column in bars))
    read = indicators_of(kept)
    last = float(kept.close[-1])
    levels = levels_of(kept[:3], read, last)
    find = median_ms(lambda: [levels_of(kept[:3], read, last) for _ in range(100)], 5) * 10
    make = median_ms(lambda: [_snapshot(kept) for _ in range(100)], 5) * 10
    taken = _snapshot(kept)
    digest = median_ms(lambda: [content_sha256(taken) for _ in range(100)], 5) * 10
    return [
        (f"levels of {KEPT} bars ({len(levels)} found)", find, "us", "<= 300"),
        (f"indicators, levels and snapshot of {KEPT} bars", make, "us", "-"),
        ("canonical JSON and SHA-256 of a snapshot", digest, "us", "<= 250"),
    ]


def _snapshot(bars: BarArrays) -> MarketSnapshot:
    read, last = indicators_of(bars), float(bars.close[-1])
    lead = Lead(symbol="QQQ", last=400, above_ema21=True, above_sma50=True, change_fraction=0,
                label=Label.SYNTHETIC)  # fmt: skip
    return MarketSnapshot(
        symbol="ACME", as_of=datetime(2024, 3, 4, 13, 15, tzinfo=UTC),
        session_date=date(2024, 3, 4), timeframe=Timeframe.DAY, provider="bench",
        label=Label.SYNTHETIC, bars_first_date=date(2022, 8, 1), bars_last_date=date(2024, 3, 1),
        bars_count=len(bars.close), bars_sha256="0" * 64, last=last,
        previous_close=float(bars.close[-2]), change_fraction=0.01,
        previous_high=float(bars.high[-1]), previous_low=float(bars.low[-1]), indicators=read,
        levels=levels_of(bars[:3], read, last), lead=lead, leads=(lead,),
        regime=read_regime(read),
    )  # fmt: skip


def _peers(history: list[BarArrays]) -> list[Row]:
    """Measure pandas-ta-classic on the same bars: its own code, and what it does through TA-Lib."""
    ours = median_ms(lambda: [indicator_series(*bars) for bars in history], 5)
    own = median_ms(lambda: [_peer(bars, talib=False) for bars in history], 5)
    told = median_ms(lambda: [_peer(bars, talib=True) for bars in history], 5)
    return [
        ("all indicators, against pandas-ta-classic", own / ours, "x", ">= 20"),
        ("the same, if it is told to use TA-Lib", told / ours, "x", "-"),
    ]


def _peer(bars: BarArrays, *, talib: bool) -> list[object]:
    high, low, close, volume = (pd.Series(column) for column in bars)
    average = peer.atr(high, low, close, 14, talib=talib)
    bands = peer.bbands(close, 20, 2, talib=talib)
    return [
        *(peer.ema(close, length, talib=talib) for length in (8, 21)),
        *(peer.sma(close, length, talib=talib) for length in (50, 200)),
        peer.macd(close, 12, 26, 9, talib=talib),
        peer.rsi(close, 14, talib=talib),
        peer.adx(high, low, close, 14, talib=talib),
        peer.sma(average, 50, talib=talib),
        peer.sma(bands.iloc[:, 3], 50, talib=talib),
        volume / peer.sma(volume, 20, talib=talib),
    ]


if __name__ == "__main__":
    for what, value, unit, target in run():
        print(f"{what:58} {value:>10,.1f} {unit:<3}  {target}")
