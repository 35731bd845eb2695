"""The sizing ladder for many plans of one account at once; each row is what `size` says of it.

The plans do not know of each other: which ones are ordered is decided afterwards, one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.analysis.bar_arrays import FloatArray
from core.analysis.sizing.array_rungs import ARRAY_RUNGS, Case
from core.analysis.sizing.candidates import Candidates
from core.domain.risk.policy import RiskPolicy
from core.domain.risk.sizing import TOLERANCE

NAMES = tuple(ARRAY_RUNGS)


class SizedIntent(NamedTuple):
    """One plan that may be ordered: how many lots, and the USD that it risks and costs."""

    symbol: str
    lots: int
    binding: str
    risk_usd: float
    notional_usd: float


@dataclass(frozen=True)
class SizeTable:
    """The ladders of all plans.

    rungs: shares by rung and plan, NaN where an input is missing, infinite where it does not
    limit. binding: the place of the rung that binds, -1 where the plan is refused. lots: how many
    lots each plan may have.
    """

    candidates: Candidates
    rungs: FloatArray
    binding: NDArray[np.intp]
    lots: NDArray[np.int64]

    def intents(self) -> list[SizedIntent]:
        """Return the plans that may be ordered."""
        plans, places = self.candidates.plans, self.lots.nonzero()[0]
        shares = self.lots * float(self.candidates.lot)
        risk, notional = shares * np.abs(plans.entry - plans.stop), shares * plans.entry
        columns = (self.lots, self.binding, risk, notional)
        rows = zip(places.tolist(), *(one[places].tolist() for one in columns), strict=True)
        return [
            SizedIntent(plans.symbols[place], lots, NAMES[rung], loss, cost)
            for place, lots, rung, loss, cost in rows
        ]


def size_many(candidates: Candidates, policy: RiskPolicy) -> SizeTable:
    """Return the ladders of all plans, each by itself."""
    with np.errstate(all="ignore"):
        case, count = Case.of(candidates, policy), len(candidates.plans.symbols)
        rungs = np.empty((len(ARRAY_RUNGS), count))
        for row, rung in zip(rungs, ARRAY_RUNGS.values(), strict=True):
            row[:] = rung(case)
        # What is missing binds before what is used up.
        tightness = np.where(np.isnan(rungs), -1.0, rungs)
        binding = tightness.argmin(axis=0)
        most = np.maximum(0.0, tightness[binding, np.arange(count)])
        lots = np.floor(most / float(candidates.lot) + TOLERANCE).astype(np.int64)
        out = _refused(case)
    return SizeTable(candidates, rungs, np.where(out, -1, binding), np.where(out, 0, lots))


def _refused(case: Case) -> NDArray[np.bool_]:
    """Tell which plans are not sized at all, as `refusal_of` does."""
    candidates, policy, plans = case.candidates, case.policy, case.candidates.plans
    if candidates.session_is_over or candidates.trades_today >= policy.trades_per_day:
        return np.ones(len(plans.symbols), dtype=np.bool_)
    distance = np.abs(plans.entry - plans.stop)
    ranges = distance / case.atr
    first = plans.sign * (plans.first_target - plans.entry) / distance
    best = plans.sign * (plans.best_target - plans.entry) / distance
    out: NDArray[np.bool_] = (
        (case.grade == 0)
        | (ranges < policy.stop_minimum_atr)
        | (ranges > policy.stop_maximum_atr)
        | (first < policy.minimum_first_target_r - TOLERANCE)
        | (best < policy.minimum_best_target_r - TOLERANCE)
    )
    return out
