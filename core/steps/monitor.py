"""Watch the open plans while the session runs: what happened, where they stand, what to tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.domain.lifecycle import TacticEvent, TacticEventKind
from core.domain.marks import PlanMark
from core.domain.resolutions import Outcome
from core.errors import NotFoundError
from core.flow.catalog import StepContext, step
from core.steps.content import tactic_content_id
from core.steps.plan_replay import ONE_DAY, Followed, doubting, follow_open, progress
from core.steps.trade import entry_key

ENDS = {
    Outcome.STOPPED: "stopped",
    Outcome.TIME_STOP: "time_stop",
    Outcome.INVALIDATED: "invalidated",
}


@step("monitor.look")
def look(context: StepContext) -> dict[str, Any]:
    """Read every open plan on the newest bars; record what is new and list what to tell."""
    tactics = context.services.storage.tactics
    news, orders = list[dict[str, Any]](), list[dict[str, str]]()
    followed = follow_open(context, context.session_date - ONE_DAY)
    for plan in followed:
        with doubting(context, plan):
            fresh = _fresh(context, plan)
            tactics.append_events(fresh)
            news += [row for row in _news(plan, fresh) if _is_untold(context, row)]
            orders += _orders(context, plan, fresh)
    context.services.storage.marks.append([m for p in followed for m in _marks(context, p)])
    return {"looked": len(followed), "news": news, "orders": orders}


def _fresh(context: StepContext, plan: Followed) -> list[TacticEvent]:
    known = {e.event_id for e in context.services.storage.tactics.events(plan.tactic.tactic_id)}
    return [event for event in progress(context, plan) if event.event_id not in known]


def _news(plan: Followed, fresh: list[TacticEvent]) -> Iterator[dict[str, Any]]:
    """Yield what readers of the plan should hear of."""
    for event in fresh:
        if event.kind is TacticEventKind.TRIGGERED and plan.scenario.trigger.is_met:
            continue  # it was met when the plan was published
        if event.kind in {TacticEventKind.TRIGGERED, TacticEventKind.TARGET_HIT}:
            yield _row(plan, event.kind.value, event.payload.get("price"))
    end = ENDS.get(plan.result.outcome) if plan.result.outcome else None
    if end:
        exits = plan.result.exits
        yield _row(plan, end, exits[-1].price if exits else None)


def _row(plan: Followed, what: str, price: object) -> dict[str, Any]:
    result = plan.result
    return {
        "tactic_id": plan.tactic.tactic_id,
        "what": what,
        "price": price,
        "running_r": result.system_r,
        "stop": result.stop if result.status == "open" else None,
    }


def _is_untold(context: StepContext, row: dict[str, Any]) -> bool:
    content_id = f"{tactic_content_id(row['tactic_id'])}-{row['what'].replace('_', '-')}"
    try:
        context.services.storage.content.get(content_id)
    except NotFoundError:
        return True
    return False


def _orders(
    context: StepContext, plan: Followed, fresh: list[TacticEvent]
) -> Iterator[dict[str, str]]:
    """Yield the order of a plan whose trigger has just closed, if it was sized to one."""
    has_closed = any(event.kind is TacticEventKind.TRIGGERED for event in fresh)
    if plan.scenario.trigger.is_met or not has_closed or plan.result.status == "final":
        return
    size = context.services.storage.tactics.latest_size(plan.tactic.tactic_id)
    if size is None or not size.quantity:
        return
    request = context.services.storage.trading.request(entry_key(plan.tactic))
    yield {"tactic_id": plan.tactic.tactic_id, "sha256": request.content_sha256}


def _marks(context: StepContext, plan: Followed) -> Iterator[PlanMark]:
    if plan.bars.empty:
        return
    result, newest = plan.result, plan.bars.iloc[-1]
    yield PlanMark(
        tactic_id=plan.tactic.tactic_id,
        version=plan.tactic.version,
        scenario_key=plan.scenario.key,
        marked_at=context.as_of,
        bars_to=newest["started_at"].to_pydatetime(),
        status=result.status,
        last=float(newest["close"]),
        running_r=result.system_r,
        mae_r=result.mae_r,
        mfe_r=result.mfe_r,
        stop=result.stop,
    )
