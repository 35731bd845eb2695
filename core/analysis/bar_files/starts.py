"""From written times to the starts of bars: timeframe, session, UTC, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from core.analysis.bar_files.dates import Moments
from core.domain.market import Timeframe
from core.errors import DomainError

NEW_YORK = ZoneInfo("America/New_York")
DAY_S = 86_400
SPACINGS = {60: Timeframe.MINUTE, 300: Timeframe.FIVE_MINUTES}
LONGEST_DAILY_GAP = 4  # days: a file of two bars around a long weekend

EARLIEST = pd.Timestamp("1900-01-01")

UNREADABLE = "the date cannot be read"
NAIVE_AMONG_AWARE = "the time has no offset and the file's other times have one"
AWARE_AMONG_NAIVE = "the time has an offset and the file's other times have none"
OTHER_OFFSET = "the time's offset is not the file's"
TOO_EARLY = "the date lies before 1900"
NO_SUCH_TIME = "the clock change makes the time doubtful"
OFF_GRID = "the start is not on the timeframe's grid"


@dataclass(frozen=True)
class Starts:
    """Aware UTC starts and session dates; `reasons` is empty where a row is good."""

    started_at: pd.Series[Any]
    session_date: pd.Series[Any]
    reasons: pd.Series[Any]
    timeframe: Timeframe
    time_zone: str


def find_starts(moments: Moments, symbols: pd.Series[Any], zone: str, name: str) -> Starts:
    """Return when each bar starts. Daily bars start at midnight UTC of their session.

    Raises: DomainError if the spacing is no timeframe of the desk, or intraday times have no zone.
    """
    wall, offset = pd.Series(moments.wall), pd.Series(moments.offset_s)
    reasons = _doubts(wall, offset)
    usable = reasons.eq("")
    timeframe = _timeframe(_utc(wall, offset)[usable], symbols[usable], name)
    is_aware = bool(offset[usable].notna().any())
    if timeframe is Timeframe.DAY:
        session = _sessions(wall, offset)
        starts = session.dt.tz_localize("UTC").astype("datetime64[us, UTC]")
        return Starts(starts, session, reasons, timeframe, _told(offset[usable], zone))
    if is_aware:
        starts = _utc(wall, offset).dt.tz_localize("UTC")
    else:
        starts = _localized(wall, zone, name)
        reasons = reasons.mask(usable & starts.isna(), NO_SUCH_TIME)
    starts = starts.astype("datetime64[us, UTC]")
    reasons = reasons.mask(reasons.eq("") & _off_grid(starts, timeframe), OFF_GRID)
    session = starts.dt.tz_convert(NEW_YORK).dt.tz_localize(None).dt.normalize()
    return Starts(starts, session, reasons, timeframe, _told(offset[usable], zone))


def _doubts(wall: pd.Series[Any], offset: pd.Series[Any]) -> pd.Series[Any]:
    """Return why a time cannot be used: unreadable, or not of the zone that the file is in."""
    readable, aware = wall.notna(), offset.notna()
    is_aware = (readable & aware).sum() >= (readable & ~aware).sum()
    stranger = ~offset.isin(_own_offsets(offset[readable])) & aware
    return pd.Series(
        np.select(
            [~readable, wall.lt(EARLIEST), ~aware & is_aware, aware & (not is_aware), stranger],
            [UNREADABLE, TOO_EARLY, NAIVE_AMONG_AWARE, AWARE_AMONG_NAIVE, OTHER_OFFSET],
            default="",
        ),
        dtype=object,
    )


def _own_offsets(offset: pd.Series[Any]) -> list[float]:
    """Return the file's offset and, of one zone in summer and winter, the one an hour beside it."""
    counts = offset.value_counts()
    if counts.empty:
        return []
    main = float(counts.index[0])
    beside = [float(other) for other in counts.index if abs(other - main) == 3600]
    return [main, *beside[:1]]


def _utc(wall: pd.Series[Any], offset: pd.Series[Any]) -> pd.Series[Any]:
    return wall - pd.to_timedelta(offset.fillna(0.0), unit="s").astype("timedelta64[us]")


def _timeframe(instants: pd.Series[Any], symbols: pd.Series[Any], name: str) -> Timeframe:
    """Return the timeframe whose spacing is the most frequent one within a symbol."""
    ordered = pd.DataFrame({"symbol": symbols, "at": instants}).sort_values(["symbol", "at"])
    gaps = ordered["at"].diff().dt.total_seconds()
    within = ordered["symbol"].eq(ordered["symbol"].shift()) & gaps.gt(0)
    if not within.any():
        return _timeframe_of_single_bars(instants, name)
    spacing = float(gaps[within].mode().iloc[0])
    if 1 <= round(spacing / DAY_S) <= LONGEST_DAILY_GAP and spacing > DAY_S * 0.9:
        return Timeframe.DAY
    if spacing in SPACINGS:
        return SPACINGS[int(spacing)]
    raise DomainError(
        f"{name}: its bars are {_length(spacing)} apart; the desk keeps bars of 1 day, 5 minutes "
        "and 1 minute"
    )


def _timeframe_of_single_bars(instants: pd.Series[Any], name: str) -> Timeframe:
    if instants.empty:
        raise DomainError(f"{name}: no row has a date that can be used")
    if (instants.dt.normalize() == instants).all():
        return Timeframe.DAY
    raise DomainError(f"{name}: one bar of a symbol does not tell the timeframe; give two or more")


def _sessions(wall: pd.Series[Any], offset: pd.Series[Any]) -> pd.Series[Any]:
    """Return the dates as written; an instant within a day is dated in New York."""
    written: pd.Series[Any] = wall.dt.normalize()
    inside = offset.notna() & written.ne(wall)
    if not inside.any():
        return written
    local = _utc(wall, offset).dt.tz_localize("UTC").dt.tz_convert(NEW_YORK)
    dated: pd.Series[Any] = written.mask(inside, local.dt.tz_localize(None).dt.normalize())
    return dated


def _localized(wall: pd.Series[Any], zone: str, name: str) -> pd.Series[Any]:
    if not zone:
        raise DomainError(
            f"{name}: its times have no time zone; name it, such as --timezone America/New_York"
        )
    try:
        known = ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise DomainError(f"there is no time zone {zone!r}; try America/New_York or UTC") from None
    local = wall.dt.tz_localize(known, ambiguous="NaT", nonexistent="NaT")
    starts: pd.Series[Any] = local.dt.tz_convert("UTC")
    return starts


def _off_grid(starts: pd.Series[Any], timeframe: Timeframe) -> pd.Series[Any]:
    step = 60 if timeframe is Timeframe.MINUTE else 300
    off: pd.Series[Any] = starts.dt.floor(f"{step}s").ne(starts) & starts.notna()
    return off


def _told(offset: pd.Series[Any], zone: str) -> str:
    """Name the zone: the offsets that are written, else what was said, else none for dates."""
    found = sorted(offset.dropna().unique())
    if not found:
        return zone
    return ", ".join(f"UTC{east / 3600:+g}" if east else "UTC" for east in found)


def _length(spacing: float) -> str:
    if spacing >= DAY_S:
        return f"{spacing / DAY_S:g} days"
    return f"{spacing / 60:g} minutes" if spacing >= 60 else f"{spacing:g} seconds"
