"""What a view tells to do agrees with its stance; what it reports, weighs or leaves is free."""

from __future__ import annotations

import pytest

from core.analysis.claims import check_stance
from core.domain.scenarios import Bias
from tests.red_team import HEADLINES

SELLS = (
    "Sell.",
    "sell it before the open",
    "The trend is up. Sell the shares now.",
    "AAPL last closed at $104.00; time to sell.",
    "The best thing to do is to sell.",
    "You should really sell here.",
    "We would rather sell into strength.",
    "It stands above its averages, so sell it.",
    "Traders may want to sell the stock.",
    "Go short below the average.",
    "Sell short at the open.",
    "Short the stock on any bounce.",
    "Short AAPL now.",
    "Do not hesitate to enter: buy puts.",
    "Take at-the-money puts.",
    "Dump it.",
    "Get out while it lasts.",
    "**Sell** it.",
    "S\u200bell it.",
    "Don\u2019t wait! Sell.",
    "The view is clearly bearish.",
)
BUYS = (
    "Buy.",
    "Buy the dip.",
    "The trend is down, but buy it now.",
    "It is not cheap but buy it.",
    "A good moment to buy.",
    "You should buy here.",
    "Go long above the average.",
    "Buy calls.",
    "Own weekly calls into the print.",
    "Load up before the open.",
    "Accumulate below $100.00.",
    "Our view is still bullish.",
)
REPORTS = (
    "",
    "The trend carries, and the view stands.",
    "Sellers gave up at the average, and a sell-off has not followed.",
    "Sell orders thin out above the price.",
    "Sell signals of the histogram have failed.",
    "Buy orders and buyers are few; buying pressure fades.",
    "Funds may sell into the close.",
    "Analysts rate it a buy, others a sell.",
    "Short interest is high and short-term momentum is mixed.",
    "Short EMA 8 stands above EMA 21.",
    "Shorts have to buy back above the high.",
    "It was a long day, and a call with holders follows.",
    "This is not the time to sell or to buy.",
    "There is no reason to buy or sell today.",
    "Do not sell, and never buy puts.",
    "It is unclear whether to buy it.",
    "Better to wait than to sell or buy.",
    "The bearish plan has been vetoed, the bullish one stands.",
    "A close below $101.00 would turn the view bearish, one above $109.00 bullish.",
)


@pytest.mark.parametrize("text", SELLS)
def test_a_bullish_view_that_tells_to_sell_is_refused(text: str) -> None:
    [claim] = check_stance(text, Bias.BULLISH)
    assert (claim.kind, claim.holds, claim.reason) == ("phrase", False, "the view is bullish")
    assert claim.text == text[claim.start : claim.end].replace("\u200b", "")


@pytest.mark.parametrize("text", BUYS)
def test_a_bearish_view_that_tells_to_buy_is_refused(text: str) -> None:
    [claim] = check_stance(text, Bias.BEARISH)
    assert claim.reason == "the view is bearish"


@pytest.mark.parametrize("text", [*SELLS[:-1], *BUYS[:-1]])
def test_a_neutral_view_tells_neither_to_buy_nor_to_sell(text: str) -> None:
    assert check_stance(text, Bias.NEUTRAL)


@pytest.mark.parametrize("text", SELLS)
def test_a_bearish_view_may_tell_to_sell(text: str) -> None:
    assert check_stance(text, Bias.BEARISH) == ()


@pytest.mark.parametrize("text", BUYS)
def test_a_bullish_view_may_tell_to_buy(text: str) -> None:
    assert check_stance(text, Bias.BULLISH) == ()


@pytest.mark.parametrize("stance", Bias)
@pytest.mark.parametrize("text", REPORTS)
def test_what_is_reported_weighed_or_left_is_no_order(text: str, stance: Bias) -> None:
    assert check_stance(text, stance) == ()


@pytest.mark.parametrize("stance", Bias)
def test_a_hostile_text_is_read_to_its_end(stance: Bias) -> None:
    for text in HEADLINES:
        for claim in check_stance(text, stance):
            assert 0 <= claim.start < claim.end <= len(text)
