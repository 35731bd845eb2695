"""What overriding has cost, when and in which mood, and how often plans were followed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from statistics import median

from core.analysis.discipline.actual import NEW_YORK
from core.analysis.statistics import mean, mean_interval
from core.domain.discipline import Adherence, Comparison, CostGroup
from core.domain.overrides import NOTHING, Override, OverrideKind, OverrideNote

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NOT_SAID = "not said"
FOLLOWS = {"win": "after a win", "loss": "after a loss", "": "neither"}
# What a trade loses of its one point for each override; a broken limit takes all of it.
LIGHT, BROKEN = 0.5, 1.0

Notes = Mapping[str, OverrideNote]
Name = Callable[[Override], str]


def cost_group(name: str, overrides: Sequence[Override], enough: int) -> CostGroup:
    """Return what some overrides have cost; one without a known R counts in USD alone."""
    results = [one.cost_r for one in overrides if one.cost_r is not None]
    low, high = mean_interval(results) or (None, None)
    return CostGroup(
        name=name,
        count=len(overrides),
        measured=len(results),
        cost_r=sum(results),
        cost_usd=sum((one.cost_usd or NOTHING for one in overrides), NOTHING),
        mean_r=mean(results),
        mean_low=low,
        mean_high=high,
        enough=len(results) >= enough,
    )


def cost_by(overrides: Iterable[Override], name: Name, enough: int) -> tuple[CostGroup, ...]:
    """Return one group per name, the dearest first."""
    groups: defaultdict[str, list[Override]] = defaultdict(list)
    for one in overrides:
        groups[name(one)].append(one)
    found = [cost_group(key, members, enough) for key, members in groups.items()]
    return tuple(sorted(found, key=lambda group: (-group.cost_r, group.name)))


def costs(
    overrides: Sequence[Override], notes: Notes, enough: int
) -> dict[str, tuple[CostGroup, ...]]:
    """Return the costs by kind, hour, weekday, emotion, and by the result before."""
    timed = [one for one in overrides if one.has_time]
    return {
        "kind": cost_by(overrides, lambda one: one.kind.value, enough),
        "hour": cost_by(timed, _hour, enough),
        "weekday": cost_by(overrides, lambda one: WEEKDAYS[one.session_date.weekday()], enough),
        "emotion": cost_by(overrides, lambda one: _emotion(one, notes), enough),
        "follows": cost_by(overrides, lambda one: FOLLOWS[one.follows], enough),
    }


def _hour(override: Override) -> str:
    return f"{override.occurred_at.astimezone(NEW_YORK):%H}:00"


def _emotion(override: Override, notes: Notes) -> str:
    note = notes.get(override.override_id)
    return note.emotion.value if note and note.emotion else NOT_SAID


def adherence(comparisons: Iterable[Comparison], today: date, days: int) -> Adherence:
    """Return how many plans and trades of the last days had no override."""
    lately = _lately(comparisons, today, days)
    return Adherence(days=days, count=len(lately), followed=sum(one.is_followed for one in lately))


def discipline_score(
    comparisons: Iterable[Comparison], overrides: Sequence[Override], today: date, days: int
) -> float | None:
    """Return 0 to 100, None of nothing. What an override brought in does not matter here.

    Each plan or trade has a point: a broken limit takes all of it, any other override half. What
    belongs to no trade, as a limit that was raised, counts as one without its point.
    """
    known, kinds = list(comparisons), {one.override_id: one.kind for one in overrides}
    lately = _lately(known, today, days)
    points = [_points([kinds[key] for key in one.override_ids if key in kinds]) for one in lately]
    told = {key for one in known for key in one.override_ids}
    first = today - timedelta(days=days)
    alone = [
        one
        for one in overrides
        if one.override_id not in told and first < one.session_date <= today
    ]
    count = len(points) + len(alone)
    return 100 * sum(points) / count if count else None


def _points(kinds: Iterable[OverrideKind]) -> float:
    return max(0.0, 1 - sum(BROKEN if kind.breaks_a_limit else LIGHT for kind in kinds))


def days_within_limits(
    comparisons: Iterable[Comparison], overrides: Iterable[Override], today: date, days: int
) -> tuple[int, int]:
    """Return on how many of the days with a plan or a trade no limit was broken, of how many."""
    broken = {one.session_date for one in overrides if one.kind.breaks_a_limit}
    active = {one.session_date for one in _lately(comparisons, today, days)}
    return len(active - broken), len(active)


def reaction_seconds(comparisons: Iterable[Comparison], today: date, days: int) -> float | None:
    """Return the median time from a trigger to its order, None where there was none."""
    lately = _lately(comparisons, today, days)
    seconds = [one.reaction_s for one in lately if one.reaction_s is not None]
    return median(seconds) if seconds else None


def _lately(comparisons: Iterable[Comparison], today: date, days: int) -> list[Comparison]:
    first = today - timedelta(days=days)
    return [one for one in comparisons if first < one.session_date <= today]
