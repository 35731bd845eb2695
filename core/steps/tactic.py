"""Draft tactics from insights, and replay them on the bars that followed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from core.analysis.bias import judge_bias
from core.analysis.plan import Plan, plan
from core.analysis.rendering import usd
from core.analysis.resolution import Replay, replay
from core.domain.feeds import Label
from core.domain.insights import Insight
from core.domain.lifecycle import TacticEvent, TacticEventKind
from core.domain.market import MarketSnapshot, Timeframe
from core.domain.resolutions import Outcome, Resolution
from core.domain.setups import setup_title
from core.domain.tactics import Generator, Grade, Scenario, Stage, Tactic
from core.flow.catalog import StepContext, step
from core.steps import trade
from core.steps.board import adjusted_bars

ENGINE = "desk/v1"
TRADABLE = {Grade.A_PLUS, Grade.B}


@dataclass(frozen=True)
class Candidate:
    """One symbol's insight with the plan that code made of it."""

    snapshot: MarketSnapshot
    insight: Insight
    plan: Plan

    @property
    def is_tradable(self) -> bool:
        return bool(self.plan.scenarios) and self.plan.scenarios[0].grade in TRADABLE

    @property
    def score(self) -> float:
        return self.plan.scenarios[0].score if self.plan.scenarios else 0.0


@step("tactic.draft")
def draft(context: StepContext) -> dict[str, Any]:
    """Draft the day's best plans, or one plan to wait when nothing is worth it."""
    candidates = _candidates(context)
    tactics = [_tactic(context, chosen) for chosen in _choose(context, candidates)]
    storage = context.services.storage
    for tactic in tactics:
        storage.tactics.append(tactic)
    storage.tactics.append_events([event(t, TacticEventKind.DRAFTED, context) for t in tactics])
    return {"tactics": [summary(tactic) for tactic in tactics]}


def summary(tactic: Tactic) -> dict[str, Any]:
    """Return what the command line and the pages list of a tactic."""
    return {
        "tactic_id": tactic.tactic_id,
        "symbol": tactic.symbol,
        "grade": tactic.grade.value,
        "content_sha256": tactic.content_sha256,
    }


def event(
    tactic: Tactic,
    kind: TacticEventKind,
    context: StepContext,
    payload: Mapping[str, str | float | int | bool | None] | None = None,
    occurred_at: datetime | None = None,
) -> TacticEvent:
    return TacticEvent(
        tactic_id=tactic.tactic_id,
        version=tactic.version,
        scenario_key=tactic.scenario.key if tactic.scenario else "",
        kind=kind,
        occurred_at=occurred_at or context.as_of,
        actor=context.run_id,
        payload=dict(payload or {}),
    )


def _candidates(context: StepContext) -> list[Candidate]:
    storage, setups = context.services.storage, context.services.playbook.setups
    snapshot_ids = context.results["snapshot"]["snapshots"]
    insight_ids = context.results["insight"]["insights"]
    insights = {i.symbol: i for i in storage.insights.insights(list(insight_ids.values()))}
    snapshots = storage.insights.snapshots(list(snapshot_ids.values()))
    bars = _bars_of(context, snapshots)
    return [
        Candidate(
            snapshot=snapshot,
            insight=insights[snapshot.symbol],
            plan=plan(snapshot, bars[snapshot.symbol], judge_bias(snapshot), setups),
        )
        for snapshot in snapshots
    ]


def _bars_of(context: StepContext, snapshots: Sequence[MarketSnapshot]) -> dict[str, pd.DataFrame]:
    """Return the daily bars that the snapshots were made of."""
    storage, as_of = context.services.storage, max(snapshot.as_of for snapshot in snapshots)
    symbols = [snapshot.symbol for snapshot in snapshots]
    actions = storage.actions.known_of(symbols, as_of)
    return adjusted_bars(storage, symbols, actions, context.session_date, as_of)


def _choose(context: StepContext, candidates: list[Candidate]) -> list[Candidate]:
    tradable = [candidate for candidate in candidates if candidate.is_tradable]
    tradable.sort(key=lambda c: (-c.score, c.snapshot.symbol))
    if tradable:
        return tradable[: max(1, context.services.playbook.policy.trades_per_day)]
    return [max(candidates, key=lambda c: (c.insight.conviction, c.snapshot.symbol))]


def _tactic(context: StepContext, chosen: Candidate) -> Tactic:
    snapshot, made = chosen.snapshot, chosen.plan
    scenarios = made.scenarios[:1] if chosen.is_tradable else ()
    return Tactic(
        tactic_id=f"TBOW-{snapshot.symbol}-{snapshot.session_date:%Y%m%d}-AM",
        version=1,
        symbol=snapshot.symbol,
        session_date=snapshot.session_date,
        as_of=snapshot.as_of,
        timeframe=snapshot.timeframe,
        snapshot_id=snapshot.snapshot_id,
        insight_id=chosen.insight.insight_id,
        generator=Generator(engine=ENGINE),
        stage=_stage(context, scenarios),
        bias=chosen.insight.stance,
        headline=_headline(scenarios),
        context_insight=chosen.insight.summary,
        objective=_objective(scenarios),
        levels=snapshot.levels[:6],
        scenarios=scenarios,
        score_parts=made.score_parts if scenarios else None,
        wait_clause=chosen.insight.would_change_mind,
        checklist=made.checklist,
        do_not_play_reasons=() if scenarios else _reasons(made),
    )


def _stage(context: StepContext, scenarios: tuple[Scenario, ...]) -> Stage:
    if not scenarios:
        return Stage.PAPER
    setups = context.services.playbook.setups
    return next(setup.stage for setup in setups if setup.setup == scenarios[0].setup)


def _headline(scenarios: tuple[Scenario, ...]) -> str:
    if not scenarios:
        return "wait it out"
    return f"{setup_title(scenarios[0].setup, scenarios[0].side)}, {scenarios[0].side}"


def _objective(scenarios: tuple[Scenario, ...]) -> str:
    if not scenarios:
        return "Do nothing until price offers a plan that pays for its risk."
    first = scenarios[0]
    verb = "Buy a" if first.side.sign > 0 else "Sell short a"
    return (
        f"{verb} {setup_title(first.setup, first.side)} between {usd(first.entry_low)} and "
        f"{usd(first.entry_high)}, out at {usd(first.stop)} if it fails."
    )


def _reasons(made: Plan) -> tuple[str, ...]:
    return made.do_not_play_reasons or ("no setup is present",)


@step("tactic.judge")
def judge(context: StepContext) -> dict[str, Any]:
    """Replay every open plan; name the orders of those that have ended."""
    results = {tactic.tactic_id: _replay(context, tactic) for tactic in _open(context)}
    armed = context.services.storage.tactics.armed()
    ended = [
        trade.entry_key(tactic_id)
        for tactic_id, result in results.items()
        if result.status == "final" and tactic_id in armed
    ]
    return {"to_close": ended, "judged": len(results)}


@step("tactic.resolve")
def resolve(context: StepContext) -> dict[str, Any]:
    """Record what the bars made of every open plan."""
    resolved = []
    for tactic in _open(context):
        result = _replay(context, tactic)
        _append_progress(context, tactic, result)
        if result.status == "final":
            _append_resolution(context, tactic, result)
            resolved.append(tactic.tactic_id)
    return {"resolved": resolved}


def _open(context: StepContext) -> list[Tactic]:
    return context.services.storage.tactics.unresolved(context.session_date)


def _bars(context: StepContext, tactic: Tactic) -> pd.DataFrame:
    return context.services.storage.bars.between(
        tactic.symbol, Timeframe.FIVE_MINUTES, tactic.session_date, context.session_date
    )


def _replay(context: StepContext, tactic: Tactic) -> Replay:
    if tactic.scenario is None:
        raise ValueError(f"{tactic.tactic_id} has no plan to replay")
    return replay(
        tactic.scenario,
        _bars(context, tactic),
        published_at=tactic.as_of,
        slippage=context.services.playbook.policy.slippage_usd,
        entry_session=tactic.session_date,
        sessions_complete=context.session_date,
    )


def _append_progress(context: StepContext, tactic: Tactic, result: Replay) -> None:
    events = [event(tactic, TacticEventKind.TRIGGERED, context, occurred_at=tactic.as_of)]
    if result.entry_at is not None:
        opened = {"price": result.entry_price}
        events.append(event(tactic, TacticEventKind.OPENED, context, opened, result.entry_at))
    for number, leg in enumerate(result.exits, 1):
        if leg.reason == "target":
            hit = {"target": number, "price": leg.price}
            events.append(event(tactic, TacticEventKind.TARGET_HIT, context, hit, leg.at))
    context.services.storage.tactics.append_events(events)


FINAL_EVENTS = {
    Outcome.NEVER_TRIGGERED: TacticEventKind.NEVER_TRIGGERED,
    Outcome.INVALIDATED: TacticEventKind.INVALIDATED,
}


def _append_resolution(context: StepContext, tactic: Tactic, result: Replay) -> None:
    if result.outcome is None or tactic.scenario is None:
        raise ValueError(f"{tactic.tactic_id}: a final replay without an outcome")
    storage = context.services.storage
    resolution = Resolution(
        tactic_id=tactic.tactic_id,
        version=tactic.version,
        scenario_key=tactic.scenario.key,
        outcome=result.outcome,
        system_r=result.system_r,
        actual_r=trade.actual_r(context, tactic),
        mae_r=result.mae_r,
        mfe_r=result.mfe_r,
        bars_held=result.bars_held,
        entry_price=result.entry_price,
        exit_price=result.exits[-1].price if result.exits else None,
        exit_reason=result.exit_reason,
        resolved_at=context.as_of,
        label=_label(_bars(context, tactic)),
    )
    storage.tactics.append_resolution(resolution)
    kind = FINAL_EVENTS.get(result.outcome, TacticEventKind.RESOLVED)
    payload = {"outcome": result.outcome.value, "system_r": round(result.system_r, 4)}
    storage.tactics.append_events([event(tactic, kind, context, payload)])


def _label(bars: pd.DataFrame) -> str:
    """A result is only as real as the bars that it was read from."""
    labels = set(bars["label"])
    return Label.SYNTHETIC.value if Label.SYNTHETIC in labels else Label.REAL.value
