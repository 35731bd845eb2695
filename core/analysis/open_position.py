"""The open part of a replayed plan: what the bars do to it, from one event to the next.

Prices are turned so that every plan is a long one: a short plan runs on the negated prices, with
high and low exchanged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from core.analysis.bar_path import Bars, first_true, moment_of
from core.domain.base import Frozen, Number, Price, UtcDatetime
from core.domain.resolutions import DECIDED_R, Outcome
from core.domain.scenarios import Scenario

WHOLE = 1e-9

ExitReason = Literal["target", "stop", "breakeven_stop", "time_stop"]


class ReplayExit(Frozen):
    """A part of the position that was closed in the bar that starts at `at`."""

    at: UtcDatetime
    price: Price
    fraction: Number
    reason: ExitReason


class Replay(Frozen):
    """How far the bars have taken a plan.

    waiting: for the trigger. triggered: for the entry. While `open`, system_r holds the closed
    parts and the rest at the last close, and `stop` is the one in force. The position is one
    unit; `mae_r` and `mfe_r` are positive distances from the worst entry. triggered_at: the close
    that made the trigger true, or the publication where it was true by then.
    """

    status: Literal["waiting", "triggered", "open", "final"]
    outcome: Outcome | None = None
    system_r: Number = 0.0
    mae_r: Number = Field(default=0.0, ge=0)
    mfe_r: Number = Field(default=0.0, ge=0)
    bars_held: int = Field(default=0, ge=0)
    triggered_at: UtcDatetime | None = None
    entry_at: UtcDatetime | None = None
    entry_price: Price | None = None
    stop: Price | None = None
    exits: tuple[ReplayExit, ...] = ()
    exit_reason: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked of a fill, and how long a bar is.

    `slippage` is in USD per share and worsens every fill but a target's; `fees_r` is in R.
    """

    slippage: float = 0.0
    fees_r: float = 0.0
    bar_length: timedelta = timedelta(minutes=5)


@dataclass(slots=True)
class OpenPosition:
    """A plan that was filled in the bar at `opened`; every price is turned to long.

    last: the place of the last bar that may hold it, at whose close the time is up; None while
    the bars do not reach so far.
    """

    scenario: Scenario
    terms: Terms
    bars: Bars
    opened: int
    last: int | None
    triggered_at: datetime
    worst: float = field(init=False)
    unit: float = field(init=False)
    stop: float = field(init=False)
    low: float = field(init=False)
    high: float = field(init=False)
    targets: list[tuple[float, float]] = field(init=False)
    left: float = 1.0
    moved: bool = False
    realised: float = 0.0
    seen: int = 0
    exits: list[ReplayExit] = field(default_factory=list)

    def __post_init__(self) -> None:
        sign = self.scenario.side.sign
        self.worst, self.stop = sign * self.scenario.worst_entry, sign * self.scenario.stop
        self.unit = self.worst - self.stop
        self.low = self.high = self.worst
        self.targets = [(sign * t.price, t.fraction) for t in self.scenario.targets]

    @property
    def entry(self) -> float:
        return self.worst + self.terms.slippage

    def run(self) -> Replay:
        """Let the bars act: stop first, then targets, then the time limit at a close.

        On the entry bar the stop counts and the targets do not.
        """
        end = len(self.bars.at) if self.last is None else self.last + 1
        self.seen = self.opened
        if self.bars.low[self.opened] <= self.stop:
            self._stop_out(self.opened)
        else:
            self.low = min(self.low, float(self.bars.low[self.opened]))
            self._hold(self.opened + 1, end)
        if self.left > 0 and self.last is not None:
            price = float(self.bars.close[self.last]) - self.terms.slippage
            self._close(self.last, price, self.left, "time_stop")
        return self._result()

    def _hold(self, start: int, end: int) -> None:
        while self.left > 0 and start < end:
            stopped = first_true(self.bars.low[start:end] <= self.stop, end - start)
            reached = first_true(self.bars.high[start:end] >= self.targets[0][0], end - start)
            place = start + min(stopped, reached)
            self._pass_by(start, place)
            if place == end:
                return
            if stopped <= reached:
                self._stop_out(place)
            else:
                self._take_targets(place)
            start = place + 1

    def _pass_by(self, start: int, end: int) -> None:
        """Hold through bars that close nothing."""
        if end > start:
            self.low = min(self.low, float(self.bars.low[start:end].min()))
            self.high = max(self.high, float(self.bars.high[start:end].max()))
            self.seen = end - 1

    def _stop_out(self, place: int) -> None:
        # on the entry bar the open came before the fill, so it cannot be the exit
        opened = self.stop if place == self.opened else float(self.bars.open[place])
        price = min(self.stop, opened) - self.terms.slippage
        self.low = min(self.low, price)
        self._close(place, price, self.left, "breakeven_stop" if self.moved else "stop")

    def _take_targets(self, place: int) -> None:
        high = reached = float(self.bars.high[place])
        while self.targets and high >= self.targets[0][0]:
            price, fraction = self.targets.pop(0)
            if not self.targets:
                fraction, reached = self.left, price
            self._close(place, price, fraction, "target")
        self.low = min(self.low, float(self.bars.low[place]))
        self.high = max(self.high, reached)
        taken = len(self.scenario.targets) - len(self.targets)
        due = self.scenario.breakeven_after_target
        if due is not None and taken >= due:
            self.stop, self.moved = max(self.stop, self.worst), True

    def _close(self, place: int, price: float, fraction: float, reason: ExitReason) -> None:
        self.seen = place
        self.left = self.left - fraction if self.left - fraction > WHOLE else 0.0
        self.realised += fraction * (price - self.entry)
        self.exits.append(
            ReplayExit(
                at=moment_of(self.bars.at[place]),
                price=price * self.scenario.side.sign,
                fraction=fraction,
                reason=reason,
            )
        )

    def _result(self) -> Replay:
        unrealised = self.left * (float(self.bars.close[self.seen]) - self.entry)
        fees = 0.0 if self.left else self.terms.fees_r
        r = (self.realised + unrealised) / self.unit - fees
        sign = self.scenario.side.sign
        return Replay(
            status="open" if self.left else "final",
            outcome=None if self.left else self._outcome(r),
            system_r=r,
            mae_r=max(0.0, (self.worst - self.low) / self.unit),
            mfe_r=max(0.0, (self.high - self.worst) / self.unit),
            bars_held=self.seen - self.opened + 1,
            triggered_at=self.triggered_at,
            entry_at=moment_of(self.bars.at[self.opened]),
            entry_price=self.entry * sign,
            stop=self.stop * sign if self.left else None,
            exits=tuple(self.exits),
            exit_reason="" if self.left else self.exits[-1].reason,
        )

    def _outcome(self, r: float) -> Outcome:
        if not self.targets:
            return Outcome.TARGET
        if any(leg.reason == "target" for leg in self.exits):
            return Outcome.PARTIAL
        if abs(r) <= DECIDED_R:
            return Outcome.BREAKEVEN
        is_stop = self.exits[-1].reason != "time_stop"
        return Outcome.STOPPED if is_stop else Outcome.TIME_STOP
