"""The deterministic replay of a published plan on the bars that followed (SYSTEM result)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd

from core.analysis.bar_path import MICROSECOND, BarPath, Bars, first_true, moment_of
from core.analysis.open_position import OpenPosition, Replay, ReplayExit, Terms
from core.analysis.trigger import trigger_place
from core.domain.feeds import SessionHours
from core.domain.resolutions import Outcome
from core.domain.scenarios import Scenario

__all__ = ["BarPath", "Replay", "ReplayExit", "replay"]

FIVE_MINUTES = timedelta(minutes=5)


def replay(  # noqa: PLR0913 - the rules that a plan leaves to its policy, each by name
    scenario: Scenario,
    bars: pd.DataFrame | BarPath,
    published_at: datetime,
    slippage: float = 0.0,
    *,
    entry_session: date | None = None,
    sessions_complete: date | None = None,
    hours: Iterable[SessionHours] = (),
    bar_length: timedelta = FIVE_MINUTES,
    fees_r: float = 0.0,
) -> Replay:
    """Replay a plan on the regular-hours bars that start at or after its publication.

    Shape: bars and hours as `BarPath.of` takes them, or a path that was made for many plans.
    A trigger that was not true at publication is judged on closes and acts from the next bar. The
    entry is allowed in `entry_session` alone (default: the first session of the bars). A time
    limit in minutes counts from the start of the entry bar; in its last session a plan ends at
    the close of the bar that ends five minutes before the market's. `sessions_complete` is the last
    session whose bars are all there (default: the last one of the bars); without it a session
    that still runs would look like one that ended. No bars of the entry session at all means
    waiting, never "not triggered".
    Units: slippage in USD per share, fees_r in R.
    Raises: InsufficientDataError, see `BarPath.of` and `trigger_place`.
    """
    path = bars if isinstance(bars, BarPath) else BarPath.of(bars, hours)
    first = path.first_from(published_at)
    session = entry_session or path.session_of(first)
    place = None if session is None else path.place_of(session)
    if place is None:
        return Replay(status="waiting")
    complete = sessions_complete or path.session_at(len(path.sessions) - 1)
    first = max(first, int(path.starts[place]))
    window = Window(path, scenario, first, place, complete, bar_length)
    return _enter(window, published_at, Terms(slippage, fees_r, bar_length))


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a path in which a plan may live, from the bar `first` on.

    place: its entry session among the path's. complete: the last session that has ended.
    """

    path: BarPath
    scenario: Scenario
    first: int
    place: int
    complete: date
    bar_length: timedelta

    @property
    def last(self) -> int:
        """The place of the last session in which the plan may be held, there or yet to come."""
        return self.place + self.scenario.timebox_sessions - 1

    @property
    def is_over(self) -> bool:
        """Whether the last bar that may hold the plan is there."""
        if self.last >= len(self.path.sessions):
            return False
        return self.has_ended(self.last) or self.path.is_flat(self.last, self.bar_length)

    @property
    def is_shut(self) -> bool:
        """Whether the last bar that may bring the entry is there."""
        return self.has_ended(self.place) or (self.last == self.place and self.is_over)

    @property
    def entry_bars(self) -> int:
        """How many bars may bring the entry."""
        return max(0, min(int(self.path.starts[self.place + 1]), self.end) - self.first)

    def has_ended(self, place: int) -> bool:
        """Tell whether a session is there as a whole."""
        newest = len(self.path.sessions) - 1
        return place < newest or (place == newest and self.path.session_at(place) <= self.complete)

    @property
    def end(self) -> int:
        """The place after the last bar that may hold the plan, of those that are there."""
        if self.last >= len(self.path.sessions):
            return len(self.path)
        flat = self.path.flat_at(self.last, self.bar_length)
        return max(self.first, int(np.searchsorted(self.path.at, flat, side="right")))

    def bars(self) -> Bars:
        """Return the bars in which the plan may be held."""
        return self.path.turned(self.first, self.end, self.scenario.side)

    def last_bar(self, bars: Bars, opened: int) -> int | None:
        """Return the bar at whose close the time of a plan filled at `opened` is up."""
        limits = []
        if self.is_over:
            limits.append(len(bars.at) - 1)
        if self.scenario.timebox_minutes is not None:
            limit = timedelta(minutes=self.scenario.timebox_minutes) - self.bar_length
            start = int(bars.at[opened]) + max(0, limit // MICROSECOND)
            limits.append(int(np.searchsorted(bars.at, start)))
        return min((place for place in limits if place < len(bars.at)), default=None)


def _enter(window: Window, published_at: datetime, terms: Terms) -> Replay:
    """Let the bars of the entry session trigger, fill or kill the plan."""
    scenario, bars, end = window.scenario, window.bars(), window.entry_bars
    sign, waits = scenario.side.sign, not scenario.trigger.is_met
    hit = trigger_place(scenario.trigger, scenario.side, bars.head(end)) if waits else -1
    near, far = sorted((sign * scenario.entry_low, sign * scenario.entry_high))
    touches = (bars.low[:end] <= far) & (bars.high[:end] >= near)
    filled = hit + 1 + first_true(touches[hit + 1 :], end)
    dead = first_true(bars.close[:end] <= sign * scenario.stop, end)
    triggered_at = None if waits else published_at
    if waits and hit < dead:
        triggered_at = moment_of(bars.at[hit]) + terms.bar_length
    if dead < min(filled, end):
        return _ended(Outcome.INVALIDATED, "closed beyond the stop before the entry", triggered_at)
    if filled < end and triggered_at:
        last = window.last_bar(bars, filled)
        return OpenPosition(scenario, terms, bars, filled, last, triggered_at).run()
    return _unfilled(window, triggered_at)


def _unfilled(window: Window, triggered_at: datetime | None) -> Replay:
    if window.is_shut:
        reason = "the entry zone was not reached" if triggered_at else "the trigger did not come"
        return _ended(Outcome.NEVER_TRIGGERED, reason, triggered_at)
    status = "triggered" if triggered_at else "waiting"
    return Replay(status=status, triggered_at=triggered_at)


def _ended(outcome: Outcome, reason: str, triggered_at: datetime | None) -> Replay:
    return Replay(status="final", outcome=outcome, exit_reason=reason, triggered_at=triggered_at)
