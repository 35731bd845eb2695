"""Files of bars as people have them: what is understood, what is refused, and never a wrong bar."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.bar_files import BarFile, Options, packing, read_bars
from core.analysis.bar_files.symbols import one_canonical, symbol_of_file
from core.analysis.quality import split_bars
from core.errors import DomainError
from tests.examples import examples

NOW = datetime(2024, 6, 1, tzinfo=UTC)
HEADER = "date,open,high,low,close,volume\n"
WEEK = "".join(f"2023-09-{day},10,12,9,11,{day}00\n" for day in (11, 12, 13, 14, 15))
FIVE = "time,open,high,low,close,volume\n"


def read(content: str | bytes, name: str = "AAPL.csv", **options: str) -> BarFile:
    data = content.encode() if isinstance(content, str) else content
    found = read_bars(data, name, "import:test", NOW, Options(**options))
    assert found.rows_read == len(found.frame) + sum(found.reasons.values())
    return found


def days(found: BarFile) -> list[str]:
    return [f"{day:%Y-%m-%d}" for day in found.frame["session_date"]]


def starts(found: BarFile) -> list[str]:
    return [f"{at:%m-%d %H:%M}" for at in found.frame["started_at"]]


def zipped(**files: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("_csv", ".csv"), text)
    return packed.getvalue()


def parquet(**columns: Any) -> bytes:
    packed = io.BytesIO()
    pq.write_table(pa.table(columns), packed)
    return packed.getvalue()


def test_a_plain_file_becomes_daily_bars_at_midnight_utc() -> None:
    found = read(HEADER + WEEK)
    assert days(found) == [f"2023-09-{day}" for day in (11, 12, 13, 14, 15)]
    assert str(found.frame["started_at"].iloc[0]) == "2023-09-11 00:00:00+00:00"
    assert set(found.frame["symbol"]) == {"AAPL"}
    assert set(found.frame["provider"]) == {"import:test"}
    assert set(found.frame["label"]) == {"real"}
    assert found.frame["volume"].tolist() == [1100, 1200, 1300, 1400, 1500]


def test_the_reading_tells_what_was_understood() -> None:
    read_as = read("Ticker;Date;O;H;L;Last;Adj Close;Vol\nBRK-B;11.09.2023;1,5;2;1;2;2;5\n").reading
    assert (read_as.format, read_as.encoding, read_as.delimiter) == ("csv", "utf-8", ";")
    assert (read_as.decimal_mark, read_as.date_format, read_as.timeframe) == (",", "D.M.YYYY", "1d")
    assert read_as.columns["close"] == "Last"
    assert read_as.columns_ignored == ("Adj Close",)
    assert read_as.symbols == ("BRK.B",)
    assert read_as.first_date == read_as.last_date == date(2023, 9, 11)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
def test_any_delimiter_in_any_encoding_is_read(delimiter: str, encoding: str) -> None:
    text = (HEADER.replace("volume", "volume,börse") + WEEK.replace("00\n", "00,Zürich\n")).replace(
        ",", delimiter
    )
    found = read(text.encode(encoding))
    assert found.frame["close"].tolist() == [11] * 5
    assert found.reading.delimiter == delimiter


@pytest.mark.parametrize("ends", ["\r\n", "\r", "\n\n"])
def test_line_ends_and_blank_lines_do_not_matter(ends: str) -> None:
    assert len(read((HEADER + WEEK).replace("\n", ends)).frame) == 5


def test_lines_above_the_header_are_passed_over() -> None:
    assert len(read("Prices of Apple Inc.\nsource: me, myself\n" + HEADER + WEEK).frame) == 5


@pytest.mark.parametrize(
    ("written", "price"),
    [
        ("1,234.56", 1234.56),
        ("$1,234.56", 1234.56),
        ("1234.5", 1234.5),
        ("1,234,567.00", 1234567),
    ],
)
def test_thousands_separators_are_read(written: str, price: float) -> None:
    row = f'2023-09-11,"{written}","{written}","{written}","{written}","1,000"\n'
    found = read(HEADER + row)
    assert found.frame["close"].tolist() == [price]
    assert found.frame["volume"].tolist() == [1000]


@pytest.mark.parametrize(
    ("written", "price"), [("1.234,56", 1234.56), ("12,5", 12.5), ("1 234,5", 1234.5)]
)
def test_decimal_commas_are_read(written: str, price: float) -> None:
    row = f"2023-09-11;{written};{written};{written};{written};1.000\n"
    found = read(HEADER.replace(",", ";") + row)
    assert found.frame["close"].tolist() == [price]
    assert found.frame["volume"].tolist() == [1000]


def test_a_number_in_the_other_way_of_writing_is_refused_and_not_guessed() -> None:
    good = "2023-09-11;1.50;2.00;1.00;1.75;5\n2023-09-12;1.50;2.00;1.00;1.75;5\n"
    found = read(HEADER.replace(",", ";") + good + "2023-09-13;1,50;2,00;1,00;1,75;5\n")
    assert found.reasons == {"a price or the volume is not a finite number": 1}
    assert json.loads(found.refused[0].payload)["close"] == "1,75"


@pytest.mark.parametrize("written", ["1,234", "1.234"])
def test_numbers_that_can_be_read_in_two_ways_are_asked_about(written: str) -> None:
    text = HEADER.replace(",", ";") + f"2023-09-11;{written};{written};{written};{written};5\n"
    with pytest.raises(DomainError, match="--decimal"):
        read(text)
    assert read(text, decimal=written[1]).frame["close"].tolist() == [1.234]


def test_volumes_may_be_shortened() -> None:
    rows = "2023-09-11,1,2,1,2,97.20M\n2023-09-12,1,2,1,2,1.5K\n"
    assert read(HEADER + rows).frame["volume"].tolist() == [97_200_000, 1500]


@pytest.mark.parametrize(
    ("written", "form"),
    [
        (["2023-09-11", "2023-09-12"], "YYYY-MM-DD"),
        (["20230911", "20230912"], "YYYYMMDD"),
        (["9/11/2023", "9/12/2023"], "M/D/YYYY"),
        (["11/09/2023", "13/09/2023"], "D/M/YYYY"),
        (["11.09.2023", "12.09.2023"], "D.M.YYYY"),
        (["Sep 11, 2023", "Sep 12, 2023"], "Mon D, YYYY"),
        (["11-Sep-2023", "12-Sep-2023"], "D Mon YYYY"),
        (["1694390400", "1694476800"], "epoch seconds"),
        (["1694439000000", "1694525400000"], "epoch milliseconds"),
        (["2023-09-11 00:00:00-04:00", "2023-09-12 00:00:00-04:00"], "YYYY-MM-DD"),
        (["2023-09-11T04:00:00Z", "2023-09-12T04:00:00Z"], "YYYY-MM-DD"),
        (["2023-09-11 16:00", "2023-09-12 16:00"], "YYYY-MM-DD"),
    ],
)
def test_dates_of_every_form_are_read_as_the_session(written: list[str], form: str) -> None:
    rows = "".join(f'"{day}",10,12,9,11,5\n' for day in written)
    found = read(HEADER + rows)
    assert days(found)[0] == "2023-09-11"
    assert found.reading.date_format == form
    assert found.reading.timeframe == "1d"


def test_days_and_months_that_could_be_swapped_are_told_apart_by_the_trading_days() -> None:
    # 5 June, 6 June, 7 June, 8 June and 9 June 2023 are Monday to Friday; 7 May and 6 August are
    # Sundays, so that the month cannot come first.
    rows = "".join(f"0{day}/06/2023,10,12,9,11,5\n" for day in (5, 6, 7, 8, 9))
    assert read(HEADER + rows).reading.date_format == "D/M/YYYY"


@pytest.mark.parametrize("written", ["2023-02-30", "yesterday", "", "0001-01-01"])
def test_a_date_that_is_none_is_refused(written: str) -> None:
    found = read(HEADER + WEEK + f"{written},10,12,9,11,5\n")
    assert len(found.frame) == 5
    assert sum(found.reasons.values()) == 1
    assert found.refused[0].key == "row 6"


def test_a_date_in_the_future_is_quarantined() -> None:
    found = read(HEADER + WEEK + "2031-01-02,10,12,9,11,5\n")
    good, bad = split_bars(found.frame, "import:test", NOW, until=NOW)
    assert len(good) == 5
    assert [row.reason for row in bad] == ["the bar lies in the future"]


def test_intraday_times_with_their_offset_become_utc() -> None:
    rows = "2023-09-11T09:30:00-04:00,1,2,1,2,5\n2023-09-11T09:35:00-04:00,1,2,1,2,5\n"
    found = read(FIVE + rows)
    assert starts(found) == ["09-11 13:30", "09-11 13:35"]
    assert found.reading.timeframe == "5m"
    assert found.reading.time_zone == "UTC-4"


def test_a_zone_in_summer_and_winter_is_one_zone() -> None:
    rows = "".join(
        f"2023-{day}T09:{minute}:00{offset},1,2,1,2,5\n"
        for day, offset in (("11-03", "-04:00"), ("11-06", "-05:00"))
        for minute in (30, 31)
    )
    found = read(FIVE + rows)
    assert starts(found) == ["11-03 13:30", "11-03 13:31", "11-06 14:30", "11-06 14:31"]


def test_mixed_zones_are_refused_row_by_row() -> None:
    good = "".join(f"2023-09-11T09:3{minute}:00-04:00,1,2,1,2,5\n" for minute in range(5))
    found = read(
        FIVE + good + "2023-09-11T15:35:00+02:00,1,2,1,2,5\n2023-09-11T09:36:00,1,2,1,2,5\n"
    )
    assert len(found.frame) == 5
    assert found.reasons == {
        "the time's offset is not the file's": 1,
        "the time has no offset and the file's other times have one": 1,
    }


def test_intraday_times_without_a_zone_need_one_to_be_named() -> None:
    text = FIVE + "2023-09-11 09:30,1,2,1,2,5\n2023-09-11 09:35,1,2,1,2,5\n"
    with pytest.raises(DomainError, match="--timezone America/New_York"):
        read(text)
    with pytest.raises(DomainError, match="no time zone 'Mars/Base'"):
        read(text, time_zone="Mars/Base")
    found = read(text, time_zone="America/New_York")
    assert starts(found) == ["09-11 13:30", "09-11 13:35"]


def test_an_hour_that_comes_twice_is_refused() -> None:
    rows = "2023-11-05 01:30,1,2,1,2,5\n2023-11-06 09:30,1,2,1,2,5\n2023-11-06 09:31,1,2,1,2,5\n"
    found = read(FIVE + rows, time_zone="America/New_York")
    assert len(found.frame) == 2
    assert found.reasons == {"the clock change makes the time doubtful": 1}


def test_date_and_time_of_day_may_be_two_columns() -> None:
    text = (
        "<TICKER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>\n"
        "TSLA.US,20230911,153000,1,2,1,2,5\nTSLA.US,20230911,153500,1,2,1,2,5\n"
    )
    found = read(text, time_zone="Europe/Warsaw")
    assert starts(found) == ["09-11 13:30", "09-11 13:35"]
    assert set(found.frame["symbol"]) == {"TSLA"}


def test_afternoons_in_twelve_hours_are_read() -> None:
    rows = (
        "9/11/2023 12:59 PM,1,2,1,2,5\n9/11/2023 1:00 PM,1,2,1,2,5\n9/11/2023 13:01 PM,1,2,1,2,5\n"
    )
    found = read(FIVE + rows, time_zone="America/New_York")
    assert starts(found) == ["09-11 16:59", "09-11 17:00"]
    assert found.reasons == {"the date cannot be read": 1}


def test_a_start_between_two_bars_is_refused() -> None:
    rows = "".join(f"2023-09-11T09:{m}:00Z,1,2,1,2,5\n" for m in (30, 35, 40, 45, 47))
    assert read(FIVE + rows).reasons == {"the start is not on the timeframe's grid": 1}


@pytest.mark.parametrize(
    ("second", "told"), [("2023-09-11 09:45", "15 minutes"), ("2023-09-18 09:30", "7 days")]
)
def test_another_timeframe_is_refused_in_words(second: str, told: str) -> None:
    text = FIVE + f"2023-09-11 09:30,1,2,1,2,5\n{second},1,2,1,2,5\n"
    with pytest.raises(DomainError, match=told):
        read(text, time_zone="UTC")


def test_newest_first_is_no_disorder() -> None:
    rows = WEEK.splitlines(keepends=True)
    found = read(HEADER + "".join(reversed(rows)))
    good, bad = split_bars(found.frame, "import:test", NOW)
    assert not bad
    assert good["session_date"].is_monotonic_increasing


@examples(25)
@given(order=st.permutations(range(5)))
def test_rows_in_any_order_give_the_same_bars(order: list[int]) -> None:
    rows = WEEK.splitlines(keepends=True)
    found = read(HEADER + "".join(rows[place] for place in order))
    assert found.frame["volume"].tolist() == [1100, 1200, 1300, 1400, 1500]


def test_the_same_row_twice_is_kept_once() -> None:
    found = read(HEADER + WEEK + WEEK[: WEEK.index("\n") + 1])
    good, bad = split_bars(found.frame, "import:test", NOW)
    assert len(good) == 5
    assert [row.reason for row in bad] == ["duplicate of an earlier row"]


def test_a_bar_that_comes_twice_and_differs_is_not_chosen_by_chance() -> None:
    found = read(HEADER + WEEK + "2023-09-13,10,12,9,11.5,1300\n")
    assert "2023-09-13" not in days(found)
    assert found.reasons == {"comes twice with other values": 2}


def test_rows_with_too_many_or_too_few_fields_are_refused_and_counted() -> None:
    found = read(HEADER + "2023-09-08,10,12,9\n" + WEEK + "2023-09-18,10,12,9,11,5,6\n")
    assert found.reasons == {"too many or too few fields": 2}
    assert [(row.key, row.payload[:10]) for row in found.refused] == [
        ("row 1", "2023-09-08"),
        ("row 7", "2023-09-18"),
    ]
    assert found.frame["row"].tolist() == [2, 3, 4, 5, 6]


def test_a_quotation_mark_that_does_not_close_swallows_no_row_in_silence() -> None:
    with pytest.raises(DomainError, match="row 6 opens a quotation mark"):
        read(HEADER + WEEK + '2023-09-18,10,12,9,"11,5\n2023-09-19,10,12,9,11,5\n')


def test_symbols_come_in_the_desks_form_or_not_at_all() -> None:
    names = ("BRK-B", "brk/b", " BRK.B ", "aapl", "^GSPC", "", "TOOLONGASYMBOLNAME")
    rows = "".join(f"{name},2023-09-{11 + n},1,2,1,2,5\n" for n, name in enumerate(names))
    found = read("symbol,date,open,high,low,close,volume\n" + rows)
    assert sorted(found.frame["symbol"]) == ["AAPL", "BRK.B", "BRK.B", "BRK.B"]
    assert found.reasons == {"the symbol is missing or not valid": 3}


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("TSLA.csv", "TSLA"),
        ("tsla_daily_2010-2020.csv.gz", "TSLA"),
        ("BRK-B 1d.parquet", "BRK.B"),
        ("great_tables_sp500_1950_2015.csv", "SPX"),
    ],
)
def test_the_name_of_the_file_may_tell_the_symbol(name: str, symbol: str) -> None:
    assert symbol_of_file(name) == symbol


@pytest.mark.parametrize("name", ["prices.csv", "yahoo_tsla.csv", "2023.csv", "mystocks2.csv"])
def test_a_name_that_tells_no_symbol_for_sure_is_asked_about(name: str) -> None:
    with pytest.raises(DomainError, match="--symbol"):
        read(HEADER + WEEK, name)
    assert set(read(HEADER + WEEK, name, symbol="brk-b").frame["symbol"]) == {"BRK.B"}


def test_a_symbol_that_is_said_does_not_rename_a_column_of_symbols() -> None:
    text = "symbol,date,open,high,low,close,volume\nMSFT,2023-09-11,1,2,1,2,5\n"
    with pytest.raises(DomainError, match="leave out --symbol"):
        read(text, symbol="AAPL")


@given(st.text(max_size=20))
def test_any_text_is_a_symbol_or_nothing(text: str) -> None:
    symbol = one_canonical(text)
    assert symbol == "" or one_canonical(symbol) == symbol


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "is empty"),
        ("Date,Open,High,Low,Adj Close,Volume\n2023-09-11,1,2,1,2,5\n", "adjusted prices alone"),
        ("Date,Open,High,Low,Volume\n2023-09-11,1,2,1,5\n", "no column for close"),
        ("Date,Close,Close,Open,High,Low,Volume\n", "two columns are headed"),
        ("<html><body>404</body></html>", "no column for time"),
        (HEADER, "no row"),
        (HEADER + "2023-09-11,1\n", "no row"),
        (HEADER + "a,1,2,1,2,5\nb,1,2,1,2,5\n", "'a' are of no known form"),
        (b"\xd0\xcf\x11\xe0\x00\x00\x00", "it is no "),
        (b"PK\x03\x04 broken", "zip archive"),
        (b"\x1f\x8b broken", "gzip file"),
        (b"PAR1 broken", "Parquet file"),
        ("14400000,1,1,1,1,100,2,2,2,2,100\n", "LEAN quotes"),
        ("14400000,1,1,1,1,100\n", "unknown day"),
    ],
)
def test_a_file_that_holds_no_bars_is_refused_in_words(content: str | bytes, told: str) -> None:
    with pytest.raises(DomainError, match=told):
        read(content)


def test_a_download_of_yfinance_is_read_but_for_its_two_lines_of_names() -> None:
    names = "Price,Close,High,Low,Open,Volume\nTicker,AAPL,AAPL,AAPL,AAPL,AAPL\nDate,,,,,\n"
    found = read(names + WEEK)
    assert found.frame["close"].tolist() == [10] * 5
    assert found.reasons == {"the date cannot be read": 2}


def test_an_adjusted_close_beside_the_raw_one_is_left_out() -> None:
    found = read("Date,Open,High,Low,Close,Adj Close,Volume\n2023-09-11,10,12,9,11,5.5,7\n")
    assert found.frame["close"].tolist() == [11]


def test_a_packed_file_is_unpacked_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(read(gzip.compress((HEADER + WEEK).encode()), "AAPL.csv.gz").frame) == 5
    assert len(read(zipped(AAPL_csv=HEADER + WEEK), "AAPL.zip").frame) == 5
    with pytest.raises(DomainError, match="holds 2 CSV files"):
        read(zipped(A_csv=HEADER, B_csv=HEADER), "two.zip")
    monkeypatch.setattr(packing, "MAX_BYTES", 100)
    with pytest.raises(DomainError, match="unpacks to more than"):
        read(gzip.compress(b"0" * 10_000), "AAPL.csv.gz")


def test_parquet_with_dates_and_decimals_is_read() -> None:
    found = read(
        parquet(
            Ticker=pa.array(["BRK-B", "BRK-B"]).dictionary_encode(),
            Date=[date(2023, 9, 12), date(2023, 9, 11)],
            **{n: [Decimal("10.25")] * 2 for n in ("Open", "High", "Low", "Close")},
            Volume=pa.array([5, None], pa.int64()),
        ),
        "all.parquet",
    )
    assert found.frame["close"].tolist() == [10.25]
    assert days(found) == ["2023-09-12"]
    assert found.reasons == {"a price or the volume is not a finite number": 1}


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_parquet_with_aware_times_is_read(zone: str) -> None:
    at = pd.date_range("2023-09-11 13:30", periods=3, freq="5min", tz="UTC").tz_convert(zone)
    prices = {name: [10.0] * 3 for name in ("open", "high", "low", "close", "volume")}
    found = read(parquet(timestamp=pa.array(at), **prices), "AAPL.parquet")
    assert starts(found) == ["09-11 13:30", "09-11 13:35", "09-11 13:40"]


def test_parquet_with_an_index_and_naive_times_is_asked_for_its_zone() -> None:
    frame = pd.DataFrame(
        dict.fromkeys(("Open", "High", "Low", "Close", "Volume"), 10.0),
        index=pd.date_range("2023-09-11 09:30", periods=2, freq="1min"),
    )
    packed = io.BytesIO()
    frame.to_parquet(packed)
    with pytest.raises(DomainError, match="--timezone"):
        read(packed.getvalue(), "AAPL.parquet")


def test_parquet_columns_of_another_kind_are_refused() -> None:
    with pytest.raises(DomainError, match="'close' holds list"):
        read(
            parquet(
                date=["2023-09-11"], open=[1.0], high=[1.0], low=[1.0], close=[[1.0]], volume=[1]
            ),
            "AAPL.parquet",
        )


def test_lean_daily_bars_are_divided_by_ten_thousand() -> None:
    text = "20130701 00:00,287700,298700,287700,294000,11616553\n"
    found = read(zipped(foxa_csv=text), "foxa.zip")
    row = found.frame.iloc[0]
    assert (row["symbol"], row["open"], row["high"], row["close"]) == ("FOXA", 28.77, 29.87, 29.4)
    assert days(found) == ["2013-07-01"]
    assert found.reading.format == "lean"


def test_lean_minutes_count_from_midnight_in_new_york() -> None:
    text = (
        "34200000,6448000,6448000,6448000,6448000,90\n34260000,6455000,6455000,6455000,6455000,1\n"
    )
    packed = zipped(**{"20140605_aapl_minute_trade_csv": text})
    found = read(packed, "20140605_trade.zip")
    assert starts(found) == ["06-05 13:30", "06-05 13:31"]
    assert found.frame["close"].tolist() == [644.8, 645.5]
    assert set(found.frame["symbol"]) == {"AAPL"}
    assert found.reading.timeframe == "1m"


def test_of_very_many_bad_rows_the_first_thousand_are_kept_and_all_are_counted() -> None:
    rows = "2023-09-11,10,12,9,11,abc\n" * 5000
    found = read(HEADER + rows + WEEK)
    assert found.reasons == {"a price or the volume is not a finite number": 5000}
    assert len(found.refused) == 1000


def test_a_hundred_thousand_rows_are_read_whole() -> None:
    at = pd.date_range("2023-01-02", periods=100_000, freq="1min", tz="UTC")
    frame = pd.DataFrame({"t": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "o": 10, "h": 12, "l": 9})
    frame = frame.assign(c=np.round(9 + np.arange(100_000) % 300 / 100, 2), v=5)
    found = read(frame.to_csv(index=False))
    assert len(found.frame) == 100_000
    assert found.frame["close"].tolist() == frame["c"].tolist()
    assert not found.reasons
