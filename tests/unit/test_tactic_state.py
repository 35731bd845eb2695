"""A tactic lives by legal moves only; what is told twice, late or out of order is refused."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import partial, reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.domain.lifecycle import TacticEvent, Track
from core.domain.lifecycle import TacticEventKind as Kind
from core.domain.tactic_state import FOLLOWS, TacticState, advance, apply, refusal
from core.errors import InvalidTransitionError
from tests.examples import examples
from tests.storage import samples

PLAN = samples.tactic(session_date=date(2024, 3, 4))
TRADE = {"subject": "trade"}


def event(kind: Kind, *, key: str = "L1", **payload: Any) -> TacticEvent:
    return TacticEvent(
        tactic_id=PLAN.tactic_id, version=1, scenario_key=key, kind=kind,
        occurred_at=datetime(2024, 3, 4, 14, 30, tzinfo=UTC), actor="test", payload=payload,
    )  # fmt: skip


DRAFTED = event(Kind.DRAFTED)
PUBLISHED = event(Kind.PUBLISHED, subject="preview")
OPEN = (DRAFTED, PUBLISHED, event(Kind.TRIGGERED), event(Kind.OPENED, price=103.1))
CORRECTION = event(Kind.CORRECTED, outcome="stopped", system_r=-1.0, reason="a bar was revised")


def state_after(*events: TacticEvent) -> TacticState:
    return reduce(partial(advance, tactic=PLAN), events, TacticState())


def test_an_order_may_be_armed_before_the_post_is_published() -> None:
    state = state_after(DRAFTED, event(Kind.APPROVED, **TRADE), event(Kind.ARMED), PUBLISHED)
    assert (state.publishing, state.plan("L1").order) == (Kind.PUBLISHED, Kind.ARMED)
    assert state.plan("L1").plan is None


def test_a_rejected_order_leaves_the_published_plan_to_its_course() -> None:
    ends = (event(Kind.REJECTED, **TRADE), event(Kind.TARGET_HIT, target=1), event(Kind.RESOLVED))
    state = state_after(*OPEN, *ends)
    assert (state.plan("L1").order, state.plan("L1").plan) == (Kind.REJECTED, Kind.RESOLVED)


def test_an_order_that_was_settled_late_is_told_after_the_plan_has_ended() -> None:
    early = (DRAFTED, event(Kind.APPROVED, **TRADE), event(Kind.NEVER_TRIGGERED))
    assert state_after(*early, event(Kind.ARMED)).plan("L1").order is Kind.ARMED


REFUSED = {
    "an order without approval": ([DRAFTED, PUBLISHED], event(Kind.ARMED), "follows approved"),
    "an undrafted tactic": ([], PUBLISHED, "never drafted"),
    "a second draft": ([DRAFTED], event(Kind.DRAFTED, subject="x"), "publishing is at drafted"),
    "a rejected post": ([DRAFTED, event(Kind.REJECTED)], PUBLISHED, "publishing is at rejected"),
    "an update of nothing": ([DRAFTED], event(Kind.UPDATE_POSTED), "follows published"),
    "a plan that nobody approved": ([DRAFTED], event(Kind.TRIGGERED), "neither approved nor"),
    "an entry without trigger": ([DRAFTED, PUBLISHED], event(Kind.OPENED), "follows triggered"),
    "a target before the entry": (OPEN[:3], event(Kind.TARGET_HIT, target=1), "triggered"),
    "a skipped target": (OPEN, event(Kind.TARGET_HIT, target=2), "target 1 comes next, not 2"),
    "a filled plan that never began": (OPEN, event(Kind.NEVER_TRIGGERED), "plan is at opened"),
    "a second decision": (
        [DRAFTED, event(Kind.EXPIRED, **TRADE)], event(Kind.APPROVED, **TRADE),
        "order is at expired",
    ),
    "a second end": ([*OPEN, event(Kind.RESOLVED)], event(Kind.INVALIDATED), "resolved"),
    "a correction of an open plan": (OPEN, CORRECTION, "plan is at opened"),
    "a cancelled plan after its trigger": (
        OPEN, event(Kind.CANCELLED, subject="plan"), "plan is at opened",
    ),
    "a cancelled plan with an order out": (
        [DRAFTED, event(Kind.APPROVED, **TRADE)], event(Kind.CANCELLED, subject="plan"),
        "its order is out",
    ),
    "a newer version of a running plan": (OPEN, event(Kind.SUPERSEDED), "was triggered"),
    "a newer version while an order is out": (
        [DRAFTED, event(Kind.APPROVED, **TRADE)], event(Kind.SUPERSEDED), "order of it is out",
    ),
    "an order of a replaced version": (
        [DRAFTED, event(Kind.SUPERSEDED)], event(Kind.APPROVED, **TRADE), "newer version",
    ),
    "a trigger of a replaced version": (
        [DRAFTED, PUBLISHED, event(Kind.SUPERSEDED)], event(Kind.TRIGGERED), "newer version",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_an_illegal_move_is_refused_with_its_reason(name: str) -> None:
    before, move, why = REFUSED[name]
    state = state_after(*before)
    with pytest.raises(InvalidTransitionError, match=why) as refused:
        advance(state, move, PLAN)
    assert f"{PLAN.tactic_id} version 1 (L1) cannot be {move.kind}" in str(refused.value)


def test_what_had_happened_before_a_version_was_replaced_is_still_told() -> None:
    state = state_after(DRAFTED, PUBLISHED, event(Kind.SUPERSEDED, reason="the view turned"))
    assert state.is_superseded
    assert not refusal(state, event(Kind.PUBLISHED, subject="discord"))
    assert not refusal(state, event(Kind.SUPERSEDED, **TRADE))


def test_a_result_may_be_corrected_more_than_once_and_never_undone() -> None:
    again = event(Kind.CORRECTED, outcome="target", system_r=1.5, reason="the bar was right")
    state = state_after(*OPEN, event(Kind.RESOLVED), CORRECTION, again)
    assert state.plan("L1").plan is Kind.CORRECTED
    assert refusal(state, event(Kind.RESOLVED))
    assert CORRECTION.event_id != again.event_id


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        (Kind.STOP_MOVED, {}),
        (Kind.STOP_MOVED, {"price": math.nan}),
        (Kind.STOP_MOVED, {"price": True}),
        (Kind.CORRECTED, {"outcome": "target", "system_r": 1.0}),
        (Kind.CORRECTED, {"outcome": "target", "system_r": 1.0, "reason": " "}),
        (Kind.CORRECTED, {"outcome": "won", "system_r": 1.0, "reason": "a bar was revised"}),
    ],
)
def test_an_event_says_what_it_must(kind: Kind, payload: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"must tell its|not a valid Outcome"):
        event(kind, **payload)


@given(st.lists(st.floats(90, 120), max_size=6))
def test_a_stop_only_tightens(prices: list[float]) -> None:
    state, stop = state_after(*OPEN), 101.0
    for price in prices:
        move = event(Kind.STOP_MOVED, price=price)
        if price > stop:
            state, stop = advance(state, move, PLAN), price
        else:
            assert "only tightens" in refusal(state, move, PLAN)
    assert (state.plan("L1").stop or 101.0) == stop


def test_a_stop_of_an_unknown_plan_is_not_moved() -> None:
    move = event(Kind.STOP_MOVED, price=102.0)
    assert refusal(state_after(*OPEN), move) == "its plan is not known"


MOVES = [
    DRAFTED, PUBLISHED, CORRECTION,
    *(event(kind) for kind in Kind if kind not in {Kind.STOP_MOVED, Kind.CORRECTED, Kind.DRAFTED}),
    *(event(kind, **TRADE) for kind in (Kind.APPROVED, Kind.REJECTED, Kind.EXPIRED)),
    event(Kind.SUPERSEDED, **TRADE), event(Kind.CANCELLED, subject="plan"),
    *(event(Kind.TARGET_HIT, target=number) for number in (1, 2)),
    *(event(Kind.STOP_MOVED, price=price) for price in (100.0, 102.0, 104.0)),
]  # fmt: skip
FINAL = {Kind.RESOLVED, Kind.NEVER_TRIGGERED, Kind.INVALIDATED}


def accepted(tried: Sequence[TacticEvent]) -> list[TacticEvent]:
    state, kept = TacticState(), []
    for move in tried:
        if not refusal(state, move, PLAN):
            state = advance(state, move, PLAN)
            kept.append(move)
    return kept


@examples(60)
@given(st.lists(st.sampled_from(MOVES), max_size=40))
def test_whatever_is_tried_leaves_a_life_that_makes_sense(tried: list[TacticEvent]) -> None:
    kept = accepted(tried)
    state = state_after(*kept)
    kinds = [(move.track, move.kind) for move in kept]
    assert kept == [] or kept[0].kind is Kind.DRAFTED
    assert sum((Track.PLAN, kind) in kinds for kind in FINAL) <= 1
    if (Track.PLAN, Kind.TRIGGERED) in kinds:
        assert state.is_committed("L1")
    if (Track.ORDER, Kind.ARMED) in kinds:
        assert kinds.index((Track.ORDER, Kind.APPROVED)) < kinds.index((Track.ORDER, Kind.ARMED))
    stops = [move.payload["price"] for move in kept if move.kind is Kind.STOP_MOVED]
    assert stops == sorted(stops)


@examples(60)
@given(st.lists(st.sampled_from(MOVES), max_size=40), st.sampled_from(MOVES))
def test_an_illegal_move_raises_and_a_legal_one_is_applied(
    tried: list[TacticEvent], move: TacticEvent
) -> None:
    state = state_after(*accepted(tried))
    if not refusal(state, move, PLAN):
        assert advance(state, move, PLAN) == apply(state, move)
    else:
        with pytest.raises(InvalidTransitionError):
            advance(state, move, PLAN)


@pytest.mark.parametrize(
    ("kind", "payload", "begins"),
    [
        (Kind.DRAFTED, {}, "20a81769d306"),
        (Kind.APPROVED, {"subject": "trade", "reason": "yes"}, "ee422364534e"),
        (Kind.TARGET_HIT, {"target": 1, "price": 104.0}, "eb38f9317878"),
    ],
)
def test_what_is_stored_keeps_its_id(kind: Kind, payload: dict[str, Any], begins: str) -> None:
    assert event(kind, **payload).event_id.startswith(begins)


def test_every_kind_of_event_has_its_place() -> None:
    assert {kind for kinds in FOLLOWS.values() for kind in kinds} == set(Kind)
    assert all(move.kind in FOLLOWS[move.track] for move in MOVES)
