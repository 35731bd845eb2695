from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.market import BAR_COLUMNS
from core.errors import DomainError, StoreError
from core.storage.storage import Storage
from tests.examples import examples
from tests.storage import samples

NAMES = st.integers(0, 10**9).map(lambda number: f"H{number}")


def test_bars_come_back_as_they_went_in(storage: Storage) -> None:
    given_bars = samples.bars()
    storage.bars.append(given_bars)
    found = storage.bars.daily("AAPL", samples.SESSION)
    assert found.to_dict("records") == given_bars.to_dict("records")
    assert tuple(found.columns) == BAR_COLUMNS


@examples(15)
@given(symbol=NAMES, present=st.integers(1, 9), seed=st.integers(0, 99))
def test_of_half_present_bars_in_any_order_the_absent_are_stored(
    shared_storage: Storage, symbol: str, present: int, seed: int
) -> None:
    bars = samples.bars(symbol, sessions=10)
    known = shared_storage.store.one("select count(*) from bars where symbol = ?", (symbol,))
    shared_storage.bars.append(bars.head(present))
    shared_storage.bars.append(bars.sample(frac=1, random_state=seed))
    assert shared_storage.bars.append(bars) == 0
    found = shared_storage.bars.daily(symbol, samples.SESSION)
    assert found["close"].tolist() == bars["close"].tolist()
    rows = shared_storage.store.one("select count(*) from bars where symbol = ?", (symbol,))
    assert known in {(0,), (10,)}
    assert rows == (10,)


def test_the_same_bar_twice_in_a_batch_is_stored_once(storage: Storage) -> None:
    bars = samples.bars()
    assert storage.bars.append(pd.concat([bars, bars])) == 5


def test_a_bar_that_comes_twice_and_differs_is_refused(storage: Storage) -> None:
    both = pd.concat([samples.bars(), samples.bars(shift=1)])
    with pytest.raises(
        DomainError, match=r"1d bar of AAPL at 2023-12-31 .* comes twice and differs"
    ):
        storage.bars.append(both)
    assert storage.bars.last_session("AAPL", "1d") is None


def test_the_sessions_that_lack_a_bar_are_told_by_symbol_as_they_were_known(
    storage: Storage,
) -> None:
    bars = samples.bars()
    days = [*bars["session_date"], samples.SESSION]
    before = datetime.now(UTC)
    storage.bars.append(bars.drop(index=2))
    assert storage.bars.lacking(["AAPL"], days) == {"AAPL": [days[2], samples.SESSION]}
    assert storage.bars.lacking(["AAPL", "NVDA"], days[:2]) == {"NVDA": days[:2]}
    assert storage.bars.lacking(["AAPL"], days, before) == {"AAPL": days}


def test_a_corrected_bar_is_a_revision_and_the_newest_wins(storage: Storage) -> None:
    storage.bars.append(samples.bars())
    assert storage.bars.append(samples.bars(shift=1)) == 5
    assert storage.bars.daily("AAPL", samples.SESSION)["close"].tolist()[-1] == 105
    assert storage.store.one("select count(*) from bars") == (10,)


def test_a_correction_that_is_taken_back_wins_again(storage: Storage) -> None:
    for shift in (0, 1, 0):
        assert storage.bars.append(samples.bars(shift=shift)) == 5
    assert storage.bars.last_close("AAPL", samples.SESSION) == 104
    assert storage.bars.append(samples.bars()) == 0


def test_a_clock_that_was_set_back_does_not_hide_a_revision(storage: Storage) -> None:
    storage.bars.append(samples.bars())
    with storage.store.write() as cursor:
        cursor.execute("update bars set fetched_at = fetched_at + interval 1 hour")
    storage.bars._last_fetched = None
    storage.bars.append(samples.bars(shift=1))
    assert storage.bars.last_close("AAPL", samples.SESSION) == 105


def test_two_providers_of_one_bar_make_one_row(storage: Storage) -> None:
    storage.bars.append(samples.bars())
    storage.bars.append(samples.bars(provider="yahoo", shift=1))
    found = storage.bars.daily("AAPL", samples.SESSION)
    assert len(found) == 5
    assert set(found["provider"]) == {"yahoo"}


def test_daily_bars_end_before_the_date_and_are_the_last_ones(storage: Storage) -> None:
    storage.bars.append(samples.bars(sessions=10))
    found = storage.bars.daily("AAPL", date(2024, 1, 4), limit=3)
    assert found["session_date"].tolist() == [date(2024, 1, day) for day in (1, 2, 3)]


def test_between_includes_both_ends_and_one_timeframe(storage: Storage) -> None:
    storage.bars.append(samples.bars())
    storage.bars.append(samples.bars(timeframe="5m"))
    found = storage.bars.between("AAPL", "5m", date(2024, 1, 2), date(2024, 1, 3))
    assert found["session_date"].tolist() == [date(2024, 1, 2), date(2024, 1, 3)]
    assert set(found["timeframe"]) == {"5m"}
    assert str(found["started_at"].dt.tz) == "UTC"


def test_sessions_and_last_values_are_told(storage: Storage) -> None:
    storage.bars.append(samples.bars())
    end = date(2024, 1, 4)
    assert storage.bars.last_session("AAPL", "1d") == end
    sessions = storage.bars.sessions("AAPL", "1d", end - timedelta(days=1), end)
    assert sessions == [date(2024, 1, 3), end]
    assert storage.bars.last_close("AAPL", date(2024, 1, 3)) == 103
    assert storage.bars.last_close("MSFT", end) is None


def test_an_empty_frame_stores_nothing(storage: Storage) -> None:
    assert storage.bars.append(samples.bars().head(0)) == 0


def test_bars_without_a_zone_are_refused(storage: Storage) -> None:
    bars = samples.bars()
    naive = bars.assign(started_at=bars["started_at"].dt.tz_localize(None))
    with pytest.raises(DomainError, match="no time zone"):
        storage.bars.append(naive)


def test_bars_that_lack_a_column_are_refused(storage: Storage) -> None:
    with pytest.raises(DomainError, match="lack the columns volume"):
        storage.bars.append(samples.bars().drop(columns="volume"))


def test_a_bar_without_a_close_stores_nothing_of_its_batch(storage: Storage) -> None:
    bars = samples.bars()
    bars.loc[2, "close"] = float("nan")
    with pytest.raises(StoreError, match="NOT NULL"):
        storage.bars.append(bars)
    assert storage.bars.last_session("AAPL", "1d") is None
