"""Numbers, days and cashtags: a text may state what its facts hold, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.claims import check_claims
from core.analysis.rendering import r_multiple, signed_percent, usd
from core.domain.content import Fact

FACTS = tuple(
    Fact.model_validate({"fact_id": name, "value": value, "unit": unit})
    for name, value, unit in [
        ("snapshot.last", 417.44, "usd"),
        ("snapshot.change_fraction", 0.0009, "fraction"),
        ("snapshot.indicators.rsi14", 44.1, "index"),
        ("snapshot.indicators.sma50", 438.2, "usd"),
        ("atr", 0.039, "fraction"),
        ("market_cap", 416_161_000_000, "usd"),
        ("ratio", 0.06, "fraction"),
        ("snapshot.indicators.macd", -1.62, "index"),
        ("result", -0.6, "r"),
        ("reward", 2.5, "r"),
        ("sessions", 5, "count"),
        ("half", 0.5, "fraction"),
        ("snapshot.symbol", "TSLA", "text"),
        ("earnings", "2026-01-28", "date"),
    ]
)


def ungrounded(text: str, facts: Sequence[Fact], allowed: Sequence[str] = ()) -> list[str]:
    kinds = {"number", "date", "ticker"}
    claims = check_claims(text, facts, allowed)
    return [claim.text for claim in claims if claim.kind in kinds and not claim.holds]


@pytest.mark.parametrize(
    "text",
    [
        "417.4", "$417.44", "closed at $417, above", "RSI 44", "$416.2 billion", "$416.2B",
        "416,161,000,000", "6%", "6.0 percent", "390 bps", "3.9%", "0.09%", "+0.09%", "0.1%",
        "-1.62", "\u22121.62", "-0.60R", "2.50R", "2.5 R", "5 sessions", "five sessions",
        "half of it", "fifty percent", "$TSLA", "2026-01-28", "January 28, 2026", "28 January",
        "RSI (44.1)", "$417.44-$438.20", "A+ plan, not one more", "**$417.44**",
    ],
)  # fmt: skip
def test_what_a_fact_holds_may_be_stated(text: str) -> None:
    assert ungrounded(text, FACTS) == []


@pytest.mark.parametrize(
    ("text", "stranger"),
    [
        ("40%", "40%"),
        ("$500", "$500"),
        ("1,200", "1,200"),
        ("417.5", "417.5"),
        ("3x", "3x"),
        ("4.4e2", "4.4e2"),
        ("$1.2T", "$1.2T"),
        ("9%", "9%"),
        ("-0.09%", "-0.09%"),
        ("417,44", "417,44"),
        ("TSLA417", "TSLA417"),
        ("\u00bd", "\u00bd"),
        ("\u0664\u0661\u0667", "\u0664"),
        ("\uff14\uff11\uff17", "\uff14"),
        ("four hundred", "four hundred"),
        ("it doubled", "doubled"),
        ("triple", "triple"),
        ("RSI 44.1 is below 40", "40"),
        ("2026-11-22", "2026-11-22"),
        ("January 27, 2026", "January 27, 2026"),
        ("9:30", "9:30"),
        ("30-day", "30-day"),
        ("S&P(14)", "14"),
        ("S&P 500", "500"),
        ("10-Q", "10-Q"),
        ("$NVDA", "$NVDA"),
        ("0.60R", "0.60R"),
        ("2.50", "2.50"),
        ("0.06", "0.06"),
        ("1.62", "1.62"),
        ("5%", "5%"),
        ("$5", "$5"),
        ("2 sessions", "2"),
        ("\u20ac417.44", "\u20ac417.44"),
        ("417.44 EUR", "417.44 EUR"),
        ("1:2", "1:2"),
        ("1st", "1st"),
        ("4<b>1</b>8", "418"),
        ("4\u200b18", "418"),
        ("4**1**8", "418"),
        ("hundreds of points", "hundreds"),
    ],
)
def test_what_no_fact_holds_is_named(text: str, stranger: str) -> None:
    assert ungrounded(text, FACTS)[:1] == [stranger]


@pytest.mark.parametrize(
    "phrase", ["2026-11-22", "9:30", "50-day", "RSI(14)", "S&P 500", "10-Q", "95 % interval"]
)
def test_what_is_allowed_may_be_said(phrase: str) -> None:
    assert ungrounded(f"see {phrase}.", FACTS, [phrase]) == []


@pytest.mark.parametrize(
    "text", ["RSI 140", "RSI 14.5", "RSI 14%", "RSI 14 million", "XRSI 14", "RSI 14,000"]
)
def test_an_allowed_phrase_does_not_cover_a_longer_one(text: str) -> None:
    assert ungrounded(text, FACTS, ["RSI 14"])


def test_strangers_come_in_the_order_of_the_text() -> None:
    text = "up 12% to $999 after 2020-01-01, then twice"
    assert ungrounded(text, FACTS) == ["12%", "$999", "2020-01-01", "twice"]


def test_a_small_integer_has_to_be_exact() -> None:
    facts = (Fact(fact_id="volume", value=2.9, unit="index"),)
    assert ungrounded("3 targets", facts) == ["3"]
    assert ungrounded("volume 2.9", facts) == []


def test_words_without_numbers_need_no_facts() -> None:
    assert ungrounded("Stay flexible. The plan waits for price; often, at once.", ()) == []


@given(st.floats(-1e6, 1e6))
def test_what_the_renderer_writes_is_grounded(value: float) -> None:
    dollars = (Fact(fact_id="x", value=value, unit="usd"),)
    share = (Fact(fact_id="x", value=value / 1e6, unit="fraction"),)
    reward = (Fact(fact_id="x", value=value / 1e4, unit="r"),)
    assert ungrounded(f"at {usd(value)}.", dollars) == []
    assert ungrounded(f"({signed_percent(value / 1e6)})", share) == []
    assert ungrounded(f"{r_multiple(value / 1e4)}, net", reward) == []
