"""The made-up trades of the demo are what they are called, found by the real rules."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from core.analysis.discipline.examples import example_notes, examples
from core.analysis.discipline.judging import Judgement
from core.domain.overrides import Override
from core.domain.overrides import OverrideKind as Kind
from tests.unit.discipline_samples import RULES

NEWEST = date(2023, 9, 18)


@pytest.fixture(scope="module")
def judged() -> list[Judgement]:
    return examples(NEWEST, RULES)


def found(judged: list[Judgement], *kinds: Kind) -> list[Override]:
    """Return the overrides of the trade that has exactly these."""
    (one,) = [one for one in judged if [o.kind for o in one.overrides] == list(kinds)]
    return list(one.overrides)


def test_every_trade_is_labelled_synthetic_and_has_ended(judged: list[Judgement]) -> None:
    assert {one.comparison.label for one in judged} == {"synthetic"}
    assert {o.label for one in judged for o in one.overrides} == {"synthetic"}
    assert all(one.comparison.split is not None for one in judged)


def test_a_bias_flips_after_a_win(judged: list[Judgement]) -> None:
    (flip,) = found(judged, Kind.BIAS_FLIP)
    assert (flip.follows, flip.cost_r) == ("win", 0.5)


def test_an_open_profit_is_given_back(judged: list[Judgement]) -> None:
    moved, late = found(judged, Kind.TARGET_MOVED, Kind.LATE_EXIT)
    assert moved.system_r == 1.5
    assert moved.actual_r == pytest.approx(1 / 6)
    assert moved.cost_r == pytest.approx(4 / 3)
    assert late.cost_r == 0  # the cost of a trade is told once


def test_one_is_held_past_its_invalidation_and_oversized(judged: list[Judgement]) -> None:
    large, held = found(judged, Kind.OVERSIZE, Kind.HELD_PAST_INVALIDATION)
    assert (large.cost_r, held.cost_r, held.follows) == (0.5, 1.5, "loss")


def test_averaging_down_paid_and_is_an_override_all_the_same(judged: list[Judgement]) -> None:
    added, _ = found(judged, Kind.AVERAGED_DOWN, Kind.OVERSIZE)
    assert added.cost_r == pytest.approx(-13 / 6)


def test_an_early_entry_paid(judged: list[Judgement]) -> None:
    (early,) = found(judged, Kind.EARLY_ENTRY)
    assert early.cost_r == -0.5


def test_a_time_stop_of_ones_own_saved_a_loss(judged: list[Judgement]) -> None:
    (early,) = found(judged, Kind.EARLY_EXIT)
    assert early.system_r == -1
    assert early.cost_r == pytest.approx(-5 / 6)


def test_the_size_grows_after_a_streak(judged: list[Judgement]) -> None:
    (large,) = found(judged, Kind.OVERSIZE)
    assert (large.follows, large.cost_r) == ("win", 1)


def test_some_plans_are_followed_to_the_cent(judged: list[Judgement]) -> None:
    kept = [one.comparison for one in judged if one.comparison.is_followed]
    assert len(kept) == 4
    assert all(one.split and one.split.total == 0 for one in kept)


@pytest.mark.parametrize("back", range(7))
def test_the_examples_end_on_the_last_weekday_whatever_day_it_is(back: int) -> None:
    newest = NEWEST - timedelta(days=back)
    days = [one.comparison.session_date for one in examples(newest, RULES)]
    assert 0 <= (newest - max(days)).days <= 2
    assert all(day.weekday() < 5 for day in days)


def test_what_was_said_belongs_to_an_override(judged: list[Judgement]) -> None:
    notes = example_notes(judged)
    known = {o.override_id: o.kind for one in judged for o in one.overrides}
    assert {known[key] for key in notes} == {
        Kind.BIAS_FLIP, Kind.TARGET_MOVED, Kind.HELD_PAST_INVALIDATION, Kind.AVERAGED_DOWN,
        Kind.EARLY_ENTRY, Kind.OVERSIZE, Kind.EARLY_EXIT,
    }  # fmt: skip
