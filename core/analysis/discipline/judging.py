"""One case in both books: what was departed from, and which part of the cost each took."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from core.analysis.discipline import conduct, entries, exits, sizes
from core.analysis.discipline.actual import NEW_YORK
from core.analysis.discipline.case import Case, Finding
from core.domain.discipline import Comparison
from core.domain.overrides import BookTrade, CostSplit, Override, OverrideKind, Part, split_cost

ORDER = list(OverrideKind)
Detector = Callable[[Case], Finding | None]
DETECTORS: tuple[Detector, ...] = (
    conduct.unplanned_trade,
    conduct.bias_flip,
    conduct.reentry_after_stop,
    conduct.traded_dnp,
    entries.skipped_signal,
    entries.early_entry,
    entries.chased_entry,
    sizes.averaged_down,
    sizes.oversize,
    sizes.undersize,
    exits.held_past_invalidation,
    exits.stop_removed,
    exits.stop_widened,
    exits.target_moved,
    exits.late_exit,
    exits.early_exit,
    conduct.over_daily_limit,
    conduct.after_stop_gain,
)


@dataclass(frozen=True)
class Judgement:
    """A case in both books, and the overrides between them."""

    comparison: Comparison
    overrides: tuple[Override, ...]


def judge(cases: Iterable[Case]) -> list[Judgement]:
    """Return what became of each case in which the rule entered or the operator did something."""
    return [found for case in cases if (found := judge_one(case)) is not None]


def judge_one(case: Case) -> Judgement | None:
    """Return a case in both books, None where nothing was entered and nothing departed from."""
    found = [finding for detector in DETECTORS if (finding := detector(case)) is not None]
    was_filled = case.plan is not None and case.plan.was_filled
    if not found and case.trade is None and not was_filled:
        return None
    books = _Books.of(case)
    overrides = tuple(_overrides(case, books, found))
    return Judgement(_comparison(case, books, overrides), overrides)


@dataclass(frozen=True)
class _Books:
    """Both books of a case; `split` is None while one of them goes on."""

    system: BookTrade
    actual: BookTrade
    split: CostSplit | None
    unit: Decimal | None

    @classmethod
    def of(cls, case: Case) -> _Books:
        plan, trade, side = case.plan, case.trade, case.side
        system = plan.book(side) if plan else BookTrade(side=side)
        actual = trade.book if trade else BookTrade(side=side)
        has_ended = (plan is None or plan.has_ended) and (trade is None or not trade.is_open)
        split = split_cost(system, actual) if has_ended else None
        unit = plan.r_usd if plan and plan.is_playable else case.unit_usd
        return cls(system, actual, split, unit)

    def in_r(self, book: BookTrade) -> float | None:
        return float(book.pnl / self.unit) if self.split and self.unit else None


def shares(kinds: Sequence[OverrideKind], split: CostSplit) -> dict[OverrideKind, CostSplit]:
    """Return what of a trade's cost each kind takes: nothing is taken twice."""
    left: set[Part] = {"entry", "size", "exit", "fees"}
    found = {}
    for kind in sorted(kinds, key=ORDER.index):
        taken = kind.parts & left
        left -= taken
        found[kind] = split.only(frozenset(taken))
    return found


def _overrides(case: Case, books: _Books, found: Sequence[Finding]) -> Iterator[Override]:
    taken = shares([one.kind for one in found], books.split) if books.split else {}
    common = _common(case, books)
    for one in sorted(found, key=lambda finding: ORDER.index(finding.kind)):
        own = {
            "kind": one.kind,
            "occurred_at": one.at,
            "said": one.said[:500],
            "planned": _told(one.planned),
            "actual": _told(one.actual),
            "follows": _follows(case),
            "has_time": case.trade is None or case.trade.has_times,
            "share": taken.get(one.kind),
        }
        yield Override.model_validate(common | own)


def _comparison(case: Case, books: _Books, overrides: Sequence[Override]) -> Comparison:
    own = {
        "ended_at": _ended_at(case) if books.split else None,
        "system": books.system,
        "actual": books.actual,
        "override_ids": tuple(one.override_id for one in overrides),
        "reaction_s": _reaction(case),
    }
    return Comparison.model_validate(_common(case, books) | own)


def _common(case: Case, books: _Books) -> dict[str, object]:
    """Return what a comparison and its overrides say alike."""
    plan, subject = case.plan, case.subject
    named = {"tactic_id": plan.tactic_id, "version": plan.version} if plan else {}
    scenario = {"scenario_key": plan.scenario.key} if plan and plan.scenario else {}
    return {
        "case_id": case.case_id,
        "account": subject.account,
        "session_date": subject.session_date,
        "symbol": subject.symbol,
        **named,
        **scenario,
        "split": books.split,
        "planned_r_usd": books.unit,
        "system_r": books.in_r(books.system),
        "actual_r": books.in_r(books.actual),
        "label": case.label,
    }


def _told(values: Mapping[str, object]) -> dict[str, str]:
    """Return values as words: times in New York, numbers as short as they are."""
    return {name: _word(value) for name, value in values.items()}


def _word(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(NEW_YORK):%Y-%m-%d %H:%M} ET"
    if isinstance(value, Decimal):
        return f"{round(value, 6).normalize():f}"
    return str(value).replace("_", " ")


def _follows(case: Case) -> Literal["win", "loss", ""]:
    pnl = case.before.book.pnl if case.before else Decimal(0)
    return "win" if pnl > 0 else "loss" if pnl < 0 else ""


def _ended_at(case: Case) -> datetime:
    ends = (case.plan.exit_at if case.plan else None, case.trade.closed_at if case.trade else None)
    return max(one for one in ends if one is not None)


def _reaction(case: Case) -> float | None:
    """Return the seconds from the trigger to the order, None where there was none before it."""
    trade, replay = case.trade, case.plan.replay if case.plan else None
    if trade is None or not trade.has_times or replay is None or replay.triggered_at is None:
        return None
    seconds = (trade.decided_at - replay.triggered_at).total_seconds()
    return seconds if seconds >= 0 else None
