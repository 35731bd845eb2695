"""A plan is graded by what it pays, what backs it, and what speaks against it."""

from __future__ import annotations

from typing import Any

import pytest

from core.analysis.bias import BiasReading, judge_bias
from core.analysis.setups import CandidatePlan, Judgement, judge
from core.domain.market import MarketSnapshot
from core.domain.scenarios import Bias, Grade, Side, Target
from core.domain.tactics import CheckItem
from tests.unit.markets import indicators, snapshot
from tests.unit.test_setups import broken_out, level, opened, plan, reclaimed


def leaning(bias: Bias, direction: int) -> BiasReading:
    votes = judge_bias(snapshot()).votes
    turned = tuple(vote.model_copy(update={"direction": direction}) for vote in votes)
    return BiasReading(bias=bias, total=3 * direction, votes=turned)


BULLISH, BEARISH = leaning(Bias.BULLISH, 1), leaning(Bias.BEARISH, -1)


def judged(
    market: MarketSnapshot | None = None, bias: BiasReading = BULLISH, **changes: Any
) -> Judgement:
    """Judge a breakout, zone 96-97, stop 95.40, first target 99, on an ATR of 2."""
    own, bars = broken_out()
    found = plan("breakout", (own, bars)).model_copy(update=changes)
    return judge(found, bias, market or own)


def aims(best: float) -> tuple[Target, ...]:
    return Target(price=99, fraction=0.5), Target(price=best, fraction=0.5)


@pytest.mark.parametrize(
    ("changes", "grade"),
    [
        # the risk is 1.6: 99 pays 1.25R, 101 2.5R, 101.8 3R, 100 1.9R, 99.1 1.3R
        ({"targets": aims(101)}, Grade.B),
        ({"targets": aims(101.8)}, Grade.A_PLUS),
        ({"targets": aims(101.8), "level": level(96, 1)}, Grade.B),
        ({"targets": aims(100)}, Grade.C),
        ({"targets": aims(99.1)}, Grade.DNP),
        ({"targets": aims(130), "stop": 89.0}, Grade.C),
        ({"obstacle": "a strong level stands before the first target"}, Grade.DNP),
    ],
)
def test_the_grade_follows_reward_and_confluence(changes: dict[str, Any], grade: Grade) -> None:
    made = judged(**changes)
    assert made.scenario.grade is grade
    assert bool(made.reasons) == (grade in {Grade.C, Grade.DNP})


@pytest.mark.parametrize(
    ("changes", "grade"),
    [
        ({"indicators": indicators(relative_volume=1.1)}, Grade.B),
        ({"session_open": 96.0, "session_relative_volume": 1.1}, Grade.B),
        ({"session_open": 96.0, "session_relative_volume": None}, Grade.B),
        ({"session_open": 96.0, "session_relative_volume": 1.2}, Grade.A_PLUS),
    ],
)
def test_the_best_grade_needs_volume_that_of_the_session_once_it_is_open(
    changes: dict[str, Any], grade: Grade
) -> None:
    market = broken_out()[0].model_copy(update=changes)
    assert judged(market, targets=aims(101.8)).scenario.grade is grade


def test_a_plan_against_the_bias_is_not_played_and_says_so() -> None:
    made = judged(bias=BEARISH)
    assert made.scenario.grade is Grade.DNP
    assert made.reasons == ("against the bearish bias",)


def test_an_entry_far_from_the_last_price_is_not_played() -> None:
    far = broken_out()[0].model_copy(update={"last": 103.1})
    assert judged(far).reasons == ("the entry is too far from the last price",)
    assert judged(far.model_copy(update={"last": 103})).reasons == ()


def test_the_score_is_the_weighted_sum_of_its_parts() -> None:
    made = judged()
    parts = made.score_parts
    assert (parts.grade, parts.confluence, parts.market_alignment) == (0.7, 0.4, 1)
    # candle, risk and market pass; the histogram does not curl
    assert parts.checklist == pytest.approx(3 / 6)
    assert made.scenario.score == pytest.approx(0.28 + 0.15 + 0.08 + 0.10)


def test_the_checklist_has_its_six_points_in_order() -> None:
    checklist = judged().checklist
    assert {item.name: item.verdict for item in checklist} == {
        "macd_curl_with_bias": "fail", "vwap_confirmed": "na", "tape_slowed_at_level": "na",
        "entry_candle_rejects": "pass", "risk_defined": "pass", "bias_matches_market": "pass",
    }  # fmt: skip
    assert all(item.evidence for item in checklist)


@pytest.mark.parametrize(
    ("histogram", "verdict"), [((-0.3, -0.2, -0.1), "pass"), ((0.3, 0.2, 0.1), "fail")]
)
def test_a_curl_has_to_turn_the_plans_way(
    histogram: tuple[float, float, float], verdict: str
) -> None:
    market = snapshot(last=97, indicators=indicators(macd_histogram=histogram))
    assert judged(market).checklist[0].verdict == verdict


def vwap_point(side: Side, **changes: Any) -> CheckItem:
    own, bars = reclaimed()
    found = plan("vwap_reclaim", (own, bars)).model_copy(update={"side": side})
    if side is Side.SHORT:
        found = short_of(found)
    return judge(found, BULLISH, own.model_copy(update=changes)).checklist[1]


def short_of(found: CandidatePlan) -> CandidatePlan:
    turned = {"stop": 97.2, "targets": (Target(price=90, fraction=1),)}
    return found.model_copy(update=turned)


@pytest.mark.parametrize(
    ("side", "last", "verdict"),
    [(Side.LONG, 95.9, "pass"), (Side.LONG, 95.5, "fail"), (Side.SHORT, 95.5, "pass")],
)
def test_vwap_is_judged_by_the_plans_side(side: Side, last: float, verdict: str) -> None:
    assert vwap_point(side, last=last).verdict == verdict


@pytest.mark.parametrize(("opened_at", "missing"), [(None, "bar"), (95.2, "volume")])
def test_without_vwap_the_point_is_open_and_says_why(opened_at: float | None, missing: str) -> None:
    point = vwap_point(Side.LONG, vwap=None, session_open=opened_at)
    text = f"The session has no {missing} yet, so it has no VWAP."
    assert (point.verdict, point.evidence) == ("na", text)


def test_the_candle_is_the_session_so_far_once_it_is_open() -> None:
    today = judge(plan("opening_range_breakout", opened()), BULLISH, opened()[0]).checklist[3]
    assert today.evidence == "The last price stands in the upper part of the session's range."
    assert (
        judged().checklist[3].evidence
        == "The last daily bar closed in the upper part of its range."
    )


def test_a_missing_lead_leaves_the_market_point_open() -> None:
    market = broken_out()[0].model_copy(update={"lead": None})
    made = judged(market, judge_bias(market))
    assert (made.checklist[5].verdict, made.score_parts.market_alignment) == ("na", 0.5)


def test_the_plan_says_what_ends_it_before_the_entry() -> None:
    made = judged(failure="the break has failed")
    text = "A close at or below $95.40 before entry ends the plan: the break has failed."
    assert made.scenario.invalidation == text


@pytest.mark.parametrize(("after", "kept"), [(None, None), (1, 1), (2, None)])
def test_the_stop_moves_only_while_something_is_left(after: int | None, kept: int | None) -> None:
    made = judged(breakeven_after_target=after)
    assert (len(made.scenario.targets), made.scenario.breakeven_after_target) == (2, kept)


def test_a_range_of_zero_is_a_flaw_and_no_error() -> None:
    market = broken_out()[0]
    flat = market.indicators.model_copy(update={"atr14": 0.0})
    made = judged(market.model_copy(update={"indicators": flat}))
    assert made.scenario.grade is not Grade.A_PLUS
    assert made.reasons


@pytest.mark.parametrize(("volatility", "grade"), [("normal", Grade.A_PLUS), ("high", Grade.B)])
def test_high_volatility_costs_the_best_grade_and_no_direction(
    volatility: str, grade: Grade
) -> None:
    own = broken_out()[0]
    regime = own.regime.model_copy(update={"volatility": volatility})
    made = judged(own.model_copy(update={"regime": regime}), targets=aims(101.8))
    assert (made.scenario.grade, made.scenario.side) == (grade, Side.LONG)
