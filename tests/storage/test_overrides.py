"""Judgements are appended, the newest one counts, and what no longer stands is still there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from core.analysis.discipline.judging import Judgement, judge_one
from core.domain.discipline import Level, LevelState
from core.domain.lifecycle import TacticEventKind as Kind
from core.domain.overrides import Emotion, OverrideKind, OverrideNote
from core.errors import NotFoundError
from core.storage.storage import Storage
from tests.storage import samples as stored
from tests.unit import discipline_samples as samples

NOW = samples.at(400)
CHASED = samples.trade(entries=(samples.part(0, 100, 101.3),))
GOING_ON = replace(CHASED, exits=())


def judged(traded: object = CHASED) -> Judgement:
    found = judge_one(samples.case(samples.plan(), traded))  # type: ignore[arg-type]
    assert found is not None
    return found


def note(minutes: int = 0, reason: str = "it ran away") -> OverrideNote:
    return OverrideNote(
        override_id=judged().overrides[0].override_id, noted_at=NOW + timedelta(minutes=minutes),
        actor="me", reason=reason, emotion=Emotion.RUSHED,
    )  # fmt: skip


def level(reached: Level = Level.FRICTION, days: int = 0) -> LevelState:
    session = samples.SESSION + timedelta(days=days)
    return LevelState(
        session_date=session, level=reached, overrides=2, cost_r=1, policy_version="1"
    )


def keep(storage: Storage, judgement: Judgement, days: int = 0) -> int:
    at = NOW + timedelta(days=days)
    return storage.overrides.append([judgement.comparison], judgement.overrides, at)


def rows(storage: Storage, table: str) -> int:
    return len(storage.store.all(f"from {table}"))


def test_what_was_stored_comes_back_to_the_last_digit(storage: Storage) -> None:
    found = judged()
    assert keep(storage, found) == 2
    assert storage.views.book_comparisons() == [found.comparison]
    assert storage.views.standing_overrides() == list(found.overrides)
    assert storage.overrides.get(found.overrides[0].override_id) == found.overrides[0]


def test_judging_again_to_the_same_result_adds_nothing(storage: Storage) -> None:
    keep(storage, judged())
    assert keep(storage, judged(), days=1) == 0
    assert rows(storage, "overrides") == rows(storage, "book_comparisons") == 1


def test_a_cost_that_becomes_known_is_a_further_revision(storage: Storage) -> None:
    keep(storage, judged(GOING_ON))
    (open_,) = storage.views.standing_overrides()
    assert open_.cost_usd is None
    keep(storage, judged(), days=1)
    (closed,) = storage.views.standing_overrides()
    assert (closed.override_id, closed.cost_usd) == (open_.override_id, Decimal(30))
    assert rows(storage, "overrides") == 2


def test_a_result_that_returns_to_what_it_was_counts_again(storage: Storage) -> None:
    for days, traded in enumerate((GOING_ON, CHASED, GOING_ON)):
        keep(storage, judged(traded), days)
    (found,) = storage.views.standing_overrides()
    assert found.cost_usd is None
    assert rows(storage, "overrides") == 3


def test_what_the_newest_look_no_longer_names_stands_no_more_and_is_not_deleted(
    storage: Storage,
) -> None:
    keep(storage, judged())
    keep(storage, judged(samples.trade()), days=1)
    assert storage.views.standing_overrides() == []
    assert rows(storage, "overrides") == 1


def test_an_override_without_a_comparison_stands(storage: Storage) -> None:
    raised = (
        judged()
        .overrides[0]
        .model_copy(update={"kind": OverrideKind.RISK_LIMIT_RAISED, "case_id": "change:policy:1:2"})
    )
    storage.overrides.append([], [raised], NOW)
    assert storage.views.standing_overrides() == [raised]


def test_the_newest_word_on_an_override_counts_and_none_is_lost(storage: Storage) -> None:
    for minutes, reason in enumerate(("it ran away", "I was impatient")):
        assert storage.overrides.append_note(note(minutes, reason)) == 1
    (newest,) = storage.views.override_notes().values()
    assert newest == note(1, "I was impatient")
    assert rows(storage, "override_notes") == 2


def test_an_unknown_override_is_not_found(storage: Storage) -> None:
    with pytest.raises(NotFoundError, match="overrides"):
        storage.overrides.get("0" * 64)


def test_the_level_after_the_newest_session_is_told(storage: Storage) -> None:
    assert storage.views.discipline_level() is None
    for days, reached in enumerate((Level.FRICTION, Level.BLOCK)):
        assert storage.overrides.append_level(level(reached, days), NOW) == 1
        assert storage.overrides.append_level(level(reached, days), NOW) == 0
    assert storage.views.discipline_level() == level(Level.BLOCK, 1)


def test_everything_that_was_told_of_an_order_is_there_in_its_order(storage: Storage) -> None:
    later = stored.order(updated_at=NOW, filled_quantity=Decimal(10))
    storage.trading.append_orders([stored.order(), later])
    told = storage.views.order_tellings([later.client_order_id])
    assert told == {later.client_order_id: [stored.order(), later]}
    assert storage.views.order_tellings([]) == {}


def test_the_first_plan_is_the_first_that_was_committed_to(storage: Storage) -> None:
    assert storage.views.first_committed() is None
    storage.tactics.append(stored.tactic())
    storage.tactics.append_events(stored.life())
    assert storage.views.first_committed() is None
    storage.tactics.append_events(stored.life(Kind.PUBLISHED)[1:])
    assert storage.views.first_committed() == stored.SESSION


def test_the_oldest_day_of_a_late_import_is_known(storage: Storage) -> None:
    understood = stored.FileReading(format="csv", first_date=stored.SESSION)
    report = stored.import_report(kind="robinhood", understood=understood)
    storage.imports.record(report)
    assert storage.views.first_imported(report.imported_at) == stored.SESSION
    assert storage.views.first_imported(report.imported_at + timedelta(seconds=1)) is None
