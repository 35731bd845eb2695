"""Two of three votes make a direction; volatility has none."""

from __future__ import annotations

import pytest

from core.analysis.bias import judge_bias
from core.domain.market import Regime
from core.domain.tactics import Bias
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


def test_volatility_does_not_vote() -> None:
    calm = snapshot(regime=Regime(trend="up", volatility="low"))
    wild = snapshot(regime=Regime(trend="up", volatility="high"))
    assert judge_bias(calm) == judge_bias(wild)


def test_every_vote_names_its_facts() -> None:
    assert all(vote.fact_ids for vote in judge_bias(snapshot()).votes)
