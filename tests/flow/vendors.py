"""Vendors that answer what a test lays down for them, and a desk that is connected to them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core import bootstrap
from core.desk import Desk
from core.domain.feed_policy import ProviderPolicy
from core.domain.feeds import CorporateAction, Fundamentals, Label, Quote
from core.domain.market import BAR_COLUMNS, BarQuery, Timeframe
from core.errors import AppError, InsufficientDataError
from core.flow import calendars
from core.flow.catalog import StepContext
from core.settings import Mode, Settings
from core.steps.moment import session_of
from core.steps.providers import Provider
from core.steps.services import Adapters, Playbook, Universe

UNLIMITED = ProviderPolicy(requests_per_minute=None)
FIVE = timedelta(minutes=5)


class Vendor:
    """Serves what it is given; `refuses` maps a symbol, or "" for all, to the error it raises."""

    def __init__(self, name: str = "yahoo") -> None:
        self.name = name
        self.frames: dict[tuple[str, str], pd.DataFrame] = {}
        self.prices: dict[str, datetime] = {}
        self.told: dict[str, list[CorporateAction]] = {}
        self.reports: dict[str, Fundamentals] = {}
        self.refuses: dict[str, AppError] = {}
        self.asked: list[Any] = []

    def symbols(self) -> tuple[str, ...]:
        return ()

    def bars(self, query: BarQuery) -> pd.DataFrame:
        self._ask(query.symbol, query)
        frame = self.frames.get((query.symbol, str(query.timeframe)))
        if frame is None:
            raise InsufficientDataError(f"{self.name} has no {query.symbol!r}")
        within = frame["session_date"].between(query.start, query.end)
        return frame[within].assign(provider=self.name)

    def actions(self, symbol: str, start: date, end: date) -> list[CorporateAction]:
        self._ask(symbol, symbol)
        return self.told.get(symbol, [])

    def quotes(self, symbols: Sequence[str]) -> list[Quote]:
        self._ask("", tuple(symbols))
        common: dict[str, Any] = {"last": 100.0, "provider": self.name, "label": Label.REAL}
        known = [one for one in symbols if one in self.prices]
        return [Quote(symbol=one, quoted_at=self.prices[one], **common) for one in known]

    def fundamentals(self, symbol: str, as_of: date) -> Fundamentals | None:
        self._ask(symbol, symbol)
        return self.reports.get(symbol)

    def _ask(self, symbol: str, question: object) -> None:
        self.asked.append(question)
        error = self.refuses.get(symbol, self.refuses.get(""))
        if error is not None:
            raise error


def daily(symbol: str, start: date, end: date) -> pd.DataFrame:
    """Return a bar of every session, each different from the one before."""
    days = calendars.sessions("XNYS", start, end)
    moments = pd.to_datetime(days, utc=True).as_unit("us")
    return _bars(symbol, Timeframe.DAY, days, moments)


def five_minutes(symbol: str, day: date, until: datetime) -> pd.DataFrame:
    """Return the bars of a session that had ended by a moment."""
    opens, closes = calendars.hours("XNYS", day)
    moments = pd.date_range(opens, min(until, closes) - FIVE, freq=FIVE).as_unit("us")
    return _bars(symbol, Timeframe.FIVE_MINUTES, [day] * len(moments), moments)


def _bars(symbol: str, timeframe: str, days: Sequence[date], moments: Any) -> pd.DataFrame:
    close = [100 + place % 7 for place in range(len(days))]
    frame = pd.DataFrame(
        {
            "symbol": symbol, "timeframe": str(timeframe), "session_date": days,
            "started_at": moments, "open": close, "high": [one + 1.0 for one in close],
            "low": [one - 1.0 for one in close], "close": close, "volume": 1000.0,
            "provider": "yahoo", "label": "real",
        }
    )  # fmt: skip
    return frame[[*BAR_COLUMNS]].astype({"open": float, "close": float})


@contextmanager
def connected(
    folder: Path,
    vendors: Sequence[Vendor],
    *,
    watchlist: Sequence[str] = ("AAA",),
    leads: Sequence[str] = (),
    providers: Mapping[str, Provider[Any]] | None = None,
) -> Iterator[Desk]:
    """Open a desk whose market data and fundamentals are these vendors', without a limit."""
    made = {one.name: Provider(one.name, one, UNLIMITED) for one in vendors}
    chain = list((made | dict(providers or {})).values())
    original = bootstrap.build_adapters

    def built(settings: Settings, playbook: Playbook) -> Adapters:
        bundled = Settings(_env_file=None, data_dir=settings.data_dir, mode=Mode.PAPER)
        adapters = original(bundled, playbook)
        return dataclasses.replace(adapters, market_data=chain, fundamentals=chain)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "build_adapters", built)
        patch.setattr(bootstrap, "WALL_UNIVERSE", Universe(("AAA",), tuple(leads)))
        names = tuple(one.name for one in chain)
        desk = bootstrap.build(
            Settings(
                _env_file=None, data_dir=folder, mode=Mode.PAPER, watchlist=tuple(watchlist),
                market_data=names,
            )
        )  # fmt: skip
    try:
        yield desk
    finally:
        desk.close()


def context_of(desk: Desk, **options: Any) -> StepContext:
    """Return the context of a step that runs now."""
    now = datetime.now(UTC)
    return StepContext(
        run_id="r", workflow_id="aggregate", node_id="n", as_of=now, session_date=session_of(now),
        inputs={}, results={}, options=options, services=desk._services,
    )  # fmt: skip


def checks(desk: Desk) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the newest check of each feed and provider."""
    rows: list[dict[Any, Any]] = desk.views.feeds().to_dict("records")
    return {(row["feed"], row["provider"]): row for row in rows}
