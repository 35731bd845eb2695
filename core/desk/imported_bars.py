"""Which bars of an operator's file may be stored, and what the report says of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain

import pandas as pd

from core.analysis.bar_files import BarFile
from core.analysis.price_scale import Scale, judge_scale
from core.analysis.quality import quarantine, split_bars
from core.domain.feeds import QuarantinedRow
from core.domain.market import Timeframe
from core.flow import calendars
from core.steps.moment import CALENDAR
from core.storage.storage import Storage

KEPT_PER_REASON = 1_000
LENGTHS = {Timeframe.MINUTE: timedelta(minutes=1), Timeframe.FIVE_MINUTES: timedelta(minutes=5)}
CALENDAR_KNOWS = timedelta(days=365 * 20)


@dataclass(frozen=True)
class Checked:
    """The good bars; the refused ones, of each reason the first, and how many these are.

    scale_unknown: the symbols whose prices nothing could be compared with.
    """

    good: pd.DataFrame
    refused: list[QuarantinedRow]
    reasons: Counter[str]
    scale_unknown: int


def check_bars(storage: Storage, found: BarFile, source: str, read_at: datetime) -> Checked:
    """Refuse bars that cannot be right, and bars that are not as they were traded."""
    timeframe = Timeframe(found.reading.timeframe)
    until, sessions = _until(timeframe, read_at), _sessions(found.frame, read_at)
    sound, bad = split_bars(found.frame, source, read_at, until=until, sessions=sessions)
    reasons = Counter(found.reasons) + Counter(row.reason for row in bad)
    if sound.empty:
        return Checked(sound, [*found.refused, *bad], reasons, 0)
    scale = _scale(storage, sound, source, read_at)
    is_good = scale.reasons.eq("")
    other = scale.reasons[~is_good]
    first = other[other.groupby(other).cumcount() < KEPT_PER_REASON]
    rows = quarantine(sound.loc[first.index], first, source, read_at)
    return Checked(
        sound[is_good],
        [*found.refused, *bad, *rows],
        reasons + Counter(other),
        len(scale.unknown),
    )


def _scale(storage: Storage, bars: pd.DataFrame, source: str, read_at: datetime) -> Scale:
    symbols, days = sorted(bars["symbol"].unique()), bars["session_date"]
    others = storage.views.closes_of_others(
        symbols, bars["timeframe"].iloc[0], source, days.min().date(), days.max().date()
    )
    actions = storage.actions.known_of(symbols, read_at)
    return judge_scale(bars, others, chain.from_iterable(actions.values()))


def _until(timeframe: Timeframe, now: datetime) -> datetime:
    """Return the start of the last bar that is complete by now."""
    if timeframe in LENGTHS:
        return now - LENGTHS[timeframe]
    return datetime.combine(calendars.last_closed(CALENDAR, now), time(), UTC)


def _sessions(bars: pd.DataFrame, now: datetime) -> AbstractSet[date]:
    """Return the sessions of a file's range up to now; any weekday where no calendar is known."""
    if bars.empty:
        return set()
    known_from, today = now.date() - CALENDAR_KNOWS, now.date()
    first, last = bars["session_date"].min().date(), min(bars["session_date"].max().date(), today)
    older = pd.bdate_range(first, min(last, known_from - timedelta(days=1)))
    recent = (
        calendars.sessions(CALENDAR, max(first, known_from), last) if last >= known_from else []
    )
    return {*older.date, *recent}
