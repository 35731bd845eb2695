from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from math import isnan

import pandas as pd
import pytest

from core.domain.content import ContentEventKind
from core.domain.engagement import Counts, SampleAge
from core.domain.feeds import Label
from core.domain.flow import RunState, StepState
from core.domain.lifecycle import TacticEventKind
from core.domain.tactics import Tactic
from core.domain.trading import FillLeg
from core.domain.views import ContentState, TacticFilter
from core.storage.storage import Storage
from tests.storage import samples

TACTIC = samples.tactic()
LATER = samples.tactic("MSFT", samples.SESSION + timedelta(days=3))
EVENTS = (TacticEventKind.APPROVED, TacticEventKind.PUBLISHED, TacticEventKind.ARMED)


def store_tactic(storage: Storage, tactic: Tactic = TACTIC) -> None:
    storage.insights.append_snapshot(samples.snapshot(tactic.symbol, tactic.session_date))
    storage.insights.append_insight(samples.insight(tactic.symbol, tactic.session_date))
    storage.tactics.append(tactic)
    storage.tactics.append_events(samples.life(*EVENTS, of=tactic))
    storage.tactics.append_size(tactic.tactic_id, 1, tactic.as_of, samples.size_decision())


def store_entry(storage: Storage, tactic: Tactic = TACTIC) -> None:
    storage.trading.append_request(samples.order_request(tactic), tactic.tactic_id, 1)
    storage.trading.append_orders([samples.order(tactic)])
    storage.trading.append_fills([samples.fill(tactic)])


def store_post(storage: Storage, tactic: Tactic = TACTIC) -> None:
    version = samples.content(tactic)
    storage.content.append(version)
    drafted, published = ContentEventKind.DRAFTED, ContentEventKind.PUBLISHED
    events = [samples.content_event(kind, of=version) for kind in (drafted, published)]
    storage.content.append_events(events)
    storage.content.append_publication(samples.publication(version))


def test_every_page_reads_an_empty_store(storage: Storage) -> None:
    views = storage.views
    overview = views.overview()
    assert overview.session_date is None
    assert overview.open_pnl == 0
    assert overview.tactics.empty
    frames = (views.tactic_list(), views.feeds(), views.feed_rows(), views.quarantine())
    assert all(frame.empty for frame in (*frames, views.runs(), views.steps("none")))
    assert views.content_board() == ()
    assert views.positions().broker_as_of is None
    assert views.engagement().totals.empty
    assert views.tactic_sessions() == []


def test_the_overview_shows_the_newest_session(storage: Storage) -> None:
    for tactic in (TACTIC, LATER):
        store_tactic(storage, tactic)
    overview = storage.views.overview()
    assert overview.session_date == LATER.session_date
    assert overview.tactics["tactic_id"].tolist() == [LATER.tactic_id]
    earlier = storage.views.overview(samples.SESSION)
    assert earlier.tactics["tactic_id"].tolist() == [TACTIC.tactic_id]


def test_the_equity_curve_holds_the_last_sample_of_each_day_and_its_drawdown(
    storage: Storage,
) -> None:
    for hours, equity in ((0, "90"), (2, "100"), (26, "80"), (50, "120")):
        moment = samples.MORNING + timedelta(hours=hours)
        storage.trading.append_account(samples.account(moment, equity))
    curve = storage.views.equity_curve()
    assert curve["equity"].tolist() == [100, 80, 120]
    assert curve["drawdown_fraction"].tolist() == pytest.approx([0, -0.2, 0])
    assert curve["as_of"].iloc[0] == samples.MORNING + timedelta(hours=2)


def test_the_list_shows_the_newest_version_with_its_states(storage: Storage) -> None:
    store_tactic(storage)
    storage.tactics.append(samples.tactic(version=2, headline="Wait"))
    storage.tactics.append_resolution(samples.resolution(actual_r=None))
    row = storage.views.tactic_list().iloc[0]
    assert (row["version"], row["headline"], row["grade"], row["side"]) == (2, "Wait", "A+", "long")
    assert (row["publishing_state"], row["trade_state"], row["is_armed"]) == (
        "published", "armed", True,
    )  # fmt: skip
    assert (row["entry_low"], row["stop"], row["target"], row["quantity"]) == (102.5, 101, 108, 10)
    assert (row["outcome"], row["system_r"]) == ("target", 2.0)
    assert isnan(row["actual_r"])


def test_the_list_shows_a_tactic_without_plan_or_events(storage: Storage) -> None:
    storage.tactics.append(samples.tactic(playable=False))
    row = storage.views.tactic_list().iloc[0]
    assert (row["grade"], row["publishing_state"], row["trade_state"]) == ("DNP", "", "")
    assert pd.isna(row["entry_low"])


@pytest.mark.parametrize(
    ("sought", "found"),
    [
        (TacticFilter(symbols=("MSFT",)), [LATER]),
        (TacticFilter(symbols=("MSFT", "AAPL")), [LATER, TACTIC]),
        (TacticFilter(grades=("B",)), []),
        (TacticFilter(first_session=LATER.session_date), [LATER]),
        (TacticFilter(last_session=TACTIC.session_date), [TACTIC]),
        (TacticFilter(publishing_states=("published",), trade_states=("opened",)), []),
        (TacticFilter(trade_states=("armed",), limit=1), [LATER]),
    ],
)
def test_the_list_is_filtered(storage: Storage, sought: TacticFilter, found: list[Tactic]) -> None:
    for tactic in (TACTIC, LATER):
        store_tactic(storage, tactic)
    ids = storage.views.tactic_list(sought)["tactic_id"].tolist()
    assert ids == [tactic.tactic_id for tactic in found]


def test_the_sessions_with_tactics_come_newest_first(storage: Storage) -> None:
    for tactic in (TACTIC, LATER):
        storage.tactics.append(tactic)
    assert storage.views.tactic_sessions() == [LATER.session_date, TACTIC.session_date]


def test_the_detail_of_a_tactic_holds_all_around_it(storage: Storage) -> None:
    store_tactic(storage)
    store_entry(storage)
    store_post(storage)
    storage.bars.append(samples.bars(sessions=130))
    storage.bars.append(samples.bars(timeframe="5m", last=samples.SESSION, sessions=2))
    storage.tactics.append_resolution(samples.resolution())
    detail = storage.views.tactic_detail(TACTIC.tactic_id)
    assert (detail.tactic, detail.resolution) == (TACTIC, samples.resolution())
    assert (detail.insight, detail.snapshot) == (samples.insight(), samples.snapshot())
    assert (detail.publishing_state, detail.trade_state) == ("published", "armed")
    assert detail.size == samples.size_decision()
    assert [event.kind for event in detail.events[1:]] == list(EVENTS)
    assert (len(detail.daily), detail.intraday["session_date"].tolist()) == (120, [samples.SESSION])
    assert detail.orders == (samples.order(),)
    assert detail.fills == (samples.fill(),)
    assert detail.requests == (samples.order_request(),)
    assert detail.contents == (samples.content(),)
    assert detail.publications == (samples.publication(),)
    assert (detail.versions, detail.marks, detail.reports) == ((TACTIC,), (), ())
    assert detail.post == samples.content()
    assert detail.facts["stop"].value == 101


def test_an_open_position_shows_what_it_risks_and_earns(storage: Storage) -> None:
    store_tactic(storage)
    store_entry(storage)
    storage.trading.append_positions(samples.MORNING, [samples.position()])
    storage.bars.append(samples.bars(timeframe="5m", last=date(2024, 1, 6), sessions=3))
    row = storage.views.positions().open.iloc[0]
    assert (row["entry"], row["stop"], row["target"], row["last"]) == (103.05, 101, 106, 104.1)
    assert row["unrealized_pnl"] == pytest.approx(10.5)
    assert row["open_r"] == pytest.approx(0.5)
    assert row["age_sessions"] == 2
    assert storage.views.overview().open_pnl == pytest.approx(10.5)


def test_a_position_the_broker_has_not_told_of_is_marked_at_the_last_close(
    storage: Storage,
) -> None:
    store_entry(storage)
    storage.bars.append(samples.bars())
    row = storage.views.open_positions().iloc[0]
    assert (row["last"], row["last_at"]) == (104, samples.moment(date(2024, 1, 4), hours=0))


def test_a_position_without_any_price_has_no_profit(storage: Storage) -> None:
    store_entry(storage)
    assert isnan(storage.views.open_positions().iloc[0]["unrealized_pnl"])


def test_after_the_first_target_the_next_one_is_shown(storage: Storage) -> None:
    request = samples.order_request()
    leg = request.bracket.take_profits[0]
    legs = (
        leg.model_copy(update={"quantity": Decimal(4)}),
        leg.model_copy(update={"quantity": Decimal(6), "price": Decimal(108)}),
    )
    bracket = request.bracket.model_copy(update={"take_profits": legs})
    split = request.model_copy(update={"bracket": bracket})
    storage.trading.append_request(split, TACTIC.tactic_id, 1)
    hit = samples.fill(leg=FillLeg.TARGET, quantity=Decimal(4))
    storage.trading.append_fills([samples.fill(), hit])
    row = storage.views.open_positions().iloc[0]
    assert (row["quantity"], row["target"], row["targets"]) == (6, 108, [106, 108])


def test_a_closed_trade_shows_its_profit_after_fees_and_its_r(storage: Storage) -> None:
    store_entry(storage)
    storage.trading.append_fills([samples.fill(leg=FillLeg.TARGET)])
    view = storage.views.positions()
    row = view.closed.iloc[0]
    assert view.open.empty
    assert (row["quantity"], row["entry"], row["exit"], row["exit_leg"]) == (
        10, 103.05, 106, "target",
    )  # fmt: skip
    assert row["realized_pnl"] == pytest.approx(29.48)
    assert row["realized_r"] == pytest.approx(29.48 / 21)


def test_orders_are_shown_in_their_last_state(storage: Storage) -> None:
    store_entry(storage)
    orders = storage.views.positions().orders
    assert orders["status"].tolist() == ["accepted"]
    assert orders["tactic_id"].tolist() == [TACTIC.tactic_id]


@pytest.mark.parametrize(
    ("kinds", "state"),
    [
        ([], ContentState.DRAFTED),
        (["drafted"], ContentState.WAITING),
        (["drafted", "approved"], ContentState.APPROVED),
        (["drafted", "approved", "published"], ContentState.PUBLISHED),
        (["drafted", "rejected"], ContentState.REJECTED),
        (["drafted", "expired"], ContentState.EXPIRED),
    ],
)
def test_a_post_stands_where_its_last_event_put_it(
    storage: Storage, kinds: list[str], state: ContentState
) -> None:
    storage.content.append(samples.content())
    events = [samples.content_event(ContentEventKind(kind), reason=kind) for kind in kinds]
    storage.content.append_events(events)
    (card,) = storage.views.content_board()
    assert (card.state, card.reason) == (state, (kinds or [""])[-1])
    assert card.content == samples.content()


def test_a_new_version_of_a_post_stands_for_itself(storage: Storage) -> None:
    store_post(storage)
    storage.content.append(samples.content(version=2))
    (card,) = storage.views.content_board()
    assert (card.content.version, card.state) == (2, ContentState.DRAFTED)
    assert card.publications == (samples.publication(),)


def test_engagement_is_listed_by_age_and_summed_by_platform(storage: Storage) -> None:
    for tactic in (TACTIC, LATER):
        store_post(storage, tactic)
        post = samples.publication(samples.content(tactic))
        silent = Counts(impressions=None, reactions=1, label=Label.REAL)
        late = samples.sample(post, SampleAge.HOUR_6, counts=silent)
        moved = late.model_copy(update={"measured_at": late.due_at + timedelta(hours=2)})
        storage.engagement.append([moved, samples.sample(post)])
    view = storage.views.engagement()
    assert view.samples["age"].tolist() == ["1h", "6h"] * 2
    assert view.samples["is_late"].tolist() == [False, True] * 2
    first, second = view.totals.to_dict("records")
    assert (first["age"], first["posts"], first["impressions"]) == ("1h", 2, 240)
    assert first["reactions_per_impression"] == pytest.approx(8 / 240)
    assert (second["age"], second["reactions"]) == ("6h", 2)
    assert isnan(second["impressions"])


def test_runs_and_steps_show_their_newest_record(storage: Storage) -> None:
    running = samples.run_record(RunState.RUNNING, ended_at=None)
    storage.history.append_runs([running])
    storage.history.append_runs([samples.run_record()])
    pending = samples.step_record("news", status=StepState.PENDING, started_at=None)
    storage.history.append_steps([pending, samples.step_record()])
    runs, steps = storage.views.runs(), storage.views.steps("daily_tactic@1")
    assert runs[["status", "seconds"]].to_numpy().tolist() == [["succeeded", 3.0]]
    assert steps["id"].tolist() == ["bars", "news"]
    assert steps["output"].tolist()[0] == '{"rows":5}'
    assert storage.views.run("daily_tactic@1") == samples.run_record()


def test_the_last_run_of_each_workflow_is_shown(storage: Storage) -> None:
    later = samples.MORNING + timedelta(days=1)
    second = samples.run_record(RunState.FAILED, run_id="daily_tactic@2", created_at=later)
    storage.history.append_runs([second, samples.run_record()])
    assert storage.views.last_runs()["run_id"].tolist() == ["daily_tactic@2"]


def test_feeds_show_their_newest_check_and_the_last_good_one(storage: Storage) -> None:
    later = samples.MORNING + timedelta(hours=1)
    storage.quality.record_check(samples.feed_check())
    storage.quality.record_check(samples.feed_check(checked_at=later, error="timeout", rows_read=0))
    (row,) = storage.views.feeds().to_dict("records")
    assert (row["error"], row["checked_at"]) == ("timeout", later)
    assert row["newest_ok_at"] == samples.MORNING


def test_what_is_stored_of_each_feed_is_counted(storage: Storage) -> None:
    storage.bars.append(samples.bars())
    storage.news.append([samples.news_item()], samples.MORNING)
    storage.news.append_readings([samples.reading()], samples.MORNING)
    storage.fundamentals.append([samples.fundamentals()], samples.MORNING)
    rows = storage.views.feed_rows().set_index("feed")
    assert rows["rows"].to_dict() == {"bars": 5, "fundamentals": 1, "news": 1}
    assert rows.loc["fundamentals", "label"] == "real"


def test_refused_rows_are_counted_by_reason(storage: Storage) -> None:
    storage.quality.quarantine([samples.quarantined(key=key) for key in "abc"])
    (row,) = storage.views.quarantine().to_dict("records")
    assert (row["reason"], row["rows"], row["newest_key"]) == ("high below low", 3, "c")
    assert storage.views.quarantined_rows(limit=2)["key"].tolist() == ["c", "b"]


def test_a_post_is_traced_down_to_its_bars_and_headlines(storage: Storage) -> None:
    store_tactic(storage)
    store_post(storage)
    rows = storage.views.lineage(samples.publication().publication_id)
    assert [row.kind for row in rows] == [
        "publication", "content", "tactic", "insight", "snapshot", "bars", "headline",
        "fundamentals",
    ]  # fmt: skip
    bars = rows[5]
    assert (bars.provider, bars.count, bars.sha256) == ("sample", 5, "b" * 64)
    assert (bars.first_at, bars.last_at) == (date(2023, 12, 31), date(2024, 1, 4))
    assert rows[0].sha256 == samples.content().content_sha256


def test_a_recap_is_traced_to_all_tactics_of_its_session(storage: Storage) -> None:
    for tactic in (TACTIC, LATER):
        store_tactic(storage, tactic)
    recap = samples.content().model_copy(
        update={"content_id": "recap-20240105", "subject_id": "session-2024-01-05"}
    )
    storage.content.append(recap)
    storage.content.append_publication(samples.publication(recap))
    rows = storage.views.lineage(samples.publication(recap).publication_id)
    tactics = [row.reference for row in rows if row.kind == "tactic"]
    assert tactics == [f"{TACTIC.tactic_id} v1"]


def store_story(storage: Storage) -> None:
    """One story that two sources tell."""
    second = samples.news_item(news_id="n2", source="post", published_at=samples.moment(hours=11))
    both = [samples.reading(symbols=("QQQ",)), samples.reading(news_id="n2", symbols=("QQQ",))]
    storage.news.append([samples.news_item(), second], samples.MORNING)
    storage.news.append_readings(both, samples.MORNING)


def test_the_market_page_reads_bars_and_headlines(storage: Storage) -> None:
    storage.bars.append(samples.bars())
    storage.bars.append(samples.bars(timeframe="5m"))
    store_story(storage)
    last = date(2024, 1, 4)
    assert storage.views.intraday_bars("AAPL", last)["session_date"].tolist() == [last]
    (row,) = storage.views.headlines("QQQ").to_dict("records")
    assert (row["title"], list(row["sources"])) == ("Apple's results beat", ["post", "wire"])
    assert len(storage.views.headlines("MSFT")) == 0
