"""A scenario has a sound geometry or none, and a tactic is one immutable whole."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from core.domain.lifecycle import TacticEvent, TacticEventKind
from core.domain.market import Timeframe
from core.domain.resolutions import Outcome
from core.domain.scenarios import Bias, Grade, Scenario, Side, Target, Trigger, contradictions
from core.domain.tactics import CheckItem, Generator, Stage, Tactic

MORNING = datetime(2024, 3, 4, 13, 15, tzinfo=UTC)
CHECKS = (
    "macd_curl_with_bias", "vwap_confirmed", "tape_slowed_at_level", "entry_candle_rejects",
    "risk_defined", "bias_matches_market",
)  # fmt: skip


def aims(*prices: float, fractions: tuple[float, ...] = (0.5, 0.5)) -> tuple[Target, ...]:
    return tuple(Target(price=p, fraction=f) for p, f in zip(prices, fractions, strict=True))


def scenario(**changes: Any) -> Scenario:
    fields: dict[str, Any] = {
        "key": "a", "setup": "breakout", "side": Side.LONG, "grade": Grade.B, "score": 0.5,
        "trigger": Trigger(kind="hold_above", price=100), "entry_low": 100, "entry_high": 101,
        "stop": 98, "targets": aims(104, 107), "timebox_sessions": 5, "invalidation": "below 98",
    }  # fmt: skip
    return Scenario.model_validate(fields | changes)


def short(**changes: Any) -> Scenario:
    fields = {"side": Side.SHORT, "stop": 103, "targets": aims(97, 94)}
    return scenario(**(fields | changes))


def tactic(**changes: Any) -> Tactic:
    checklist = [CheckItem.model_validate({"name": n, "verdict": "na", "evidence": "none"})
                 for n in CHECKS]  # fmt: skip
    fields: dict[str, Any] = {
        "tactic_id": "TBOW-ACME-20240304-AM", "version": 1, "symbol": "ACME",
        "session_date": date(2024, 3, 4), "as_of": MORNING, "timeframe": Timeframe.DAY,
        "snapshot_id": "0" * 64, "insight_id": "1" * 64, "generator": Generator(engine="test"),
        "stage": Stage.PAPER, "bias": Bias.BULLISH, "headline": "h", "context_insight": "c",
        "objective": "o", "levels": (), "scenarios": (scenario(),), "wait_clause": "w",
        "checklist": checklist,
    }  # fmt: skip
    return Tactic.model_validate(fields | changes)


def test_reward_counts_from_the_worst_fill() -> None:
    plan = scenario()
    assert (plan.worst_entry, plan.reward_risk(104), plan.reward_risk(107)) == (101, 1, 2)
    assert plan.best_reward_risk == 2


def test_reward_has_a_sign_on_both_sides() -> None:
    assert (scenario().reward_risk(98), scenario().reward_risk(101)) == (-1, 0)
    plan = short()
    assert (plan.worst_entry, plan.reward_risk(97), plan.reward_risk(103)) == (100, 1, -1)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"stop": 100}, "the stop is not beyond the entry zone"),
        ({"stop": 100.5}, "the stop is not beyond the entry zone"),
        ({"targets": aims(99, 107)}, "wrong side of the entry"),
        ({"targets": aims(101, 107)}, "wrong side of the entry"),
        ({"targets": aims(107, 104)}, "not ordered away from the entry"),
        ({"targets": aims(104, 107, fractions=(0.5, 0.4))}, "do not sum to 1"),
        ({"entry_low": float("inf")}, "finite number"),
        ({"entry_low": 102}, "entry_low is above entry_high"),
        ({"targets": ()}, "at least 1 item"),
        ({"timebox_sessions": 0}, "greater than 0"),
        ({"shoe_size": 43}, "Extra inputs are not permitted"),
    ],
)
def test_an_unsound_long_plan_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        scenario(**changes)


@pytest.mark.parametrize(
    "changes", [{"stop": 101}, {"stop": 98}, {"targets": aims(100, 94)}, {"targets": aims(94, 97)}]
)
def test_an_unsound_short_plan_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        short(**changes)


def test_a_tactic_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        tactic().headline = "another"  # type: ignore[misc] # the fault under test


def test_equal_tactics_have_equal_hashes_and_any_change_another() -> None:
    assert tactic().content_sha256 == tactic().content_sha256
    assert tactic().content_sha256 != tactic(headline="another").content_sha256


def test_a_tactic_survives_being_stored() -> None:
    stored = Tactic.model_validate_json(tactic().model_dump_json())
    assert stored == tactic()
    assert stored.content_sha256 == tactic().content_sha256


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        tactic(as_of=MORNING.replace(tzinfo=None))


def test_a_tactic_without_a_plan_says_why() -> None:
    with pytest.raises(ValidationError, match="must say why"):
        tactic(scenarios=())
    waiting = tactic(scenarios=(), checklist=(), do_not_play_reasons=("no setup is present",))
    assert (waiting.grade, waiting.scenario) == (Grade.DNP, None)


def test_a_plan_needs_its_six_points() -> None:
    with pytest.raises(ValidationError, match="six points"):
        tactic(checklist=())


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"trigger": Trigger(kind="cross_below", price=95), "entry_low": 100.5, "entry_high": 102},
        {"entry_low": 90, "entry_high": 91, "stop": 92, "targets": aims(89, 88)},
    ],
    ids=["same zone and trigger", "zones overlap", "same trigger"],
)
def test_plans_that_contradict_each_other_are_refused(other: dict[str, Any]) -> None:
    against = short(key="b", **other)
    assert contradictions([scenario(), against]) == [("a", "b")]
    with pytest.raises(ValidationError, match="contradicting plans: a and b"):
        tactic(scenarios=(scenario(), against))


@pytest.mark.parametrize(
    "other",
    [
        scenario(key="b", trigger=Trigger(kind="hold_above", price=100)),
        short(
            key="b", trigger=Trigger(kind="cross_below", price=95), entry_low=94, entry_high=95,
            stop=96, targets=aims(93, 91),
        ),
    ],
    ids=["the same side", "another zone"],
)  # fmt: skip
def test_plans_that_want_different_things_may_stand_together(other: Scenario) -> None:
    assert contradictions([scenario(), other]) == []
    assert len(tactic(scenarios=(scenario(), other)).scenarios) == 2


@pytest.mark.parametrize(
    ("bias", "plan", "is_sound"),
    [
        (Bias.BEARISH, scenario(), False), (Bias.BULLISH, short(), False),
        (Bias.NEUTRAL, scenario(), True), (Bias.NEUTRAL, short(), True),
        (Bias.BULLISH, scenario(), True), (Bias.BEARISH, short(), True),
    ],
)  # fmt: skip
def test_a_view_may_not_oppose_its_plan(bias: Bias, plan: Scenario, is_sound: bool) -> None:
    if is_sound:
        assert tactic(bias=bias, scenarios=(plan,)).slot == "AM"
    else:
        with pytest.raises(ValidationError, match=f"a {bias} bias opposes its {plan.side} plan"):
            tactic(bias=bias, scenarios=(plan,))


def event(**changes: Any) -> TacticEvent:
    fields: dict[str, Any] = {
        "tactic_id": "TBOW-ACME-20240304-AM", "version": 1, "kind": TacticEventKind.TARGET_HIT,
        "occurred_at": MORNING, "actor": "job", "payload": {"target": 1, "price": 104.0},
    }  # fmt: skip
    return TacticEvent.model_validate(fields | changes)


def test_the_same_event_told_twice_has_one_id() -> None:
    later = event(occurred_at=datetime(2024, 3, 5, tzinfo=UTC), actor="user")
    assert event().event_id == later.event_id
    assert event().event_id != event(payload={"target": 2}).event_id
    assert event().event_id != event(version=2).event_id


def test_plans_that_were_never_filled_are_not_trades() -> None:
    idle = {outcome for outcome in Outcome if not outcome.was_traded}
    assert idle == {Outcome.INVALIDATED, Outcome.NEVER_TRIGGERED, Outcome.CANCELLED}
