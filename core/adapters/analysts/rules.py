"""An analyst that follows three fixed rules; the same snapshot gives the same insight."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from core.domain.feeds import Label
from core.domain.insights import (
    Driver,
    Extraction,
    HeadlineQuestion,
    Material,
    Opinion,
    TacticProse,
    WritingTask,
)
from core.domain.market import Indicators, Lead, MarketSnapshot
from core.domain.model_calls import Answer
from core.domain.tactics import Bias
from core.settings import Settings

ENGINE = "rules/v1"
OVERBOUGHT, OVERSOLD = 70, 30
EARNINGS_DAYS = 7
BUSY_HEADLINES = 3
Vote = Literal[-1, 0, 1]
POINTS: dict[int, str] = {1: "up", -1: "down", 0: "nowhere"}
NAMES = ("trend", "momentum", "the market lead")


def create(settings: Settings) -> RulesAnalyst:  # noqa: ARG001 - it has nothing to set
    return RulesAnalyst()


class RulesAnalyst:
    """Trend, momentum and lead vote -1, 0 or +1; two votes ahead make a direction.

    Volatility has no vote: it acts on the size of a trade alone. Headlines are counted, never read.
    """

    name = "rules"
    engine = ENGINE

    def extract(self, question: HeadlineQuestion) -> Answer[Extraction]:
        """Take the sentiment that the word list gave; the event from a few plain words."""
        raise NotImplementedError

    def judge(self, material: Material) -> Answer[Opinion]:
        snapshot = material.snapshot
        drivers = (
            _trend(snapshot.indicators), _momentum(snapshot.indicators), _lead(snapshot.lead),
        )  # fmt: skip
        bias_sum = sum(driver.direction for driver in drivers)
        stance = _stance(bias_sum)
        opinion = Opinion(
            stance=stance,
            conviction=round(abs(bias_sum) / len(drivers) * completeness(snapshot), 4),
            summary=_summary(snapshot, drivers, stance),
            drivers=drivers,
            risks=tuple(_risks(snapshot)),
            would_change_mind=_turning_point(snapshot, stance),
        )
        return Answer[Opinion](value=opinion)

    def write(self, task: WritingTask) -> Answer[TacticProse]:
        raise NotImplementedError


def completeness(snapshot: MarketSnapshot) -> float:
    """Return the part of the inputs that was there: bars, lead, headlines, fundamentals."""
    parts = (True, snapshot.lead, snapshot.headlines, snapshot.fundamentals)
    return sum(1 for part in parts if part) / len(parts)


def usd(value: float) -> str:
    return f"${value:,.2f}"


def signed_percent(fraction: float) -> str:
    return f"{fraction * 100:+.1f}%"


def rsi(value: float) -> str:
    """Return whole points; a single digit with a decimal, or it could be any number nearby."""
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def _compare(value: float, other: float) -> Vote:
    return 1 if value > other else -1 if value < other else 0


def _place(vote: Vote) -> str:
    return {1: "above", -1: "below", 0: "level with"}[vote]


def _stance(bias_sum: int) -> Bias:
    if abs(bias_sum) < 2:
        return Bias.NEUTRAL
    return Bias.BULLISH if bias_sum > 0 else Bias.BEARISH


def _trend(read: Indicators) -> Driver:
    vote = _compare(read.sma50, read.sma200)
    return Driver(
        text=f"SMA 50 at {usd(read.sma50)} is {_place(vote)} SMA 200 at {usd(read.sma200)}.",
        direction=vote,
        fact_ids=("snapshot.indicators.sma50", "snapshot.indicators.sma200"),
    )


def _momentum(read: Indicators) -> Driver:
    vote = _compare(read.macd, read.macd_signal)
    return Driver(
        text=f"MACD at {read.macd:.2f} is {_place(vote)} its signal at {read.macd_signal:.2f}.",
        direction=vote,
        fact_ids=("snapshot.indicators.macd", "snapshot.indicators.macd_signal"),
    )


def _lead(lead: Lead | None) -> Driver:
    if lead is None:
        text = "The market lead is not known, so it has no vote."
        return Driver(text=text, direction=0, fact_ids=("snapshot.lead",))
    vote: Vote = 0
    where = "between its EMA 21 and its SMA 50"
    if lead.above_ema21 == lead.above_sma50:
        vote = 1 if lead.above_ema21 else -1
        where = f"{_place(vote)} its EMA 21 and its SMA 50"
    return Driver(
        text=f"The lead {lead.symbol} is {where}.",
        direction=vote,
        fact_ids=("snapshot.lead.symbol", "snapshot.lead.above_ema21", "snapshot.lead.above_sma50"),
    )


def _summary(snapshot: MarketSnapshot, drivers: Sequence[Driver], stance: Bias) -> str:
    read = snapshot.indicators
    sentences = [
        f"{snapshot.symbol} last closed at {usd(snapshot.last)}, "
        f"{signed_percent(snapshot.change_fraction)} from {usd(snapshot.previous_close)} before.",
        f"{_votes(snapshot, drivers)}, so the view is {stance}.",
        f"RSI 14 reads {rsi(read.rsi14)} and volatility is {snapshot.regime.volatility}.",
    ]
    if snapshot.lead is None:
        sentences.append("The market lead is not known and has no vote.")
    return " ".join(sentences)


def _votes(snapshot: MarketSnapshot, drivers: Sequence[Driver]) -> str:
    """Return who points where, as half a sentence."""
    voices = list(zip(NAMES, drivers, strict=True))[: 3 if snapshot.lead else 2]
    parts = []
    for direction, where in POINTS.items():
        names = [name for name, driver in voices if driver.direction == direction]
        if names:
            parts.append(f"{_listed(names)} {'points' if len(names) == 1 else 'point'} {where}")
    text = _listed(parts)
    return text[0].upper() + text[1:]


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _risks(snapshot: MarketSnapshot) -> Iterator[str]:
    read = snapshot.indicators
    if snapshot.regime.volatility == "high":
        mean = usd(read.atr14_mean)
        yield f"Volatility is high: ATR 14 is {usd(read.atr14)} against its mean of {mean}."
    if read.rsi14 >= OVERBOUGHT:
        yield f"RSI 14 at {rsi(read.rsi14)} is overbought."
    if read.rsi14 <= OVERSOLD:
        yield f"RSI 14 at {rsi(read.rsi14)} is oversold."
    yield from _earnings_risk(snapshot)
    if len(snapshot.headlines) >= BUSY_HEADLINES:
        yield f"The news is busy: {len(snapshot.headlines)} headlines to read first."
    if snapshot.lead is None:
        yield "The market lead is not known."
    if snapshot.label is not Label.REAL:
        yield f"The bars are {snapshot.label}."


def _earnings_risk(snapshot: MarketSnapshot) -> Iterator[str]:
    due = snapshot.fundamentals.next_earnings_date if snapshot.fundamentals else None
    if due is None:
        yield "The next earnings date is not known."
    elif 0 <= (due - snapshot.session_date).days <= EARNINGS_DAYS:
        yield f"Earnings are due on {due.isoformat()}, within a week."


def _turning_point(snapshot: MarketSnapshot, stance: Bias) -> str:
    if stance is Bias.BULLISH:
        return f"A daily close below {_support(snapshot)} would end the bullish view."
    if stance is Bias.BEARISH:
        return f"A daily close above {_resistance(snapshot)} would end the bearish view."
    above, below = _resistance(snapshot), _support(snapshot)
    return f"A daily close above {above} or below {below} would call for a new look."


def _support(snapshot: MarketSnapshot) -> str:
    name, price = next(
        ((name, price) for name, price in _averages(snapshot) if price < snapshot.last),
        ("the last low", snapshot.previous_low),
    )
    return f"{usd(price)} ({name})"


def _resistance(snapshot: MarketSnapshot) -> str:
    name, price = next(
        ((name, price) for name, price in _averages(snapshot) if price > snapshot.last),
        ("the last high", snapshot.previous_high),
    )
    return f"{usd(price)} ({name})"


def _averages(snapshot: MarketSnapshot) -> tuple[tuple[str, float], ...]:
    """Return the averages that a turn has to cross, the one that matters most first."""
    read = snapshot.indicators
    return ("SMA 50", read.sma50), ("EMA 21", read.ema21), ("SMA 200", read.sma200)
