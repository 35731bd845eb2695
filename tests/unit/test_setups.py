"""Each setup is found where it is, missing where it is not, and the same in the mirror."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.analysis.bias import BiasReading, judge_bias
from core.analysis.setups import Candidate, breakout, support_bounce, trend_pullback
from core.analysis.setups.drafting import draft_scenario, judge
from core.domain.market import Level, MarketSnapshot, Regime
from core.domain.setups import (
    BreakoutParameters,
    SupportBounceParameters,
    TrendPullbackParameters,
)
from core.domain.tactics import Bias, Grade, Side
from core.errors import InsufficientDataError
from tests.unit.markets import daily, indicators, lead, mirrored, snapshot

AIMS = {"first_target_atr": 1.0, "best_target_atr": 2.0, "maximum_target_atr": 4.0}
BREAKOUT = BreakoutParameters(
    lookback_sessions=20, fresh_sessions=1, maximum_extension_atr=1.5,
    minimum_relative_volume=1.2, zone_atr=0.5, stop_atr=0.3, **AIMS,
)  # fmt: skip
BOUNCE = SupportBounceParameters(
    touch_atr=0.3, touch_sessions=2, maximum_distance_atr=0.75, minimum_confluence=2,
    minimum_close_position=0.5, zone_atr=0.3, stop_atr=0.5, **AIMS,
)  # fmt: skip
PULLBACK = TrendPullbackParameters(
    touch_atr=0.2, touch_sessions=3, swing_sessions=15, minimum_pullback_atr=1.5,
    maximum_distance_atr=1.0, rsi_minimum=45, rsi_maximum=65, zone_atr=0.4, stop_atr=0.6, **AIMS,
)  # fmt: skip


def level(price: float, agree: int = 2, kind: str = "support") -> Level:
    return Level.model_validate(
        {"kind": kind, "price": price, "source": "swing", "strength": agree / 5}
    )


def broken_out() -> tuple[MarketSnapshot, pd.DataFrame]:
    """Twenty quiet sessions below 96, then a close at 97."""
    bars = daily([(97.4, 95.0, 97.0)])
    return snapshot(last=97, levels=(level(96),)), bars


def bounced() -> tuple[MarketSnapshot, pd.DataFrame]:
    """A fall to a support at 90 that holds with a close in the upper half."""
    bars = daily([(92, 90.8, 91.2), (91.4, 90.2, 91.1)])
    return snapshot(last=91.1, levels=(level(90), level(94, 1, "resistance"))), bars


def pulled_back() -> tuple[MarketSnapshot, pd.DataFrame]:
    """A rise to 103, a fall to the 21-day average at 99, and a turn."""
    bars = daily([(103, 101, 102), (101, 99.3, 99.6), (100.5, 99.1, 100)])
    return snapshot(last=100), bars


def only(found: list[Candidate]) -> Candidate:
    assert len(found) == 1
    return found[0]


def test_a_close_above_the_range_with_volume_is_a_breakout() -> None:
    found = only(breakout.detect(*broken_out(), BREAKOUT))
    assert (found.side, found.trigger.kind, found.trigger.price) == (Side.LONG, "cross_above", 96)
    assert (found.entry_low, found.entry_high, found.stop) == (96, 97, 95.4)
    # no level ahead: one and two average ranges from the worst fill
    assert [target.price for target in found.targets] == [99, 101]
    assert found.level == level(96)


@pytest.mark.parametrize(
    "bars",
    [daily([(96.4, 95, 95.9)]), daily([(101, 95, 99.5)])],
    ids=["closed inside the range", "ran too far"],
)
def test_no_breakout_is_found_where_none_is(bars: pd.DataFrame) -> None:
    assert breakout.detect(snapshot(last=bars["close"].iloc[-1]), bars, BREAKOUT) == []


def test_a_breakout_without_volume_is_none() -> None:
    quiet, bars = broken_out()
    quiet = quiet.model_copy(update={"indicators": indicators(relative_volume=1.1)})
    assert breakout.detect(quiet, bars, BREAKOUT) == []


def test_a_breakout_of_yesterday_holds_if_two_sessions_are_fresh() -> None:
    bars = daily([(97.4, 95, 97), (97.5, 96.2, 96.8)])
    two = BREAKOUT.model_copy(update={"fresh_sessions": 2})
    assert only(breakout.detect(snapshot(last=96.8), bars, two)).trigger.kind == "hold_above"


def test_a_support_that_held_is_a_bounce() -> None:
    found = only(support_bounce.detect(*bounced(), BOUNCE))
    assert (found.entry_low, found.entry_high, found.stop) == (90, 90.6, 89)
    assert (found.trigger.kind, found.trigger.price, found.rejects) == ("hold_above", 90, True)
    # the resistance at 94 pays 2.1R: it is the best target, the first counts ranges
    assert [target.price for target in found.targets] == [92.6, 94]


@pytest.mark.parametrize(
    ("rows", "agree"),
    [
        ([(92, 90.8, 91.2), (91.4, 90.2, 91.1)], 1),
        ([(92, 91.0, 91.2), (91.4, 90.8, 91.1)], 2),
        ([(92, 88.9, 91.2), (91.4, 90.2, 91.1)], 2),
        ([(92, 89.5, 89.9), (91.4, 90.2, 91.1)], 2),
        ([(92, 90.8, 91.2), (94.0, 90.2, 91.1)], 2),
    ],
    ids=["weak level", "not touched", "stop was hit", "closed below", "closed low in its range"],
)
def test_no_bounce_is_found_where_none_is(
    rows: list[tuple[float, float, float]], agree: int
) -> None:
    market = snapshot(last=91.1, levels=(level(90, agree),))
    assert support_bounce.detect(market, daily(rows), BOUNCE) == []


def test_a_level_made_of_the_last_bar_itself_cannot_have_held() -> None:
    own = level(90).model_copy(update={"source": "pdl"})
    market, bars = bounced()
    assert support_bounce.detect(market.model_copy(update={"levels": (own,)}), bars, BOUNCE) == []


def test_a_trend_that_turned_at_its_average_is_a_pullback() -> None:
    found = only(trend_pullback.detect(*pulled_back(), PULLBACK))
    assert (found.side, found.trigger.kind) == (Side.LONG, "hold_above")
    assert (found.entry_low, found.entry_high, found.stop) == (99, 99.8, 97.8)


@pytest.mark.parametrize(
    "changes",
    [
        {"regime": Regime(trend="flat", volatility="normal")},
        {"indicators": indicators(rsi14=66)},
        {"indicators": indicators(ema21=95)},
        {"indicators": indicators(sma50=101)},
    ],
    ids=["flat trend", "overbought", "far from the average", "below the slower average"],
)
def test_no_pullback_is_found_where_none_is(changes: dict[str, Any]) -> None:
    market, bars = pulled_back()
    assert trend_pullback.detect(market.model_copy(update=changes), bars, PULLBACK) == []


def test_bars_of_another_moment_are_refused() -> None:
    market, bars = pulled_back()
    with pytest.raises(InsufficientDataError, match="do not end at the snapshot"):
        trend_pullback.detect(market, bars.iloc[:-1], PULLBACK)


PRICED = {"ema8", "ema21", "sma50", "sma200", "bollinger_upper", "bollinger_middle",
          "bollinger_lower"}  # fmt: skip


def in_mirror(market: MarketSnapshot, around: float = 200) -> MarketSnapshot:
    """Return the snapshot with every price p as `around` - p, and every direction turned."""
    read = market.indicators
    turned: dict[str, Any] = {name: around - getattr(read, name) for name in PRICED}
    turned |= {"rsi14": 100 - read.rsi14, "macd": -read.macd, "macd_signal": -read.macd_signal}
    turned["macd_histogram"] = tuple(-value for value in read.macd_histogram)
    kinds = {"support": "resistance", "resistance": "support"}
    levels = [level(around - x.price, round(x.strength * 5), kinds[x.kind]) for x in market.levels]
    return market.model_copy(
        update={
            "last": around - market.last,
            "indicators": read.model_copy(update=turned),
            "levels": tuple(levels),
            "regime": Regime(trend="down", volatility="normal"),
            "lead": lead(above_ema21=False, above_sma50=False),
        }
    )


@pytest.mark.parametrize(
    ("detect", "parameters", "market"),
    [
        (breakout.detect, BREAKOUT, broken_out()),
        (support_bounce.detect, BOUNCE, bounced()),
        (trend_pullback.detect, PULLBACK, pulled_back()),
    ],
)
def test_a_short_setup_is_the_long_one_in_the_mirror(
    detect: Any, parameters: Any, market: tuple[MarketSnapshot, pd.DataFrame]
) -> None:
    long = only(detect(*market, parameters))
    short = only(detect(in_mirror(market[0]), mirrored(market[1], 200), parameters))
    assert (long.side, short.side) == (Side.LONG, Side.SHORT)
    assert short.trigger.kind == long.trigger.kind.replace("above", "below")
    edges = [200 - short.entry_high, 200 - short.entry_low, 200 - short.stop]
    assert edges == pytest.approx([long.entry_low, long.entry_high, long.stop])
    aims = [200 - target.price for target in short.targets]
    assert aims == pytest.approx([target.price for target in long.targets])


def neutral_to(bias: Bias, direction: int) -> BiasReading:
    votes = judge_bias(snapshot()).votes
    turned = tuple(vote.model_copy(update={"direction": direction}) for vote in votes)
    return BiasReading(bias=bias, total=3 * direction, votes=turned)


BULLISH, BEARISH = neutral_to(Bias.BULLISH, 1), neutral_to(Bias.BEARISH, -1)


def graded(agree: int = 1, best: float = 101.0, volume: float = 1.3, **changes: Any) -> Grade:
    market, bars = broken_out()
    found = only(breakout.detect(market, bars, BREAKOUT))
    first, last = found.targets
    aims = (first, last.model_copy(update={"price": best}))
    found = found.model_copy(update={"level": level(96, agree), "targets": aims} | changes)
    read = indicators(relative_volume=volume)
    return draft_scenario(found, BULLISH, market.model_copy(update={"indicators": read})).grade


@pytest.mark.parametrize(
    ("options", "grade"),
    [
        # the risk is 1.6: 101 pays 2.5R, 101.8 3R, 100 1.9R, 99.1 1.3R
        ({}, Grade.B),
        ({"best": 101.8, "agree": 2}, Grade.A_PLUS),
        ({"best": 101.8, "agree": 1}, Grade.B),
        ({"best": 101.8, "agree": 2, "volume": 1.1}, Grade.B),
        ({"best": 100.0}, Grade.C),
        ({"best": 99.1}, Grade.DNP),
        ({"stop": 89.0, "best": 130.0}, Grade.C),
        ({"obstacle": "a strong level stands before the first target"}, Grade.DNP),
    ],
)
def test_the_grade_follows_reward_confluence_and_volume(
    options: dict[str, Any], grade: Grade
) -> None:
    assert graded(**options) is grade


def test_a_plan_against_the_bias_is_not_played_and_says_so() -> None:
    market, bars = broken_out()
    judged = judge(only(breakout.detect(market, bars, BREAKOUT)), BEARISH, market)
    assert judged.scenario.grade is Grade.DNP
    assert judged.reasons == ("breakout, long: against the bearish bias",)


def test_the_score_is_the_weighted_sum_of_its_parts() -> None:
    market, bars = broken_out()
    judged = judge(only(breakout.detect(market, bars, BREAKOUT)), BULLISH, market)
    parts = judged.score_parts
    assert (parts.grade, parts.confluence, parts.market_alignment) == (0.7, 0.4, 1)
    # candle, risk and market pass; the histogram does not curl
    assert parts.checklist == pytest.approx(3 / 6)
    assert judged.scenario.score == pytest.approx(0.28 + 0.15 + 0.08 + 0.10)


def test_the_checklist_has_its_six_points_in_order() -> None:
    market, bars = broken_out()
    judged = judge(only(breakout.detect(market, bars, BREAKOUT)), BULLISH, market)
    verdicts = {item.name: item.verdict for item in judged.checklist}
    assert verdicts == {
        "macd_curl_with_bias": "fail", "vwap_confirmed": "na", "tape_slowed_at_level": "na",
        "entry_candle_rejects": "pass", "risk_defined": "pass", "bias_matches_market": "pass",
    }  # fmt: skip
    assert all(item.evidence for item in judged.checklist)


@pytest.mark.parametrize(
    ("histogram", "verdict"), [((-0.3, -0.2, -0.1), "pass"), ((0.3, 0.2, 0.1), "fail")]
)
def test_a_curl_has_to_turn_the_plans_way(
    histogram: tuple[float, float, float], verdict: str
) -> None:
    market, bars = broken_out()
    found = only(breakout.detect(market, bars, BREAKOUT))
    read = indicators(macd_histogram=histogram)
    judged = judge(found, BULLISH, market.model_copy(update={"indicators": read}))
    assert judged.checklist[0].verdict == verdict


def test_a_missing_lead_leaves_the_market_point_open() -> None:
    market, bars = broken_out()
    market = market.model_copy(update={"lead": None})
    judged = judge(only(breakout.detect(market, bars, BREAKOUT)), judge_bias(market), market)
    assert (judged.checklist[5].verdict, judged.score_parts.market_alignment) == ("na", 0.5)


def test_a_range_smaller_than_a_tick_makes_no_plan() -> None:
    bars = daily([(1.003, 1.0, 1.002)], at=0)
    bars.iloc[:-1] = [1.0, 0.998, 0.999]
    read = indicators(atr14=0.002, atr14_mean=0.002)
    assert breakout.detect(snapshot(last=1.002, indicators=read), bars, BREAKOUT) == []


def test_a_range_too_wide_for_the_price_makes_no_short_plan() -> None:
    bars = daily([(9, 4, 5)], at=12)
    read = indicators(atr14=8, atr14_mean=8)
    assert breakout.detect(snapshot(last=5, indicators=read), bars, BREAKOUT) == []


@settings(max_examples=150, deadline=None)
@given(st.floats(0.05, 6), st.floats(0.51, 600), st.lists(st.floats(0.5, 1.6), max_size=6))
def test_every_breakout_pays_its_risk_from_the_worst_fill(
    range_share: float, price: float, places: list[float]
) -> None:
    atr = price * range_share / 100
    edge = price - 0.4 * atr
    bars = daily([(price + 0.1 * atr, edge, price)])
    bars.iloc[:-1] = [edge, edge - 2 * atr, edge - atr]
    levels = tuple(level(price * place, 1, "resistance") for place in places)
    market = snapshot(last=price, levels=levels, indicators=indicators(atr14=atr, atr14_mean=atr))
    for found in breakout.detect(market, bars, BREAKOUT):
        scenario = draft_scenario(found, BULLISH, market)
        assert scenario.reward_risk(scenario.targets[0].price) >= 1 - 1e-9
        assert scenario.best_reward_risk >= 2 - 1e-9
        assert scenario.trigger.price < market.last
        assert scenario.entry_low - atr <= market.last <= scenario.entry_high + atr
