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
from core.domain.tactics import Scenario

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
    limit in minutes counts from the start of the entry bar. `sessions_complete` is the last
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
    window = Window(path, scenario, first, place, complete)
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

    @property
    def entry_bars(self) -> int:
        """How many bars may bring the entry."""
        return max(0, int(self.path.starts[self.place + 1]) - self.first)

    def has_ended(self, sessions: int) -> bool:
        """Tell whether the last of so many sessions, from the entry's on, is there as a whole."""
        last, newest = self.place + sessions - 1, len(self.path.sessions) - 1
        is_newest = last == newest and self.path.session_at(last) <= self.complete
        return last < newest or is_newest

    def bars(self) -> Bars:
        """Return the bars of all sessions in which the plan may be held."""
        after = min(self.place + self.scenario.timebox_sessions, len(self.path.sessions))
        end = max(self.first, int(self.path.starts[after]))
        return self.path.turned(self.first, end, self.scenario.side)

    def last_bar(self, bars: Bars, opened: int, bar_length: timedelta) -> int | None:
        """Return the bar at whose close the time of a plan filled at `opened` is up."""
        limits = []
        if self.has_ended(self.scenario.timebox_sessions):
            limits.append(len(bars.at) - 1)
        if self.scenario.timebox_minutes is not None:
            limit = timedelta(minutes=self.scenario.timebox_minutes) - bar_length
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
        last = window.last_bar(bars, filled, terms.bar_length)
        return OpenPosition(scenario, terms, bars, filled, last, triggered_at).run()
    return _unfilled(window, triggered_at)


def _unfilled(window: Window, triggered_at: datetime | None) -> Replay:
    if window.has_ended(1):
        reason = "the entry zone was not reached" if triggered_at else "the trigger did not come"
        return _ended(Outcome.NEVER_TRIGGERED, reason, triggered_at)
    status = "triggered" if triggered_at else "waiting"
    return Replay(status=status, triggered_at=triggered_at)


def _ended(outcome: Outcome, reason: str, triggered_at: datetime | None) -> Replay:
    return Replay(status="final", outcome=outcome, exit_reason=reason, triggered_at=triggered_at)
