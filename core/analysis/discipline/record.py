"""Comparisons and overrides to what the page shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from core.analysis.discipline.scores import (
    adherence,
    costs,
    days_within_limits,
    discipline_score,
    reaction_seconds,
)
from core.domain.discipline import Comparison, DisciplinePolicy, LevelState
from core.domain.overrides import NOTHING, Override, OverrideNote
from core.domain.two_books import Between, DisciplineRecord, Recent

WEEK, MONTH = 7, 30
CURVE = ["ended_at", "system_r", "actual_r", "cost_r"]
OWN = ("override_id", "occurred_at", "session_date", "has_time", "symbol", "tactic_id", "account")
COLUMNS = [
    *OWN, "kind", "planned", "actual", "cost_r", "cost_usd", "follows", "reason", "emotion",
    "said_by", "label",
]  # fmt: skip


@dataclass(frozen=True)
class Judged:
    """Everything that was judged, and what was said about it."""

    comparisons: Sequence[Comparison]
    overrides: Sequence[Override]
    notes: Mapping[str, OverrideNote]


def discipline_record(
    judged: Judged,
    level: LevelState,
    today: date,
    policy: DisciplinePolicy,
    *,
    is_synthetic: bool = False,
) -> DisciplineRecord:
    """Return the whole record as of a day."""
    ended = [one for one in judged.comparisons if one.split is not None]
    return DisciplineRecord(
        is_synthetic=is_synthetic,
        between=between(ended, judged.overrides),
        recent=_recent(judged, today),
        level=level,
        policy=policy,
        curve=_curve(ended, judged.overrides),
        overrides=_frame(judged.overrides, judged.notes),
        costs=costs(judged.overrides, judged.notes, policy.enough),
    )


def between(ended: Sequence[Comparison], overrides: Iterable[Override]) -> Between:
    """Return the sums; what no override claims of the difference is execution."""
    cases = {one.case_id for one in ended}
    told = [one for one in overrides if one.case_id in cases]
    in_r = [one for one in ended if one.system_r is not None and one.actual_r is not None]
    system = sum((one.system.pnl for one in ended), NOTHING)
    actual = sum((one.actual.pnl for one in ended), NOTHING)
    cost = sum((one.cost_usd or NOTHING for one in told), NOTHING)
    return Between(
        count=len(ended),
        without_r=len(ended) - len(in_r),
        system_usd=system,
        actual_usd=actual,
        overrides_usd=cost,
        execution_usd=system - actual - cost,
        system_r=sum(one.system_r or 0.0 for one in in_r),
        actual_r=sum(one.actual_r or 0.0 for one in in_r),
        overrides_r=sum(one.cost_r or 0.0 for one in told),
    )


def _recent(judged: Judged, today: date) -> Recent:
    comparisons, overrides = judged.comparisons, judged.overrides
    within, days = days_within_limits(comparisons, overrides, today, MONTH)
    return Recent(
        week=adherence(comparisons, today, WEEK),
        month=adherence(comparisons, today, MONTH),
        score=discipline_score(comparisons, overrides, today, MONTH),
        within=within,
        days=days,
        reaction_s=reaction_seconds(comparisons, today, MONTH),
    )


def _curve(ended: Iterable[Comparison], overrides: Iterable[Override]) -> pd.DataFrame:
    cost: dict[str, float] = {}
    for one in overrides:
        cost[one.case_id] = cost.get(one.case_id, 0.0) + (one.cost_r or 0.0)
    rows = [
        (one.ended_at, one.system_r, one.actual_r, cost.get(one.case_id, 0.0))
        for one in ended
        if one.system_r is not None and one.actual_r is not None
    ]
    frame = pd.DataFrame(rows, columns=CURVE).sort_values("ended_at", kind="stable")
    sums = {name: frame[name].astype(float).cumsum() for name in CURVE[1:]}
    return frame.assign(**sums).reset_index(drop=True)


def _frame(overrides: Iterable[Override], notes: Mapping[str, OverrideNote]) -> pd.DataFrame:
    rows = [_row(one, notes.get(one.override_id)) for one in overrides]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.sort_values("occurred_at", ascending=False, kind="stable", ignore_index=True)


def _row(one: Override, note: OverrideNote | None) -> dict[str, object]:
    return {
        **{name: getattr(one, name) for name in OWN},
        "kind": one.kind.value,
        "planned": _words(one.planned),
        "actual": _words(one.actual),
        "cost_r": one.cost_r,
        "cost_usd": None if one.cost_usd is None else float(one.cost_usd),
        "follows": one.follows,
        "reason": note.reason if note else one.said,
        "emotion": note.emotion.value if note and note.emotion else "",
        "said_by": note.actor if note else "",
        "label": one.label,
    }


def _words(values: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())
