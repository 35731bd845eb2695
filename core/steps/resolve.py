"""Replay open plans on the bars that followed, and record what became of them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from core.analysis.resolution import Replay, replay
from core.domain.feeds import Label
from core.domain.lifecycle import TacticEventKind
from core.domain.market import Timeframe
from core.domain.resolutions import Outcome, Resolution
from core.domain.tactics import Tactic
from core.flow.catalog import StepContext, step
from core.steps import trade
from core.steps.tactic_events import event


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
