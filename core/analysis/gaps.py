"""Which bars are missing, told as runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
from numpy.typing import NDArray

from core.domain.feed_policy import Gap
from core.domain.market import Timeframe


def missing_sessions(have: Iterable[date], sessions: Sequence[date]) -> list[date]:
    """Return the sessions without a bar, in their order."""
    known = set(have)
    return [session for session in sessions if session not in known]


def missing_bars(
    started_at: NDArray[np.datetime64], opens_at: datetime, closes_at: datetime, minutes: int
) -> list[datetime]:
    """Return the starts in [opens_at, closes_at) at which no bar of `minutes` begins.

    Shape: `started_at` in UTC, in any order. A minute without a trade has no bar on any feed, so
        for thinly traded symbols a missing minute is no fault.
    """
    known = set(started_at.astype("datetime64[s]").astype(np.int64).tolist())
    expected = bar_starts(opens_at, closes_at, minutes)
    return [start for start in expected if int(start.timestamp()) not in known]


def bar_starts(opens_at: datetime, closes_at: datetime, minutes: int) -> list[datetime]:
    """Return when the bars of a session begin, in UTC."""
    step = timedelta(minutes=minutes)
    count = -((opens_at - closes_at) // step)
    return [opens_at.astimezone(UTC) + step * number for number in range(count)]


def session_gaps(symbol: str, have: Iterable[date], sessions: Sequence[date]) -> list[Gap]:
    """Return the runs of sessions without a daily bar."""
    missing = [_midnight(day) for day in missing_sessions(have, sessions)]
    return gaps(symbol, Timeframe.DAY, missing, [_midnight(day) for day in sessions])


def gaps(
    symbol: str, timeframe: Timeframe, missing: Sequence[datetime], expected: Sequence[datetime]
) -> list[Gap]:
    """Return what is missing as runs of neighbours among what is expected, oldest first."""
    return [
        Gap(symbol=symbol, timeframe=timeframe, first=run[0], last=run[-1], count=len(run))
        for run in _runs(set(missing), sorted(expected))
    ]


def _runs(missing: set[datetime], expected: list[datetime]) -> list[list[datetime]]:
    runs: list[list[datetime]] = [[]]
    for start in expected:
        if start in missing:
            runs[-1].append(start)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
