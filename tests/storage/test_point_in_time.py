"""What was known at a moment stays what it was, whatever comes later."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from core.storage.configurations import Configuration
from core.storage.storage import Storage
from tests.examples import examples
from tests.storage import samples

SINCE, BEFORE = date(2023, 1, 1), samples.SESSION
START = datetime(2024, 1, 5, tzinfo=UTC)
NAMES = st.integers(0, 10**9).map(lambda number: f"P{number}")
ARRIVALS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(1, 5), st.sampled_from(["sample", "yahoo"])),
    min_size=1, max_size=6,
)  # fmt: skip


@pytest.fixture
def yahoo_first(data_dir: Path) -> Iterator[Storage]:
    opened = Storage(data_dir / "desk.duckdb", ("yahoo", "sample"))
    yield opened
    opened.close()


def hours(number: float) -> datetime:
    return START + timedelta(hours=number)


def known(storage: Storage, symbol: str, by: datetime) -> pd.DataFrame:
    found = storage.bars.daily_of([symbol], SINCE, BEFORE, by)
    return found.get(symbol, pd.DataFrame())


@examples(40)
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


def test_of_two_providers_the_preferred_one_counts(yahoo_first: Storage) -> None:
    storage = yahoo_first
    storage.bars.append(samples.bars(provider="yahoo"), hours(1))
    storage.bars.append(samples.bars(shift=1), hours(2))
    storage.bars.append(samples.bars(shift=1, sessions=6), hours(2))
    found = known(storage, "AAPL", hours(3))
    assert found["provider"].tolist() == ["sample", *["yahoo"] * 5]
    assert found["close"].tolist()[-1] == 104


def test_changes_are_what_is_newer_or_was_stored_later(storage: Storage) -> None:
    storage.bars.append(samples.bars(), hours(1))
    through = storage.bars.fetched_through()
    storage.bars.append(samples.bars(shift=1, sessions=1, last=date(2024, 1, 2)), hours(2))
    changes = changed(storage, through, known_after=hours(1))
    assert changes == [(date(2024, 1, 2), 101), (date(2024, 1, 4), 104)]


def test_changes_are_what_was_stored_before_and_received_later(storage: Storage) -> None:
    storage.bars.append(samples.bars(), hours(1))
    storage.bars.append(samples.bars(shift=1, sessions=1, last=date(2024, 1, 2)), hours(2))
    through = storage.bars.fetched_through()
    changes = changed(storage, through, known_after=hours(1))
    assert changes == [(date(2024, 1, 2), 101), (date(2024, 1, 4), 104)]
    assert changed(storage, through, known_after=hours(2)) == changes[1:]


def changed(storage: Storage, through: datetime, known_after: datetime) -> list[tuple[date, float]]:
    since = {
        "last_session": date(2024, 1, 3), "fetched_after": through, "known_after": known_after,
        "known_by": hours(3),
    }  # fmt: skip
    found = storage.bars.changes(["AAPL"], BEFORE, **since)["AAPL"]
    return [(bar.session_date, bar.close) for bar in found]


def test_what_is_being_stored_while_one_reads_was_not_received_by_then(storage: Storage) -> None:
    """Writers and a reader take turns; each moment reads later what it read then."""
    stop = threading.Event()

    def revise(symbol: str) -> None:
        shift = 0.0
        while not stop.is_set():
            shift += 1
            storage.bars.append(samples.bars(symbol, shift=shift))
            storage.fundamentals.append([samples.fundamentals(symbol=symbol, market_cap_usd=shift)])
            storage.quotes.append([samples.quote(symbol=symbol, quoted_at=hours(shift))])

    writers = [threading.Thread(target=revise, args=(name,)) for name in ("AAA", "BBB")]
    for writer in writers:
        writer.start()
    seen = [(at, told(storage, at)) for at in (storage.now_known() for _ in range(60))]
    stop.set()
    for writer in writers:
        writer.join()
    assert [told(storage, at) for at, _ in seen] == [then for _, then in seen]
    assert all(one < other for (one, _), (other, _) in pairwise(seen))
    assert len({str(then) for _, then in seen}) > 1


def told(storage: Storage, at: datetime) -> tuple[object, ...]:
    symbols = ["AAA", "BBB"]
    bars = storage.bars.daily_of(symbols, SINCE, BEFORE, at)
    closes = {symbol: found["close"].tolist() for symbol, found in bars.items()}
    reported = storage.fundamentals.latest_of(symbols, BEFORE, at)
    return closes, reported, storage.quotes.latest_of(symbols, at)


def test_a_clock_that_is_set_back_changes_nothing_of_what_was_known(storage: Storage) -> None:
    with time_machine.travel(hours(9), tick=False) as clock:
        storage.bars.append(samples.bars())
        storage.actions.append([samples.split()])
        at = storage.now_known()
        then = known(storage, "AAPL", at)
        clock.move_to(hours(8))
        storage.bars.append(samples.bars(shift=1))
        storage.actions.append([samples.split(ratio=3.0)])
        pd.testing.assert_frame_equal(known(storage, "AAPL", at), then)
        assert storage.actions.known_of(["AAPL"], at) == {"AAPL": [samples.split()]}
        assert known(storage, "AAPL", storage.now_known())["close"].tolist()[-1] == 105


def test_an_order_of_providers_counts_from_the_moment_it_came(yahoo_first: Storage) -> None:
    storage = yahoo_first
    storage.bars.append(samples.bars(provider="yahoo"), hours(1))
    storage.bars.append(samples.bars(shift=1), hours(1))
    settled = Configuration(market_data=("yahoo", "sample"))
    turned = Configuration(market_data=("sample", "yahoo"))
    assert storage.configurations.remember(settled, hours(2))
    assert storage.configurations.remember(turned, hours(4))
    seen = [known(storage, "AAPL", hours(at))["provider"].iloc[-1] for at in (1, 2, 3, 4)]
    assert seen == ["yahoo", "yahoo", "yahoo", "sample"]


def test_a_configuration_is_remembered_where_it_changes(storage: Storage) -> None:
    one, other = Configuration(leads=("QQQ",)), Configuration(leads=("SPY",))
    kept = [one, one, other, one]
    assert [storage.configurations.remember(c, hours(at)) for at, c in enumerate(kept)] == [
        True, False, True, True,
    ]  # fmt: skip
    leads = [storage.configurations.as_of(hours(at)).leads for at in range(4)]
    assert leads == [("QQQ",), ("QQQ",), ("SPY",), ("QQQ",)]


def test_before_any_configuration_is_known_that_of_today_counts(yahoo_first: Storage) -> None:
    expected = Configuration(market_data=("yahoo", "sample"))
    assert yahoo_first.configurations.as_of(hours(1)) == expected
