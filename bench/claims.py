"""How fast a whole post is held against its facts."""

from __future__ import annotations

from bench import Row, median_ms
from core.analysis.claims import check_claims
from core.domain.content import Fact
from tests.red_team import HEADLINES

FACTS, CHARACTERS = 120, 3_000
PRICES = (
    "last", "previous_close", "previous_high", "previous_low", "vwap", "indicators.ema8",
    "indicators.ema21", "indicators.sma50", "indicators.sma200", "indicators.atr14",
)  # fmt: skip
PARAGRAPH = (
    "TSLA trades at $300.00, +1.3% from $299.00 before. Price is above VWAP at $296.00 and EMA 21 "
    "at $294.00, and level with TSLA at $300.00. A daily close below $293.00 (SMA 50) would end "
    "the view. RSI 14 reads 63 and QQQ stands above its EMA 21, so wait until 2026-12-01.\n\n"
)


def run() -> list[Row]:
    """Return (name, value, unit, target) of each measure."""
    facts = tuple(_facts())
    post = (PARAGRAPH * (CHARACTERS // len(PARAGRAPH) + 1))[:CHARACTERS]
    claims = check_claims(post, facts)
    whole = median_ms(lambda: check_claims(post, facts))
    prose = median_ms(lambda: check_claims(PARAGRAPH * 3, facts))
    short = [headline for headline in HEADLINES if len(headline) < 500]
    hostile = max(median_ms(lambda text=text: check_claims(text, facts)) for text in short)
    return [
        (f"claims of a post of {len(post):,} signs, {len(facts)} facts ({len(claims)})",
         whole, "ms", "<= 20"),
        (f"claims of a prose of {3 * len(PARAGRAPH)} signs", prose, "ms", "-"),
        (f"claims of the slowest of {len(short)} hostile headlines", hostile, "ms", "-"),
    ]  # fmt: skip


def _facts() -> list[Fact]:
    prices = [
        Fact(fact_id=f"snapshot.{name}", value=300.0 - place, unit="usd")
        for place, name in enumerate(PRICES)
    ]
    words = [
        Fact(fact_id="snapshot.symbol", value="TSLA", unit="text"),
        Fact(fact_id="snapshot.lead.symbol", value="QQQ", unit="text"),
        Fact(fact_id="snapshot.lead.above_ema21", value="above", unit="text"),
        Fact(fact_id="snapshot.fundamentals.next_earnings_date", value="2026-12-01", unit="date"),
        Fact(fact_id="snapshot.change_fraction", value=0.0127, unit="fraction"),
        Fact(fact_id="snapshot.indicators.rsi14", value=62.6, unit="index"),
    ]
    levels = [
        Fact(fact_id=f"tactic.levels.{place}", value=200 + place / 7, unit="usd")
        for place in range(FACTS - len(prices) - len(words))
    ]
    return [*prices, *words, *levels]


if __name__ == "__main__":
    for what, value, unit, target in run():
        print(f"{what:58} {value:>10,.1f} {unit:<3}  {target}")
