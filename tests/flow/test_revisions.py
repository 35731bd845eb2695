"""Bars that come again: what is set aside, and what the store may take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pandas as pd
import pytest

from core.clock import WallClock
from core.domain.market import BAR_COLUMNS
from core.flow.catalog import StepContext
from core.steps.revisions import Compared, compare
from core.steps.services import Services
from core.storage.storage import Storage

WEEKS = [date(2023, 9, day) for day in (5, 6, 7, 8, 11, 12, 13, 14, 15)]
PRICES = ["open", "high", "low", "close"]


@pytest.fixture
def storage(data_dir: Path) -> Iterator[Storage]:
    opened = Storage(data_dir / "desk.duckdb")
    yield opened
    opened.close()


def again(storage: Storage, fetched: pd.DataFrame) -> Compared:
    services = cast(Services, SimpleNamespace(storage=storage, clock=WallClock()))
    now = datetime(2023, 9, 15, 22, tzinfo=UTC)
    context = StepContext("r", "aggregate", "bars", now, now.date(), {}, {}, {}, services)
    return compare(context, "yahoo", fetched)


def bars(days: Sequence[date] = WEEKS, symbol: str = "AAPL", volume: float = 1e6) -> pd.DataFrame:
    closes = [100.0 + day.day for day in days]
    return pd.DataFrame({
        "symbol": symbol, "timeframe": "1d", "session_date": days,
        "started_at": pd.to_datetime(list(days), utc=True),
        "open": closes, "high": [close + 1 for close in closes],
        "low": [close - 1 for close in closes], "close": closes, "volume": volume,
        "provider": "yahoo", "label": "real",
    })[list(BAR_COLUMNS)]  # fmt: skip


def divided(frame: pd.DataFrame, last: date, by: float = 4) -> pd.DataFrame:
    """Return the bars with the prices up to a session divided, as after a split."""
    old = frame["session_date"] <= last
    return frame.assign(**{name: frame[name].mask(old, frame[name] / by) for name in PRICES})


def days(frame: pd.DataFrame) -> list[date]:
    return list(frame["session_date"])


def at(day: date, of: date, volume: float = 1e6) -> pd.DataFrame:
    """Return the bar of one session under the date of another."""
    start = pd.to_datetime([day], utc=True)
    return bars([of], volume=volume).assign(session_date=[day], started_at=start)


def test_a_hole_is_not_filled_on_the_scale_of_its_neighbours(storage: Storage) -> None:
    storage.bars.append(bars([day for day in WEEKS if day != WEEKS[2]]))
    compared = again(storage, divided(bars(), WEEKS[4]))
    assert days(compared.kept) == WEEKS[5:]
    assert {row.reason.split(",")[0] for row in compared.refused} == {"came back divided by 4"}
    assert len(compared.refused) == 5


def test_what_lies_before_the_first_rescaled_bar_is_refused_too(storage: Storage) -> None:
    storage.bars.append(bars(WEEKS[3:6]))
    compared = again(storage, divided(bars(), WEEKS[4]))
    assert days(compared.kept) == WEEKS[5:]


def test_another_symbol_and_another_timeframe_are_kept(storage: Storage) -> None:
    minutes = bars().assign(timeframe="5m")
    storage.bars.append(pd.concat([bars(), minutes, bars(symbol="TSLA")]))
    fetched = [divided(bars(), WEEKS[-1]), bars(symbol="TSLA"), minutes]
    compared = again(storage, pd.concat(fetched, ignore_index=True))
    assert set(zip(compared.kept["symbol"], compared.kept["timeframe"], strict=True)) == {
        ("TSLA", "1d"),
        ("AAPL", "5m"),
    }


def test_a_revision_is_told_and_kept(storage: Storage) -> None:
    storage.bars.append(bars())
    revised = bars()
    revised.loc[3, "high"] += 1
    compared = again(storage, revised)
    assert (len(compared.kept), compared.refused) == (len(WEEKS), [])
    assert [finding.kind for finding in compared.findings] == ["revision"]


def test_the_stored_bar_of_the_session_before_is_no_bar_of_today(storage: Storage) -> None:
    storage.bars.append(bars(WEEKS[:-1]))
    compared = again(storage, at(WEEKS[-1], of=WEEKS[-2]))
    assert compared.kept.empty
    assert [row.reason for row in compared.refused] == ["the bar repeats the one before"]
    assert compared.findings == []


def test_over_a_weekend_the_session_before_is_friday(storage: Storage) -> None:
    storage.bars.append(bars(WEEKS[:4]))
    assert again(storage, at(WEEKS[4], of=WEEKS[3])).kept.empty


def test_days_without_trades_may_be_alike(storage: Storage) -> None:
    storage.bars.append(bars(WEEKS[:-1], volume=0))
    assert len(again(storage, at(WEEKS[-1], of=WEEKS[-2], volume=0)).kept) == 1


def test_the_same_prices_with_another_volume_are_a_new_bar(storage: Storage) -> None:
    storage.bars.append(bars(WEEKS[:-1]))
    assert len(again(storage, at(WEEKS[-1], of=WEEKS[-2], volume=2e6)).kept) == 1


def test_a_bar_that_is_known_and_comes_again_is_kept(storage: Storage) -> None:
    storage.bars.append(bars())
    compared = again(storage, bars(WEEKS[-3:]))
    assert (len(compared.kept), compared.refused, compared.findings) == (3, [], [])
