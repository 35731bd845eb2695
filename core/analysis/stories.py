"""One story for all the headlines that tell it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import chain

from core.analysis.titles import Title, canonical_url, read_title
from core.domain.base import Frozen
from core.domain.feeds import NewsItem

LIKENESS = 0.6
SHARED_WORDS = 3
NEAR = timedelta(hours=48)


class Told(Frozen):
    """A headline whose story is settled."""

    item: NewsItem
    story_id: str


@dataclass(frozen=True, eq=False)
class _Headline:
    item: NewsItem

    @cached_property
    def title(self) -> Title:
        return read_title(self.item.title, self.item.source)

    @cached_property
    def url(self) -> str:
        return canonical_url(self.item.url)

    @property
    def order(self) -> tuple[datetime, str, str, str]:
        return (self.item.published_at, self.item.news_id, self.item.title, self.item.url)

    def is_near(self, other: _Headline) -> bool:
        return abs(self.item.published_at - other.item.published_at) <= NEAR

    def may_tell_the_same_as(self, other: _Headline) -> bool:
        mine, theirs = self.item.symbols, other.item.symbols
        is_about_others = mine and theirs and set(mine).isdisjoint(theirs)
        return not is_about_others and not self.title.contradicts(other.title)


def group(items: Iterable[NewsItem], known: Iterable[Told]) -> dict[str, str]:
    """Return the story of each item: a known one, or the id of the first item that told it.

    The order of the items does not matter, and what is known never changes. The headlines of a
    story lie within 48 hours. They have one address and a word in common; or like titles, no
    number or direction that contradicts another's, and a common symbol where both name any.
    """
    stories = _Stories()
    found: dict[str, str] = {}
    settled: dict[str, str] = {}
    for told in known:
        stories.add(_Headline(told.item), told.story_id)
        settled[told.item.news_id] = told.story_id
    for headline in sorted(map(_Headline, items), key=lambda headline: headline.order):
        news_id = headline.item.news_id
        if news_id not in found:
            found[news_id] = settled.get(news_id) or stories.place(headline)
    return found


class _Stories:
    """Headlines by story, found by their words and addresses."""

    def __init__(self) -> None:
        self._members: dict[str, list[_Headline]] = defaultdict(list)
        self._story_of: dict[_Headline, str] = {}
        self._by_word: dict[str, list[_Headline]] = defaultdict(list)
        self._by_url: dict[str, list[_Headline]] = defaultdict(list)

    def add(self, headline: _Headline, story_id: str) -> None:
        self._members[story_id].append(headline)
        self._story_of[headline] = story_id
        for word in headline.title.words:
            self._by_word[word].append(headline)
        if headline.url:
            self._by_url[headline.url].append(headline)

    def place(self, headline: _Headline) -> str:
        """Return the story of a new headline, and remember it."""
        matches = chain(self._same_address(headline), self._like_titles(headline))
        story_id = next(matches, headline.item.news_id)
        self.add(headline, story_id)
        return story_id

    def _same_address(self, headline: _Headline) -> Iterator[str]:
        for other in sorted(self._by_url.get(headline.url, ()), key=lambda other: other.order):
            story_id = self._story_of[other]
            shares_a_word = headline.title.words & other.title.words
            if shares_a_word and all(map(headline.is_near, self._members[story_id])):
                yield story_id

    def _like_titles(self, headline: _Headline) -> Iterator[str]:
        """Yield the stories with a like title, the likest first."""
        likeness = {other: headline.title.likeness(other.title) for other in self._near(headline)}
        alike = [other for other, value in likeness.items() if value >= LIKENESS]
        for other in sorted(alike, key=lambda other: (-likeness[other], other.order)):
            story_id = self._story_of[other]
            members = self._members[story_id]
            fits = all(map(headline.is_near, members)) and all(
                map(headline.may_tell_the_same_as, members)
            )
            if fits and len(headline.title.words & other.title.words) >= SHARED_WORDS:
                yield story_id

    def _near(self, headline: _Headline) -> set[_Headline]:
        """Return all that can be like enough, found by the rarest words.

        Two titles of which one has n words share at least LIKENESS * n of these, so that none is
        missed when the last few, common words are not looked up.
        """
        words = sorted(headline.title.words, key=lambda word: (len(self._by_word[word]), word))
        looked_up = words[: len(words) - math.ceil(LIKENESS * len(words)) + 1]
        return {other for word in looked_up for other in self._by_word[word]}
