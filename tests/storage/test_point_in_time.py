"""What was known at a moment stays what it was, whatever comes later."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from core.storage.storage import Storage
from tests.storage import samples

SINCE, BEFORE = date(2023, 1, 1), samples.SESSION
START = datetime(2024, 1, 5, tzinfo=UTC)
NAMES = st.integers(0, 10**9).map(lambda number: f"P{number}")
ARRIVALS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(1, 5), st.sampled_from(["sample", "yahoo"])),
    min_size=1, max_size=6,
)  # fmt: skip


def hours(number: float) -> datetime:
    return START + timedelta(hours=number)


def known(storage: Storage, symbol: str, by: datetime) -> pd.DataFrame:
    found = storage.bars.daily_of([symbol], SINCE, BEFORE, by)
    return found.get(symbol, pd.DataFrame())


@settings(max_examples=40, deadline=None)
@given(symbol=NAMES, arrivals=ARRIVALS, moment=st.integers(0, 6))
def test_what_arrives_later_changes_nothing_of_what_was_known(
    shared_storage: Storage, symbol: str, arrivals: list[tuple[int, int, str]], moment: int
) -> None:
    seen = pd.DataFrame()
    for number, (shift, sessions, provider) in enumerate(arrivals):
        if number == moment:
            seen = known(shared_storage, symbol, hours(moment))
        bars = samples.bars(symbol, shift=shift, sessions=sessions, provider=provider)
        shared_storage.bars.append(bars, hours(number + 0.5))
    if moment < len(arrivals):
        pd.testing.assert_frame_equal(known(shared_storage, symbol, hours(moment)), seen)


def test_a_revision_is_known_from_the_moment_it_came(storage: Storage) -> None:
    storage.bars.append(samples.bars(), hours(1))
    storage.bars.append(samples.bars(shift=1), hours(2))
    closes = [known(storage, "AAPL", hours(at)).get("close") for at in (0.5, 1, 1.5, 2)]
    assert closes[0] is None
    assert [column.tolist()[-1] for column in closes[1:]] == [104, 104, 105]


def test_bars_told_of_an_earlier_moment_are_known_then(storage: Storage) -> None:
    storage.bars.append(samples.bars(), hours(2))
    assert storage.bars.append(samples.bars(), hours(1)) == 5
    assert storage.bars.append(samples.bars(), hours(1)) == 0
    assert storage.bars.append(samples.bars(), hours(3)) == 0
    assert len(known(storage, "AAPL", hours(1))) == 5


def test_of_two_providers_the_preferred_one_counts(tmp_path) -> None:
    storage = Storage(tmp_path / "desk.duckdb", ("yahoo", "sample"))
    storage.bars.append(samples.bars(provider="yahoo"), hours(1))
    storage.bars.append(samples.bars(shift=1), hours(2))
    storage.bars.append(samples.bars(shift=1, sessions=6), hours(2))
    found = known(storage, "AAPL", hours(3))
    storage.close()
    assert found["provider"].tolist() == ["sample", *["yahoo"] * 5]
    assert found["close"].tolist()[-1] == 104


def test_changes_are_what_is_newer_or_was_stored_later(storage: Storage) -> None:
    storage.bars.append(samples.bars(), hours(1))
    through = storage.bars.fetched_through()
    storage.bars.append(samples.bars(shift=1, sessions=1, last=date(2024, 1, 2)), hours(2))
    since = {"last_session": date(2024, 1, 3), "fetched_after": through, "known_by": hours(3)}
    changes = storage.bars.changes(["AAPL"], BEFORE, **since)["AAPL"]
    assert [(bar.session_date, bar.close) for bar in changes] == [
        (date(2024, 1, 2), 101),
        (date(2024, 1, 4), 104),
    ]
