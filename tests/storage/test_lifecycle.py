"""The store lets a tactic's events in by legal moves only, and each of them once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.domain.lifecycle import TacticEvent
from core.domain.lifecycle import TacticEventKind as Kind
from core.errors import InvalidTransitionError
from core.storage.storage import Storage
from tests.storage import samples

PLAN = samples.tactic()
NEWER = samples.tactic(version=2)


def event(kind: Kind, *, version: int = 1, **payload: object) -> TacticEvent:
    own = {"payload": payload} if payload else {}
    return samples.tactic_event(kind, scenario_key="L1", version=version, **own)


OPEN = [
    event(Kind.DRAFTED), event(Kind.APPROVED), event(Kind.ARMED), event(Kind.TRIGGERED),
    event(Kind.OPENED),
]  # fmt: skip


def test_a_repeated_life_adds_nothing_in_whatever_order_it_comes(storage: Storage) -> None:
    assert storage.tactics.append_events(OPEN) == 5
    assert storage.tactics.append_events([*OPEN[::-1], OPEN[0]]) == 0
    assert storage.tactics.append_events([*OPEN, event(Kind.RESOLVED), event(Kind.RESOLVED)]) == 1
    state = storage.tactics.state(PLAN.tactic_id, 1).plan("L1")
    assert (state.order, state.plan) == (Kind.ARMED, Kind.RESOLVED)


def test_one_illegal_event_keeps_the_whole_batch_out(storage: Storage) -> None:
    with pytest.raises(InvalidTransitionError, match="its order is at nothing"):
        storage.tactics.append_events([OPEN[0], event(Kind.ARMED)])
    assert storage.tactics.events(PLAN.tactic_id) == []
    assert storage.audit.count() == 0


def test_a_stop_is_moved_from_where_the_stored_plan_has_it(storage: Storage) -> None:
    storage.tactics.append(PLAN)
    storage.tactics.append_events([*OPEN, event(Kind.STOP_MOVED, price=102.0)])
    assert storage.tactics.state(PLAN.tactic_id, 1).plan("L1").stop == 102
    for price in (101.5, 100.0):
        with pytest.raises(InvalidTransitionError, match="only tightens"):
            storage.tactics.append_events([event(Kind.STOP_MOVED, price=price)])
    assert storage.tactics.append_events([event(Kind.STOP_MOVED, price=102.0)]) == 0


def test_a_result_is_stored_with_its_event_or_not_at_all(storage: Storage) -> None:
    storage.tactics.append(PLAN)
    storage.tactics.append_events(OPEN)
    with pytest.raises(InvalidTransitionError):
        storage.tactics.append_resolution(samples.resolution(), [event(Kind.NEVER_TRIGGERED)])
    assert storage.tactics.resolution(PLAN.tactic_id) is None
    storage.tactics.append_resolution(samples.resolution(), [event(Kind.RESOLVED)])
    assert storage.tactics.resolution(PLAN.tactic_id) == samples.resolution()
    assert storage.audit.verify().ok


def test_a_replaced_version_is_followed_no_more(storage: Storage) -> None:
    for version in (PLAN, NEWER):
        storage.tactics.append(version)
    drafts = [event(Kind.DRAFTED), event(Kind.PUBLISHED, subject="preview")]
    storage.tactics.append_events(drafts)
    assert storage.tactics.unresolved(samples.SESSION) == [PLAN]
    storage.tactics.append_events([event(Kind.SUPERSEDED), event(Kind.DRAFTED, version=2)])
    assert storage.tactics.unresolved(samples.SESSION) == []
    late = event(Kind.PUBLISHED, version=2, subject="preview")
    storage.tactics.append_events([late])
    assert storage.tactics.unresolved(samples.SESSION) == [NEWER]


def test_a_closed_question_about_an_order_replaces_nothing(storage: Storage) -> None:
    storage.tactics.append(PLAN)
    closed = event(Kind.SUPERSEDED, subject="trade")
    storage.tactics.append_events([event(Kind.DRAFTED), event(Kind.PUBLISHED), closed])
    assert storage.tactics.unresolved(samples.SESSION) == [PLAN]


def test_a_cancelled_plan_is_followed_no_more_but_a_cancelled_order_is(storage: Storage) -> None:
    storage.tactics.append(PLAN)
    storage.tactics.append_events([*OPEN[:3], event(Kind.CANCELLED, reason="refused")])
    assert storage.tactics.unresolved(samples.SESSION) == [PLAN]
    storage.tactics.append_events([event(Kind.CANCELLED, subject="plan", reason="halted")])
    assert storage.tactics.unresolved(samples.SESSION) == []


def test_other_versions_and_tactics_do_not_stand_in_the_way(storage: Storage) -> None:
    other = samples.tactic("MSFT", samples.SESSION + timedelta(days=1))
    storage.tactics.append_events(OPEN)
    assert storage.tactics.append_events([event(Kind.DRAFTED, version=2)]) == 1
    assert storage.tactics.append_events(samples.life(Kind.APPROVED, of=other)) == 2
