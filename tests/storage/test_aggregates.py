from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.domain.engagement import SampleAge
from core.domain.feeds import CorporateAction
from core.domain.guards import Halt, HaltDepth, HaltOutcome
from core.domain.lifecycle import TacticEventKind
from core.domain.order_events import OrderEventKind
from core.domain.orders import OrderStatus
from core.domain.reconciliation import Verdict
from core.domain.risk import RiskPolicy
from core.domain.trading import FillLeg
from core.errors import InvalidTransitionError, NotFoundError
from core.storage.configurations import Configuration
from core.storage.model_calls import ModelCalls
from core.storage.storage import Storage
from tests.storage import samples
from tests.storage.test_order_path import event
from tests.storage.test_overrides import judged, level, note
from tests.storage.test_reconciliations import NOON, difference, run, settle
from tests.unit.test_guards import facts
from tests.unit.test_guards import judged as judged_account

ID = samples.tactic().tactic_id
SECOND = samples.tactic("MSFT")


def settled(storage: Storage) -> None:
    """Ignore a difference; one that is settled is settled once."""
    storage.reconciliations.append(run(difference("NVDA"), minutes=0))
    with suppress(InvalidTransitionError):
        settle(storage, difference("NVDA"), NOON, Verdict.IGNORED)


APPENDS: dict[str, Callable[[Storage], Any]] = {
    "news": lambda s: s.news.append([samples.news_item()], samples.MORNING),
    "news_readings": lambda s: s.news.append_readings([samples.reading()], samples.MORNING),
    "corporate_actions": lambda s: s.actions.append([samples.split()], samples.MORNING),
    "desk_configurations": lambda s: s.configurations.remember(
        Configuration(leads=("QQQ",)), samples.MORNING
    ),
    "imports": lambda s: s.imports.record(samples.import_report()),
    "broker_activities": lambda s: s.imports.append([samples.activity()]),
    "quotes": lambda s: s.quotes.append([samples.quote()], samples.MORNING),
    "data_findings": lambda s: s.quality.record_findings([samples.finding()]),
    "fundamentals": lambda s: s.fundamentals.append([samples.fundamentals()], samples.MORNING),
    "quarantine": lambda s: s.quality.quarantine([samples.quarantined()]),
    "feed_checks": lambda s: s.quality.record_check(samples.feed_check()),
    "snapshots": lambda s: s.insights.append_snapshot(samples.snapshot()),
    "insights": lambda s: s.insights.append_insight(samples.insight()),
    "model_calls": lambda s: ModelCalls(s.store).append([samples.model_call()]),
    "claim_reports": lambda s: s.claims.append([samples.claim_report()]),
    "plan_marks": lambda s: s.marks.append([samples.plan_mark()]),
    "tactics": lambda s: s.tactics.append(samples.tactic()),
    "tactic_events": lambda s: s.tactics.append_events([samples.tactic_event()]),
    "size_decisions": lambda s: s.tactics.append_size(
        ID, 1, samples.MORNING, samples.size_decision()
    ),
    "resolutions": lambda s: s.tactics.append_resolution(samples.resolution()),
    "order_requests": lambda s: s.trading.append_request(samples.order_request(), ID, 1),
    "order_events": lambda s: s.trading.append_orders([samples.order()]),
    "fills": lambda s: s.trading.append_fills([samples.fill()]),
    "fill_cursors": lambda s: s.trading.save_fill_cursor("7", samples.MORNING),
    "accounts": lambda s: s.trading.append_account(samples.account()),
    "positions": lambda s: s.trading.append_positions(samples.MORNING, [samples.position()]),
    "position_samples": lambda s: s.trading.append_positions(samples.MORNING, []),
    "content_versions": lambda s: s.content.append(samples.content()),
    "content_events": lambda s: s.content.append_events([samples.content_event()]),
    "publications": lambda s: s.content.append_publication(samples.publication()),
    "order_path": lambda s: s.order_events.append([event(OrderEventKind.FILLED)]),
    "reconciliations": lambda s: s.reconciliations.append(run()),
    "reconciliation_differences": lambda s: s.reconciliations.append(run(difference())),
    "reconciliation_resolutions": settled,
    "risk_policies": lambda s: s.policies.remember(RiskPolicy(version="1"), samples.SESSION),
    "book_comparisons": lambda s: s.overrides.append([judged().comparison], [], samples.MORNING),
    "overrides": lambda s: s.overrides.append([], judged().overrides, samples.MORNING),
    "override_notes": lambda s: s.overrides.append_note(note()),
    "discipline_levels": lambda s: s.overrides.append_level(level(), samples.MORNING),
    "guard_reports": lambda s: s.guards.append(judged_account(facts())),
    "guard_locks": lambda s: s.guards.lock(judged_account(facts(trades_today=2)).locks),
    "halts": lambda s: s.guards.append_halt(
        Halt(halted_at=samples.MORNING, depth=HaltDepth.CANCEL, reason="r", actor="a", run_id="h")
    ),
    "halt_outcomes": lambda s: s.guards.append_outcome(
        HaltOutcome(run_id="h", depth=HaltDepth.CANCEL, recorded_at=samples.MORNING)
    ),
    "engagement_samples": lambda s: s.engagement.append([samples.sample()]),
    "runs": lambda s: s.history.append_runs([samples.run_record()]),
    "steps": lambda s: s.history.append_steps([samples.step_record()]),
    "log_lines": lambda s: s.history.append_log_lines([samples.log_line()]),
    "audit_chain": lambda s: s.audit.record("operator", "halt", "desk", {}, samples.MORNING),
}


@pytest.mark.parametrize("table", APPENDS)
def test_a_repeated_step_appends_nothing(shared_storage: Storage, table: str) -> None:
    storage = shared_storage
    before = storage.store.all(f"select count(*) from {table}")[0][0]  # noqa: S608
    APPENDS[table](storage)
    APPENDS[table](storage)
    after = storage.store.all(f"select count(*) from {table}")[0][0]  # noqa: S608
    assert after == before + 1


def test_every_table_of_facts_is_covered_by_the_repeated_step(storage: Storage) -> None:
    tables = {row[0] for row in storage.store.all("select table_name from duckdb_tables()")}
    assert tables - {"schema_migrations", "bars"} == set(APPENDS)


def test_facts_come_back_as_they_went_in(storage: Storage) -> None:
    for append in APPENDS.values():
        append(storage)
    key = samples.order_request().client_order_id
    assert storage.insights.snapshot(samples.snapshot().snapshot_id) == samples.snapshot()
    assert storage.insights.insight(samples.insight().insight_id) == samples.insight()
    assert storage.insights.for_session(samples.SESSION) == [samples.insight()]
    assert storage.tactics.get(ID) == samples.tactic()
    assert storage.tactics.resolution(ID) == samples.resolution()
    assert storage.tactics.latest_size(ID) == samples.size_decision()
    assert storage.trading.request(key) == samples.order_request()
    assert storage.trading.fills(key) == storage.trading.fills() == [samples.fill()]
    assert storage.content.get(samples.content().content_id) == samples.content()
    assert storage.content.publications() == [samples.publication()]
    assert storage.engagement.samples(samples.publication().publication_id) == [samples.sample()]


def test_what_is_hashed_is_the_same_after_a_round_trip(storage: Storage) -> None:
    storage.tactics.append(samples.tactic())
    storage.trading.append_request(samples.order_request(), ID, 1)
    assert storage.tactics.get(ID).content_sha256 == samples.tactic().content_sha256
    request = storage.trading.request(samples.order_request().client_order_id)
    assert request.content_sha256 == samples.order_request().content_sha256


def test_what_is_unknown_is_not_found(storage: Storage) -> None:
    seeks: list[Callable[[str], object]] = [
        storage.insights.snapshot,
        storage.insights.insight,
        storage.tactics.get,
        storage.trading.request,
        storage.content.get,
        storage.content.publication,
        storage.views.tactic_detail,
        storage.views.lineage,
        storage.views.run,
    ]
    for seek in seeks:
        with pytest.raises(NotFoundError, match="there is no nothing in"):
            seek("nothing")


def test_one_headline_may_belong_to_two_symbols(storage: Storage) -> None:
    both = samples.reading(symbols=("AAPL", "QQQ"))
    storage.news.append([samples.news_item()], samples.MORNING)
    storage.news.append_readings([both], samples.MORNING)
    found = storage.news.known_of(["QQQ", "MSFT"], samples.moment(hours=10), samples.MORNING)
    assert found == {"QQQ": [(samples.news_item(), both)]}
    assert storage.news.known_of(["QQQ"], samples.moment(hours=10.1), samples.MORNING) == {}


def test_a_headline_that_comes_later_was_not_known_before(storage: Storage) -> None:
    received_at = samples.MORNING + timedelta(hours=1)
    storage.news.append([samples.news_item()], received_at)
    storage.news.append_readings([samples.reading()], received_at)
    since = samples.moment(hours=10)
    assert storage.news.known_of(["AAPL"], since, samples.MORNING) == {}
    assert list(storage.news.known_of(["AAPL"], since, received_at)) == ["AAPL"]


def test_a_headline_told_of_an_earlier_moment_is_known_then_too(storage: Storage) -> None:
    later = samples.MORNING + timedelta(hours=1)
    for received_at in (later, samples.MORNING, samples.MORNING):
        storage.news.append([samples.news_item()], received_at)
        storage.news.append_readings([samples.reading()], received_at)
    since = samples.moment(hours=10)
    assert len(storage.news.known_of(["AAPL"], since, samples.MORNING)["AAPL"]) == 1
    assert len(storage.news.known_of(["AAPL"], since, later)["AAPL"]) == 1


def latest(storage: Storage, as_of: date, known_by: datetime | None = None) -> object:
    known = {"known_by": known_by} if known_by else {}
    return storage.fundamentals.latest_of(["AAPL"], as_of, **known).get("AAPL")


def test_fundamentals_are_those_known_on_the_date(storage: Storage) -> None:
    later = samples.fundamentals(as_of_date=date(2024, 2, 1), earnings_per_share_usd=2.0)
    storage.fundamentals.append([later, samples.fundamentals()], samples.MORNING)
    assert latest(storage, date(2024, 1, 31)) == samples.fundamentals()
    assert latest(storage, date(2024, 2, 1)) == later
    assert latest(storage, date(2023, 1, 1)) is None


def test_restated_fundamentals_win_once_they_are_received(storage: Storage) -> None:
    restated = samples.fundamentals(market_cap_usd=2e12)
    received_at = samples.MORNING + timedelta(hours=1)
    storage.fundamentals.append([samples.fundamentals()], samples.MORNING)
    storage.fundamentals.append([restated], received_at)
    assert latest(storage, samples.SESSION) == restated
    assert latest(storage, samples.SESSION, samples.MORNING) == samples.fundamentals()


@pytest.mark.parametrize(
    ("reports", "chosen"),
    [
        ({"yahoo": date(2023, 12, 1), "sec": date(2023, 9, 30)}, "sec"),
        ({"yahoo": date(2023, 12, 1), "sec": date(2022, 12, 2)}, "sec"),
        ({"yahoo": date(2023, 12, 1), "sec": date(2022, 11, 30)}, "yahoo"),
        ({"yahoo": date(2022, 9, 1), "sec": date(2022, 8, 1)}, "yahoo"),
        ({"file": date(2023, 12, 1), "yahoo": date(2023, 9, 30)}, "yahoo"),
    ],
)
def test_the_preferred_providers_report_counts_unless_it_is_too_old(
    storage: Storage, reports: dict[str, date], chosen: str
) -> None:
    order = Configuration(fundamentals=("sec", "yahoo"))
    storage.configurations.remember(order, samples.MORNING)
    for provider, as_of_date in reports.items():
        report = samples.fundamentals(provider=provider, as_of_date=as_of_date)
        storage.fundamentals.append([report], samples.MORNING)
    found = storage.fundamentals.latest_of(["AAPL"], date(2024, 1, 5), samples.MORNING)
    assert found["AAPL"].provider == chosen


def actions(storage: Storage, hours: float = 9) -> list[tuple[object, ...]]:
    known_by = samples.MORNING + timedelta(hours=hours)
    found = storage.actions.known_of(["AAPL"], known_by).get("AAPL", [])
    return [(one.provider, one.ex_date, one.ratio or one.amount_usd) for one in found]


def tell(storage: Storage, hours: float, *told: CorporateAction, provider: str = "sample") -> int:
    """Let a provider tell all that it knows of the first days of January."""
    span = (date(2024, 1, 1), date(2024, 1, 31))
    received_at = samples.MORNING + timedelta(hours=hours)
    return storage.actions.replace("AAPL", provider, span, told, received_at)


def test_the_ratio_that_a_provider_told_last_counts(storage: Storage) -> None:
    for hour, ratio in enumerate((10.0, 4.0, 10.0, 10.0)):
        storage.actions.append(
            [samples.split(ratio=ratio)], samples.MORNING + timedelta(hours=hour)
        )
    seen = [actions(storage, hours)[0][2] for hours in (0, 1, 2, 3)]
    assert seen == [10.0, 4.0, 10.0, 10.0]
    assert storage.store.all("select count(*) from corporate_actions") == [(3,)]


def test_a_split_of_which_the_date_was_corrected_acts_once(storage: Storage) -> None:
    moved = samples.split(ex_date=date(2024, 1, 4))
    assert tell(storage, 0, samples.split()) == 1
    assert tell(storage, 1, moved) == 2
    assert tell(storage, 2, moved) == 0
    assert actions(storage, 0.5) == [("sample", date(2024, 1, 3), 2.0)]
    assert actions(storage) == [("sample", date(2024, 1, 4), 2.0)]


def test_what_is_withdrawn_can_be_told_again(storage: Storage) -> None:
    paid = samples.split(kind="dividend", ratio=None, amount_usd=0.2, ex_date=date(2024, 1, 9))
    for hour, told in enumerate(([samples.split(), paid], [paid], [samples.split(), paid])):
        tell(storage, hour, *told)
    assert [len(actions(storage, hours)) for hours in (0, 1, 2)] == [2, 1, 2]


def test_an_empty_answer_withdraws_nothing(storage: Storage) -> None:
    tell(storage, 0, samples.split())
    assert tell(storage, 1) == 0
    assert len(actions(storage)) == 1


def test_an_answer_withdraws_nothing_of_other_dates_and_providers(storage: Storage) -> None:
    early = samples.split(ex_date=date(2023, 6, 1))
    other = samples.split(ex_date=date(2024, 1, 20), provider="yahoo")
    storage.actions.append([early, other, samples.split()], samples.MORNING)
    tell(storage, 1, samples.split())
    assert len(actions(storage)) == 3


def test_of_two_providers_of_one_split_the_preferred_one_counts(storage: Storage) -> None:
    order = Configuration(market_data=("yahoo", "alpaca"))
    storage.configurations.remember(order, samples.MORNING)
    days = {"alpaca": date(2024, 1, 2), "yahoo": date(2024, 1, 5)}
    for provider, ex_date in days.items():
        tell(storage, 0, samples.split(provider=provider, ex_date=ex_date), provider=provider)
    later = samples.split(provider="alpaca", ex_date=date(2024, 1, 11), ratio=3.0)
    storage.actions.append([later], samples.MORNING)
    assert actions(storage) == [
        ("yahoo", date(2024, 1, 5), 2.0),
        ("alpaca", date(2024, 1, 11), 3.0),
    ]


def test_an_action_is_known_once_it_was_received(storage: Storage) -> None:
    storage.actions.append([samples.split()], samples.MORNING)
    before = samples.MORNING - timedelta(seconds=1)
    assert storage.actions.known_of(["AAPL"], before) == {}
    assert storage.actions.known_of(["AAPL"], samples.MORNING) == {"AAPL": [samples.split()]}


def test_the_newest_quote_is_the_one_quoted_last(storage: Storage) -> None:
    older = samples.quote(quoted_at=samples.MORNING - timedelta(minutes=1), last=99.0)
    storage.quotes.append([samples.quote()], samples.MORNING)
    storage.quotes.append([older], samples.MORNING)
    assert storage.quotes.latest_of(["AAPL"], samples.MORNING) == {"AAPL": samples.quote()}


def test_the_newest_version_of_a_tactic_is_got_unless_one_is_named(storage: Storage) -> None:
    newer = samples.tactic(version=2, headline="Wait")
    for version in (newer, samples.tactic()):
        storage.tactics.append(version)
    assert storage.tactics.get(ID) == newer
    assert storage.tactics.get(ID, 1) == samples.tactic()
    assert storage.tactics.for_session(samples.SESSION) == [newer]


def test_the_first_content_of_a_version_is_never_replaced(storage: Storage) -> None:
    storage.tactics.append(samples.tactic())
    storage.tactics.append(samples.tactic(headline="Changed"))
    assert storage.tactics.get(ID) == samples.tactic()


def test_events_of_one_moment_keep_their_order(storage: Storage) -> None:
    kinds = (TacticEventKind.DRAFTED, TacticEventKind.APPROVED, TacticEventKind.ARMED)
    events = [samples.tactic_event(kind) for kind in kinds]
    assert storage.tactics.append_events(events) == 3
    assert storage.tactics.append_events(events[::-1]) == 0
    assert storage.tactics.events(ID) == events


def test_a_plan_is_open_from_commitment_to_resolution(storage: Storage) -> None:
    storage.tactics.append(samples.tactic())
    storage.tactics.append_events([samples.tactic_event()])
    assert storage.tactics.unresolved(samples.SESSION) == []
    storage.tactics.append_events([samples.tactic_event(TacticEventKind.PUBLISHED)])
    assert storage.tactics.unresolved(samples.SESSION) == [samples.tactic()]
    assert storage.tactics.unresolved(samples.SESSION - timedelta(days=1)) == []
    storage.tactics.append_resolution(samples.resolution())
    assert storage.tactics.unresolved(samples.SESSION) == []


def test_a_tactic_without_a_scenario_is_never_open(storage: Storage) -> None:
    idle = samples.tactic(playable=False)
    storage.tactics.append(idle)
    storage.tactics.append_events(samples.life(TacticEventKind.PUBLISHED))
    assert storage.tactics.unresolved(samples.SESSION) == []


def test_armed_tactics_count_as_the_trades_of_their_session(storage: Storage) -> None:
    for tactic in (samples.tactic(), SECOND):
        storage.tactics.append(tactic)
    armed = (TacticEventKind.APPROVED, TacticEventKind.ARMED)
    storage.tactics.append_events(samples.life(*armed, of=SECOND))
    assert storage.tactics.trades_on(samples.SESSION) == 1
    assert storage.tactics.trades_on(samples.SESSION + timedelta(days=1)) == 0
    assert storage.tactics.armed() == {SECOND.tactic_id}


def test_every_size_decision_is_kept_and_the_latest_told(storage: Storage) -> None:
    later = samples.MORNING + timedelta(minutes=5)
    for moment, quantity in ((samples.MORNING, 10), (later, 0), (later, 0)):
        storage.tactics.append_size(ID, 1, moment, samples.size_decision(quantity))
    assert storage.tactics.latest_size(ID) == samples.size_decision(0)
    assert storage.store.one("select count(*) from size_decisions") == (2,)


def test_the_newest_results_come_oldest_first(storage: Storage) -> None:
    tactics = [samples.tactic(session_date=samples.SESSION + timedelta(days=n)) for n in range(3)]
    results = [samples.resolution(tactic) for tactic in tactics]
    for result in results:
        storage.tactics.append_resolution(result)
    assert storage.tactics.resolutions(2) == results[1:]


def test_an_order_is_kept_in_each_of_its_states(storage: Storage) -> None:
    later = samples.order().updated_at + timedelta(minutes=1)
    filled = samples.order(
        status=OrderStatus.FILLED,
        filled_quantity=Decimal(10),
        average_fill_price=Decimal("103.0512345"),
        updated_at=later,
    )
    assert storage.trading.append_orders([samples.order(), filled, filled]) == 2
    assert storage.trading.append_orders([samples.order()]) == 0
    assert storage.trading.latest_orders() == [filled]


def test_the_fill_cursor_moves_on(storage: Storage) -> None:
    assert storage.trading.fill_cursor() == ""
    for cursor in ("5", "9", "9"):
        storage.trading.save_fill_cursor(cursor, samples.MORNING)
    assert storage.trading.fill_cursor() == "9"
    assert storage.store.one("select count(*) from fill_cursors") == (2,)


def test_the_later_of_two_looks_at_one_moment_counts(storage: Storage) -> None:
    for equity, positions in (("100", [samples.position()]), ("90", [])):
        storage.trading.append_account(samples.account(equity=equity))
        storage.trading.append_positions(samples.MORNING, positions)
    before = samples.MORNING - timedelta(seconds=1)
    assert storage.trading.equity_at(samples.MORNING) == 90
    assert storage.trading.equity_at(before) is None
    assert storage.views.positions().broker.empty
    assert storage.views.positions().broker_as_of == samples.MORNING


def test_fills_are_told_oldest_first(storage: Storage) -> None:
    fills = [samples.fill(leg=FillLeg.TARGET), samples.fill()]
    assert storage.trading.append_fills(fills) == 2
    assert storage.trading.fills() == fills[::-1]
    assert storage.trading.fills("other") == []


def test_engagement_is_missing_from_its_age_until_it_is_sampled(storage: Storage) -> None:
    post = samples.publication()
    storage.content.append_publication(post)
    due = post.published_at + timedelta(hours=1)
    assert storage.engagement.missing(due - timedelta(seconds=1)) == []
    assert storage.engagement.missing(due) == [(post, SampleAge.HOUR_1, due)]
    storage.engagement.append([samples.sample(post)])
    assert storage.engagement.missing(due) == []
    ages = [age for _, age, _ in storage.engagement.missing(due + timedelta(days=40))]
    assert ages == [age for age in SampleAge if age is not SampleAge.HOUR_1]


def test_an_age_is_sampled_once(storage: Storage) -> None:
    late = samples.sample(measured_at=samples.sample().due_at + timedelta(hours=1))
    assert storage.engagement.append([samples.sample()]) == 1
    assert storage.engagement.append([late]) == 0
    assert storage.engagement.samples(late.publication_id) == [samples.sample()]
