"""A plan in the making, and the turned view that lets one rule serve both sides."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.domain.base import Frozen, Price
from core.domain.market import Level, MarketSnapshot
from core.domain.setups import SetupName
from core.domain.tactics import Side, Target, Trigger
from core.errors import InsufficientDataError

SAME_LEVEL_ATR = 0.25


class Candidate(Frozen):
    """What a detector saw: where to enter, where it fails, where it pays."""

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
    timebox_sessions: int = 5


@dataclass(frozen=True)
class View:
    """The market turned so that the plan is a long one: a short plan sees negated prices."""

    snapshot: MarketSnapshot
    side: Side
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]

    @classmethod
    def of(cls, snapshot: MarketSnapshot, bars: pd.DataFrame, side: Side) -> View:
        """Turn daily bars with high, low, close, oldest first.

        Raises: InsufficientDataError if the bars do not end where the snapshot does.
        """
        names = ("high", "low", "close")
        high, low, close = (bars[name].to_numpy(dtype=np.float64) for name in names)
        if not len(close) or not math.isclose(close[-1], snapshot.last, rel_tol=1e-9):
            raise InsufficientDataError("the bars do not end at the snapshot's last close")
        if side is Side.SHORT:
            high, low, close = -low, -high, -close
        return cls(snapshot, side, high, low, close)

    @property
    def atr(self) -> float:
        return self.snapshot.indicators.atr14

    @property
    def last(self) -> float:
        return float(self.close[-1])

    @property
    def rsi(self) -> float:
        value = self.snapshot.indicators.rsi14
        return value if self.side is Side.LONG else 100 - value

    def turned(self, price: float) -> float:
        return self.side.sign * price

    def levels(self) -> list[tuple[float, Level]]:
        """Return the levels with their turned prices, the lowest first."""
        turned = [(self.turned(level.price), level) for level in self.snapshot.levels]
        return sorted(turned, key=lambda pair: pair[0])

    def level_at(self, price: float) -> Level:
        """Return the known level at a turned price, or one that rests on this price alone."""
        known = self.levels()
        if known:
            at, level = min(known, key=lambda pair: abs(pair[0] - price))
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
