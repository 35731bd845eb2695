"""Many plans of one account as columns, NaN where something is not known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import nan
from typing import NamedTuple

import numpy as np

from core.analysis.bar_arrays import FloatArray
from core.analysis.sizing.bar_state import SizingReadings
from core.domain.risk.book import Book
from core.domain.risk.decision import WHOLE_SHARES, SizeInput
from core.domain.risk.formulas import odds
from core.domain.scenarios import Grade, Scenario, Side
from core.domain.track_record import Summary
from core.errors import InsufficientDataError

Row = tuple[Scenario, SizeInput]


class PlanColumns(NamedTuple):
    """What the plans want. sign: 1 long, -1 short. USD per share."""

    symbols: tuple[str, ...]
    grades: tuple[Grade, ...]
    sign: FloatArray
    entry: FloatArray
    stop: FloatArray
    first_target: FloatArray
    best_target: FloatArray

    @classmethod
    def of(cls, rows: Sequence[Row]) -> PlanColumns:
        plans = [scenario for scenario, _ in rows]
        return cls(
            tuple(facts.symbol for _, facts in rows),
            tuple(plan.grade for plan in plans),
            column(plan.side.sign for plan in plans),
            column(plan.worst_entry for plan in plans),
            column(plan.stop for plan in plans),
            column(plan.targets[0].price for plan in plans),
            column(plan.targets[-1].price for plan in plans),
        )


class RecordColumns(NamedTuple):
    """The track record of plans of the same kind: decided results, and what they say."""

    results: FloatArray
    win_rate: FloatArray
    payoff: FloatArray

    @classmethod
    def of(cls, records: Sequence[Summary | None]) -> RecordColumns:
        known = [odds(one) if one else (nan, nan) for one in records]
        return cls(
            column(one.wins + one.losses if one else None for one in records),
            column(win_rate for win_rate, _ in known),
            column(payoff for _, payoff in known),
        )


class HeatColumns(NamedTuple):
    """What is at risk already; it changes with the book, not with the bars.

    squared: of what it amounts to, in USD. risks: of each position that can still lose.
    correlations: of each plan's result with each of these positions, a row for each plan.
    """

    squared: float
    risks: tuple[float, ...]
    correlations: FloatArray

    @classmethod
    def of(cls, book: Book, plans: Sequence[tuple[str, Side]]) -> HeatColumns:
        try:
            squared, risks = book.squared_heat(), tuple(book.risks())
        except InsufficientDataError:
            return cls(nan, (), np.empty((len(plans), 0)))
        rows = [_correlations(book, *plan) or [nan] * len(risks) for plan in plans]
        return cls(squared, risks, np.array(rows).reshape(len(plans), len(risks)))


@dataclass(frozen=True)
class Candidates:
    """Plans that are sized for one book at one moment."""

    book: Book
    plans: PlanColumns
    readings: SizingReadings
    records: RecordColumns
    heat: HeatColumns
    trades_today: int
    session_is_over: bool = False
    lot: Decimal = WHOLE_SHARES

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Candidates:
        """Take plans, at least one; they share the book and the moment of the first."""
        facts = [one for _, one in rows]
        readings = ([getattr(one, name) for one in facts] for name in SizingReadings._fields)
        pairs = [(one.symbol, scenario.side) for scenario, one in rows]
        return cls(
            facts[0].book,
            PlanColumns.of(rows),
            SizingReadings(*(column(values) for values in readings)),
            RecordColumns.of([one.record for one in facts]),
            HeatColumns.of(facts[0].book, pairs),
            facts[0].trades_today,
            facts[0].session_is_over,
            facts[0].lot,
        )


def column(values: Iterable[float | None]) -> FloatArray:
    return np.array([nan if value is None else value for value in values], dtype=np.float64)


def _correlations(book: Book, symbol: str, side: Side) -> list[float] | None:
    try:
        return book.correlations_with(symbol, side)
    except InsufficientDataError:
        return None
