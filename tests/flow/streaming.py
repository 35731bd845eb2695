"""A desk that follows the stub of the stream, and the stub of the REST service behind it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pandas as pd
import pytest
import time_machine
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from core import bootstrap
from core.desk import Desk
from core.settings import Mode, Settings
from core.steps.services import Services
from core.storage.storage import Storage
from tests.contract.stubs.streams_alpaca import StreamServer
from tests.unit.test_daily_state import history

TEN = datetime(2023, 9, 15, 14, 0, tzinfo=UTC)
FIVE = timedelta(minutes=5)
PATIENCE_S = 15.0
STREAM = "alpaca stream"
REPAIR = f"{STREAM} repair"


def at(minutes: float) -> datetime:
    return TEN + timedelta(minutes=minutes)


def eventually(look: Callable[[], Any]) -> Any:
    """Return the first truth that `look` gives; what does not come fails the test."""
    deadline, pause = monotonic() + PATIENCE_S, threading.Event()
    while not (found := look()):
        assert monotonic() < deadline, "it did not happen"
        pause.wait(0.02)
    return found


class Rest:
    """The vendor's REST service, which can be away, slow or behind."""

    def __init__(self, stub: Any) -> None:
        self.is_down = False
        self.waits_for: threading.Event | None = None
        self.is_asked = threading.Event()
        self._stub, self._rows = stub, stub.intraday_rows()

    def bars(self, request: Request) -> Response:
        self.is_asked.set()
        if self.waits_for is not None:
            self.waits_for.wait(PATIENCE_S)
        answer: Response = self._stub.bars(request)
        return Response("down", 503) if self.is_down else answer

    def knows(self, until: datetime) -> None:
        """Let it know the bars that had ended by a moment."""
        known = [row for row in self._rows if datetime.fromisoformat(row["t"]) + FIVE <= until]
        self._stub.INTRADAY_ROWS[:] = known


@dataclass
class Rig:
    """A desk that follows the stream, the servers it listens to, and the time."""

    desk: Desk
    server: StreamServer
    rest: Rest
    traveller: time_machine.Traveller
    monkeypatch: pytest.MonkeyPatch
    http: HTTPServer

    @property
    def services(self) -> Services:
        return self.desk._services

    @property
    def storage(self) -> Storage:
        return self.services.storage

    def connect(self) -> None:
        """Start to listen, and wait until what was before is repaired."""
        self.desk.live.start()
        self.server.wait_for_client()
        eventually(lambda: len(self.checks("intraday", REPAIR)))

    def bars(self, timeframe: str) -> pd.DataFrame:
        day = date(2023, 9, 15)
        return self.storage.bars.between("AAPL", timeframe, day, day)

    def made(self, symbol: str = "AAPL") -> pd.DataFrame:
        """Return every version of the bars made of the stream's minutes."""
        sql = "from bars where provider = ? and symbol = ? order by started_at, received_at"
        return self.storage.store.frame(sql, (STREAM, symbol))

    def checks(self, feed: str, provider: str = STREAM) -> pd.DataFrame:
        sql = "from feed_checks where feed = ? and provider = ? order by checked_at"
        return self.storage.store.frame(sql, (feed, provider))

    def quotes(self) -> pd.DataFrame:
        return self.storage.store.frame("from quotes order by quoted_at")


@contextmanager
def opened(folder: Path, **changes: Any) -> Iterator[Desk]:
    values = {
        "mode": Mode.PAPER, "watchlist": ("AAPL",), "market_data": ("alpaca",), "stream": "alpaca",
    }  # fmt: skip
    desk = bootstrap.build(Settings(_env_file=None, data_dir=folder, **{**values, **changes}))
    try:
        yield desk
    finally:
        desk.close()


def daily_bars(symbol: str) -> pd.DataFrame:
    """Return bars of the weekdays up to the day before, the last one at 175."""
    days = [day.date() for day in pd.bdate_range(end="2023-09-14", periods=600)]
    bars = history(1, 600)
    prices = bars[["open", "high", "low", "close"]] * 175 / bars["close"].iloc[-1]
    return bars.assign(
        symbol=symbol, timeframe="1d", session_date=days,
        started_at=pd.to_datetime(days, utc=True), **prices,
    )  # fmt: skip
