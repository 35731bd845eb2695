"""Watch the open plans while the session runs: what happened, where they stand, what to tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from core.domain.lifecycle import TacticEvent, TacticEventKind
from core.domain.marks import PlanMark
from core.domain.order_keys import entry_key
from core.domain.resolutions import Outcome
from core.errors import NotFoundError
from core.flow.catalog import StepContext, step
from core.steps.content import update_content_id
from core.steps.plan_replay import ONE_DAY, Followed, doubting, follow_open, progress

FRESH = timedelta(minutes=10)  # a bar, and the five minutes in which it may bring an entry
ENDS = {
    "target": "targets_done",
    "stop": "stopped",
    "breakeven_stop": "breakeven_stop",
    "time_stop": "time_stop",
}


@step("monitor.look")
def look(context: StepContext) -> dict[str, Any]:
    """Read every open plan on the newest bars; record what is new and list what to tell.

    What to tell and to ask is read from all that has happened, so that nothing is lost with a
    look that broke off.
    """
    tactics = context.services.storage.tactics
    news, orders = list[dict[str, Any]](), list[dict[str, str]]()
    followed = follow_open(context, context.session_date - ONE_DAY)
    for plan in followed:
        with doubting(context, plan):
            events = list(progress(context, plan))
            tactics.append_events(events)
            if tactics.state(plan.tactic.tactic_id, plan.tactic.version).is_published:
                news += [row for row in _news(plan, events) if _is_untold(context, row)]
            orders += _orders(context, plan)
    context.services.storage.marks.append([m for p in followed for m in _marks(context, p)])
    return {"looked": len(followed), "news": news, "orders": orders}


def _news(plan: Followed, events: Sequence[TacticEvent]) -> Iterator[dict[str, Any]]:
    """Yield what readers of the plan should hear of."""
    for event in events:
        if event.kind is TacticEventKind.TRIGGERED and not plan.scenario.trigger.is_met:
            yield _row(plan, "triggered", None)
        target = event.payload.get("target")
        if target and target != len(plan.scenario.targets):  # the last one is told as the end
            yield _row(plan, "target_hit", event.payload["price"]) | {"target": target}
    if plan.result.outcome is Outcome.INVALIDATED:
        yield _row(plan, "invalidated", None)
    elif plan.result.status == "final" and plan.result.exits:
        end = plan.result.exits[-1]
        yield _row(plan, ENDS[end.reason], end.price)


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
    try:
        context.services.storage.content.get(update_content_id(row))
    except NotFoundError:
        return True
    return False


def _orders(context: StepContext, plan: Followed) -> Iterator[dict[str, str]]:
    """Yield the order of a plan whose trigger has just closed, if it was sized to one."""
    triggered_at = plan.result.triggered_at
    if plan.scenario.trigger.is_met or triggered_at is None or plan.result.status == "final":
        return
    size = context.services.storage.tactics.latest_size(plan.tactic.tactic_id)
    if size is None or not size.quantity or context.as_of - triggered_at > FRESH:
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
