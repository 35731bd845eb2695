"""Where two providers tell different closes of one session."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import accumulate, combinations
from operator import mul

from core.domain.feed_policy import PriceDispute

SPLIT_TOLERANCE = 0.005


def price_disputes(
    symbol: str,
    closes: Mapping[str, Mapping[date, float]],
    *,
    split_ratios: Sequence[float] = (),
    difference_fraction: float = 0.005,
) -> list[PriceDispute]:
    """Return the sessions on which two providers differ by more than a fraction, oldest first.

    Shape: `closes` holds the close of each session by provider, in USD per share; sessions that
        only one of two providers has are passed over. `split_ratios` are those of the symbol's
        known splits in time order, 4.0 for 4:1; a provider may have applied several of them.
    """
    ratios = _products(split_ratios)
    found = []
    for name_a, name_b in combinations(sorted(closes), 2):
        a, b = closes[name_a], closes[name_b]
        for session in a.keys() & b.keys():
            difference = abs(a[session] - b[session]) / min(a[session], b[session])
            if difference > difference_fraction:
                is_split = _explains(ratios, a[session] / b[session])
                found.append(
                    PriceDispute(
                        symbol=symbol, session_date=session, provider_a=name_a, price_a=a[session],
                        provider_b=name_b, price_b=b[session], difference_fraction=difference,
                        kind="split" if is_split else "difference",
                    )
                )  # fmt: skip
    return sorted(found, key=lambda one: (one.session_date, one.provider_a, one.provider_b))


def _products(ratios: Sequence[float]) -> list[float]:
    """Return the ratio of every run of neighbouring splits."""
    return [product for start in range(len(ratios)) for product in accumulate(ratios[start:], mul)]


def _explains(ratios: Iterable[float], observed: float) -> bool:
    return any(
        abs(observed / expected - 1) <= SPLIT_TOLERANCE
        for ratio in ratios
        for expected in (ratio, 1 / ratio)
    )
