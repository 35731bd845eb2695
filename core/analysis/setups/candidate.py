"""A plan in the making, and the turned view that lets one rule serve both sides."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from core.analysis.bar_arrays import FloatArray
from core.analysis.signals import macd_cross, macd_curl
from core.domain.base import Frozen, Price
from core.domain.market import Level, MarketSnapshot
from core.domain.scenarios import Side, Target, Trigger
from core.domain.setups import SetupName

SAME_LEVEL_ATR = 0.25
NO_SESSION = "no bar of the session yet"
OTHER_SIDE = ""  # the market gives this side nothing to say; the other side has its reason


class CandidatePlan(Frozen):
    """What a detector saw: where to enter, where it fails, where it pays, for how long.

    failure: what it would mean if the stop were reached before the entry.
    """

    setup: SetupName
    side: Side
    level: Level
    trigger: Trigger
    entry_low: Price
    entry_high: Price
    stop: Price
    targets: tuple[Target, ...]
    rejects: bool
    obstacle: str = ""
    failure: str = ""
    timebox_sessions: int = 5
    timebox_minutes: int | None = None
    breakeven_after_target: int | None = None

    @property
    def key(self) -> str:
        return f"{self.setup}-{self.side}"


@dataclass(frozen=True)
class View:
    """The market turned so that the plan is a long one: a short plan sees negated prices.

    high, low, close: of the daily bars, oldest first, and of the session so far once it is open.
    """

    snapshot: MarketSnapshot
    side: Side
    high: FloatArray
    low: FloatArray
    close: FloatArray

    @classmethod
    def of(cls, snapshot: MarketSnapshot, bars: pd.DataFrame, side: Side) -> View:
        """Turn daily bars with high, low, close, oldest first; see `flaw_of`."""
        high, low, close = (_column(bars, name) for name in ("high", "low", "close"))
        if snapshot.session_high is not None and snapshot.session_low is not None:
            high = np.append(high, snapshot.session_high)
            low = np.append(low, snapshot.session_low)
            close = np.append(close, snapshot.last)
        if side is Side.SHORT:
            high, low, close = -low, -high, -close
        return cls(snapshot, side, high, low, close)

    @property
    def atr(self) -> float:
        return self.snapshot.indicators.atr14

    @property
    def last(self) -> float:
        """The newest price: of the session, of the pre-market, or the last close."""
        return self.turned(self.snapshot.last)

    @property
    def rsi(self) -> float:
        value = self.snapshot.indicators.rsi14
        return value if self.side is Side.LONG else 100 - value

    @property
    def macd_turns(self) -> bool:
        """Whether MACD curls or crosses the plan's way."""
        wanted = "up" if self.side is Side.LONG else "down"
        histogram = self.snapshot.indicators.macd_histogram
        return wanted in {macd_curl(histogram), macd_cross(histogram)}

    @cached_property
    def levels(self) -> list[tuple[float, Level]]:
        """The levels with their turned prices, the lowest first."""
        turned = [(self.turned(level.price), level) for level in self.snapshot.levels]
        return sorted(turned, key=lambda pair: pair[0])

    def turned(self, price: float) -> float:
        return self.side.sign * price

    def opening_range(self) -> tuple[float, float] | None:
        """Return the low and the high of the session's first minutes, as far as known."""
        low, high = self.snapshot.opening_range_low, self.snapshot.opening_range_high
        if low is None or high is None:
            return None
        near, far = sorted((self.turned(low), self.turned(high)))
        return near, far

    def level_at(self, price: float) -> Level:
        """Return the known level at a turned price, or one that rests on this price alone."""
        if self.levels:
            at, level = min(self.levels, key=lambda pair: abs(pair[0] - price))
            if abs(at - price) <= SAME_LEVEL_ATR * self.atr:
                return level
        return Level(
            kind="support" if self.side is Side.LONG else "resistance",
            price=self.turned(price),
            source="swing",
            strength=0.2,
        )

    def close_position(self) -> float:
        """Return where the last bar closed in its range: 0 at the bad end, 1 at the good end."""
        span = float(self.high[-1] - self.low[-1])
        return float(self.close[-1] - self.low[-1]) / span if span > 0 else 0.5


def first_flaw(flaws: Mapping[str, bool]) -> str:
    """Return the first text that holds, an empty one if none does."""
    return next((text for text, holds in flaws.items() if holds), "")


def relative_volume(snapshot: MarketSnapshot) -> float | None:
    """Return that of the session once it is open, else that of the last daily bar."""
    if snapshot.session_open is None:
        return snapshot.indicators.relative_volume
    return snapshot.session_relative_volume


def volume_flaw(snapshot: MarketSnapshot, minimum: float) -> str:
    """Return why there is not enough volume, an empty text if there is."""
    volume = relative_volume(snapshot)
    if volume is None:
        return "the volume of the session cannot be compared"
    return "" if volume >= minimum else "the volume is too low"


def flaw_of(snapshot: MarketSnapshot, bars: pd.DataFrame) -> str:
    """Return why no plan can be made of a snapshot and its daily bars, an empty text if one can."""
    if not snapshot.indicators.atr14 > 0:
        return "the average true range is zero"
    # with a price of the session itself the last close is the previous one
    ends_at = snapshot.last if snapshot.gap_fraction is None else snapshot.previous_close
    closes = bars["close"]
    if closes.empty or not math.isclose(closes.iloc[-1], ends_at, rel_tol=1e-9):
        return "the daily bars do not end at the last close"
    return ""


def _column(bars: pd.DataFrame, name: str) -> FloatArray:
    return bars[name].to_numpy(dtype=np.float64)
