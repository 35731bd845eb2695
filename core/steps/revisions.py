"""Bars that come again: the same, revised, or on another scale."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import pandas as pd

from core.analysis.overlap import common_ratio, overlap_difference
from core.analysis.quality import quarantine
from core.domain.feeds import DataFinding, QuarantinedRow
from core.flow.catalog import StepContext
from core.steps.moment import received_at

RESCALED = "came back divided by {:g}, and prices as they were traded do not change"


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
    """Set aside bars that came back on another scale; tell of these and of other revisions."""
    result = Compared(bars, [], [])
    for again in _known_already(context, provider, bars):
        changed = overlap_difference(again.stored, again.fetched)
        ratio = common_ratio(again.stored, again.fetched) if changed else None
        if changed and ratio is None:
            text = f"{provider} revised {len(changed)} {again.timeframe} bars since {changed[0]}"
            result.findings.append(_finding(context, "revision", again.symbol, text))
        if ratio is not None:
            reason = RESCALED.format(ratio)
            text = f"{again.timeframe} bars of {provider} since {changed[0]} {reason}"
            told = f"{text}: was there a split?"
            result.findings.append(_finding(context, "rescaled", again.symbol, told))
            result = _without(context, provider, result, again, reason)
    return result


def _known_already(context: StepContext, provider: str, bars: pd.DataFrame) -> Iterator[_Again]:
    """Find what the provider has told before of the same sessions."""
    for timeframe, fetched in bars.groupby("timeframe", sort=False):
        days = fetched["session_date"]
        known = context.services.storage.bars.of_provider(
            sorted(set(fetched["symbol"])), str(timeframe), provider, days.min(), days.max()
        )
        for symbol, stored in known.groupby("symbol"):
            same = fetched[fetched["symbol"] == symbol]
            yield _Again(str(symbol), str(timeframe), stored, same)


def _without(
    context: StepContext, provider: str, result: Compared, again: _Again, reason: str
) -> Compared:
    old = again.fetched[again.fetched["started_at"].isin(again.stored["started_at"])]
    reasons = pd.Series(reason, index=old.index)
    rows = quarantine(old, reasons, provider, received_at(context))
    return result._replace(kept=result.kept.drop(old.index), refused=[*result.refused, *rows])


def _finding(
    context: StepContext, kind: Literal["revision", "rescaled"], symbol: str, text: str
) -> DataFinding:
    return DataFinding(
        kind=kind, symbol=symbol, text=text, found_at=received_at(context), run_id=context.run_id
    )
