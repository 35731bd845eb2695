"""The kill switch at work: cancel, close, look until the broker says so, and say what is left."""

from __future__ import annotations

from typing import Any

from core.domain.guards import HaltOutcome
from core.errors import AdapterError, UnavailableError
from core.flow.catalog import StepContext, step
from core.steps.broker_switch import suspend
from core.steps.clearing import Clearing, cancel_orders
from core.steps.flattening import close_positions, remains
from core.steps.telling import tell_once


@step("halt.cancel")
def cancel(context: StepContext) -> dict[str, Any]:
    """Cancel what its depth wants to be cancelled; cancels pass in every state of the desk."""
    return {"cancelled": cancel_orders(Clearing.of(context))}


@step("halt.close")
def close(context: StepContext) -> dict[str, Any]:
    """Close every position at the market, where its depth wants that."""
    return {"closed": close_positions(Clearing.of(context))}


@step("halt.verify")
def verify(context: StepContext) -> dict[str, Any]:
    """Look until nothing is left, and send what is still missing.

    Raises: UnavailableError that says what is left, to be asked again.
    """
    clearing = Clearing.of(context)
    left = remains(clearing)
    if left:
        cancel_orders(clearing)
        close_positions(clearing)
        left = remains(clearing)
    if left:
        raise UnavailableError(clearing.broker.name, "halt", "; ".join(left))
    return {"verified": True}


@step("halt.record")
def record(context: StepContext) -> dict[str, Any]:
    """Keep what it has come to, as a last look says; a flat account is suspended at its broker."""
    clearing = Clearing.of(context)
    left = _last_look(clearing)
    is_suspended = not left and suspend(clearing)
    outcome = HaltOutcome(
        run_id=context.run_id,
        depth=clearing.depth,
        recorded_at=context.services.clock.now(),
        cancelled=tuple(context.results["cancel"].get("cancelled", ())),
        closed=tuple(context.results["close"].get("closed", ())),
        left=tuple(left),
        is_suspended=is_suspended,
    )
    context.services.storage.guards.append_outcome(outcome)
    if left:
        title = "The kill switch could not clear everything"
        tell_once(context.services, f"alert:halt:{context.run_id}", title, "; ".join(left))
    return {"left": left, "is_suspended": is_suspended}


def _last_look(clearing: Clearing) -> list[str]:
    """Return what is left; what nobody could look at is not gone."""
    try:
        return remains(clearing)
    except AdapterError as error:
        return [f"nobody knows what is left: {error}"]
