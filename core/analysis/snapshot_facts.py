"""What a text about a snapshot or a plan may state: every number with its unit and its name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from core.domain.content import Fact
from core.domain.insights import ReadHeadline
from core.domain.market import Indicators, Lead, MarketEvent, MarketSnapshot
from core.domain.scenarios import Scenario
from core.domain.tactics import Tactic

PRICES = (
    "last", "previous_close", "previous_high", "previous_low", "vwap", "premarket_vwap",
    "premarket_high", "premarket_low", "session_open", "session_high", "session_low",
    "opening_range_high", "opening_range_low",
)  # fmt: skip
UNITS: dict[str, Literal["index", "fraction"]] = {
    "rsi14": "index", "relative_volume": "index", "macd": "index", "macd_signal": "index",
    "adx14": "index", "bollinger_width": "fraction",
}  # fmt: skip


def snapshot_facts(snapshot: MarketSnapshot) -> Iterator[Fact]:
    """Yield the facts of a snapshot; what is not known is no fact."""
    for name in PRICES:
        yield from _number(f"snapshot.{name}", getattr(snapshot, name), "usd")
    yield from _number("snapshot.change_fraction", snapshot.change_fraction, "fraction")
    yield from _number("snapshot.gap_fraction", snapshot.gap_fraction, "fraction")
    yield from _number(
        "snapshot.session_relative_volume", snapshot.session_relative_volume, "index"
    )
    yield from _indicator_facts(snapshot.indicators)
    yield Fact(fact_id="snapshot.symbol", value=snapshot.symbol, unit="text")
    for place, lead in enumerate(snapshot.leads or tuple(filter(None, (snapshot.lead,)))):
        yield from _lead_facts("lead" if place == 0 else f"leads.{place}", lead)
    yield from _number("snapshot.vix", snapshot.vix, "index")
    for place, event in enumerate(snapshot.events):
        yield from _event_facts(place, event)
    due = snapshot.fundamentals.next_earnings_date if snapshot.fundamentals else None
    if due:
        name = "snapshot.fundamentals.next_earnings_date"
        yield Fact(fact_id=name, value=due.isoformat(), unit="date")


def headline_facts(headlines: Sequence[ReadHeadline]) -> Iterator[Fact]:
    """Yield how many headlines there are, and how many of them read good, bad or neither."""
    tones = [headline.extraction.sentiment for headline in headlines]
    counts = {
        "headlines": len(tones),
        "good": sum(tone > 0 for tone in tones),
        "bad": sum(tone < 0 for tone in tones),
        "neutral": sum(tone == 0 for tone in tones),
    }
    for name, value in counts.items():
        yield Fact(fact_id=f"news.{name}", value=value, unit="count")


def tactic_facts(tactic: Tactic) -> Iterator[Fact]:
    """Yield the facts of a tactic: its levels, and its plans by their place."""
    for number, level in enumerate(tactic.levels, 1):
        yield Fact(fact_id=f"tactic.levels.{number}", value=level.price, unit="usd")
    for place, scenario in enumerate(tactic.scenarios):
        yield from scenario_facts(scenario, "scenario" if place == 0 else f"scenarios.{place}")


def scenario_facts(scenario: Scenario, name: str = "scenario") -> Iterator[Fact]:
    """Yield the numbers of a plan."""
    for edge in ("entry_low", "entry_high", "stop"):
        yield Fact(fact_id=f"{name}.{edge}", value=getattr(scenario, edge), unit="usd")
    yield Fact(fact_id=f"{name}.trigger.price", value=scenario.trigger.price, unit="usd")
    yield Fact(
        fact_id=f"{name}.trigger.relative_volume",
        value=scenario.trigger.min_relative_volume,
        unit="index",
    )
    yield Fact(fact_id=f"{name}.trigger.bars", value=scenario.trigger.bars, unit="count")
    yield Fact(fact_id=f"{name}.timebox_sessions", value=scenario.timebox_sessions, unit="count")
    yield from _number(f"{name}.timebox_minutes", scenario.timebox_minutes, "count")
    for number, target in enumerate(scenario.targets, 1):
        place, reward = f"{name}.targets.{number}", scenario.reward_risk(target.price)
        yield Fact(fact_id=place, value=number, unit="count")
        yield Fact(fact_id=f"{place}.price", value=target.price, unit="usd")
        yield Fact(fact_id=f"{place}.fraction", value=target.fraction, unit="fraction")
        yield Fact(fact_id=f"{place}.reward", value=reward, unit="r")
    yield from _option_facts(scenario, name)


def _option_facts(scenario: Scenario, name: str) -> Iterator[Fact]:
    option = scenario.option
    if option is None:
        return
    for field in ("strike", "maximum_premium", "maximum_loss"):
        yield Fact(fact_id=f"{name}.option.{field}", value=getattr(option, field), unit="usd")
    for field in ("delta_low", "delta_high"):
        yield Fact(fact_id=f"{name}.option.{field}", value=getattr(option, field), unit="index")
    yield Fact(
        fact_id=f"{name}.option.maximum_contracts", value=option.maximum_contracts, unit="count"
    )
    yield Fact(fact_id=f"{name}.option.expiry", value=option.expiry.isoformat(), unit="date")


def _indicator_facts(indicators: Indicators) -> Iterator[Fact]:
    """Yield the numbers among the readings; what is a word or a yes is no fact of its own."""
    for name, value in indicators:
        if isinstance(value, tuple):
            for place, part in enumerate(value):
                yield Fact(fact_id=f"snapshot.indicators.{name}.{place}", value=part, unit="index")
        elif isinstance(value, float):
            unit = UNITS.get(name, "usd")
            yield Fact(fact_id=f"snapshot.indicators.{name}", value=value, unit=unit)
    for name, value in indicators.pivots or ():
        yield Fact(fact_id=f"snapshot.indicators.pivots.{name}", value=value, unit="usd")


def _lead_facts(name: str, lead: Lead) -> Iterator[Fact]:
    yield Fact(fact_id=f"snapshot.{name}.symbol", value=lead.symbol, unit="text")
    yield Fact(fact_id=f"snapshot.{name}.last", value=lead.last, unit="usd")
    for name_of in ("ema21", "sma50", "vwap"):
        yield from _number(f"snapshot.{name}.{name_of}", getattr(lead, name_of), "usd")
    for key in ("above_ema21", "above_sma50", "above_vwap"):
        is_above = getattr(lead, key)
        if is_above is not None:
            side = "above" if is_above else "below"
            yield Fact(fact_id=f"snapshot.{name}.{key}", value=side, unit="text")
    change = lead.change_fraction
    yield Fact(fact_id=f"snapshot.{name}.change_fraction", value=change, unit="fraction")


def _event_facts(place: int, event: MarketEvent) -> Iterator[Fact]:
    yield Fact(fact_id=f"snapshot.events.{place}.name", value=event.name, unit="text")
    yield Fact(fact_id=f"snapshot.events.{place}.at", value=event.at.isoformat(), unit="date")


def _number(
    name: str,
    value: float | None,
    unit: Literal["usd", "fraction", "r", "count", "index", "date", "text"],
) -> Iterator[Fact]:
    if value is not None:
        yield Fact(fact_id=name, value=value, unit=unit)
