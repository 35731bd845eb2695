"""How far past results can be believed: by kind of plan, by score, by week."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from core.analysis.statistics import mean, mean_interval, summarize
from core.domain.resolutions import Resolution
from core.domain.tactics import Tactic
from core.domain.track_record import (
    CalibrationBucket,
    Credibility,
    PlanRecord,
    Reconciliation,
    WeeklyRecap,
)

NEW_YORK = ZoneInfo("America/New_York")
KIND = ("setup", "grade", "timeframe")
KIND_AND_SIDE = (*KIND, "side")
BUCKETS = 5


def credibility(plans: Iterable[PlanRecord], kind: Sequence[str] = KIND) -> tuple[Credibility, ...]:
    """Return one row for each kind of plan that has ended."""
    ended = [plan for plan in plans if plan.resolution]

    def key(plan: PlanRecord) -> tuple[str, ...]:
        return tuple(str(getattr(plan, name)) for name in kind)

    groups = [list(group) for _, group in groupby(sorted(ended, key=key), key=key)]
    return tuple(_row(group, {name: getattr(group[0], name) for name in kind}) for group in groups)


def overall(plans: Iterable[PlanRecord]) -> Credibility:
    """Return the row of all plans that have ended, whatever their kind."""
    return _row([plan for plan in plans if plan.resolution], {})


def _row(plans: Sequence[PlanRecord], kind: dict[str, object]) -> Credibility:
    traded = list(_traded(plans))
    results = [ended.system_r for ended in traded]
    low, high = mean_interval(results) or (None, None)
    return Credibility(
        **summarize(results).model_dump(),
        **kind,
        untraded=len(plans) - len(traded),
        mean_low=low,
        mean_high=high,
        average_mae_r=mean([ended.mae_r for ended in traded]),
        average_mfe_r=mean([ended.mfe_r for ended in traded]),
    )


def _traded(plans: Iterable[PlanRecord]) -> Iterator[Resolution]:
    for plan in plans:
        if plan.resolution and plan.resolution.outcome.was_traded:
            yield plan.resolution


def calibrate(plans: Iterable[PlanRecord], buckets: int = BUCKETS) -> tuple[CalibrationBucket, ...]:
    """Return how often plans won by their score, in buckets of equal width, the lowest first."""
    found: defaultdict[int, list[PlanRecord]] = defaultdict(list)
    for plan in plans:
        if plan.traded_r is not None:
            found[min(int(plan.score * buckets), buckets - 1)].append(plan)
    return tuple(
        _bucket(found[place], place / buckets, (place + 1) / buckets) for place in range(buckets)
    )


def _bucket(plans: Sequence[PlanRecord], low: float, high: float) -> CalibrationBucket:
    results = [plan.traded_r for plan in plans if plan.traded_r is not None]
    summary = summarize(results)
    return CalibrationBucket(
        low=low,
        high=high,
        count=summary.count,
        mean_score=mean([plan.score for plan in plans]),
        wins=summary.wins,
        decided=summary.wins + summary.losses,
        hit_rate=summary.win_rate,
        hit_low=summary.win_low,
        hit_high=summary.win_high,
        enough=summary.enough,
    )


def reconcile(plans: Iterable[PlanRecord]) -> Reconciliation:
    """Count what became of the published plans; each of them must be found in one place."""
    known = list(plans)
    public = [plan for plan in known if plan.published_at]
    return Reconciliation(
        published=len(public),
        resolved=sum(plan.resolution is not None for plan in public),
        superseded=sum(plan.withdrawn == "superseded" for plan in public),
        cancelled=sum(plan.withdrawn == "cancelled" for plan in public),
        open=sum(plan.is_open and plan.resolution is None for plan in public),
        unpublished=len(known) - len(public),
    )


def weekly_recap(
    resolutions: Iterable[Resolution], tactics: Iterable[Tactic], week: date
) -> WeeklyRecap:
    """Return what the week that holds the day `week` came to.

    `tactics` are those that were published, whatever their week; a resolution of another one has
    no setup to be counted for.
    """
    monday = week - timedelta(days=week.weekday())
    sunday, known = monday + timedelta(days=6), list(tactics)
    ended = [one for one in resolutions if monday <= _ended_on(one) <= sunday]
    traded = [one for one in ended if one.outcome.was_traded]
    best, worst = _best_and_worst(traded, known)
    return WeeklyRecap(
        **summarize([one.system_r for one in traded]).model_dump(),
        week=monday,
        published=sum(len(t.scenarios) for t in known if monday <= t.session_date <= sunday),
        untriggered=len(ended) - len(traded),
        traded=sum(one.actual_r is not None for one in ended),
        average_mae_r=mean([one.mae_r for one in traded]),
        average_mfe_r=mean([one.mfe_r for one in traded]),
        best_setup=best,
        worst_setup=worst,
    )


def _ended_on(resolution: Resolution) -> date:
    return resolution.resolved_at.astimezone(NEW_YORK).date()


def _best_and_worst(
    traded: Iterable[Resolution], tactics: Iterable[Tactic]
) -> tuple[str | None, str | None]:
    """Return the setups with the most and the least R; there is no worst of one."""
    setups = {
        (tactic.tactic_id, tactic.version, plan.key): plan.setup
        for tactic in tactics
        for plan in tactic.scenarios
    }
    net: defaultdict[str, float] = defaultdict(float)
    for one in traded:
        setup = setups.get((one.tactic_id, one.version, one.scenario_key))
        if setup:
            net[setup] += one.system_r
    order = sorted(net, key=lambda setup: (-net[setup], setup))
    return (order[0] if order else None), (order[-1] if len(order) > 1 else None)
