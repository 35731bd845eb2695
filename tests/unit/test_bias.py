"""Two of three votes make a direction; volatility has none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.bias import judge_bias
from core.domain.market import Regime
from core.domain.scenarios import Bias
from tests.examples import examples
from tests.unit.markets import indicators, lead, snapshot

UP, DOWN = {"sma50": 101, "sma200": 100}, {"sma50": 99, "sma200": 100}
RISING, FALLING = {"macd": 1, "macd_signal": 0}, {"macd": -1, "macd_signal": 0}


@pytest.mark.parametrize(
    ("trend", "momentum", "above", "total", "bias"),
    [
        (UP, RISING, (True, True), 3, Bias.BULLISH),
        (UP, RISING, (True, False), 2, Bias.BULLISH),
        (UP, RISING, (False, False), 1, Bias.NEUTRAL),
        (UP, FALLING, (True, False), 0, Bias.NEUTRAL),
        (DOWN, FALLING, (False, True), -2, Bias.BEARISH),
        (DOWN, FALLING, (False, False), -3, Bias.BEARISH),
    ],
)
def test_the_sum_of_the_votes_makes_the_bias(
    trend: dict[str, float], momentum: dict[str, float], above: tuple[bool, bool],
    total: int, bias: Bias,
) -> None:  # fmt: skip
    leader = lead(above_ema21=above[0], above_sma50=above[1])
    reading = judge_bias(snapshot(indicators=indicators(**trend, **momentum), lead=leader))
    assert (reading.total, reading.bias) == (total, bias)


def test_a_missing_lead_abstains_and_says_so() -> None:
    vote = judge_bias(snapshot(lead=None)).votes[2]
    assert (vote.name, vote.direction, vote.fact_ids) == ("lead", 0, ())
    assert "not known" in vote.text


@pytest.mark.parametrize(
    ("above_ema21", "above_sma50", "above_vwap", "direction"),
    [
        (True, False, True, 1), (False, True, False, -1), (True, True, False, 0),
        (False, False, True, 0), (True, True, None, 1), (True, False, None, 0),
    ],
)  # fmt: skip
def test_the_lead_votes_by_vwap_once_its_session_has_one(
    above_ema21: bool, above_sma50: bool, above_vwap: bool | None, direction: int
) -> None:
    leader = lead(above_ema21=above_ema21, above_sma50=above_sma50, above_vwap=above_vwap)
    assert judge_bias(snapshot(lead=leader)).direction_of("lead") == direction


RANGES = st.floats(0.01, 1000)


@examples(50)
@given(
    ranges=st.tuples(RANGES, RANGES),
    bands=st.tuples(RANGES, RANGES),
    vix=st.none() | st.floats(5, 90),
    states=st.tuples(*[st.sampled_from(["low", "normal", "high"])] * 2),
    squeeze=st.booleans(),
)
def test_volatility_does_not_vote(
    ranges: tuple[float, float], bands: tuple[float, float], vix: float | None,
    states: tuple[str, str], squeeze: bool,
) -> None:  # fmt: skip
    calm = snapshot()
    wild = indicators(
        atr14=ranges[0], atr14_mean=ranges[1], bollinger_upper=bands[0], bollinger_lower=bands[1],
        bollinger_width=bands[0], bollinger_squeeze=squeeze, atr_state=states[0],
    )  # fmt: skip
    regime = Regime.model_validate({"trend": "up", "volatility": states[1]})
    changed = snapshot(indicators=wild, regime=regime, vix=vix)
    assert judge_bias(changed) == judge_bias(calm)


def test_every_vote_names_its_facts() -> None:
    assert all(vote.fact_ids for vote in judge_bias(snapshot()).votes)
