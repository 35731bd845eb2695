"""Words that look like tickers: each is the subject, a lead, or a known abbreviation."""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.analysis.claims.passage import Finding, Passage

_ABBREVIATIONS = """
A I RSI MACD ATR ADX EMA SMA MA VWAP VIX OHLC R TBOW DNP WAIT UPDATE EOD AM PM ET EST EDT UTC
US USA UK EU UN USD CEO CFO COO CTO EPS PE EBIT AI EV ETF ETFS IPO SEC FDA FTC DOJ FED FOMC ECB
CPI PPI PCE GDP PMI ISM NFP NYSE YTD YOY QOQ PDT GTC DAY OCO ITM OTM ATM IV DTE OI PL LLC INC
TV PC OK MAE MFE TF
"""
KNOWN = frozenset(_ABBREVIATIONS.split())
_TICKER = re.compile(r"(?<![\w$&'])[A-Z]{1,5}(?:[.\-][A-Z])?(?![\w&])")
_GRADE = re.compile(r"(?:\b[Gg]rade\s|\()$")


def tickers(passage: Passage) -> Iterator[Finding]:
    """Yield the symbols of a text: those that are facts, and those that nothing knows."""
    for start, end, quote in passage.quotes:
        ids = passage.index.symbol_ids(quote)
        yield Finding("ticker" if quote in passage.index.owners else "phrase", start, end, ids)
    for match in _TICKER.finditer(passage.body):
        word, start = match.group(), match.start()
        is_grade = word in {"A", "B", "C"} and _GRADE.search(passage.body, max(0, start - 6), start)
        if word not in KNOWN and not is_grade:
            reason = f"{word} is neither the subject, nor a lead, nor a known abbreviation"
            yield Finding("ticker", *match.span(), reason=reason)
