"""What arrived and is not delivered yet."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import Any

from core.adapters.alpaca_rest import MALFORMED
from core.adapters.alpaca_wire import parse_bar, parse_quote, to_frame
from core.adapters.streams.alpaca.messages import parse_frame, parse_refusal
from core.domain.feeds import Quote
from core.domain.market import Timeframe
from core.domain.text import plain_text
from core.ports import StreamSink

log = logging.getLogger(__name__)


class Inbox:
    """Keeps the newest of each quote and each bar, so that no flood can fill it.

    One thread puts in, another delivers.
    """

    def __init__(self, symbols: Sequence[str]) -> None:
        self.malformed = 0
        self._symbols = frozenset(symbols)
        self._lock = Lock()
        self._connected_at: datetime | None = None
        self._quotes: dict[str, Quote] = {}
        self._bars: dict[tuple[str, datetime], dict[str, Any]] = {}
        self._complaint = ""

    def connected(self, at: datetime) -> None:
        """Note that everything from `at` on arrives here."""
        with self._lock:
            self._connected_at = at

    def put(self, frame: str | bytes) -> None:
        """Sort a frame's messages in; what cannot be read is counted and dropped.

        Raises: the errors of `parse_refusal`.
        """
        with self._lock:
            try:
                messages = parse_frame(frame)
            except (ValueError, TypeError) as error:
                self._complain(error, frame)
                return
            for message in messages:
                self._sort_in(message)

    def deliver(self, sink: StreamSink) -> None:
        """Hand over what arrived since the last time."""
        with self._lock:
            connected_at, self._connected_at = self._connected_at, None
            bars, self._bars = self._bars, {}
            quotes, self._quotes = self._quotes, {}
            complaint, self._complaint = self._complaint, ""
        if complaint:
            log.warning("dropped malformed messages, %d by now: %s", self.malformed, complaint)
        if connected_at is not None:
            sink.connected(connected_at)
        if bars:
            _deliver_bars(list(bars.values()), sink)
        if quotes:
            sink.quotes(list(quotes.values()))

    def _sort_in(self, message: Any) -> None:
        try:
            kind = message["T"]
            if kind in ("b", "u"):  # "u" is a bar again, with its late trades
                bar = parse_bar(self._symbol(message), message)
                self._bars[bar["symbol"], bar["started_at"]] = bar
            elif kind == "q":
                self._keep_newest(parse_quote(self._symbol(message), message))
        except MALFORMED as error:
            self._complain(error, message)
            return
        if kind == "error":
            raise parse_refusal(message)

    def _symbol(self, message: Mapping[str, Any]) -> str:
        symbol: str = message["S"]
        if symbol not in self._symbols:
            raise LookupError("nobody asked for this symbol")
        return symbol

    def _keep_newest(self, quote: Quote | None) -> None:
        if quote is None:
            return
        kept = self._quotes.get(quote.symbol)
        if kept is None or quote.quoted_at >= kept.quoted_at:
            self._quotes[quote.symbol] = quote

    def _complain(self, error: Exception, about: object) -> None:
        self.malformed += 1
        if not self._complaint:
            text = f"{type(error).__name__} {error} in {str(about)[:300]}"
            self._complaint = plain_text(text, 400)


def _deliver_bars(bars: Sequence[Mapping[str, Any]], sink: StreamSink) -> None:
    frame = to_frame(bars, Timeframe.MINUTE)
    if not frame.empty:
        sink.bars(frame)
