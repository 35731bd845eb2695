"""The deterministic replay of a published plan on the bars that followed (SYSTEM result)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import pairwise

import numpy as np
import pandas as pd

from core.analysis.open_position import Bar, OpenPosition, Replay, ReplayExit, ReplayRules
from core.domain.resolutions import Outcome
from core.domain.tactics import Scenario, Side
from core.errors import InsufficientDataError

__all__ = ["Replay", "ReplayExit", "replay"]

PRICES = ["open", "high", "low", "close"]


def replay(  # noqa: PLR0913 - the rules that a plan leaves to its policy, each by name
    scenario: Scenario,
    bars: pd.DataFrame,
    published_at: datetime,
    slippage: float = 0.0,
    *,
    entry_session: date | None = None,
    sessions_complete: date | None = None,
    be_after_target: int | None = None,
    timebox_bars: int | None = None,
    fees_r: float = 0.0,
) -> Replay:
    """Replay a plan whose trigger is true at publication.

    Shape: regular-hours bars with started_at, session_date, open, high, low, close, oldest first;
        those that start before `published_at` are left out.
    The entry is allowed in `entry_session` alone (default: the first session of the bars).
    `sessions_complete` is the last session whose bars are all there (default: the last one of
    the bars); without it a session that still runs would look like one that ended. No bars of
    the entry session at all means waiting, never "not triggered".
    Raises: InsufficientDataError if a price is not a finite number.
    """
    rules = ReplayRules(slippage, fees_r, be_after_target, timebox_bars)
    known = bars[bars["started_at"] >= published_at]
    if known.empty:
        return Replay(status="waiting")
    complete = sessions_complete or known["session_date"].iloc[-1]
    turned = list(_turn(known, scenario.side, complete))
    first = entry_session or turned[0].session
    return _run(scenario, turned, first, complete, rules)


def _run(
    scenario: Scenario, bars: Sequence[Bar], first: date, complete: date, rules: ReplayRules
) -> Replay:
    allowed = [(place, bar) for place, bar in enumerate(bars) if bar.session == first]
    sign = scenario.side.sign
    zone = sorted((sign * scenario.entry_low, sign * scenario.entry_high))
    for place, bar in allowed:
        if bar.low <= zone[1] and bar.high >= zone[0]:
            return _hold(_open(scenario, bar, rules), bars[place:])
        if bar.close <= sign * scenario.stop:
            reason = "closed beyond the stop before the entry"
            return Replay(status="final", outcome=Outcome.INVALIDATED, exit_reason=reason)
    if allowed and first <= complete:
        reason = "the entry zone was not reached"
        return Replay(status="final", outcome=Outcome.NEVER_TRIGGERED, exit_reason=reason)
    return Replay(status="waiting")


def _open(scenario: Scenario, bar: Bar, rules: ReplayRules) -> OpenPosition:
    """Fill at the worst edge of the zone."""
    sign = scenario.side.sign
    worst, stop = sign * scenario.worst_entry, sign * scenario.stop
    return OpenPosition(
        scenario=scenario,
        rules=rules,
        opened=bar,
        worst=worst,
        stop=stop,
        unit=worst - stop,
        entry=worst + rules.slippage,
        targets=[(sign * target.price, target.fraction) for target in scenario.targets],
        low=worst,
        high=worst,
    )


def _hold(position: OpenPosition, bars: Sequence[Bar]) -> Replay:
    session: date | None = None
    for bar in bars:
        position.see(bar, new_session=bar.session != session)
        session = bar.session
        if not position.left:
            break
    return position.result()


def _turn(bars: pd.DataFrame, side: Side, complete: date) -> Iterator[Bar]:
    """Yield the bars as a long plan would see them."""
    prices = bars[PRICES].to_numpy(dtype=np.float64)
    if not np.isfinite(prices).all():
        raise InsufficientDataError("a price in the bars is not a finite number")
    if side is Side.SHORT:
        prices = -prices[:, [0, 2, 1, 3]]
    sessions = bars["session_date"].tolist()
    last_of_session = [a != b for a, b in pairwise(sessions)]
    ends = [*last_of_session, sessions[-1] <= complete]
    moments = bars["started_at"].tolist()
    for at, session, (first, high, low, last), end in zip(
        moments, sessions, prices.tolist(), ends, strict=True
    ):
        yield Bar(at, session, first, high, low, last, end)
