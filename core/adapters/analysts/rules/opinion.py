"""The stance that three votes make, with its reasons, risks and turning point."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.adapters.analysts.rules.wording import (
    Vote,
    compare,
    listed,
    place,
    rsi,
    signed_percent,
    usd,
)
from core.domain.feeds import Label
from core.domain.insights import Driver, Material, Opinion
from core.domain.market import OVERBOUGHT, OVERSOLD, Indicators, Lead, MarketSnapshot
from core.domain.scenarios import Bias

EARNINGS_DAYS = 7
BUSY_HEADLINES = 3
POINTS: dict[int, str] = {1: "up", -1: "down", 0: "nowhere"}
NAMES = ("trend", "momentum", "the market lead")


def opinion_on(material: Material) -> Opinion:
    """Let trend, momentum and lead vote; two votes ahead make a direction."""
    snapshot = material.snapshot
    drivers = (_trend(snapshot.indicators), _momentum(snapshot.indicators), _lead(snapshot.lead))
    bias_sum = sum(driver.direction for driver in drivers)
    stance = _stance(bias_sum)
    return Opinion(
        stance=stance,
        conviction=round(abs(bias_sum) / len(drivers) * completeness(snapshot), 4),
        summary=_summary(snapshot, drivers, stance),
        drivers=drivers,
        risks=tuple(_risks(snapshot)),
        would_change_mind=turning_point(snapshot, stance),
    )


def completeness(snapshot: MarketSnapshot) -> float:
    """Return the part of the inputs that was there: bars, lead, headlines, fundamentals."""
    parts = (True, snapshot.lead, snapshot.headlines, snapshot.fundamentals)
    return sum(1 for part in parts if part) / len(parts)


def _stance(bias_sum: int) -> Bias:
    if abs(bias_sum) < 2:
        return Bias.NEUTRAL
    return Bias.BULLISH if bias_sum > 0 else Bias.BEARISH


def _trend(read: Indicators) -> Driver:
    vote = compare(read.sma50, read.sma200)
    return Driver(
        text=f"SMA 50 at {usd(read.sma50)} is {place(vote)} SMA 200 at {usd(read.sma200)}.",
        direction=vote,
        fact_ids=("snapshot.indicators.sma50", "snapshot.indicators.sma200"),
    )


def _momentum(read: Indicators) -> Driver:
    vote = compare(read.macd, read.macd_signal)
    return Driver(
        text=f"MACD at {read.macd:.2f} is {place(vote)} its signal at {read.macd_signal:.2f}.",
        direction=vote,
        fact_ids=("snapshot.indicators.macd", "snapshot.indicators.macd_signal"),
    )


def _lead(lead: Lead | None) -> Driver:
    if lead is None:
        text = "The market lead is not known, so it has no vote."
        return Driver(text=text, direction=0, fact_ids=("snapshot.lead",))
    # before the session has a VWAP, the 50-day average stands in for it
    is_above, name = lead.above_sma50, "SMA 50"
    facts = ("snapshot.lead.symbol", "snapshot.lead.above_ema21", "snapshot.lead.above_sma50")
    if lead.above_vwap is not None:
        is_above, name = lead.above_vwap, "VWAP"
        facts = (*facts[:2], "snapshot.lead.above_vwap")
    vote: Vote = 0
    where = f"between its EMA 21 and its {name}"
    if lead.above_ema21 == is_above:
        vote = 1 if is_above else -1
        where = f"{place(vote)} its EMA 21 and its {name}"
    return Driver(text=f"The lead {lead.symbol} is {where}.", direction=vote, fact_ids=facts)


def _summary(snapshot: MarketSnapshot, drivers: Sequence[Driver], stance: Bias) -> str:
    read = snapshot.indicators
    verb = "last closed" if snapshot.gap_fraction is None else "trades"
    sentences = [
        f"{snapshot.symbol} {verb} at {usd(snapshot.last)}, "
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
            parts.append(f"{listed(names)} {'points' if len(names) == 1 else 'point'} {where}")
    text = listed(parts)
    return text[0].upper() + text[1:]


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


def turning_point(snapshot: MarketSnapshot, stance: Bias) -> str:
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
