"""What every source of fundamentals must do. A new file in core/adapters is tested."""

from __future__ import annotations

from datetime import date

import pytest

from core.domain.feeds import Fundamentals, Label
from core.ports import FundamentalsSource

DAY = date(2023, 9, 15)
FIGURES = (
    "market_cap_usd",
    "price_earnings_ratio",
    "earnings_per_share_usd",
    "revenue_growth_fraction",
    "gross_margin_fraction",
    "net_margin_fraction",
)


def fetch(source: FundamentalsSource, as_of: date = DAY) -> Fundamentals:
    found = source.fundamentals("AAPL", as_of)
    assert found is not None
    return found


def test_the_answer_is_of_the_symbol_asked_for(fundamentals: FundamentalsSource) -> None:
    assert fetch(fundamentals).symbol == "AAPL"


def test_nothing_is_known_before_its_day(fundamentals: FundamentalsSource) -> None:
    assert fetch(fundamentals).as_of_date <= DAY


def test_an_answer_is_known_from_its_day_on(fundamentals: FundamentalsSource) -> None:
    known = fetch(fundamentals)

    assert fetch(fundamentals, known.as_of_date).as_of_date == known.as_of_date


def test_a_later_day_never_knows_less(fundamentals: FundamentalsSource) -> None:
    later = fetch(fundamentals, date(2023, 9, 18))

    assert later.as_of_date >= fetch(fundamentals).as_of_date


def test_the_next_earnings_are_not_in_the_past(fundamentals: FundamentalsSource) -> None:
    known = fetch(fundamentals)

    assert known.next_earnings_date is None or known.next_earnings_date >= known.as_of_date


def test_long_before_the_first_report_nothing_is_known(fundamentals: FundamentalsSource) -> None:
    assert fundamentals.fundamentals("AAPL", date(1970, 1, 1)) is None


def test_an_unknown_symbol_has_no_fundamentals(fundamentals: FundamentalsSource) -> None:
    assert fundamentals.fundamentals("ZZZZ", DAY) is None


def test_at_least_one_figure_is_given(fundamentals: FundamentalsSource) -> None:
    assert any(getattr(fetch(fundamentals), name) is not None for name in FIGURES)


@pytest.mark.parametrize("name", ["gross_margin_fraction", "net_margin_fraction"])
def test_margins_are_fractions(fundamentals: FundamentalsSource, name: str) -> None:
    margin = getattr(fetch(fundamentals), name)

    assert margin is None or -1 <= margin <= 1


def test_a_market_value_is_in_dollars(fundamentals: FundamentalsSource) -> None:
    value = fetch(fundamentals).market_cap_usd

    assert value is None or value > 1_000_000_000


def test_the_answer_says_who_gave_it_and_how_it_came_to_be(
    fundamentals: FundamentalsSource,
) -> None:
    assert fetch(fundamentals).provider == fundamentals.name
    assert fetch(fundamentals).label in set(Label)


def test_asking_again_gives_the_same_answer(fundamentals: FundamentalsSource) -> None:
    assert fetch(fundamentals) == fetch(fundamentals)
