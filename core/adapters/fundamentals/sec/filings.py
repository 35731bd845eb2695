"""Answers of the SEC to facts.

Source: https://www.sec.gov/search-filings/edgar-application-programming-interfaces
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from core.domain.text import plain_text

REVENUE = (
    "Revenues",
    "RevenueFromContractWithCustomerExcludingAssessedTax",
    "RevenueFromContractWithCustomerIncludingAssessedTax",
    "SalesRevenueNet",
    "RevenuesNetOfInterestExpense",
)
NET_INCOME = ("NetIncomeLoss", "NetIncomeLossAvailableToCommonStockholdersBasic", "ProfitLoss")
GROSS_PROFIT = ("GrossProfit",)
COST = ("CostOfRevenue", "CostOfGoodsAndServicesSold")
EARNINGS_PER_SHARE = ("EarningsPerShareDiluted", "EarningsPerShareBasicAndDiluted")
SHARES = (
    "WeightedAverageNumberOfDilutedSharesOutstanding",
    "WeightedAverageNumberOfShareOutstandingBasicAndDiluted",
)
UNITS = {
    "USD": REVENUE + NET_INCOME + GROSS_PROFIT + COST,
    "USD/shares": EARNINGS_PER_SHARE,
    "shares": SHARES,
}
SECTOR = 100  # characters
LIMIT = 1e18  # no company has as many dollars or shares


class Fact(NamedTuple):
    """What a company reported for a period, both ends included, on the day it filed it."""

    start: date
    end: date
    value: float
    filed: date


Facts = Mapping[str, tuple[Fact, ...]]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    start: date | None = None
    end: date
    val: Annotated[float, Field(gt=-LIMIT, lt=LIMIT)]
    filed: date


class _Ticker(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    cik_str: Annotated[int, Field(gt=0, lt=10**10)]
    ticker: str


_ROWS = TypeAdapter(list[_Row])
_TICKERS = TypeAdapter(dict[str, _Ticker])


def parse_tickers(body: bytes) -> dict[str, int]:
    """Return the central index key of each ticker, which is written with a dash.

    Raises: ValueError if it is no list of companies.
    """
    try:
        rows = _TICKERS.validate_python(_parse_object(body)).values()
    except ValidationError as error:
        raise ValueError(f"the list of tickers is malformed: {_first(error)}") from None
    if not rows:
        raise ValueError("the list of tickers is empty")
    return {row.ticker.upper(): row.cik_str for row in rows}


def parse_sector(body: bytes, cik: int) -> str:
    """Return the description of the company's SIC code, "" if it has none.

    Raises: ValueError if it is not about this company.
    """
    found = _parse_object(body)
    _check_cik(found, cik)
    return plain_text(str(found.get("sicDescription") or ""), SECTOR)


def parse_facts(body: bytes, cik: int) -> Facts:
    """Return the facts in USD by concept, those of a concept in the order in which they were filed.

    A value that only repeats what the company said before of the same period is left out.
    Raises: ValueError if it is not about this company, or a concept is malformed.
    """
    found = _parse_object(body)
    _check_cik(found, cik)
    reported = _mapping(_mapping(found.get("facts"), "facts").get("us-gaap", {}), "us-gaap")
    return {
        concept: _parse_concept(concept, reported[concept], unit)
        for unit, concepts in UNITS.items()
        for concept in concepts
        if concept in reported
    }


def _parse_concept(concept: str, content: object, unit: str) -> tuple[Fact, ...]:
    units = _mapping(_mapping(content, concept).get("units"), concept)
    try:
        rows = _ROWS.validate_python(units.get(unit, []))
    except ValidationError as error:
        raise ValueError(f"{concept} is malformed: {_first(error)}") from None
    facts = (Fact(row.start, row.end, row.val, row.filed) for row in rows if row.start)
    return tuple(_without_repetitions(sorted(facts, key=lambda fact: fact.filed)))


def _without_repetitions(facts: Iterable[Fact]) -> Iterable[Fact]:
    said: dict[tuple[date, date], float] = {}
    for fact in facts:
        if said.get((fact.start, fact.end)) != fact.value:
            said[fact.start, fact.end] = fact.value
            yield fact


def _parse_object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        start = plain_text(body[:1000].decode(errors="replace"), 80)
        raise ValueError(f"it is not JSON but starts with {start!r}") from None
    return _mapping(found, "the answer")


def _mapping(value: object, name: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise ValueError(f"{name} is {type(value).__name__} instead of an object")


def _check_cik(found: Mapping[str, Any], cik: int) -> None:
    if str(found.get("cik", "")).lstrip("0") != str(cik):
        raise ValueError(f"it is not about the company {cik}")


def _first(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
