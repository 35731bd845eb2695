"""Committed plans as the SYSTEM book holds them: sized, sent or declined, and replayed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import pandas as pd

from core.analysis.discipline.planned import Decline, PlannedTrade
from core.domain.feeds import Label
from core.domain.lifecycle import TacticEvent, TacticEventKind, Track
from core.domain.order_events import OrderEventKind
from core.domain.order_keys import entry_key
from core.domain.orders import Order, OrderStatus
from core.domain.overrides import NOTHING
from core.domain.risk import RiskPolicy
from core.domain.tactics import Tactic
from core.errors import NotFoundError
from core.steps.plan_replay import Followed
from core.storage.storage import Storage

Kind = TacticEventKind


@dataclass(frozen=True)
class PlanFacts:
    """Where the facts about plans come from. orders: what the broker told, by client order id."""

    storage: Storage
    orders: Mapping[str, Sequence[Order]]
    account: str
    policy: RiskPolicy


def waiting_trade(tactic: Tactic, facts: PlanFacts) -> PlannedTrade:
    """Return a tactic that says not to play."""
    return PlannedTrade(
        tactic_id=tactic.tactic_id,
        version=tactic.version,
        account=facts.account,
        symbol=tactic.symbol,
        session_date=tactic.session_date,
        quantity=NOTHING,
        do_not_play="; ".join(tactic.do_not_play_reasons) or tactic.wait_clause,
    )


def planned_trade(followed: Followed, facts: PlanFacts) -> PlannedTrade:
    """Return a plan with its size, what became of its order, and its replay."""
    tactic, key = followed.tactic, entry_key(followed.tactic)
    told = [one for one in facts.storage.tactics.events(tactic.tactic_id) if _is_of(one, tactic)]
    quantity, why = _size(tactic, facts)
    if quantity and _was_refused(told):
        quantity, why = NOTHING, _refusal(key, facts.storage)
    return PlannedTrade(
        tactic_id=tactic.tactic_id,
        version=tactic.version,
        account=facts.account,
        symbol=tactic.symbol,
        session_date=tactic.session_date,
        quantity=quantity,
        scenario=followed.scenario,
        replay=followed.result,
        do_not_play=why,
        order_id=key,
        declined=_decline(told) or _cancelled(facts.orders.get(key, ())),
        fee_fraction=Decimal(str(facts.policy.fee_fraction)),
        label=_label(followed.bars),
    )


def _label(bars: pd.DataFrame) -> str:
    """A replay is only as real as the bars that it was made on."""
    labels = set(bars["label"]) if len(bars) else set()
    return Label.SYNTHETIC.value if Label.SYNTHETIC in labels else Label.REAL.value


def _is_of(event: TacticEvent, tactic: Tactic) -> bool:
    return event.version == tactic.version and event.track is Track.ORDER


def _size(tactic: Tactic, facts: PlanFacts) -> tuple[Decimal, str]:
    """Return the size that was asked for, and where it is nothing, why."""
    try:
        return facts.storage.trading.request(entry_key(tactic)).quantity, ""
    except NotFoundError:
        size = facts.storage.tactics.latest_size(tactic.tactic_id)
        return NOTHING, (size.reason_if_zero if size else "") or "it was not sized"


def _was_refused(told: Sequence[TacticEvent]) -> bool:
    """Tell whether an approved order was never sent: its second check refused it."""
    kinds = {event.kind for event in told}
    return Kind.APPROVED in kinds and Kind.ARMED not in kinds


def _refusal(key: str, storage: Storage) -> str:
    path = storage.order_events.of_order(key)
    said = [event.detail for event in path if event.kind is OrderEventKind.REFUSED]
    return said[-1] if said else "the order was not sent"


def _decline(told: Sequence[TacticEvent]) -> Decline | None:
    """Return how the operator let the order go, None where he did not."""
    ends = {Kind.REJECTED, Kind.EXPIRED}
    end = next((event for event in told if event.kind in ends), None)
    if end is None or Kind.ARMED in {event.kind for event in told}:
        return None
    how: Literal["rejected", "expired"] = "rejected" if end.kind is Kind.REJECTED else "expired"
    return Decline(how, end.occurred_at, str(end.payload.get("reason") or ""))


def _cancelled(told: Sequence[Order]) -> Decline | None:
    """Return that the order was cancelled before it filled; by its end it expires instead."""
    newest = told[-1] if told else None
    if newest is None or newest.status is not OrderStatus.CANCELED or newest.filled_quantity:
        return None
    return Decline("cancelled", newest.updated_at, newest.reason)
