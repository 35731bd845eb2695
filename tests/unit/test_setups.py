"""Each setup is found where it is, says why where it is not, and is the same in the mirror."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.setups import CATALOGUE, CandidatePlan, View
from core.domain.market import Level, MarketSnapshot, Regime
from core.domain.scenarios import Side
from core.domain.setups import (
    BounceParameters,
    BreakoutParameters,
    GapFillParameters,
    MeanReversionParameters,
    OpeningRangeParameters,
    SetupName,
    TrendPullbackParameters,
    VwapParameters,
)
from tests.examples import examples
from tests.unit.markets import daily, indicators, lead, mirrored, snapshot

AIMS = {"first_target_atr": 1.0, "best_target_atr": 2.0, "maximum_target_atr": 4.0}
RECLAIM = VwapParameters(
    kind="vwap_reclaim", minimum_dip_atr=0.25, maximum_distance_fraction=0.005,
    minimum_relative_volume=1.2, zone_atr=0.3, stop_atr=0.5, targets_atr=(1.0, 2.0, 3.0),
)  # fmt: skip
BOUNCE = BounceParameters(
    kind="htf_support_bounce", touch_atr=0.3, touch_sessions=2, maximum_distance_fraction=0.01,
    minimum_confluence=2, minimum_close_position=0.5, zone_atr=0.3, stop_atr=0.5, **AIMS,
)  # fmt: skip
BREAKOUT = BreakoutParameters(
    kind="breakout", lookback_sessions=20, fresh_sessions=1, maximum_extension_fraction=0.02,
    minimum_relative_volume=1.2, zone_atr=0.5, stop_atr=0.3, **AIMS,
)  # fmt: skip
GAP = GapFillParameters(minimum_gap_atr=0.8, maximum_gap_atr=2.5, zone_atr=0.1, stop_atr=0.25)
REVERSION = MeanReversionParameters(
    minimum_extension_atr=1.0, maximum_target_atr=6.0, swing_sessions=3,
    minimum_close_position=0.6, zone_atr=0.2, stop_atr=0.2,
)  # fmt: skip
PULLBACK = TrendPullbackParameters(
    touch_atr=0.2, touch_sessions=3, swing_sessions=15, minimum_pullback_atr=1.5,
    maximum_distance_atr=1.0, rsi_minimum=45, rsi_maximum=65, zone_atr=0.4, stop_atr=0.6, **AIMS,
)  # fmt: skip
OPENING = OpeningRangeParameters(
    maximum_range_atr=0.75, maximum_extension_fraction=0.01, minimum_relative_volume=1.5,
    conditional_reach_atr=0.25, zone_atr=0.15, stop_atr=0.3, **AIMS,
)  # fmt: skip
PARAMETERS: dict[SetupName, Any] = {
    "vwap_reclaim": RECLAIM, "htf_support_bounce": BOUNCE, "breakout": BREAKOUT, "gap_fill": GAP,
    "range_mean_reversion": REVERSION, "trend_pullback": PULLBACK,
    "opening_range_breakout": OPENING,
}  # fmt: skip
Market = tuple[MarketSnapshot, pd.DataFrame]


def level(price: float, agree: int = 2, kind: str = "support") -> Level:
    return Level.model_validate(
        {"kind": kind, "price": price, "source": "swing", "strength": agree / 5}
    )


def find(name: SetupName, market: Market, side: Side = Side.LONG, **changes: Any) -> Any:
    parameters = PARAMETERS[name].model_copy(update=changes)
    return CATALOGUE[name].find(View.of(*market, side), parameters)


def plan(name: SetupName, market: Market, side: Side = Side.LONG, **changes: Any) -> CandidatePlan:
    found = find(name, market, side, **changes)
    assert isinstance(found, CandidatePlan), found
    return found


def prices(found: CandidatePlan) -> tuple[float, float, float]:
    return found.entry_low, found.entry_high, found.stop


def targets(found: CandidatePlan) -> list[float]:
    return [target.price for target in found.targets]


def broken_out(**changes: Any) -> Market:
    """Twenty quiet sessions below 96, then a close at 97."""
    busy = indicators(relative_volume=1.6)
    fields = {"last": 97, "levels": (level(96),), "indicators": busy}
    return snapshot(**fields | changes), daily([(97.4, 95.0, 97.0)])


def bounced(**changes: Any) -> Market:
    """A fall to a support at 90 that holds with a close in the upper half."""
    bars = daily([(92, 90.6, 90.9), (91.0, 90.2, 90.8)])
    levels = (level(90), level(94, 1, "resistance"))
    return snapshot(**{"last": 90.8, "levels": levels} | changes), bars


def pulled_back(**changes: Any) -> Market:
    """A rise to 103, a fall to the 21-day average at 99, and a turn."""
    bars = daily([(103, 101, 102), (101, 99.3, 99.6), (100.5, 99.1, 100)])
    return snapshot(**{"last": 100} | changes), bars


def stretched(**changes: Any) -> Market:
    """A fall to 95, with the last candle closing near its high and MACD curling up."""
    read = indicators(
        bollinger_middle=100, sma50=104, sma200=112, macd_histogram=(-0.3, -0.2, -0.1)
    )
    bars = daily([(99, 97.0, 97.2), (97, 95.0, 96.6)], at=100)
    return snapshot(**{"last": 96.6, "indicators": read} | changes), bars


def in_session(close: float, **changes: Any) -> Market:
    """Forty quiet sessions and a last close, then a session that trades since the open."""
    fields = {
        "previous_close": close, "gap_fraction": changes["session_open"] / close - 1,
        "session_relative_volume": 1.6,
    }  # fmt: skip
    return snapshot(**fields | changes), daily([(close + 1, close - 1, close)])


def reclaimed(**changes: Any) -> Market:
    """A session that fell under its VWAP and is just over it again."""
    so_far = {"session_open": 95.2, "session_high": 96.2, "session_low": 94, "vwap": 95.6}
    return in_session(95, **{"last": 95.9, **so_far} | changes)


def gapped(**changes: Any) -> Market:
    """An open at 97.50 after a close at 100, and a price that moves up."""
    so_far = {"session_open": 97.5, "session_high": 98, "session_low": 97.3}
    return in_session(100, **{"last": 97.8, **so_far} | changes)


def opened(**changes: Any) -> Market:
    """A first five minutes between 95 and 96, and a price over them."""
    so_far = {
        "session_open": 95.2, "session_high": 96.3, "session_low": 95,
        "opening_range_low": 95, "opening_range_high": 96,
    }  # fmt: skip
    return in_session(95, **{"last": 96.2, **so_far} | changes)


FOUND: dict[SetupName, Market] = {
    "vwap_reclaim": reclaimed(), "htf_support_bounce": bounced(), "breakout": broken_out(),
    "gap_fill": gapped(), "range_mean_reversion": stretched(), "trend_pullback": pulled_back(),
    "opening_range_breakout": opened(),
}  # fmt: skip
INTRADAY: list[SetupName] = ["vwap_reclaim", "gap_fill", "opening_range_breakout"]


def test_a_price_back_over_vwap_with_volume_is_a_reclaim() -> None:
    found = plan("vwap_reclaim", reclaimed())
    assert prices(found) == (95.6, 96.2, 94.6)
    assert (found.trigger.kind, found.trigger.price) == ("reclaim", 95.6)
    assert found.trigger.min_relative_volume == 1.2
    # one, two and three average ranges from the worst fill
    assert targets(found) == [98.2, 100.2, 102.2]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"last": 95.6}, "the price is on the other side of VWAP"),
        ({"last": 96.1}, "the price has run too far from VWAP"),
        ({"session_low": 95.2}, "the price does not come back from the other side of VWAP"),
        ({"session_relative_volume": 1.1}, "the volume is too low"),
        ({"session_relative_volume": None}, "the volume of the session cannot be compared"),
        ({"vwap": None}, "the session has no volume yet, so it has no VWAP"),
    ],
)
def test_no_reclaim_is_found_where_none_is(changes: dict[str, Any], reason: str) -> None:
    assert find("vwap_reclaim", reclaimed(**changes)) == reason


def test_a_close_above_the_range_with_volume_is_a_breakout() -> None:
    found = plan("breakout", broken_out())
    assert (found.side, found.trigger.kind, found.trigger.price) == (Side.LONG, "cross_above", 96)
    assert prices(found) == (96, 97, 95.4)
    # no level ahead: one and two average ranges from the worst fill
    assert targets(found) == [99, 101]
    assert found.level == level(96)


@pytest.mark.parametrize(
    ("close", "changes", "reason"),
    [
        (95.9, {}, "the price has not left the range"),
        (98.5, {}, "the price has run too far from the range"),
        (97, {"indicators": indicators(relative_volume=1.1)}, "the volume is too low"),
    ],
)
def test_no_breakout_is_found_where_none_is(
    close: float, changes: dict[str, Any], reason: str
) -> None:
    market = snapshot(last=close, **changes), daily([(close + 0.4, 95, close)])
    assert find("breakout", market) == reason


def test_a_breakout_of_yesterday_holds_if_two_sessions_are_fresh() -> None:
    market = snapshot(last=96.8), daily([(97.4, 95, 97), (97.5, 96.2, 96.8)])
    assert plan("breakout", market, fresh_sessions=2).trigger.kind == "hold_above"


def test_a_history_too_short_for_the_range_is_said() -> None:
    market = snapshot(last=97), daily([(97.4, 95.0, 97.0)], quiet=10)
    assert find("breakout", market) == "there are too few bars for a range"


def test_a_session_that_breaks_out_is_judged_by_its_own_volume() -> None:
    so_far = {"last": 97, "session_open": 95.5, "session_high": 97.4, "session_low": 95}
    assert plan("breakout", in_session(95, **so_far)).trigger.kind == "cross_above"
    dull = in_session(95, **so_far, session_relative_volume=1.1)
    assert find("breakout", dull) == "the volume is too low"


def test_a_pre_market_price_beyond_the_edge_is_no_break() -> None:
    market = snapshot(last=97, previous_close=95, gap_fraction=0.02), daily([(96, 94, 95)])
    assert find("breakout", market) == "the price has not left the range"


@pytest.mark.parametrize(
    ("name", "market", "edge"),
    [
        ("breakout", (snapshot(last=95.6), daily([(95.8, 94, 95.6)])), 96),
        ("opening_range_breakout", opened(last=95.6), 96),
    ],
)
def test_a_price_just_short_of_the_edge_waits_for_the_break(
    name: SetupName, market: Market, edge: float
) -> None:
    found = plan(name, market, conditional_reach_atr=0.3)
    rule = found.trigger
    assert (rule.kind, rule.price, rule.is_met) == ("cross_above", edge, False)
    assert rule.min_relative_volume == PARAMETERS[name].minimum_relative_volume
    assert find(name, market, conditional_reach_atr=0) == "the price has not left the range"
    assert find(name, market, conditional_reach_atr=0.1) == "the price has not left the range"


def test_a_support_that_held_is_a_bounce() -> None:
    found = plan("htf_support_bounce", bounced())
    assert prices(found) == (90, 90.6, 89)
    assert (found.trigger.kind, found.trigger.price, found.rejects) == ("hold_above", 90, True)
    # the resistance at 94 pays 2.1R: it is the best target, the first counts ranges
    assert targets(found) == [92.6, 94]


NOT_NEAR = "no strong level is in reach"
NOT_HELD = "the level in reach was not touched and held"


@pytest.mark.parametrize(
    ("rows", "agree", "reason"),
    [
        ([(92, 90.6, 90.9), (91.0, 90.2, 90.8)], 1, NOT_NEAR),
        ([(92, 91.0, 91.2), (91.4, 90.2, 91.1)], 2, NOT_NEAR),
        ([(92, 90.7, 90.9), (91.0, 90.65, 90.8)], 2, NOT_HELD),
        ([(92, 88.9, 90.9), (91.0, 90.2, 90.8)], 2, NOT_HELD),
        ([(92, 89.5, 89.9), (91.0, 90.2, 90.8)], 2, NOT_HELD),
        ([(92, 90.6, 90.9), (93.0, 90.2, 90.8)], 2, "the last candle does not turn away"),
    ],
    ids=["weak level", "too far", "not touched", "stop was hit", "closed below", "closed low"],
)
def test_no_bounce_is_found_where_none_is(
    rows: list[tuple[float, float, float]], agree: int, reason: str
) -> None:
    market = snapshot(last=rows[-1][2], levels=(level(90, agree),)), daily(rows)
    assert find("htf_support_bounce", market).startswith(reason)


def test_a_level_made_of_the_last_bar_itself_cannot_have_held() -> None:
    own = level(90).model_copy(update={"source": "pdl"})
    assert find("htf_support_bounce", bounced(levels=(own,))) == NOT_NEAR


def test_a_trend_that_turned_at_its_average_is_a_pullback() -> None:
    found = plan("trend_pullback", pulled_back())
    assert (found.side, found.trigger.kind) == (Side.LONG, "hold_above")
    assert prices(found) == (99, 99.8, 97.8)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"regime": Regime(trend="flat", volatility="normal")}, "there is no trend"),
        ({"regime": Regime(trend="down", volatility="normal")}, ""),
        ({"indicators": indicators(rsi14=66)}, "RSI is out of its band"),
        ({"indicators": indicators(ema21=95)}, "the price is far from its average"),
        ({"indicators": indicators(sma50=101)}, "the averages do not carry the price"),
        # only a pre-market price is above the average: the last close is not
        (
            {"last": 101, "indicators": indicators(ema21=100.5)},
            "the averages do not carry the price",
        ),
        ({"indicators": indicators(ema21=98)}, "the price has not come back to its average"),
    ],
)
def test_no_pullback_is_found_where_none_is(changes: dict[str, Any], reason: str) -> None:
    assert find("trend_pullback", pulled_back(**changes)) == reason


def test_an_open_away_from_the_close_that_moves_back_is_a_gap_to_fill() -> None:
    found = plan("gap_fill", gapped())
    assert prices(found) == (97.5, 97.7, 97)
    # half the gap, then all of it
    assert targets(found) == [98.75, 100]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"session_open": 99}, "the gap is too small"),
        ({"session_open": 94, "session_low": 93.9, "last": 94.1}, "the gap is too wide to be"),
        ({"session_high": 100}, "the gap is filled already"),
        ({"session_low": 97}, "the session has traded through the stop already"),
        ({"last": 97.4}, "the price does not move back into the gap"),
        ({"session_open": 101}, ""),
    ],
)
def test_no_gap_fill_is_found_where_none_is(changes: dict[str, Any], reason: str) -> None:
    found = find("gap_fill", gapped(**changes))
    assert found.startswith(reason)
    assert bool(found) == bool(reason)


def test_a_gap_that_does_not_pay_is_refused() -> None:
    wide = {"zone_atr": 0.5, "stop_atr": 0.5}
    assert find("gap_fill", gapped(), **wide) == "the gap does not pay for the risk"


def test_a_stretched_price_that_turns_goes_back_to_its_mean() -> None:
    found = plan("range_mean_reversion", stretched())
    assert prices(found) == (96.2, 96.6, 94.6)
    assert found.trigger.kind == "curl"
    # the mean, then the 50-day average; the 200-day average is out of reach
    assert targets(found) == [100, 104]


def test_the_mean_is_vwap_once_the_session_has_one() -> None:
    market, bars = stretched()
    own = {"vwap": 99.0, "session_open": 97, "session_high": 97.2, "session_low": 95}
    open_ = {"gap_fraction": 0.0, "previous_close": 96.6}
    assert targets(plan("range_mean_reversion", (market.model_copy(update=own | open_), bars))) == [
        99, 104,
    ]  # fmt: skip


TURNING = {"bollinger_middle": 100, "sma50": 104, "sma200": 112}


@pytest.mark.parametrize(
    ("read", "reason"),
    [
        ({"bollinger_middle": 98}, "the price is not far from its mean"),
        ({"bollinger_middle": 96}, ""),
        ({"macd_histogram": (0.1, 0.2, 0.3)}, "MACD does not turn back"),
        ({"sma50": 97}, "the way back to the mean does not pay for the risk"),
    ],
)
def test_no_reversion_is_found_where_none_is(read: dict[str, Any], reason: str) -> None:
    turned = {"macd_histogram": (-0.3, -0.2, -0.1)} | TURNING | read
    assert find("range_mean_reversion", stretched(indicators=indicators(**turned))) == reason


def test_a_cross_of_macd_turns_as_a_curl_does() -> None:
    read = indicators(**TURNING, macd_histogram=(-0.1, -0.2, 0.1))
    assert plan("range_mean_reversion", stretched(indicators=read)).trigger.kind == "curl"


def test_a_candle_that_closes_at_its_low_is_no_reversal() -> None:
    market = stretched(last=95.2)[0], daily([(99, 97.0, 97.2), (97, 95.0, 95.2)], at=100)
    assert find("range_mean_reversion", market) == "the last candle is no reversal"


def test_a_price_over_the_opening_range_with_volume_is_a_breakout() -> None:
    found = plan("opening_range_breakout", opened())
    assert prices(found) == (96, 96.3, 95.4)
    assert (found.trigger.kind, found.trigger.is_met) == ("cross_above", True)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"opening_range_low": None}, "the opening range is not known"),
        ({"opening_range_low": 94.4}, "the opening range is too wide"),
        ({"session_relative_volume": 1.4}, "the volume is too low"),
        ({"last": 95.4}, "the price has not left the range"),
        ({"last": 97}, "the price has run too far from the range"),
    ],
)
def test_no_opening_range_breakout_is_found_where_none_is(
    changes: dict[str, Any], reason: str
) -> None:
    assert find("opening_range_breakout", opened(**changes)) == reason


@pytest.mark.parametrize("name", INTRADAY)
@pytest.mark.parametrize("gap", [None, 0.01], ids=["no bars at all", "pre-market bars alone"])
def test_an_intraday_setup_needs_a_bar_of_the_session(name: SetupName, gap: float | None) -> None:
    market = snapshot(last=95, previous_close=95, gap_fraction=gap), daily([(96, 94, 95)])
    assert find(name, market) == "no bar of the session yet"


def gap_before_the_open(market: Market, last: float) -> Market:
    yesterday, bars = market
    gap = {
        "last": last,
        "previous_close": yesterday.last,
        "gap_fraction": last / yesterday.last - 1,
    }
    return yesterday.model_copy(update=gap), bars


def test_a_gap_through_the_zone_and_its_stop_is_said() -> None:
    market = gap_before_the_open(stretched(), last=94.5)
    reason = "the price is already through the zone and its stop"
    assert find("range_mean_reversion", market) == reason


def test_a_gap_over_the_zone_is_said() -> None:
    market = gap_before_the_open(pulled_back(), last=101.9)
    found = find("trend_pullback", market, maximum_distance_atr=9)
    assert found == "the price has already left the zone behind"


@pytest.mark.parametrize("name", FOUND)
def test_a_zero_range_is_no_error(name: SetupName) -> None:
    market, bars = FOUND[name]
    flat = market.indicators.model_copy(update={"atr14": 0.0})
    assert isinstance(find(name, (market.model_copy(update={"indicators": flat}), bars)), str)


@pytest.mark.parametrize(
    ("edge", "reason"),
    [
        (1.0, "the targets are not in order after the entry"),
        (10.003, "the average range is too small for the tick"),
    ],
)
def test_a_range_smaller_than_a_tick_makes_no_plan(edge: float, reason: str) -> None:
    bars = daily([(edge + 0.003, edge, edge + 0.002)])
    bars.iloc[:-1] = [edge, edge - 0.002, edge - 0.001]
    read = indicators(atr14=0.002, atr14_mean=0.002)
    assert find("breakout", (snapshot(last=edge + 0.002, indicators=read), bars)) == reason


def test_a_range_too_wide_for_the_price_makes_no_short_plan() -> None:
    bars = daily([(9, 4, 5)], at=6.1)
    read = indicators(atr14=8, atr14_mean=8)
    market = snapshot(last=5, indicators=read), bars
    found = find("breakout", market, Side.SHORT, maximum_extension_fraction=1)
    assert found == "the average range is too wide for the price"


PRICED = ("ema8", "ema21", "sma50", "sma200", "bollinger_upper", "bollinger_middle",
          "bollinger_lower")  # fmt: skip
SWAPPED = ("session_{}", "opening_range_{}", "premarket_{}", "previous_{}")


def in_mirror(market: MarketSnapshot) -> MarketSnapshot:
    """Return the snapshot with every price p as 2 x last - p, and every direction turned."""
    around = 2 * market.last

    def turn(price: float | None) -> float | None:
        return None if price is None else around - price

    read = market.indicators
    turned: dict[str, Any] = {name: turn(getattr(read, name)) for name in PRICED}
    turned |= {"rsi14": 100 - read.rsi14, "macd": -read.macd, "macd_signal": -read.macd_signal}
    turned["macd_histogram"] = tuple(-value for value in read.macd_histogram)
    kinds = {"support": "resistance", "resistance": "support"}
    levels = tuple(
        x.model_copy(update={"price": around - x.price, "kind": kinds[x.kind]})
        for x in market.levels
    )
    names = [(name.format("high"), name.format("low")) for name in SWAPPED]
    spans = {high: turn(getattr(market, low)) for high, low in names}
    spans |= {low: turn(getattr(market, high)) for high, low in names}
    singles = {name: turn(getattr(market, name))
               for name in ("previous_close", "vwap", "session_open")}  # fmt: skip
    trend = {"up": "down", "down": "up", "flat": "flat"}[market.regime.trend]
    own = market.lead
    return market.model_copy(
        update={
            **spans,
            **singles,
            "indicators": read.model_copy(update=turned),
            "levels": levels,
            "regime": market.regime.model_copy(update={"trend": trend}),
            "lead": own and lead(above_ema21=not own.above_ema21, above_sma50=not own.above_sma50),
        }
    )


def turned_market(market: Market) -> Market:
    return in_mirror(market[0]), mirrored(market[1], 2 * market[0].last)


@pytest.mark.parametrize("name", FOUND)
def test_a_short_setup_is_the_long_one_in_the_mirror(name: SetupName) -> None:
    market = FOUND[name]
    around = 2 * market[0].last
    long, short = plan(name, market), plan(name, turned_market(market), Side.SHORT)
    assert (long.side, short.side) == (Side.LONG, Side.SHORT)
    kinds = {"cross_above": "cross_below", "hold_above": "hold_below", "reclaim": "reject"}
    assert short.trigger.kind == kinds.get(long.trigger.kind, long.trigger.kind)
    edges = [around - short.entry_high, around - short.entry_low, around - short.stop]
    assert edges == pytest.approx(list(prices(long)))
    assert [around - price for price in targets(short)] == pytest.approx(targets(long))


def is_on_tick(price: float) -> bool:
    ticks = price * (100 if price >= 1 else 10_000)
    return abs(ticks - round(ticks)) < 1e-6


@examples(100)
@given(st.floats(0.05, 6), st.floats(0.51, 600), st.lists(st.floats(0.5, 1.6), max_size=6))
def test_every_breakout_is_ordered_and_on_the_tick(
    range_share: float, price: float, places: list[float]
) -> None:
    atr = price * range_share / 100
    edge = price - min(0.4 * atr, 0.01 * price)
    bars = daily([(price + 0.1 * atr, edge, price)])
    bars.iloc[:-1] = [edge, edge - 2 * atr, edge - atr]
    levels = tuple(level(price * place, 1, "resistance") for place in places)
    market = snapshot(last=price, levels=levels, indicators=indicators(atr14=atr, atr14_mean=atr))
    found = find("breakout", (market, bars))
    if isinstance(found, str):
        assert "too small" in found or "not in order" in found
        return
    path = [found.stop, found.entry_low, found.entry_high, *targets(found)]
    assert all(a < b or (a == b and a == found.entry_low) for a, b in pairwise(path))
    assert all(is_on_tick(one) for one in path)
    assert found.trigger.price < market.last
