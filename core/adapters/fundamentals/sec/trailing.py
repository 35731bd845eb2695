"""The figures of the year up to the newest report, out of fiscal years and years to date."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from core.adapters.fundamentals.sec.filings import Fact, Facts

YEAR = timedelta(days=365)
SHORTEST_YEAR, LONGEST_YEAR = timedelta(days=349), timedelta(days=379)  # 52 and 53 weeks, and some
NEAR = timedelta(days=10)  # fiscal years of whole weeks end up to a week earlier or later
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Trailing:
    """A year: a fiscal year, or one with the year to date added and the one before taken away."""

    year: Fact
    to_date: Fact | None = None
    to_date_before: Fact | None = None

    @property
    def value(self) -> float:
        if self.to_date is None or self.to_date_before is None:
            return self.year.value
        return self.year.value + self.to_date.value - self.to_date_before.value

    @property
    def newest(self) -> Fact:
        return self.to_date or self.year

    @property
    def filed(self) -> date:
        facts = (self.year, self.to_date, self.to_date_before)
        return max(fact.filed for fact in facts if fact)


class Knowledge:
    """What was known of a company on a day: of each period the value that was filed last."""

    def __init__(self, facts: Facts, as_of: date) -> None:
        self._known = {
            concept: {(fact.start, fact.end): fact for fact in filed if fact.filed <= as_of}
            for concept, filed in facts.items()
        }

    def newest_end(self, *figures: Sequence[str]) -> date | None:
        """Return the last day of the newest year for which one of the figures is known."""
        concepts = [concept for figure in figures for concept in figure]
        ends = {end for concept in concepts for _, end in self._known.get(concept, {})}
        known = (end for end in sorted(ends, reverse=True) if self._any(figures, end))
        return next(known, None)

    def trailing(self, figure: Sequence[str], end: date) -> Trailing | None:
        """Return the figure of the year up to about `end`.

        The first concept that covers the year counts. A company may change concepts within it;
        then they count together.
        """
        each = [self._known[concept] for concept in figure if concept in self._known]
        together = {period: fact for known in reversed(each) for period, fact in known.items()}
        found = (trailing_year(known.values(), end) for known in [*each, together])
        return next((trailing for trailing in found if trailing), None)

    def _any(self, figures: Iterable[Sequence[str]], end: date) -> bool:
        return any(self.trailing(figure, end) for figure in figures)


def trailing_year(facts: Iterable[Fact], end: date) -> Trailing | None:
    """Return the year up to about `end`, None if the facts do not add up to one."""
    facts = list(facts)
    years = [fact for fact in facts if SHORTEST_YEAR <= fact.end - fact.start <= LONGEST_YEAR]
    whole = _nearest(years, end - YEAR + DAY, end)
    if whole:
        return Trailing(whole)
    earlier = [year for year in years if end - YEAR < year.end < end]
    for year in sorted(earlier, key=lambda year: year.end, reverse=True):
        to_date = _nearest(facts, year.end + DAY, end)
        before = _nearest(facts, year.start, end - YEAR)
        if to_date and before:
            return Trailing(year, to_date, before)
    return None


def _nearest(facts: Iterable[Fact], start: date, end: date) -> Fact | None:
    near = [f for f in facts if abs(f.start - start) <= NEAR and abs(f.end - end) <= NEAR]
    return min(near, key=lambda f: abs(f.start - start) + abs(f.end - end), default=None)
