"""The market page and what connections says of the data: fresh, late, failed, hostile, missing."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.desk import Desk
from core.domain.feeds import (
    CorporateAction,
    DataFinding,
    FeedCheck,
    Label,
    NewsItem,
    NewsReading,
    Quote,
)
from core.domain.market import Level
from pages.components.formatting import NOTHING
from pages.components.level_names import placed
from pages.components.stories import title
from tests.pages.conftest import installed, open_page, opened, told

UNREACHABLE = "http://127.0.0.1:9/rss"
HOSTILE = "<script>alert(1)</script> Apple [win](http://evil.example) **now** me@evil.example"


@pytest.fixture
def failing(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk on the wall's clock whose news cannot be reached and whose quotes are a month old."""
    settings: dict[str, Any] = {"mode": "paper", "news": "rss", "rss_urls": UNREACHABLE}
    with opened(data_dir, **settings) as own:
        now = own.clock.now()
        check(own, "news", now, error="rss.headlines: the wire is cut")
        check(own, "quotes", now - timedelta(days=30))
        yield installed(own, monkeypatch)


def check(desk: Desk, feed: str, at: datetime, error: str = "") -> None:
    desk._services.storage.quality.record_check(
        FeedCheck.model_validate(
            {
                "feed": feed, "provider": "rss", "run_id": "r", "checked_at": at, "rows_read": 0,
                "rows_stored": 0, "rows_quarantined": 0, "error": error,
            }
        )
    )  # fmt: skip


def tell(desk: Desk, headline: str, url: str = "", symbol: str = "AAPL") -> None:
    """Store a headline of this hour that is about a symbol."""
    now, news = desk.clock.now(), desk._services.storage.news
    item = NewsItem(
        news_id=f"told:{headline}", symbols=(symbol,), title=headline, source="A <b>wire</b>",
        url=url, published_at=now - timedelta(hours=1), provider="rss", label=Label.REAL,
    )  # fmt: skip
    reading = NewsReading(
        news_id=item.news_id, story_id=item.news_id, symbols=(symbol,), sentiment=-0.5, method="t"
    )
    news.append([item], now)
    news.append_readings([reading], now)


def listed(app: AppTest) -> pd.DataFrame:
    frame: pd.DataFrame = app.dataframe[0].value
    return frame.set_index("symbol")


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_an_empty_desk_says_what_it_follows_and_that_no_feed_was_read(empty_desk: Desk) -> None:
    app = open_page("market")
    assert "Followed: AAPL, AMZN" in told(app)
    assert told(app).count("No success yet") == 5
    assert not app.metric


def test_the_list_has_one_row_per_symbol_and_the_first_one_is_open(desk: Desk) -> None:
    app = open_page("market")
    rows = listed(app)
    assert tuple(rows.index) == desk.market.symbols()
    assert rows.loc["AAPL", "label"] == ["REAL"]
    assert rows.loc["LEAD6", "label"] == ["DERIVED"]
    assert len(sparkline(desk)) == 30
    assert app.selectbox(key="market_symbol").value == "AAPL"


def test_what_is_not_known_is_neither_zero_nor_nan(desk: Desk) -> None:
    app = open_page("market")
    assert metrics(app)["VWAP"] == metrics(app)["Gap"] == NOTHING
    assert listed(app)["gap_fraction"].isna().all()
    assert listed(app)["next_event"].isna().any()
    assert app.dataframe[0].proto.placeholder == NOTHING
    assert "nan" not in told(app)


def test_a_lead_has_the_price_of_the_newest_snapshot_that_it_leads(desk: Desk) -> None:
    rows = desk.market.watch_list().set_index("symbol")
    snapshot = desk.market.symbol("AAPL").snapshot
    assert snapshot is not None
    assert snapshot.lead is not None
    assert rows.loc["LEAD6", "last"] == snapshot.lead.last
    assert rows.loc["LEAD6", "is_lead"]


def test_a_link_to_a_symbol_opens_it(desk: Desk) -> None:
    app = open_page("market", market_symbol="NFLX")
    assert app.selectbox(key="market_symbol").value == "NFLX"
    snapshot = desk.market.symbol("NFLX").snapshot
    assert snapshot is not None
    assert metrics(app)["RSI 14"] == f"{snapshot.indicators.rsi14:.0f}"
    assert f"**{snapshot.last:,.2f}**" in told(app)
    assert "SYNTHETIC" in told(app)  # its fundamentals


def test_an_unknown_symbol_is_refused_in_words_and_the_first_one_shown(desk: Desk) -> None:
    app = open_page("market", market_symbol="<script>XX")
    assert not app.exception
    assert not app.error
    assert "\\<script\\>XX is not on the watch list" in app.warning[0].value
    assert app.selectbox(key="market_symbol").value == "AAPL"


def test_choosing_a_symbol_opens_it_and_chooses_its_row(desk: Desk) -> None:
    app = open_page("market")
    app.selectbox(key="market_symbol").select("NVDA").run()
    assert not app.exception
    assert app.session_state["market_list"]["selection"]["rows"] == [5]
    snapshot = desk.market.symbol("NVDA").snapshot
    assert snapshot is not None
    assert f"**{snapshot.last:,.2f}**" in told(app)


def test_the_newest_session_is_drawn_with_its_vwap_and_labelled(desk: Desk) -> None:
    views = (desk.market.symbol(symbol) for symbol in desk.market.symbols())
    view = next(view for view in views if len(view.intraday))
    app = open_page("market", market_symbol=view.symbol)
    app.segmented_control(key="market_bars").set_value("5-minute").run()
    assert not app.exception
    assert view.intraday["vwap"].notna().all()
    assert ":violet-badge[:material/science: SYNTHETIC] :small[:gray[78 bars from" in told(app)


def test_a_symbol_without_intraday_bars_says_when_they_come(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = desk.market.symbol("LEAD6")
    without = dataclasses.replace(view, intraday=view.intraday.iloc[:0])
    monkeypatch.setattr(desk.market, "symbol", lambda symbol: without)
    app = open_page("market", market_symbol="LEAD6")
    app.segmented_control(key="market_bars").set_value("5-minute").run()
    assert "they come while a session trades" in told(app)
    assert metrics(app)["RSI 14"] != NOTHING


def test_every_line_can_be_drawn_into_the_candles(desk: Desk) -> None:
    app = open_page("market")
    pills = app.pills(key="market_lines")
    pills.set_value(list(pills.options)).run()
    assert not app.exception
    assert not app.error
    drawn = desk.market.symbol("AAPL").daily.tail(120)
    assert drawn[["ema8", "ema21", "sma50", "sma200"]].notna().all(axis=None)


def test_a_hostile_title_is_shown_as_the_text_it_is(desk: Desk) -> None:
    tell(desk, HOSTILE, "https://news.example/a")
    app = open_page("market")
    assert not app.exception
    assert "[\\<script\\>alert(1)\\</script\\> Apple \\[win\\](http" in told(app)
    assert "A \\<b\\>wire\\</b\\>" in told(app)
    assert "negative -0.50" in told(app)
    assert "//evil" not in told(app).replace(":\u200b//evil", "")  # or Markdown would link it
    assert "me@evil" not in told(app)
    tips = [text for trace in figure(app)["data"] for text in trace.get("text", ())]
    assert any(tip.startswith("&lt;script&gt;alert(1)") for tip in tips)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "/approvals", ""])
def test_a_title_links_to_the_web_or_to_nothing(url: str) -> None:
    assert title("Up [now]", url) == "Up \\[now\\]"


def test_an_address_cannot_leave_its_link() -> None:
    shown = title("Up", "https://news.example/a) [x](javascript:alert(1)) <b>\n")
    assert shown.count("](") == 1
    assert shown.endswith("%20%3Cb%3E%0A)")
    assert title("Up", "https://news.example/a?b=%20c") == "[Up](https://news.example/a?b=%20c)"


def split_and_dividend(desk: Desk) -> None:
    """Store a split of a month ago and a dividend to come."""
    now, common = desk.clock.now(), {"symbol": "AAPL", "provider": "yahoo", "label": "real"}
    paid = {"kind": "dividend", "ex_date": now.date() + timedelta(days=3), "amount_usd": 0.24}
    split = {"kind": "split", "ex_date": now.date() - timedelta(days=30), "ratio": 4.0}
    actions = [CorporateAction.model_validate(common | one) for one in (paid, split)]
    desk._services.storage.actions.append(actions, now)


def test_splits_dividends_and_the_quote_of_a_symbol_are_shown(desk: Desk) -> None:
    split_and_dividend(desk)
    now = desk.clock.now()
    quote = Quote(symbol="AAPL", bid=10.5, quoted_at=now, provider="yahoo", label=Label.REAL)
    desk._services.storage.quotes.append([quote], now)
    app = open_page("market")
    assert "bid 10.50, ask n/a, last n/a" in told(app)
    what = ["$0.24 a share", "4 for 1"]
    assert any(what == list(frame.value.get("what", ())) for frame in app.dataframe)
    assert listed(app).loc["AAPL", "next_event"] == "dividend"


def test_the_line_of_the_list_is_in_todays_shares(desk: Desk) -> None:
    before: Any = sparkline(desk)
    split_and_dividend(desk)
    after: Any = sparkline(desk)
    assert after[0] == pytest.approx(before[0] / 4)
    assert after[-1] == before[-1]


def pay(desk: Desk, amount_usd: float) -> None:
    """Store a dividend of a month ago."""
    now = desk.clock.now()
    paid = CorporateAction(
        symbol="AAPL", kind="dividend", ex_date=now.date() - timedelta(days=30),
        amount_usd=amount_usd, provider="yahoo", label=Label.REAL,
    )  # fmt: skip
    desk._services.storage.actions.append([paid], now)


def total_returns() -> AppTest:
    app = open_page("market")
    return app.segmented_control(key="market_measure").set_value("Total return").run()


def figure(app: AppTest) -> dict[str, Any]:
    spec: dict[str, Any] = json.loads(app.get("plotly_chart")[0].proto.spec)
    return spec


def closes(app: AppTest) -> list[float]:
    packed = figure(app)["data"][0]["close"]
    values: list[float] = np.frombuffer(base64.b64decode(packed["bdata"]), packed["dtype"]).tolist()
    return values


def test_the_total_return_is_one_click_away_and_says_what_it_shows(desk: Desk) -> None:
    pay(desk, 10.0)
    app, view = total_returns(), desk.market.symbol("AAPL")
    assert closes(app) == view.total_return.bars["close"].tolist()[-120:]
    assert closes(app)[0] < view.daily["close"].tolist()[-120]
    assert "put back into the share on its ex-date" in told(app)
    assert "1 dividend in this time: the bars before are lowered and are not prices." in told(app)
    assert "DERIVED" in told(app)


def test_without_a_known_dividend_the_total_return_is_the_price(desk: Desk) -> None:
    app = total_returns()
    assert "No dividend of AAPL is known in this time" in told(app)
    assert closes(app) == desk.market.symbol("AAPL").daily["close"].tolist()[-120:]
    assert "annotations" not in figure(app)["layout"]
    app.segmented_control(key="market_measure").set_value("Price").run()
    assert figure(app)["layout"]["annotations"]  # levels


def test_a_dividend_that_cannot_have_been_is_told_in_place_of_the_total_return(desk: Desk) -> None:
    pay(desk, 10_000.0)
    app = total_returns()
    assert "No total return: AAPL cannot have paid 10000.0 on 2023-08-19" in told(app)
    assert not app.get("plotly_chart")


def sparkline(desk: Desk) -> Any:
    return desk.market.watch_list().set_index("symbol").loc["AAPL", "sparkline"]


def test_names_of_levels_never_cover_each_other() -> None:
    levels = [
        Level(kind="support", price=price, source="swing") for price in (99.8, 99.9, 100, 100.1)
    ]
    names = sorted(name.at for name in placed(levels, last=100, reach=(90, 110)))
    assert all(after - before > 0.79 for before, after in pairwise(names))
    assert placed(levels, last=100, reach=(101, 110)) == []


@pytest.mark.parametrize("page", ["market", "connections"])
def test_feeds_that_fail_or_are_late_are_seen(page: str, failing: Desk) -> None:
    app = open_page(page)
    assert not app.exception
    shown = told(app)
    assert "**News** :red-badge[:material/error: failed]" in shown
    assert "**Quotes** :orange-badge[:material/alarm: late]" in shown
    assert "30 d ago; " in shown
    assert ("the wire is cut" in shown) == (page == "connections")


def test_a_late_feed_is_seen_on_the_first_page(failing: Desk) -> None:
    shown = told(open_page("overview"))
    assert "late] **quotes**" in shown
    assert "failed] **news**" in shown


def test_looking_at_connections_asks_nobody_and_the_button_asks_each_once(failing: Desk) -> None:
    before = failing.market.providers()
    app = open_page("connections")
    assert failing.market.providers() == before
    assert states(app)["news"] == ["not asked"]
    app.button(key="connections_ask").click().run()
    assert not app.exception
    assert states(app)["news"] == ["failed"]
    assert failing.market.providers()["news"][0].last_failure_at is not None
    assert "Asked " in told(app)


def states(app: AppTest) -> dict[str, list[str]]:
    """Return the state of the first adapter of each kind."""
    frame = next(f.value for f in app.dataframe if "detail" in f.value and "adapter" in f.value)
    return dict(frame.drop_duplicates("kind")[["kind", "state"]].itertuples(index=False))


def test_a_failed_provider_is_told_after_the_answers_are_gone(failing: Desk) -> None:
    failing.connections.doctor()
    found = {(one.kind, one.adapter): one for one in failing.connections.report()}
    assert found["news", "rss"].reachable is False
    assert "127.0.0.1" in found["news", "rss"].detail
    assert found["market_data", "sample"].reachable is True
    assert found["brokers", "paper"].reachable is None
    assert not found["news", "sample"].configured


def test_what_the_checks_of_the_data_found_is_listed(desk: Desk) -> None:
    finding = DataFinding(
        kind="dispute", symbol="AAPL", text="two closes", run_id="r",
        found_at=datetime(2023, 9, 18, tzinfo=UTC),
    )  # fmt: skip
    desk._services.storage.quality.record_findings([finding])
    app = open_page("connections")
    assert any("two closes" in set(frame.value.get("text", ())) for frame in app.dataframe)
