"""Bars that come again: the same, revised, or on another scale."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from core.analysis.overlap import common_ratio, differing, overlap_difference
from core.analysis.quality import PRICES, REPEATED, quarantine
from core.domain.feeds import DataFinding, QuarantinedRow
from core.domain.market import Timeframe
from core.flow.catalog import StepContext
from core.steps.moment import received_at, session_of

RESCALED = "came back divided by {:g}, and prices as they were traded do not change"
NUMBERS = [*PRICES, "volume"]
LOOK_BACK = {Timeframe.DAY: timedelta(days=7)}  # no break between two sessions is longer


class Compared(NamedTuple):
    """What may be stored, what may not, and what the operator should know."""

    kept: pd.DataFrame
    refused: list[QuarantinedRow]
    findings: list[DataFinding]


class _Again(NamedTuple):
    """One symbol's bars, as they are stored and as they came now."""

    symbol: str
    timeframe: str
    stored: pd.DataFrame
    fetched: pd.DataFrame


def compare(context: StepContext, provider: str, bars: pd.DataFrame) -> Compared:
    """Set aside bars on another scale and bars of the session before; tell of what was revised."""
    result = Compared(bars, [], [])
    for again in _known_already(context, provider, bars):
        stale = _stale(again)
        result = _without(context, provider, result, stale, REPEATED)
        new = again._replace(fetched=again.fetched.drop(stale.index))
        result = _told(context, provider, result, new)
    return result


def _told(context: StepContext, provider: str, result: Compared, again: _Again) -> Compared:
    """Tell of what changed, and refuse what is on another scale."""
    changed = overlap_difference(again.stored, again.fetched)
    if not changed:
        return result
    ratio = common_ratio(again.stored, again.fetched)
    if ratio is None:
        if again.timeframe != Timeframe.DAY and changed == [session_of(received_at(context))]:
            return result  # late trades change a session that still goes on
        text = f"{provider} revised {len(changed)} {again.timeframe} bars since {changed[0]}"
        result.findings.append(_finding(context, "revision", again.symbol, text))
        return result
    reason = RESCALED.format(ratio)
    text = f"{again.timeframe} bars of {provider} since {changed[0]} {reason}"
    told = f"{text}: was there a split?"
    result.findings.append(_finding(context, "rescaled", again.symbol, told))
    # What lies before or between rescaled bars is new, but on their scale.
    rescaled = again.fetched[again.fetched["session_date"] <= changed[-1]]
    return _without(context, provider, result, rescaled, reason)


def _stale(again: _Again) -> pd.DataFrame:
    """Return the first daily bar if it is the one that is stored of the session before."""
    first = again.fetched.head(1)
    before = again.stored[again.stored["started_at"] < first["started_at"].iloc[0]].tail(1)
    if again.timeframe != Timeframe.DAY or before.empty or first["volume"].iloc[0] <= 0:
        return first.head(0)
    is_same = np.array_equal(first[NUMBERS].to_numpy(float), before[NUMBERS].to_numpy(float))
    return first if is_same else first.head(0)


def _known_already(context: StepContext, provider: str, bars: pd.DataFrame) -> Iterator[_Again]:
    """Find what differs from what the provider told before of the same sessions and the last."""
    for timeframe, fetched in bars.groupby("timeframe", sort=False):
        days = fetched["session_date"]
        since = days.min() - LOOK_BACK.get(Timeframe(str(timeframe)), timedelta(0))
        known = context.services.storage.bars.of_provider(
            sorted(set(fetched["symbol"])), str(timeframe), provider, since, days.max()
        )
        suspects = _suspects(known, fetched)
        for symbol, stored in known[known["symbol"].isin(suspects)].groupby("symbol"):
            same = fetched[fetched["symbol"] == symbol]
            yield _Again(str(symbol), str(timeframe), stored, same)


def _suspects(known: pd.DataFrame, fetched: pd.DataFrame) -> set[str]:
    """Return the symbols with a bar that changed, or that begin with numbers told before.

    Nearly all bars come as they were: one look at all symbols spares a look at each.
    """
    if known.empty:
        return set()
    changed = set(differing(known, fetched)["symbol"])
    first = fetched.drop_duplicates("symbol")[["symbol", "started_at", *NUMBERS]]
    again = known[["symbol", "started_at", *NUMBERS]].merge(first, on=["symbol", *NUMBERS])
    return changed | set(again[again["started_at_x"] != again["started_at_y"]]["symbol"])


def _without(
    context: StepContext, provider: str, result: Compared, rows: pd.DataFrame, reason: str
) -> Compared:
    reasons = pd.Series(reason, index=rows.index)
    refused = quarantine(rows, reasons, provider, received_at(context))
    return result._replace(kept=result.kept.drop(rows.index), refused=[*result.refused, *refused])


def _finding(
    context: StepContext, kind: Literal["revision", "rescaled"], symbol: str, text: str
) -> DataFinding:
    return DataFinding(
        kind=kind, symbol=symbol, text=text, found_at=received_at(context), run_id=context.run_id
    )
