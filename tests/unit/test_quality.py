"""Bars are split into good and refused; nothing is lost on the way."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.quality import split_bars
from core.domain.market import BAR_COLUMNS
from core.errors import InsufficientDataError
from tests.examples import examples
from tests.unit.markets import closed_form_bars

NOW = datetime(2024, 6, 1, tzinfo=UTC)


def five() -> pd.DataFrame:
    return closed_form_bars(5)[list(BAR_COLUMNS)]


def refusals(frame: pd.DataFrame, **options: Any) -> list[str]:
    good, bad = split_bars(frame, "formula", NOW, **options)
    assert len(good) + len(bad) == len(frame)
    return [row.reason for row in bad]


def test_good_bars_pass_unchanged() -> None:
    good, bad = split_bars(five(), "formula", NOW)
    assert not bad
    assert good["close"].tolist() == five()["close"].tolist()
    assert str(good["started_at"].dt.tz) == "UTC"


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("close", np.nan, "a price or the volume is not a finite number"),
        ("volume", np.inf, "a price or the volume is not a finite number"),
        ("low", 0.0, "a price is not positive"),
        ("high", 1.0, "the high is below the low"),
        ("close", 1e6, "the high is below the open or the close"),
        ("close", 1e-6, "the low is above the open or the close"),
        ("volume", -1.0, "the volume is negative"),
        ("symbol", None, "symbol, timeframe or session date is missing"),
        ("started_at", pd.NaT, "the start has no time zone"),
    ],
)
def test_a_wrong_value_is_refused_with_its_reason(column: str, value: Any, reason: str) -> None:
    frame = five().astype({column: object})
    frame.loc[2, column] = value
    assert refusals(frame) == [reason]


def test_a_column_of_naive_starts_is_refused_row_by_row() -> None:
    frame = five()
    frame["started_at"] = frame["started_at"].dt.tz_localize(None)
    assert refusals(frame) == ["the start has no time zone"] * 5


def test_one_naive_start_among_aware_ones_is_refused() -> None:
    frame = five().astype({"started_at": object})
    frame.loc[1, "started_at"] = datetime(2023, 1, 3)  # noqa: DTZ001 - the fault under test
    assert refusals(frame) == ["the start has no time zone"]


def test_the_second_of_two_equal_bars_is_refused() -> None:
    frame = pd.concat([five(), five().tail(1)], ignore_index=True)
    assert refusals(frame) == ["duplicate of an earlier row"]


def test_a_good_bar_replaces_a_broken_one_of_the_same_start() -> None:
    frame = pd.concat([five(), five().tail(1)], ignore_index=True)
    frame.loc[4, "close"] = np.nan
    assert refusals(frame) == ["a price or the volume is not a finite number"]


def test_a_late_bar_is_refused_and_the_rest_stays_sorted() -> None:
    frame = five().iloc[[0, 3, 1, 2, 4]]
    good, bad = split_bars(frame, "formula", NOW)
    assert [row.reason for row in bad] == ["out of order"] * 2
    assert good["started_at"].is_monotonic_increasing


def test_each_symbol_has_its_own_order() -> None:
    other = five().assign(symbol="OTHER")
    assert not refusals(pd.concat([five(), other], ignore_index=True))


def test_a_bar_of_the_future_is_refused_and_holds_back_no_other() -> None:
    frame = five()
    frame.loc[1, "started_at"] = pd.Timestamp("2203-01-03", tz="UTC")
    assert refusals(frame, until=NOW) == ["the bar lies in the future"]


def test_a_bar_of_a_day_without_a_session_is_refused() -> None:
    days = set(five()["session_date"]) - {date(2023, 1, 2)}
    assert refusals(five(), sessions=days) == ["there is no session on that day"]
    assert refusals(five(), sessions=[]) == ["there is no session on that day"] * 5
    assert not refusals(five())


def test_an_intraday_bar_of_a_day_without_a_session_is_refused_too() -> None:
    frame = five().assign(timeframe="5m", started_at=five()["started_at"] + pd.Timedelta("14h"))
    days = list(frame["session_date"])
    assert refusals(frame, sessions=days[1:]) == ["there is no session on that day"]


def test_days_of_a_file_are_sessions_as_well_as_those_of_a_provider() -> None:
    frame = five().assign(session_date=pd.to_datetime(five()["session_date"]))
    assert refusals(frame, sessions=list(five()["session_date"])[1:]) == [
        "there is no session on that day"
    ]


@pytest.mark.parametrize("start", ["2023-01-03 05:00", "2023-01-03 14:30", "2023-01-04 00:00"])
def test_a_daily_bar_starts_at_the_midnight_of_its_session(start: str) -> None:
    frame = five()
    frame.loc[1, "started_at"] = pd.Timestamp(start, tz="UTC")
    assert refusals(frame)[0] == "the start is not the midnight of the session"


def copied(*places: int, volume: float = 1e6) -> pd.DataFrame:
    """Return five bars of which some have the numbers of the first."""
    frame, numbers = five().assign(volume=volume), ["open", "high", "low", "close"]
    for place in places:
        frame.loc[place, numbers] = frame.loc[0, numbers]
    return frame


def test_a_daily_bar_that_repeats_the_one_before_is_refused() -> None:
    good, bad = split_bars(copied(1, 2), "formula", NOW)
    assert [row.reason for row in bad] == ["the bar repeats the one before"] * 2
    assert good["session_date"].tolist() == five()["session_date"][[0, 3, 4]].tolist()


def test_a_bar_is_not_compared_with_a_refused_one() -> None:
    frame = copied(2)
    frame.loc[1, "close"] = np.nan
    assert refusals(frame)[1] == "the bar repeats the one before"


def test_days_without_trades_may_be_alike() -> None:
    assert not refusals(copied(1, 2, volume=0))


def test_equal_prices_of_days_apart_or_of_another_symbol_are_no_repetition() -> None:
    assert not refusals(copied(2))
    assert not refusals(pd.concat([five().head(1), five().head(1).assign(symbol="OTHER")]))


def test_intraday_bars_may_be_alike() -> None:
    assert not refusals(copied(1, 2).assign(timeframe="5m"))


def test_a_missing_column_refuses_the_whole_frame() -> None:
    with pytest.raises(InsufficientDataError, match="lack the columns volume, label"):
        split_bars(five().drop(columns=["volume", "label"]), "formula", NOW)


def test_an_empty_frame_gives_nothing() -> None:
    good, bad = split_bars(five().head(0), "formula", NOW)
    assert (len(good), bad) == (0, [])


def test_a_refused_row_keeps_what_it_said() -> None:
    frame = five()
    frame.loc[0, "volume"] = -7.0
    row = split_bars(frame, "formula", NOW)[1][0]
    assert (row.source, row.kind, row.recorded_at) == ("formula", "bar", NOW)
    assert row.key.startswith("ACME 1d 2023-01-02")
    assert json.loads(row.payload)["volume"] == -7.0


PRICES = st.one_of(st.sampled_from([np.nan, np.inf, -1.0, 0.0]), st.floats(1, 200))
STARTS = st.one_of(
    st.just(pd.NaT),
    st.sampled_from(list(pd.date_range("2023-01-01", "2023-01-09", tz="UTC"))),
    st.datetimes(datetime(2023, 1, 1), datetime(2023, 1, 9)),  # noqa: DTZ001 - naive on purpose
    st.datetimes(
        datetime(2023, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
        datetime(2023, 1, 9),  # noqa: DTZ001
        timezones=st.just(UTC),
    ),
)
ROW = st.tuples(st.sampled_from(["ACME", "OTHER"]), STARTS, PRICES, PRICES, PRICES, PRICES, PRICES)


@examples(60)
@given(st.lists(ROW, max_size=12))
def test_every_row_is_either_good_or_refused(rows: list[tuple[Any, ...]]) -> None:
    names = ["symbol", "started_at", "open", "high", "low", "close", "volume"]
    frame = pd.DataFrame(rows, columns=names, dtype=object).assign(
        timeframe="1d", provider="formula", label="real"
    )
    frame["session_date"] = [row[1].date() for row in rows]
    good, bad = split_bars(frame, "formula", NOW)
    assert len(good) + len(bad) == len(frame)
    assert all(row.reason for row in bad)
    again, refused = split_bars(good, "formula", NOW)
    assert (len(again), refused) == (len(good), [])
