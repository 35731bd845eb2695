"""The words around a plan, from its facts alone; good enough to be published as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.adapters.analysts.rules.opinion import turning_point
from core.adapters.analysts.rules.wording import (
    Vote,
    compare,
    count,
    listed,
    place,
    rsi,
    signed_percent,
    usd,
)
from core.domain.insights import ReadHeadline, TacticProse, WritingTask
from core.domain.market import Lead, MarketSnapshot
from core.domain.scenarios import Bias, Side

FLOW = "No options flow is fed in here: watch it by hand, as a second opinion only."
CURLS = {"up": "curls up", "down": "curls down"}


def prose_for(task: WritingTask) -> TacticProse:
    """Return the whole prose of one task."""
    return TacticProse(
        context_insight=" ".join(_context(task)),
        volume=_volume(task.snapshot),
        flow=FLOW,
        market=_market(task.snapshot),
        adaptability=" ".join(_adaptability(task)),
    )


def _context(task: WritingTask) -> Iterator[str]:
    """Yield the price path, where it stands, the indicators, the news, and the view."""
    snapshot, read = task.snapshot, task.snapshot.indicators
    yield _path(snapshot)
    yield _stand(snapshot)
    curl = CURLS.get(read.macd_curl or "", "does not curl")
    yield f"RSI 14 reads {rsi(read.rsi14)} and the MACD histogram {curl}."
    yield from _releases(snapshot)
    yield _news(task.insight.headlines)
    yield _view(task)


def _path(snapshot: MarketSnapshot) -> str:
    verb = "last closed" if snapshot.gap_fraction is None else "trades"
    text = (
        f"{snapshot.symbol} {verb} at {usd(snapshot.last)}, "
        f"{signed_percent(snapshot.change_fraction)} from {usd(snapshot.previous_close)} before"
    )
    if snapshot.gap_fraction is None:
        return f"{text}."
    return f"{text}, after a gap of {signed_percent(snapshot.gap_fraction)}."


def _stand(snapshot: MarketSnapshot) -> str:
    read = snapshot.indicators
    averages = [("EMA 21", read.ema21), ("SMA 50", read.sma50), ("SMA 200", read.sma200)]
    if snapshot.vwap is not None:
        averages.insert(0, ("VWAP", snapshot.vwap))
    sides: dict[Vote, list[str]] = {}
    for name, value in averages:
        sides.setdefault(compare(snapshot.last, value), []).append(f"{name} at {usd(value)}")
    parts = [f"{place(side)} {listed(names)}" for side, names in sorted(sides.items())[::-1]]
    return f"Price is {', and '.join(parts)}."


def _releases(snapshot: MarketSnapshot) -> Iterator[str]:
    names = [event.name for event in snapshot.events if event.importance == "high"]
    if names:
        yield f"Due today: {listed(names)}; the plan is read again after the release."


def _news(headlines: Sequence[ReadHeadline]) -> str:
    if not headlines:
        return "No headline of the last days is about it."
    tones = [headline.extraction.sentiment for headline in headlines]
    good, bad = sum(tone > 0 for tone in tones), sum(tone < 0 for tone in tones)
    neutral = len(tones) - good - bad
    kinds = [(good, "good"), (bad, "bad"), (neutral, "neutral")]
    told = listed([f"{number} {kind}" for number, kind in kinds if number])
    return f"The news holds {count(len(tones), 'headline')}: {told}."


def _view(task: WritingTask) -> str:
    insight = task.insight
    if insight.abstains:
        return "The analyst abstains, so no direction is taken from it."
    votes = [driver.direction for driver in insight.drivers]
    ups, downs = sum(vote > 0 for vote in votes), sum(vote < 0 for vote in votes)
    if ups == downs:
        return f"The reasons balance, so the view is {insight.stance}."
    lean = "up" if ups > downs else "down"
    if insight.stance is Bias.NEUTRAL:
        return f"The reasons lean {lean}, but not clearly: the view is neutral."
    return f"The reasons lean {lean}, so the view is {insight.stance}."


def _volume(snapshot: MarketSnapshot) -> str:
    session = snapshot.session_relative_volume
    if session is not None:
        return (
            f"The session's relative volume stands at {session:.2f}, that of the last full day "
            f"at {snapshot.indicators.relative_volume:.2f}. A move without volume is not trusted."
        )
    volume = snapshot.indicators.relative_volume
    return (
        f"Relative volume of the last full day stands at {volume:.2f}. "
        "A move without volume is not trusted."
    )


def _market(snapshot: MarketSnapshot) -> str:
    leads = snapshot.leads or ((snapshot.lead,) if snapshot.lead else ())
    if not leads:
        return "The market lead is not known today, so nothing confirms the plan."
    lines = [_lead_line(lead) for lead in leads]
    if snapshot.vix is not None:
        lines.append(f"VIX closed at {snapshot.vix:.2f}.")
    return " ".join(lines)


def _lead_line(lead: Lead) -> str:
    side = "above" if lead.above_ema21 else "below"
    text = f"{lead.symbol} ({lead.label}) stands {side} its EMA 21"
    if lead.above_vwap is not None:
        text += f" and {'above' if lead.above_vwap else 'below'} its VWAP"
    return f"{text}, {signed_percent(lead.change_fraction)} on its last day."


def _adaptability(task: WritingTask) -> Iterator[str]:
    plan = task.scenario
    if plan is None:
        yield "No position, no risk: waiting is a plan."
        yield turning_point(task.snapshot, task.insight.stance)
        return
    beyond = "below" if plan.side is Side.LONG else "above"
    yield f"A close at or {beyond} {usd(plan.stop)} before entry ends the plan."
    if plan.breakeven_after_target:
        first = plan.targets[plan.breakeven_after_target - 1]
        yield f"At {usd(first.price)} the stop moves to {usd(plan.worst_entry)}, the entry edge."
    yield "The stop only ever tightens."
    yield turning_point(task.snapshot, task.insight.stance)
