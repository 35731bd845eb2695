"""Facts to fundamentals."""

from __future__ import annotations

from datetime import date

from core.adapters.fundamentals.sec.filings import (
    COST,
    EARNINGS_PER_SHARE,
    GROSS_PROFIT,
    NET_INCOME,
    REVENUE,
    SHARES,
    Facts,
)
from core.adapters.fundamentals.sec.trailing import YEAR, Knowledge, Trailing
from core.domain.feeds import Fundamentals, Label

PROVIDER = "sec"
SAME_SHARES = 1.4  # the smallest usual split gives 1.5 shares for one
LEAST_USD = 1  # of revenue, to take a fraction of it
TELLING_USD = 0.02  # less is rounded too much to compute a number of shares from it


def to_fundamentals(symbol: str, sector: str, facts: Facts, as_of: date) -> Fundamentals | None:
    """Return what had been filed by `as_of`, all figures of the same year; None if nothing had.

    Earnings are per share as shares were when the report was filed: a later split is not in them.
    """
    known = Knowledge(facts, as_of)
    end = known.newest_end(REVENUE, NET_INCOME)
    if end is None:
        return None
    revenue, income = known.trailing(REVENUE, end), known.trailing(NET_INCOME, end)
    before = known.trailing(REVENUE, end - YEAR)
    gross, cost = known.trailing(GROSS_PROFIT, end), known.trailing(COST, end)
    earned, shares = known.trailing(EARNINGS_PER_SHARE, end), known.trailing(SHARES, end)
    used = (revenue, income, before, gross or cost, earned)
    return Fundamentals(
        symbol=symbol,
        as_of_date=max(figure.filed for figure in used if figure),
        sector=sector,
        earnings_per_share_usd=_per_share(earned, income, shares),
        revenue_usd=revenue.value if revenue else None,
        net_income_usd=income.value if income else None,
        revenue_growth_fraction=_growth(revenue, before),
        gross_margin_fraction=_gross_margin(revenue, gross, cost),
        net_margin_fraction=_part(income.value, revenue) if income else None,
        provider=PROVIDER,
        label=Label.REAL,
    )


def _part(amount: float, revenue: Trailing | None) -> float | None:
    return amount / revenue.value if revenue and revenue.value >= LEAST_USD else None


def _growth(revenue: Trailing | None, before: Trailing | None) -> float | None:
    if revenue is None or before is None or before.value < LEAST_USD:
        return None
    return revenue.value / before.value - 1


def _gross_margin(
    revenue: Trailing | None, gross: Trailing | None, cost: Trailing | None
) -> float | None:
    if gross:
        return _part(gross.value, revenue)
    return _part(revenue.value - cost.value, revenue) if revenue and cost else None


def _per_share(
    earned: Trailing | None, income: Trailing | None, shares: Trailing | None
) -> float | None:
    """Return the earnings per share, in the shares of the newest report.

    After a split the fiscal year is reported in other shares than the year to date, and adding
    them would be nonsense; then the income is divided by the newer number of shares.
    """
    if earned is None or earned.to_date is None:
        return earned.value if earned else None
    then, now = _share_counts(earned, income, shares)
    if then < 1 or now < 1:
        return None
    if 1 / SAME_SHARES < now / then < SAME_SHARES:
        return round(earned.value, 2)
    return round(income.value / now, 2) if income else None


def _share_counts(
    earned: Trailing, income: Trailing | None, shares: Trailing | None
) -> tuple[float, float]:
    """Return the shares of the fiscal year and of the year to date, zeros where nothing tells."""
    if shares and shares.to_date:
        return shares.year.value, shares.to_date.value
    if income is None:
        return 0, 0
    pairs = ((income.year, earned.year), (income.newest, earned.newest))
    then, now = (
        amount.value / per_share.value if abs(per_share.value) >= TELLING_USD else 0
        for amount, per_share in pairs
    )
    return then, now
