"""Which symbols a headline is about."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.analysis.entities import Entities, EntityLinker
from core.settings import ROOT

FILE = ROOT / "data" / "entities.yaml"


def entities(**changes: Any) -> Entities:
    return Entities.model_validate(yaml.safe_load(FILE.read_text(encoding="utf-8")) | changes)


LINKER = EntityLinker(entities())
WATCHLIST = (
    "TSLA", "AAPL", "AMZN", "GOOG", "META", "NFLX", "NVDA", "MSFT", "QQQ", "SPY", "BRK.B", "ALL",
    "IT", "NOW", "ON", "F", "T", "V", "MCD", "SHOP", "JPM",
)  # fmt: skip


def linked(title: str, summary: str = "", given_symbols: tuple[str, ...] = ()) -> tuple[str, ...]:
    return LINKER.link(title, summary, given_symbols, WATCHLIST)


@pytest.mark.parametrize(
    ("title", "symbol"),
    [
        ("Tesla's deliveries beat", "TSLA"),
        ("TESLA\u2019S PLAN FOR INDIA", "TSLA"),
        ("Traders pile into $TSLA.", "TSLA"),
        ("Carmaker (NASDAQ: TSLA) opens plant", "TSLA"),
        ("Carmaker (NasdaqGS:TSLA) opens plant", "TSLA"),
        ("What TSLA holders should know", "TSLA"),
        ("Supplier of TSLA-made cells", "TSLA"),
        ("Meta buys chips", "META"),
        ("META buys chips", "META"),
        ("Apple-supplier Foxconn hires", "AAPL"),
        ("APPLE UNVEILS A PHONE", "AAPL"),
        ("Alphabet's search case", "GOOG"),
        ("$GOOGL climbs", "GOOG"),
        ("Berkshire Hathaway buys a railway", "BRK.B"),
        ("BRK-B near a record", "BRK.B"),
        ("$BRK.B near a record", "BRK.B"),
        ("McDonald's opens stores", "MCD"),
        ("J.P. Morgan hires", "JPM"),
        ("AT&T adds subscribers", "T"),
        ("Carmaker (NYSE: F) recalls trucks", "F"),
        ("Nasdaq-100 closes higher", "QQQ"),
        ("$NOW and the cloud", "NOW"),
        ("Shopify (NYSE: SHOP) grows", "SHOP"),
    ],
)
def test_a_mention_is_linked(title: str, symbol: str) -> None:
    assert linked(title) == (symbol,)


@pytest.mark.parametrize(
    "title",
    [
        "An apple pie recipe for the weekend",
        "The Best Apple Pie Recipe",
        "A meta-analysis of vitamin trials",
        "Meta-Analysis Finds No Effect",
        "Amazon rainforest shrinks again",
        "The Oracle of Omaha speaks",
        "H-1B visa fee rises",
        "ALL EYES ON RATES NOW AS IT RISES",
        "Get IT right, NOW",
        "Vitamin C, plan F and grade V",
        "Telus (TSX: T) and Shopify (TSX: SHOP) report",
        "The $5 lunch and US$ bonds",
        "Applebee's and Teslaesque designs",
        "tsla in lower case is no ticker",
        "",
    ],
)
def test_what_only_looks_like_a_mention_is_not_linked(title: str) -> None:
    assert linked(title) == ()


def test_the_providers_symbols_count_also_for_another_share_class() -> None:
    assert linked("Search giant reports", given_symbols=("GOOGL", "BRK-B")) == ("GOOG", "BRK.B")


def test_the_summary_counts_too() -> None:
    assert linked("Chips rally", "Nvidia and MSFT lead") == ("NVDA", "MSFT")


def test_several_tickers_of_one_exchange_tag_are_all_linked() -> None:
    assert linked("Carmakers (NYSE: F, T; NASDAQ: TSLA)") == ("TSLA", "F", "T")


def test_the_answer_follows_the_watch_list_not_the_headline() -> None:
    assert linked("Microsoft sues Apple and Tesla") == ("TSLA", "AAPL", "MSFT")


def test_a_symbol_that_is_not_watched_is_left_out() -> None:
    assert LINKER.link("Tesla and $NVDA", "", ("AAPL",), ("NVDA",)) == ("NVDA",)
    assert LINKER.link("Tesla", "", (), ()) == ()


def test_a_bare_ticker_without_an_entry_is_linked_unless_it_is_a_word() -> None:
    watchlist = ("XYZW", "PLAY")

    assert LINKER.link("XYZW and PLAY rise", "", (), watchlist) == ("XYZW",)


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_is_linked_to_watched_symbols_only(title: str, summary: str) -> None:
    assert set(LINKER.link(title, summary, (), WATCHLIST)) <= set(WATCHLIST)


@pytest.mark.parametrize(
    "changes",
    [
        {"names": {"tsla": ["Tesla"]}},
        {"names": {True: ["On Semi"]}},
        {"names": {"TSLA": ["T"]}},
        {"never_bare": [False]},
        {"version": ""},
    ],
)
def test_a_wrong_file_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        entities(**changes)
