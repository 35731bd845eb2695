"""Two versions are compared field by field; what is the same is not told."""

from __future__ import annotations

from core.domain.differences import Difference, differences
from core.domain.market import Level
from core.domain.tactics import Tactic
from tests.storage import samples

FIRST = samples.tactic()
VWAP = Level(kind="support", price=101.5, source="vwap", note="VWAP")
SWINGS = tuple(Level(kind="support", price=price, source="swing") for price in (99, 98))


def changed(**changes: object) -> list[Difference]:
    return list(differences(FIRST, FIRST.model_copy(update=changes)))


def test_the_same_version_has_no_difference() -> None:
    assert changed() == []


def test_a_field_is_told_old_and_new() -> None:
    assert changed(objective="Wait") == [
        Difference(field="objective", before="A move to 108", after="Wait")
    ]


def test_a_change_inside_a_plan_names_the_plan() -> None:
    plan = FIRST.scenarios[0].model_copy(update={"stop": 100.0})
    assert changed(scenarios=(plan,)) == [
        Difference(field="scenarios.L1.stop", before=101.0, after=100.0)
    ]


def test_a_member_that_one_version_has_is_one_difference() -> None:
    (added,) = changed(levels=(VWAP,))
    assert (added.field, added.before) == ("levels.vwap", None)
    assert "price 101.5" in str(added.after)


def test_the_place_in_a_list_is_no_difference_where_members_have_names() -> None:
    one = FIRST.model_copy(update={"levels": (VWAP, SWINGS[0])})
    other = FIRST.model_copy(update={"levels": (SWINGS[0], VWAP)})
    assert differences(one, other) == ()


def test_two_members_of_one_name_are_both_compared() -> None:
    one: Tactic = FIRST.model_copy(update={"levels": SWINGS})
    moved = SWINGS[1].model_copy(update={"price": 97.0})
    other = FIRST.model_copy(update={"levels": (SWINGS[0], moved)})
    (only,) = differences(one, other)
    assert (only.field, only.before, only.after) == ("levels.swing 2.price", 98.0, 97.0)
