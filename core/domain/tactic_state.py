"""Where a version of a tactic stands, and what may happen to it next."""

from __future__ import annotations

from pydantic import Field

from core.domain.base import Frozen, Price
from core.domain.lifecycle import TacticEvent, TacticEventKind, Track
from core.domain.tactics import Tactic
from core.errors import InvalidTransitionError

Kind = TacticEventKind
_POSTED = frozenset({Kind.PUBLISHED, Kind.UPDATE_POSTED})
_OPEN = frozenset({Kind.OPENED, Kind.TARGET_HIT, Kind.STOP_MOVED})
_UNFILLED = frozenset({None, Kind.TRIGGERED})
_ENDED = frozenset({Kind.RESOLVED, Kind.NEVER_TRIGGERED, Kind.INVALIDATED, Kind.CORRECTED})
_NOTHING = frozenset({None})

# Each event with the newest events of its track that it may follow; None is the beginning. A post
# has an approval of its own, so a draft may be published without that being told here.
FOLLOWS: dict[Track, dict[Kind, frozenset[Kind | None]]] = {
    Track.PUBLISHING: {
        Kind.DRAFTED: _NOTHING,
        Kind.APPROVED: frozenset({Kind.DRAFTED}),
        Kind.REJECTED: frozenset({Kind.DRAFTED}),
        Kind.EXPIRED: frozenset({Kind.DRAFTED, Kind.APPROVED, Kind.SCHEDULED}),
        Kind.SCHEDULED: frozenset({Kind.APPROVED}),
        Kind.PUBLISHED: frozenset({Kind.DRAFTED, Kind.APPROVED, Kind.SCHEDULED}) | _POSTED,
        Kind.UPDATE_POSTED: _POSTED,
    },
    Track.ORDER: {
        Kind.APPROVED: _NOTHING,
        Kind.REJECTED: _NOTHING,
        Kind.EXPIRED: frozenset({None, Kind.APPROVED}),
        Kind.SUPERSEDED: _NOTHING,
        Kind.ARMED: frozenset({Kind.APPROVED}),
        Kind.CANCELLED: frozenset({Kind.APPROVED, Kind.ARMED}),
    },
    Track.PLAN: {
        Kind.TRIGGERED: _NOTHING,
        Kind.OPENED: frozenset({Kind.TRIGGERED}),
        Kind.TARGET_HIT: _OPEN,
        Kind.STOP_MOVED: _OPEN,
        Kind.RESOLVED: _OPEN,
        Kind.NEVER_TRIGGERED: _UNFILLED,
        Kind.INVALIDATED: _UNFILLED,
        Kind.CANCELLED: _NOTHING,
        Kind.SUPERSEDED: _NOTHING,
        Kind.CORRECTED: _ENDED,
    },
}


class PlanState(Frozen):
    """Where one scenario stands: the newest event of its order and of its plan.

    was_approved: its order once was. stop: None until an event has moved it.
    """

    order: TacticEventKind | None = None
    plan: TacticEventKind | None = None
    was_approved: bool = False
    targets_hit: int = 0
    stop: Price | None = None

    @property
    def is_order_out(self) -> bool:
        """Whether an order is, or may yet come to be, at the broker."""
        return self.order in {Kind.APPROVED, Kind.ARMED}


class TacticState(Frozen):
    """Where one version stands; `plans` holds the scenarios to which something has happened."""

    publishing: TacticEventKind | None = None
    was_approved: bool = False
    is_superseded: bool = False
    plans: dict[str, PlanState] = Field(default_factory=dict)

    @property
    def is_published(self) -> bool:
        return self.publishing in _POSTED

    def plan(self, scenario_key: str) -> PlanState:
        return self.plans.get(scenario_key, PlanState())

    def is_committed(self, scenario_key: str) -> bool:
        """Whether the plan was approved or published, and so is followed to its end."""
        was_approved = self.was_approved or self.plan(scenario_key).was_approved
        return self.is_published or was_approved


def advance(state: TacticState, event: TacticEvent, tactic: Tactic | None = None) -> TacticState:
    """Return the state after one more event.

    Raises: InvalidTransitionError that tells what is refused, and why.
    """
    why = refusal(state, event, tactic)
    if why:
        scenario = f" ({event.scenario_key})" if event.scenario_key else ""
        name = f"{event.tactic_id} version {event.version}{scenario}"
        raise InvalidTransitionError(f"{name} cannot be {event.kind}: {why}")
    return apply(state, event)


def apply(state: TacticState, event: TacticEvent) -> TacticState:
    """Return the state after an event that is a fact already."""
    if event.track is Track.PUBLISHING:
        was_approved = state.was_approved or event.kind is Kind.APPROVED
        return state.model_copy(update={"publishing": event.kind, "was_approved": was_approved})
    if _supersedes(event):
        return state.model_copy(update={"is_superseded": True})
    plan = _moved(state.plan(event.scenario_key), event)
    return state.model_copy(update={"plans": {**state.plans, event.scenario_key: plan}})


def refusal(state: TacticState, event: TacticEvent, tactic: Tactic | None = None) -> str:
    """Say why an event may not be appended, an empty text if it may."""
    if event.kind is not Kind.DRAFTED and state.publishing is None:
        return "it was never drafted"
    if state.is_superseded and not _is_late_news(event):
        return "a newer version has taken its place"
    if _supersedes(event):
        return _supersede_refusal(state)
    plan = state.plan(event.scenario_key)
    newest = {Track.PUBLISHING: state.publishing, Track.ORDER: plan.order, Track.PLAN: plan.plan}
    before, allowed = newest[event.track], FOLLOWS[event.track][event.kind]
    if before not in allowed:
        follows = " or ".join(sorted(kind or "nothing" for kind in allowed))
        return f"its {event.track} is at {before or 'nothing'}, and this follows {follows}"
    return _plan_refusal(state, event, tactic) if event.track is Track.PLAN else ""


def _supersedes(event: TacticEvent) -> bool:
    return event.kind is Kind.SUPERSEDED and event.track is Track.PLAN


def _is_late_news(event: TacticEvent) -> bool:
    """Tell whether it may be recorded after the version was replaced: it changes nothing."""
    if event.track is Track.ORDER:
        return event.kind not in {Kind.APPROVED, Kind.ARMED}
    return event.kind in _POSTED


def _supersede_refusal(state: TacticState) -> str:
    if any(plan.plan for plan in state.plans.values()):
        return "a plan of it was triggered or has ended"
    if any(plan.is_order_out for plan in state.plans.values()):
        return "an order of it is out; cancel that first"
    return ""


def _plan_refusal(state: TacticState, event: TacticEvent, tactic: Tactic | None) -> str:
    plan = state.plan(event.scenario_key)
    if event.kind is Kind.CANCELLED:
        return "its order is out; cancel that first" if plan.is_order_out else ""
    if event.kind is Kind.STOP_MOVED:
        return _stop_refusal(plan, event, tactic)
    if event.kind is Kind.TARGET_HIT and event.payload.get("target") != plan.targets_hit + 1:
        return f"target {plan.targets_hit + 1} comes next, not {event.payload.get('target')}"
    if not state.is_committed(event.scenario_key):
        return "it was neither approved nor published"
    return ""


def _stop_refusal(plan: PlanState, event: TacticEvent, tactic: Tactic | None) -> str:
    scenarios = {scenario.key: scenario for scenario in tactic.scenarios} if tactic else {}
    scenario = scenarios.get(event.scenario_key)
    if scenario is None:
        return "its plan is not known"
    stop, price = plan.stop or scenario.stop, float(event.payload["price"] or 0)
    is_tighter = price > 0 and scenario.side.sign * (price - stop) > 0
    return "" if is_tighter else f"a stop only tightens, and {price:g} does not tighten {stop:g}"


def _moved(plan: PlanState, event: TacticEvent) -> PlanState:
    if event.track is Track.ORDER:
        was_approved = plan.was_approved or event.kind is Kind.APPROVED
        return plan.model_copy(update={"order": event.kind, "was_approved": was_approved})
    changes: dict[str, object] = {"plan": event.kind}
    if event.kind is Kind.TARGET_HIT:
        changes["targets_hit"] = plan.targets_hit + 1
    if event.kind is Kind.STOP_MOVED:
        changes["stop"] = event.payload["price"]
    return plan.model_copy(update=changes)
