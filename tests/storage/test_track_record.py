"""The track record shows every plan that was committed to, with how it ended."""

from __future__ import annotations

from datetime import timedelta

from core.analysis.credibility import reconcile
from core.domain.lifecycle import TacticEventKind as Kind
from core.domain.resolutions import Outcome
from core.domain.tactics import Tactic
from core.domain.track_record import PlanRecord
from core.storage.storage import Storage
from core.storage.views.track_record import TrackRecordViews
from tests.storage import samples

PLAN = samples.tactic()
LATER = samples.tactic("MSFT", samples.SESSION + timedelta(days=3))


def published(storage: Storage, tactic: Tactic = PLAN, *kinds: Kind) -> None:
    storage.tactics.append(tactic)
    tell(storage, tactic, Kind.DRAFTED, Kind.PUBLISHED, *kinds)


def tell(storage: Storage, tactic: Tactic, *kinds: Kind) -> None:
    events = [samples.tactic_event(kind, of=tactic, scenario_key="L1") for kind in kinds]
    storage.tactics.append_events(events)


def records(storage: Storage) -> list[PlanRecord]:
    return TrackRecordViews(storage.store, storage.bars).plan_records()


def test_an_empty_store_has_no_record(storage: Storage) -> None:
    assert records(storage) == []


def test_a_plan_is_shown_with_its_kind_and_its_result(storage: Storage) -> None:
    published(storage, PLAN, Kind.TRIGGERED, Kind.OPENED, Kind.RESOLVED)
    storage.tactics.append_resolution(samples.resolution())
    published(storage, LATER)
    later, first = records(storage)
    assert (first.setup, first.side, first.grade) == ("ema_pullback", "long", "A+")
    assert (first.timeframe, first.score, first.published_at) == ("1d", 0.8, PLAN.as_of)
    assert (first.resolution, first.traded_r) == (samples.resolution(), 2)
    assert (first.is_open, later.is_open, later.resolution) == (False, True, None)
    assert reconcile([later, first]).is_balanced


def test_a_draft_and_a_plan_to_wait_are_no_commitment(storage: Storage) -> None:
    storage.tactics.append(PLAN)
    tell(storage, PLAN, Kind.DRAFTED)
    published(storage, samples.tactic("MSFT", playable=False))
    assert records(storage) == []


def test_a_traded_plan_without_a_post_counts_and_is_not_called_published(storage: Storage) -> None:
    storage.tactics.append(PLAN)
    storage.tactics.append_events(samples.life(Kind.APPROVED, Kind.ARMED))
    (found,) = records(storage)
    assert found.published_at is None
    assert reconcile([found]).unpublished == 1


def test_a_replaced_version_stays_visible(storage: Storage) -> None:
    published(storage, PLAN, Kind.SUPERSEDED)
    published(storage, samples.tactic(version=2))
    assert [(one.version, one.withdrawn) for one in records(storage)] == [
        (2, ""), (1, "superseded"),
    ]  # fmt: skip


def test_the_newest_correction_counts_and_the_first_result_stays(storage: Storage) -> None:
    published(storage, PLAN, Kind.TRIGGERED, Kind.OPENED, Kind.RESOLVED)
    storage.tactics.append_resolution(samples.resolution())
    for r in (0.5, -1.0):
        told = {"outcome": "stopped", "system_r": r, "reason": "the bar was revised"}
        correction = samples.tactic_event(Kind.CORRECTED, scenario_key="L1", payload=told)
        storage.tactics.append_events([correction])
    (found,) = records(storage)
    assert found.resolution is not None
    assert (found.resolution.outcome, found.traded_r) == (Outcome.STOPPED, -1)
    assert found.is_corrected
    assert storage.tactics.resolution(PLAN.tactic_id) == samples.resolution()


def test_an_end_that_lost_its_result_breaks_the_balance(storage: Storage) -> None:
    published(storage, PLAN, Kind.NEVER_TRIGGERED)
    assert not reconcile(records(storage)).is_balanced
