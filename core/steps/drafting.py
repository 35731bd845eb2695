"""From insights and candidate plans to tactics: code owns every price, the analyst the words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pandas as pd

from core.analysis.bias import judge_bias
from core.analysis.plan import TRADABLE, Plan, plan
from core.analysis.rendering import usd
from core.domain.insights import Insight, Signed, TacticProse, WritingTask
from core.domain.market import MarketSnapshot
from core.domain.scenarios import Scenario, Side
from core.domain.setups import setup_title
from core.domain.tactics import Generator, Monitoring, Stage, Tactic
from core.flow.catalog import StepContext
from core.steps.board import adjusted_bars
from core.steps.prose import wait_clause, write_prose

ENGINE = "desk/v2"
MORNING = "AM"
SHOWN_LEVELS = 6
REPEAT = timedelta(days=4)  # over a long weekend


@dataclass(frozen=True)
class Candidate:
    """One symbol's insight with the plans that code made of its snapshot.

    earlier: plans of the same symbol that were said before. is_taken: a plan of it is still open.
    """

    snapshot: MarketSnapshot
    insight: Insight
    plan: Plan
    earlier: tuple[Scenario, ...] = ()
    is_taken: bool = False

    @property
    def scenario(self) -> Scenario | None:
        """The plan to trade: the analyst's favourite among the tradable, else the best score."""
        if self.insight.abstains or self.is_taken:
            return None
        open_ = [
            scenario
            for scenario in self.plan.scenarios
            if scenario.grade in TRADABLE
            and scenario.key not in self.insight.vetoed
            and not self._is_repeated(scenario)
            and not scenario.side.opposes(self.insight.stance)
        ]
        favourite = [scenario for scenario in open_ if scenario.key == self.insight.preferred]
        return next(iter([*favourite, *open_]), None)

    def _is_repeated(self, scenario: Scenario) -> bool:
        return any(scenario.is_same_plan(other) for other in self.earlier)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why there is nothing to trade."""
        insight, own = self.insight, list[str]()
        if self.is_taken:
            own.append("a plan of it is still open")
        if insight.abstains:
            own.append(f"the analyst ({insight.engine}) abstains")
        own += [f"vetoed by the analyst: {key.replace('_', ' ')}" for key in insight.vetoed]
        for scenario in self.plan.scenarios:
            name = scenario.key.replace("_", " ")
            if self._is_repeated(scenario):
                own.append(f"said before at the same prices: {name}")
            if scenario.grade in TRADABLE and scenario.side.opposes(insight.stance):
                own.append(f"against the analyst's {insight.stance} view: {name}")
        return (*own, *(self.plan.do_not_play_reasons or ("no setup is present",)))


def plans_of(context: StepContext, snapshots: Sequence[MarketSnapshot]) -> dict[str, Plan]:
    """Return what the setups make of each snapshot, by symbol."""
    memory, ids = context.services.plans, {s.snapshot_id: s for s in snapshots}
    known = memory.of(list(ids))
    unknown = {key: snapshot for key, snapshot in ids.items() if key not in known}
    made = _plans(context, unknown) if unknown else {}
    memory.keep(made)
    return {ids[key].symbol: found for key, found in (known | made).items()}


def _plans(context: StepContext, snapshots: Mapping[str, MarketSnapshot]) -> dict[str, Plan]:
    setups = context.services.playbook.setups
    bars = _bars_of(context, list(snapshots.values()))
    return {
        key: plan(snapshot, bars[snapshot.symbol], judge_bias(snapshot), setups)
        for key, snapshot in snapshots.items()
    }


def candidates(context: StepContext) -> list[Candidate]:
    """Return each snapshot of this run with its insight and its plans."""
    storage = context.services.storage
    ids = list(context.results["snapshot"]["snapshots"].values())
    insight_ids = list(context.results["insight"]["insights"].values())
    insights = {insight.symbol: insight for insight in storage.insights.insights(insight_ids)}
    snapshots = storage.insights.snapshots(ids)
    plans, earlier = plans_of(context, snapshots), _earlier(context)
    return [
        Candidate(s, insights[s.symbol], plans[s.symbol], tuple(earlier.get(s.symbol, ())))
        for s in snapshots
    ]


def _earlier(context: StepContext) -> dict[str, list[Scenario]]:
    """Return the plans of the days before and of the day's other slots.

    One that comes out twice was made of stale data, or was decided on already.
    """
    first, today = context.session_date - timedelta(days=1) - REPEAT, context.session_date
    found = dict[str, list[Scenario]]()
    for tactic in context.services.storage.tactics.between(first, today):
        if (tactic.session_date, tactic.slot) != (today, slot_of(context)):
            found.setdefault(tactic.symbol, []).extend(tactic.scenarios)
    return found


def slot_of(context: StepContext) -> str:
    """Return the part of the day that a run drafts for."""
    return str(context.options.get("slot", MORNING))


def choose(context: StepContext, found: Sequence[Candidate]) -> list[Candidate]:
    """Return the day's best plans, or the strongest view to wait with."""
    tradable = [(candidate.scenario, candidate) for candidate in found if candidate.scenario]
    tradable.sort(key=lambda pair: (-pair[0].score, pair[1].snapshot.symbol))
    if tradable:
        most = max(1, context.services.playbook.policy.trades_per_day)
        return [candidate for _, candidate in tradable[:most]]
    return [max(found, key=lambda c: (c.insight.conviction, c.snapshot.symbol))]


def draft_tactic(
    context: StepContext, chosen: Candidate, slot: str, supersedes: Tactic | None = None
) -> Tactic:
    """Return a tactic of the chosen plan, in words that were checked."""
    scenario = chosen.scenario
    task = WritingTask(
        snapshot=chosen.snapshot,
        insight=chosen.insight,
        scenario=scenario,
        reasons=() if scenario else chosen.reasons,
    )
    held = write_prose(context, task)
    tactic = _tactic(context, task, held.signed, chosen.plan, slot, supersedes)
    reports = held.reports(f"{tactic.tactic_id}/{tactic.version}", context.as_of)
    context.services.storage.claims.append(reports)
    return tactic


def _tactic(
    context: StepContext,
    task: WritingTask,
    signed: Signed[TacticProse],
    made: Plan,
    slot: str,
    supersedes: Tactic | None,
) -> Tactic:
    snapshot, scenario, prose = task.snapshot, task.scenario, signed.value
    judged = made.judgement_of(scenario)
    return Tactic(
        tactic_id=f"TBOW-{snapshot.symbol}-{snapshot.session_date:%Y%m%d}-{slot}",
        version=supersedes.version + 1 if supersedes else 1,
        supersedes=supersedes.version if supersedes else None,
        symbol=snapshot.symbol,
        session_date=snapshot.session_date,
        as_of=snapshot.as_of,
        timeframe=snapshot.timeframe,
        snapshot_id=snapshot.snapshot_id,
        insight_id=task.insight.insight_id,
        generator=_generator(signed),
        stage=_stage(context, scenario),
        bias=task.insight.stance,
        headline=_headline(scenario),
        context_insight=prose.context_insight,
        objective=_objective(scenario),
        levels=snapshot.levels[:SHOWN_LEVELS],
        scenarios=(scenario,) if scenario else (),
        score_parts=judged.score_parts if judged else None,
        wait_clause=wait_clause(context, task),
        monitoring=Monitoring(volume=prose.volume, flow=prose.flow, market=prose.market),
        adaptability=prose.adaptability,
        checklist=judged.checklist if judged else (),
        do_not_play_reasons=task.reasons,
    )


def _generator(signed: Signed[TacticProse]) -> Generator:
    return Generator(
        engine=ENGINE,
        template="tactic",
        writer=signed.engine,
        prompt=signed.prompt,
        fallback=signed.fallback or None,
    )


def _bars_of(context: StepContext, snapshots: Sequence[MarketSnapshot]) -> dict[str, pd.DataFrame]:
    """Return the daily bars that the snapshots were made of."""
    storage, as_of = context.services.storage, max(snapshot.as_of for snapshot in snapshots)
    symbols = [snapshot.symbol for snapshot in snapshots]
    actions = storage.actions.known_of(symbols, as_of)
    return adjusted_bars(storage, symbols, actions, context.session_date, as_of)


def _stage(context: StepContext, scenario: Scenario | None) -> Stage:
    if scenario is None:
        return Stage.PAPER
    setups = context.services.playbook.setups
    return next(setup.stage for setup in setups if setup.setup == scenario.setup)


def _headline(scenario: Scenario | None) -> str:
    if scenario is None:
        return "wait it out"
    return f"{setup_title(scenario.setup, scenario.side)}, {scenario.side}"


def _objective(scenario: Scenario | None) -> str:
    """Say what to do; no analyst does."""
    if scenario is None:
        return "Do nothing until price offers a plan that pays for its risk."
    verb = "Buy" if scenario.side is Side.LONG else "Sell short"
    title = setup_title(scenario.setup, scenario.side)
    when = "" if scenario.trigger.is_met else " once its trigger closes"
    return (
        f"{verb} the {title} between {usd(scenario.entry_low)} and "
        f"{usd(scenario.entry_high)}{when}, out at {usd(scenario.stop)} if it fails."
    )
