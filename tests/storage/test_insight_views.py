"""The insights page reads the newest look at each symbol, and everything behind one of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.domain.claims import Claim, ClaimReport
from core.domain.feeds import Label, NewsItem
from core.domain.insights import Extraction, Insight, ReadHeadline
from core.domain.marks import PlanMark
from core.errors import NotFoundError
from core.storage.storage import Storage
from tests.storage import samples

MORNING = samples.insight()
READ = ReadHeadline(
    news_id="n1", symbol="AAPL", engine="openai/m-1",
    extraction=Extraction(event="earnings", sentiment=2, relevance=3),
)  # fmt: skip
NOON = MORNING.model_copy(
    update={"as_of": MORNING.as_of + timedelta(hours=3), "conviction": 0.2, "headlines": (READ,)}
)
NEWS = NewsItem(
    news_id="n1", symbols=("AAPL",), title="Apple's results beat", source="wire",
    published_at=MORNING.as_of - timedelta(hours=3), provider="rss", label=Label.REAL,
)  # fmt: skip
CALL = samples.model_call(subject_id="n1")


def store(storage: Storage) -> None:
    storage.insights.append_snapshot(samples.snapshot())
    earlier = samples.insight(session_date=samples.SESSION - timedelta(days=1))
    storage.insights.append_insights([earlier, MORNING, NOON, samples.insight("MSFT")])
    storage.tactics.append(samples.tactic())


def report(subject_id: str, text: str = "AAPL") -> ClaimReport:
    claim = Claim(kind="ticker", text=text, start=0, end=4, fact_ids=("snapshot.symbol",))
    return ClaimReport(
        subject_id=subject_id, part="summary", text=text, text_sha256="a" * 64, claims=(claim,),
        checked_at=samples.MORNING,
    )  # fmt: skip


def refused(**changes: object) -> object:
    return samples.model_call(status="refused", answer="", detail="no", **changes)


def test_an_empty_store_has_no_session_and_no_call(storage: Storage) -> None:
    views, day = storage.views, timedelta(days=1)
    assert views.insight_sessions() == []
    assert views.insight_cards(samples.SESSION) == []
    assert views.calls_by_status(samples.MORNING, samples.MORNING + day) == {}
    assert views.unanswered_calls(samples.MORNING, samples.MORNING + day).empty
    with pytest.raises(NotFoundError):
        views.insight_detail("none")


def test_each_symbol_has_the_card_of_its_newest_look(storage: Storage) -> None:
    store(storage)
    assert storage.views.insight_sessions() == [
        samples.SESSION, samples.SESSION - timedelta(days=1)
    ]  # fmt: skip
    apple, other = storage.views.insight_cards(samples.SESSION)
    assert (apple.insight, apple.looks) == (NOON, 2)
    assert apple.tactic_ids == (samples.tactic().tactic_id,)
    assert (other.insight.symbol, other.looks, other.tactic_ids) == ("MSFT", 1, ())


def test_an_insight_comes_with_its_looks_and_the_tactic_drafted_from_it(storage: Storage) -> None:
    store(storage)
    detail = storage.views.insight_detail(MORNING.insight_id)
    assert detail.snapshot == samples.snapshot()
    assert detail.looks == (MORNING, NOON)
    assert detail.tactics == (samples.tactic(),)
    assert storage.views.insight_detail(NOON.insight_id).tactics == ()


def test_an_insight_comes_with_its_headlines_claims_and_calls(storage: Storage) -> None:
    store(storage)
    storage.news.append([NEWS], None)
    storage.claims.append([report(NOON.insight_id), report("another")])
    storage.model_calls.append([CALL, samples.model_call(subject_id="another")])
    detail = storage.views.insight_detail(NOON.insight_id)
    assert detail.news == {"n1": NEWS}
    assert detail.reports == (report(NOON.insight_id),)
    (call,) = detail.calls.to_dict("records")
    assert (call["subject_id"], call["status"], call["prompt"]) == (
        "n1",
        "answered",
        "extraction 1",
    )
    assert (call["input_tokens"], call["attempt"]) == (210, 1)
    assert call["cost_usd"] == pytest.approx(0.00045)


def test_the_history_has_the_last_look_of_each_session(storage: Storage) -> None:
    store(storage)
    found = storage.views.insight_detail(MORNING.insight_id).history
    assert found["session_date"].tolist() == [samples.SESSION - timedelta(days=1), samples.SESSION]
    assert found["conviction"].tolist() == [0.7, 0.2]
    assert found["as_of"].tolist()[1] == NOON.as_of
    assert not found["abstains"].any()


def test_abstention_and_stand_in_are_in_the_history(storage: Storage) -> None:
    changes = {"abstains": True, "stance": "neutral", "conviction": 0.0, "fallback": "no budget"}
    told = Insight.model_validate(MORNING.model_dump() | changes)
    storage.insights.append_insight(told)
    (row,) = storage.views.insight_detail(told.insight_id).history.to_dict("records")
    assert (row["abstains"], row["fallback"]) == (True, "no budget")


def test_calls_are_counted_by_how_they_ended(storage: Storage) -> None:
    day = timedelta(days=1)
    late = samples.model_call(requested_at=samples.MORNING + day)
    storage.model_calls.append([CALL, refused(), refused(attempt=2), late])
    counts = storage.views.calls_by_status(samples.MORNING, samples.MORNING + day)
    assert counts == {"answered": 1, "refused": 2}
    without = storage.views.unanswered_calls(samples.MORNING, samples.MORNING + day)
    assert without["attempt"].tolist() == [2, 1]
    assert set(without["detail"]) == {"no"}


def test_a_tactic_comes_with_its_versions_marks_and_verdicts(storage: Storage) -> None:
    plan, content = samples.tactic(version=2, headline="Updated"), samples.content()
    mark = PlanMark(
        tactic_id=plan.tactic_id, version=2, scenario_key="L1", marked_at=samples.MORNING,
        bars_to=samples.MORNING, status="open", last=104, running_r=0.4, mae_r=0.1, mfe_r=0.6,
        stop=101,
    )  # fmt: skip
    store(storage)
    storage.tactics.append(plan)
    storage.content.append(content)
    storage.marks.append([mark])
    subjects = (f"{plan.tactic_id}/1", f"{plan.tactic_id}/2", content.content_id)
    storage.claims.append([report(subject) for subject in subjects])
    detail = storage.views.tactic_detail(plan.tactic_id)
    assert (detail.versions, detail.tactic) == ((samples.tactic(), plan), plan)
    assert detail.marks == (mark,)
    assert [one.subject_id for one in detail.reports] == [*subjects[1:]]
