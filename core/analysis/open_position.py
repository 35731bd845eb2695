"""The open part of a replayed plan: what each bar does to it.

Prices are turned so that every plan is a long one: a short plan runs on the negated prices, with
high and low exchanged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from pydantic import Field

from core.domain.base import Frozen, Number, Price, UtcDatetime
from core.domain.resolutions import Outcome
from core.domain.tactics import Scenario

BREAKEVEN_R = 0.05
WHOLE = 1e-9

ExitReason = Literal["target", "stop", "breakeven_stop", "time_stop"]


class ReplayExit(Frozen):
    """A part of the position that was closed."""

    at: UtcDatetime
    price: Price
    fraction: Number
    reason: ExitReason


class Replay(Frozen):
    """How far the bars have taken a plan.

    While `open`, system_r holds the closed parts and the rest at the last close. The position is
    one unit; `mae_r` and `mfe_r` are positive distances from the worst entry.
    """

    status: Literal["waiting", "open", "final"]
    outcome: Outcome | None = None
    system_r: Number = 0.0
    mae_r: Number = Field(default=0.0, ge=0)
    mfe_r: Number = Field(default=0.0, ge=0)
    bars_held: int = Field(default=0, ge=0)
    entry_at: UtcDatetime | None = None
    entry_price: Price | None = None
    exits: tuple[ReplayExit, ...] = ()
    exit_reason: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    at: datetime
    session: date
    open: float
    high: float
    low: float
    close: float
    closes_session: bool


@dataclass(frozen=True, slots=True)
class ReplayRules:
    """What the policy adds to the plan: costs, breakeven move, a limit in bars.

    `slippage` is in USD per share and worsens every fill but a target's; `fees_r` is in R.
    """

    slippage: float = 0.0
    fees_r: float = 0.0
    be_after_target: int | None = None
    timebox_bars: int | None = None


@dataclass(slots=True)
class OpenPosition:
    """The open part of the plan; every price is turned to long."""

    scenario: Scenario
    rules: ReplayRules
    opened: Bar
    worst: float
    stop: float
    unit: float
    entry: float
    targets: list[tuple[float, float]]
    left: float = 1.0
    bars: int = 0
    sessions: int = 0
    low: float = 0.0
    high: float = 0.0
    moved: bool = False
    realised: float = 0.0
    last: float = 0.0
    exits: list[ReplayExit] = field(default_factory=list)

    def see(self, bar: Bar, new_session: bool) -> None:
        """Let one bar act: stop first, then targets, then the time limit at its close."""
        self.bars, self.sessions = self.bars + 1, self.sessions + new_session
        self.last = bar.close
        is_entry_bar = bar is self.opened
        if bar.low <= self.stop:
            self._stop_out(bar, is_entry_bar)
            return
        self.low = min(self.low, bar.low)
        if not is_entry_bar:
            self._take_targets(bar)
        if self.left > 0 and self._time_is_up(bar):
            self._close(bar, bar.close - self.rules.slippage, self.left, "time_stop")

    def _stop_out(self, bar: Bar, is_entry_bar: bool) -> None:
        # on the entry bar the open came before the fill, so it cannot be the exit
        price = self.stop if is_entry_bar else min(self.stop, bar.open)
        price -= self.rules.slippage
        self.low = min(self.low, price)
        self._close(bar, price, self.left, "breakeven_stop" if self.moved else "stop")

    def _take_targets(self, bar: Bar) -> None:
        reached = bar.high
        while self.targets and bar.high >= self.targets[0][0]:
            price, fraction = self.targets.pop(0)
            if not self.targets:
                fraction, reached = self.left, price
            self._close(bar, price, fraction, "target")
        self.high = max(self.high, reached)
        taken = len(self.scenario.targets) - len(self.targets)
        if self.rules.be_after_target and taken >= self.rules.be_after_target:
            self.stop, self.moved = max(self.stop, self.worst), True

    def _time_is_up(self, bar: Bar) -> bool:
        if self.rules.timebox_bars is not None and self.bars >= self.rules.timebox_bars:
            return True
        return self.sessions >= self.scenario.timebox_sessions and bar.closes_session

    def _close(self, bar: Bar, price: float, fraction: float, reason: ExitReason) -> None:
        self.left = self.left - fraction if self.left - fraction > WHOLE else 0.0
        self.realised += fraction * (price - self.entry)
        true_price = price * self.scenario.side.sign
        self.exits.append(ReplayExit(at=bar.at, price=true_price, fraction=fraction, reason=reason))

    def result(self) -> Replay:
        unrealised = self.left * (self.last - self.entry)
        fees = 0.0 if self.left else self.rules.fees_r
        r = (self.realised + unrealised) / self.unit - fees
        return Replay(
            status="open" if self.left else "final",
            outcome=None if self.left else self._outcome(r),
            system_r=r,
            mae_r=max(0.0, (self.worst - self.low) / self.unit),
            mfe_r=max(0.0, (self.high - self.worst) / self.unit),
            bars_held=self.bars,
            entry_at=self.opened.at,
            entry_price=self.entry * self.scenario.side.sign,
            exits=tuple(self.exits),
            exit_reason="" if self.left else self.exits[-1].reason,
        )

    def _outcome(self, r: float) -> Outcome:
        if not self.targets:
            return Outcome.TARGET
        if any(leg.reason == "target" for leg in self.exits):
            return Outcome.PARTIAL
        if abs(r) <= BREAKEVEN_R:
            return Outcome.BREAKEVEN
        is_stop = self.exits[-1].reason != "time_stop"
        return Outcome.STOPPED if is_stop else Outcome.TIME_STOP
