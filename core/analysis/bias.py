"""Which way the market leans: three votes, of which two must agree."""

from __future__ import annotations

from typing import Literal

from core.domain.base import Frozen
from core.domain.market import MarketSnapshot
from core.domain.scenarios import Bias

Direction = Literal[-1, 0, 1]
DIRECTIONAL = 2


class Vote(Frozen):
    """One voice; `fact_ids` is empty when there was nothing to judge on."""

    name: Literal["trend", "momentum", "lead"]
    direction: Direction
    text: str
    fact_ids: tuple[str, ...]


class BiasReading(Frozen):
    """The lean and what it is made of. Volatility acts on size and never votes."""

    bias: Bias
    total: int
    votes: tuple[Vote, ...]

    def direction_of(self, name: str) -> Direction:
        return next(vote.direction for vote in self.votes if vote.name == name)


def judge_bias(snapshot: MarketSnapshot) -> BiasReading:
    """Return bullish or bearish when at least two votes more point that way, else neutral."""
    votes = (_trend(snapshot), _momentum(snapshot), _lead(snapshot))
    total = sum(vote.direction for vote in votes)
    if abs(total) < DIRECTIONAL:
        return BiasReading(bias=Bias.NEUTRAL, total=total, votes=votes)
    bias = Bias.BULLISH if total > 0 else Bias.BEARISH
    return BiasReading(bias=bias, total=total, votes=votes)


def _trend(snapshot: MarketSnapshot) -> Vote:
    direction = _sign(snapshot.indicators.sma50 - snapshot.indicators.sma200)
    text = f"The 50-day average is {_place(direction)} the 200-day average."
    facts = ("snapshot.indicators.sma50", "snapshot.indicators.sma200")
    return Vote(name="trend", direction=direction, text=text, fact_ids=facts)


def _momentum(snapshot: MarketSnapshot) -> Vote:
    direction = _sign(snapshot.indicators.macd - snapshot.indicators.macd_signal)
    text = f"MACD is {_place(direction)} its signal line."
    facts = ("snapshot.indicators.macd", "snapshot.indicators.macd_signal")
    return Vote(name="momentum", direction=direction, text=text, fact_ids=facts)


def _lead(snapshot: MarketSnapshot) -> Vote:
    lead = snapshot.lead
    if lead is None:
        text = "The market lead is not known."
        return Vote(name="lead", direction=0, text=text, fact_ids=())
    facts = ("snapshot.lead.symbol",)
    # before the session has a VWAP, the 50-day average stands in for it
    is_above, other = lead.above_sma50, "50-day average"
    if lead.above_vwap is not None:
        is_above, other = lead.above_vwap, "VWAP"
    if lead.above_ema21 != is_above:
        text = f"{lead.symbol} stands between its 21-day average and its {other}."
        return Vote(name="lead", direction=0, text=text, fact_ids=facts)
    direction: Direction = 1 if is_above else -1
    text = f"{lead.symbol} is {_place(direction)} its 21-day average and its {other}."
    return Vote(name="lead", direction=direction, text=text, fact_ids=facts)


def _sign(value: float) -> Direction:
    if value > 0:
        return 1
    return -1 if value < 0 else 0


def _place(direction: Direction) -> str:
    return {1: "above", 0: "level with", -1: "below"}[direction]
