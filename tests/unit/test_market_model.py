"""Snapshots of earlier versions parse and keep their id; new facts are part of a new id."""

from __future__ import annotations

import hashlib

import pytest
from pydantic import ValidationError

from core.analysis.indicators import read_indicators
from core.domain.base import canonical_json
from core.domain.market import MarketSnapshot
from tests.unit.markets import closed_form_bars, indicators, lead, snapshot

# As version 0.1.0 stored it.
STORED = (
    '{"as_of":"2024-03-04T13:15:00Z","bars_count":300,"bars_first_date":"2023-01-02",'
    '"bars_last_date":"2024-03-01","bars_sha256":"' + "0" * 64 + '","change_fraction":0.01,'
    '"fundamentals":null,"headlines":[],"indicators":{"atr14":2.0,"atr14_mean":2.0,'
    '"bollinger_lower":94.0,"bollinger_middle":99.0,"bollinger_upper":104.0,"ema21":99.0,'
    '"ema8":100.0,"macd":1.0,"macd_histogram":[0.1,0.15,0.2],"macd_signal":0.8,'
    '"relative_volume":1.3,"rsi14":55.0,"sma200":90.0,"sma50":97.0},"label":"synthetic",'
    '"last":100.0,"lead":{"above_ema21":true,"above_sma50":true,"change_fraction":0.01,'
    '"label":"derived","last":200.0,"symbol":"LEAD6"},"levels":[],"previous_close":99.0,'
    '"previous_high":101.0,"previous_low":98.5,"provider":"formula","regime":{"trend":"up",'
    '"volatility":"normal"},"session_date":"2024-03-04","symbol":"ACME","timeframe":"1d"}'
)


def test_a_snapshot_of_the_first_version_keeps_its_text_and_its_id() -> None:
    old = MarketSnapshot.model_validate_json(STORED)
    assert canonical_json(old) == STORED
    assert old.snapshot_id == hashlib.sha256(STORED.encode()).hexdigest()
    assert (old.vwap, old.leads, old.indicators.macd_curl) == (None, (), None)


@pytest.mark.parametrize(
    "fact",
    [
        {"vwap": 99.5},
        {"gap_fraction": 0.0},
        {"leads": (lead(),)},
        {"indicators": indicators(macd_curl="none")},
        {"indicators": indicators(bollinger_squeeze=False)},
        {"lead": lead(above_vwap=False)},
        {"regime": {"trend": "up", "volatility": "normal", "chop": False}},
    ],
)
def test_a_fact_that_is_known_is_part_of_the_id_even_if_it_is_no(fact: dict[str, object]) -> None:
    assert snapshot(**fact).snapshot_id != snapshot().snapshot_id


def test_a_full_snapshot_comes_back_from_its_text() -> None:
    taken = snapshot(
        indicators=read_indicators(closed_form_bars()), lead=lead(above_vwap=True),
        leads=(lead(above_vwap=True), lead(symbol="SPY")), vwap=99.5, premarket_vwap=98.0,
        premarket_high=98.5, premarket_low=97.0, gap_fraction=-0.01,
        regime={"trend": "up", "volatility": "high", "chop": True},
    )  # fmt: skip
    again = MarketSnapshot.model_validate_json(canonical_json(taken))
    assert again == taken
    assert again.snapshot_id == taken.snapshot_id


def test_the_lead_is_the_first_of_the_leads() -> None:
    with pytest.raises(ValidationError, match="the first of the leads"):
        snapshot(lead=lead(), leads=(lead(symbol="SPY"), lead()))
