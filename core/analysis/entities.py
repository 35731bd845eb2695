"""Which symbols of the watch list a headline is about."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated

from pydantic import Field, StringConstraints

from core.domain.base import Frozen, Symbol

Name = Annotated[str, StringConstraints(min_length=2, max_length=60, strip_whitespace=True)]
Ticker = Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,5}$")]

TICKER = r"[A-Z][A-Z0-9]{0,5}(?:[.\-][A-Z]{1,2})?(?![A-Za-z0-9])"
CASHTAG = re.compile(rf"(?<![\w$])\$({TICKER})")
EXCHANGE = re.compile(
    rf"\b([A-Z][A-Za-z]{{2,11}}(?: American| Arca)?)\s*:\s*({TICKER}(?:\s*[,;/]\s*{TICKER})*)"
)
AMERICAN = {
    "nasdaq", "nasdaqgs", "nasdaqgm", "nasdaqcm", "nyse", "nyseamerican", "nysearca", "amex",
    "arca", "cboe",
}  # fmt: skip
FOREIGN = {
    "tsx", "tsxv", "cve", "lon", "lse", "asx", "fra", "etr", "xetra", "epa", "bme", "ams", "bit",
    "hkg", "hkex", "sehk", "sgx", "nse", "bse", "krx", "tyo", "tse", "swx", "nzx", "jse", "sse",
}  # fmt: skip
BARE = re.compile(rf"(?<![\w$.\-&])({TICKER})(?![.&]\w|-[A-Z0-9])")
SHORTEST_BARE = 2  # a single capital is a letter, a grade or a series before it is a ticker
POSSESSIVE = re.compile(r"'[sS]$")
TOKEN = re.compile(r"[^\W_]+(?:[.'&][^\W_]+)*")


class Entities(Frozen):
    """The file data/entities.yaml.

    names: what a symbol is called, written as in a sentence. unrelated: what contains such a name
    and is something else. never_bare: tickers that are words, which need a `$` or an exchange.
    """

    version: Annotated[str, Field(min_length=1)]
    names: dict[Symbol, tuple[Name, ...]]
    unrelated: tuple[Name, ...] = ()
    never_bare: frozenset[Ticker] = frozenset()


class EntityLinker:
    """Finds symbols by what the provider says, tags, names and bare tickers."""

    def __init__(self, entities: Entities) -> None:
        self._never_bare = entities.never_bare
        self._symbols: dict[str, set[str]] = defaultdict(set)
        for symbol, names in entities.names.items():
            for name in names:
                self._symbols[_key(name)].add(symbol)
                self._symbols[_key(name).upper()].add(symbol)
        self._unrelated = {_key(phrase).lower() for phrase in entities.unrelated}
        every = (*self._symbols, *self._unrelated)
        self._longest = max((len(name.split()) for name in every), default=1)

    def link(
        self, title: str, summary: str, given_symbols: Iterable[str], watchlist: Sequence[str]
    ) -> tuple[Symbol, ...]:
        """Return the symbols of the watch list that the headline is about, in its order."""
        found = {same for symbol in given_symbols for same in self._same(symbol)}
        for text in (title, summary):
            found.update(self._mentioned(text.replace("\u2019", "'")))
        return tuple(symbol for symbol in watchlist if symbol.replace("-", ".") in found)

    def _mentioned(self, text: str) -> Iterator[str]:
        for ticker in CASHTAG.findall(text):
            yield from self._same(ticker)
        for exchange, tickers in EXCHANGE.findall(text):
            if exchange.split()[0].lower() in AMERICAN:
                for ticker in re.findall(TICKER, tickers):
                    yield from self._same(ticker)
        rest = EXCHANGE.sub(_without_foreign, text)
        yield from self._named(rest)
        for ticker in BARE.findall(rest):
            if len(ticker) >= SHORTEST_BARE and ticker not in self._never_bare:
                yield from self._same(ticker)

    def _same(self, ticker: str) -> Iterator[str]:
        """Yield the ticker, and the symbol of which it is another share class."""
        yield ticker.replace("-", ".")
        yield from self._symbols.get(ticker, ())

    def _named(self, text: str) -> Iterator[str]:
        """Yield the symbols of the names in the text; the longest name at a place counts."""
        tokens = TOKEN.findall(text)
        place = 0
        while place < len(tokens):
            length, symbols = self._longest_at(tokens[place : place + self._longest])
            yield from symbols
            place += length

    def _longest_at(self, tokens: list[str]) -> tuple[int, set[str]]:
        for length in range(len(tokens), 0, -1):
            phrase = " ".join(tokens[:length])
            for name in (phrase, POSSESSIVE.sub("", phrase)):
                if name.lower() in self._unrelated:
                    return length, set()
                if name in self._symbols:
                    return length, self._symbols[name]
        return 1, set()


def _key(name: str) -> str:
    return " ".join(TOKEN.findall(name))


def _without_foreign(found: re.Match[str]) -> str:
    return " " if found[1].split()[0].lower() in FOREIGN else found[0]
