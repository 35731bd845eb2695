"""Replay open plans on the bars that followed, and record what became of them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from core.domain.feeds import Label
from core.domain.lifecycle import TacticEventKind
from core.domain.order_keys import entry_key
from core.domain.resolutions import Outcome, Resolution
from core.flow.catalog import StepContext, step
from core.steps import trade
from core.steps.plan_replay import ONE_DAY, Followed, doubting, follow_open, progress, tell
from core.steps.tactic_events import event


@step("tactic.judge")
def judge(context: StepContext) -> dict[str, Any]:
    """Replay every open plan; name the orders of those that have ended.

    with `session: open` the session still runs, and a plan without its entry goes on waiting.
    """
    is_open = context.options.get("session") == "open"
    complete = context.session_date - ONE_DAY if is_open else context.session_date
    found = follow_open(context, complete)
    armed = context.services.storage.tactics.armed()
    ended = [
        entry_key(one.tactic)
        for one in found
        if one.result.status == "final" and one.tactic.tactic_id in armed
    ]
    return {"to_close": ended, "judged": len(found)}


@step("tactic.resolve")
def resolve(context: StepContext) -> dict[str, Any]:
    """Record what the bars made of every open plan."""
    resolved = []
    for followed in follow_open(context, context.session_date):
        with doubting(context, followed):
            if followed.is_blind:
                tell(context, followed, "the bars of its session do not reach its close")
            context.services.storage.tactics.append_events(list(progress(context, followed)))
            if followed.result.status == "final":
                _append_resolution(context, followed)
                resolved.append(followed.tactic.tactic_id)
    return {"resolved": resolved}


FINAL_EVENTS = {
    Outcome.NEVER_TRIGGERED: TacticEventKind.NEVER_TRIGGERED,
    Outcome.INVALIDATED: TacticEventKind.INVALIDATED,
    Outcome.CANCELLED: TacticEventKind.NEVER_TRIGGERED,  # nobody saw a trigger; why is its outcome
}


def _append_resolution(context: StepContext, followed: Followed) -> None:
    tactic, result = followed.tactic, followed.result
    if result.outcome is None:
        raise ValueError(f"{tactic.tactic_id}: a final replay without an outcome")
    storage = context.services.storage
    resolution = Resolution(
        tactic_id=tactic.tactic_id,
        version=tactic.version,
        scenario_key=followed.scenario.key,
        outcome=result.outcome,
        system_r=result.system_r,
        actual_r=trade.actual_r(context, tactic),
        slippage_r=trade.slippage_r(context, tactic),
        mae_r=result.mae_r,
        mfe_r=result.mfe_r,
        bars_held=result.bars_held,
        entry_price=result.entry_price,
        exit_price=result.exits[-1].price if result.exits else None,
        exit_reason=result.exit_reason,
        resolved_at=context.as_of,
        label=_label(followed.bars),
    )
    kind = FINAL_EVENTS.get(result.outcome, TacticEventKind.RESOLVED)
    payload = {"outcome": result.outcome.value, "system_r": round(result.system_r, 4)}
    ended = event(tactic, kind, context, payload)
    storage.tactics.append_resolution(resolution, [ended])


def _label(bars: pd.DataFrame) -> str:
    """A result is only as real as the bars that it was read from."""
    labels = set(bars["label"])
    return Label.SYNTHETIC.value if Label.SYNTHETIC in labels else Label.REAL.value
