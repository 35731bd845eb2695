"""The insights page: who judged, how sure, on which facts, at what cost, and who stood in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.desk import Desk
from core.domain.claims import Claim, ClaimReport
from core.domain.feeds import Label, NewsItem
from core.domain.insights import Extraction, Insight, ReadHeadline, Sample
from core.domain.model_calls import PromptReference
from core.domain.scenarios import Bias
from tests.pages.conftest import WAITING_DAY, open_page, told
from tests.storage import samples

MODEL = "openai/m-1"
BUDGET = f"{MODEL}: the budget of 2.00 USD a day does not allow it any more"
HOSTILE = "[win](javascript:alert(1)) <script>alert(1)</script> **now** $999"
ANSWERS = tuple(
    Sample(stance=stance, conviction=0.8, abstains=False)
    for stance in (Bias.BULLISH, Bias.BULLISH, Bias.BEARISH)
)
READ = ReadHeadline(
    news_id="evil", symbol="AAPL", engine=MODEL,
    extraction=Extraction(event="product", sentiment=2, relevance=3),
)  # fmt: skip
BY_MODEL = {
    "engine": MODEL, "cost_usd": Decimal("0.00421"), "samples": ANSWERS, "disagreement": 0.3333,
    "prompt": PromptReference(name="synthesis", version="3", sha256="a" * 64),
    "headlines": (READ,),
}  # fmt: skip


def judged(desk: Desk, symbol: str = "AAPL", **changes: Any) -> Insight:
    """Store one look more at a symbol; return it."""
    cards = desk.views.insight_cards(WAITING_DAY)
    known = next(card.insight for card in cards if card.insight.symbol == symbol)
    values = dict(known) | {"as_of": known.as_of + timedelta(minutes=20)} | changes
    insight = Insight.model_validate(values)
    desk._services.storage.insights.append_insight(insight)
    return insight


def frame(app: AppTest, column: str) -> Any:
    return next(one.value for one in app.dataframe if column in one.value.columns)


def test_each_symbol_of_the_newest_session_has_a_card(desk: Desk) -> None:
    app = open_page("insights")
    assert app.selectbox(key="insights_session").value == WAITING_DAY.isoformat()
    cards = [b.key for b in app.button if b.key and b.key.startswith("insights_read_")]
    assert len(cards) == len(desk.views.insight_cards(WAITING_DAY)) == 6
    words = told(app)
    assert "conviction" in words
    assert "rules/v2" in words


def test_an_earlier_session_can_be_chosen(desk: Desk) -> None:
    earlier = desk.views.insight_sessions()[1].isoformat()
    app = open_page("insights", insights_session=earlier)
    assert app.selectbox(key="insights_session").value == earlier
    assert "6 symbols" in told(app)


def test_rules_ask_no_model_and_spend_nothing(desk: Desk) -> None:
    words = told(open_page("insights"))
    assert "No model is asked. Nothing is spent." in words
    assert not open_page("insights").get("progress")


def test_a_card_opens_the_insight_with_the_value_of_each_cited_fact(desk: Desk) -> None:
    app = open_page("insights")
    app.button(key="insights_read_AAPL").click().run()
    assert not app.exception
    assert not app.error
    detail = desk.views.insight_detail(str(app.query_params["insight"]))
    assert detail.snapshot is not None
    words = told(app).replace("\\", "")
    assert f"snapshot.indicators.sma50 = ${detail.snapshot.indicators.sma50:,.2f}" in words
    assert "snapshot.lead.above_ema21 = " in words
    assert "Would change its mind" in words
    app.button(key="insights_back").click().run()
    assert app.title[0].value == "Insights"


def test_an_unknown_insight_is_told_in_words(desk: Desk) -> None:
    assert "there is no" in open_page("insights", insight="none").error[0].value


def test_a_model_tells_its_cost_its_prompt_and_how_far_it_agrees_with_itself(desk: Desk) -> None:
    insight = judged(desk, **BY_MODEL)
    listed = told(open_page("insights")).replace("\\", "")
    assert f"{MODEL}, 2 of 3 answers agree, 33 % take another side, $0.0042, 2 looks" in listed
    app = open_page("insights", insight=insight.insight_id)
    assert "prompt synthesis 3, aaaaaaaaaa, cost $0.0042" in told(app).replace("\\", "")
    stances = frame(app, "number")["stance"].tolist()
    assert stances == [["bullish"], ["bullish"], ["bearish"]]


def test_rules_that_stand_in_say_why_on_the_card_and_in_full(desk: Desk) -> None:
    insight = judged(desk, fallback=BUDGET)
    words = told(open_page("insights"))
    assert "rules stand in" in words
    assert "does not allow it any more" in words
    app = open_page("insights", insight=insight.insight_id)
    assert "does not allow it any more" in app.warning[0].value


def test_an_abstention_shows_no_side_and_no_conviction(desk: Desk) -> None:
    insight = judged(desk, abstains=True, stance=Bias.NEUTRAL, conviction=0.0)
    app = open_page("insights", insight=insight.insight_id)
    assert app.title[0].value == "AAPL: abstains"
    assert "conviction" not in told(app)


def test_the_filter_finds_those_that_abstain(desk: Desk) -> None:
    judged(desk, abstains=True, stance=Bias.NEUTRAL, conviction=0.0)
    app = open_page("insights")
    app.pills(key="insights_kind").set_value(["abstains"]).run()
    cards = [b.key for b in app.button if b.key and b.key.startswith("insights_read_")]
    assert cards == ["insights_read_AAPL"]


def test_a_hostile_headline_is_shown_as_plain_words_with_a_safe_link(desk: Desk) -> None:
    item = NewsItem(
        news_id="evil", symbols=("AAPL",), title=HOSTILE, source="<b>wire</b>",
        url="https://example.com/a)b", published_at=datetime(2023, 9, 18, 9, tzinfo=UTC),
        provider="rss", label=Label.REAL,
    )  # fmt: skip
    desk._services.storage.news.append([item], None)
    words = told(open_page("insights", insight=judged(desk, **BY_MODEL).insight_id))
    assert "](https://example.com/a%29b)" in words
    assert "\\<script\\>" in words
    assert "\\[win\\](" in words
    assert "very positive" in words
    assert "product, relevance 3 of 3" in words


def test_a_headline_that_is_not_stored_is_named_by_its_id(desk: Desk) -> None:
    words = told(open_page("insights", insight=judged(desk, **BY_MODEL).insight_id))
    assert "evil" in words
    assert "not stored" in words


def test_a_claim_without_a_fact_comes_first_and_tells_its_reason(desk: Desk) -> None:
    insight = judged(desk, **BY_MODEL)
    claims = (
        Claim(kind="ticker", text="AAPL", start=0, end=4, fact_ids=("snapshot.symbol",)),
        Claim(kind="plan", text="below", start=0, end=4, fact_ids=("snapshot.last",)),
        Claim(kind="number", text="$999.00", start=0, end=4, reason="no fact is $999.00"),
    )
    report = ClaimReport(
        subject_id=insight.insight_id, part="summary", text="AAPL", text_sha256="a" * 64,
        claims=claims, action="rewritten", checked_at=insight.as_of,
    )  # fmt: skip
    desk._services.storage.claims.append([report])
    app = open_page("insights", insight=insight.insight_id)
    rows = frame(app, "verdict")
    assert [cell[0] for cell in rows["verdict"]] == ["no fact", "holds", "condition"]
    assert rows["behind"].tolist()[:2] == ["no fact is $999.00", "snapshot.symbol = AAPL"]
    assert "1 of 3 claims in 1 text without a fact" in told(app)
    assert "was written anew" in told(app)


def test_the_other_looks_of_the_session_are_one_click_away(desk: Desk) -> None:
    first = next(c.insight for c in desk.views.insight_cards(WAITING_DAY))
    second = judged(desk, first.symbol, **BY_MODEL)
    app = open_page("insights", insight=second.insight_id)
    app.button(key=f"insights_{first.insight_id}").click().run()
    assert app.query_params["insight"] == first.insight_id


def test_an_insight_links_to_the_tactic_that_was_drafted_from_it(desk: Desk) -> None:
    trade = next(a.subject_id for a in desk.decisions.pending() if a.kind == "trade")
    detail = desk.views.tactic_detail(trade)
    app = open_page("insights", insight=detail.tactic.insight_id)
    assert any(trade in link.proto.query_string for link in app.get("page_link"))


@pytest.fixture
def busy(desk: Desk) -> Desk:
    """A desk whose model was asked four times today."""
    services, now = desk._services, datetime.now(UTC)
    endings = ("answered", "over_budget", "over_budget", "invalid")
    services.storage.model_calls.append(
        [
            samples.model_call(
                status=status, requested_at=now - timedelta(microseconds=place),
                answer="{}" if status == "answered" else "", detail=f"because {status}",
            )
            for place, status in enumerate(endings)
        ]
    )  # fmt: skip
    reserved = services.budget.reserve(Decimal("0.30"))
    assert reserved
    services.budget.settle(reserved, Decimal("0.25"))
    assert services.budget.reserve(Decimal("0.10"))
    return desk


def test_the_strip_shows_the_budget_and_every_way_a_call_ended(busy: Desk) -> None:
    app = open_page("insights")
    words = told(app)
    assert "answered 1" in words
    assert "over budget 2" in words
    assert "unusable 1" in words
    limit = busy._services.budget.today().limit_usd
    text = app.get("progress")[0].text.replace("\\", "")
    assert text == f"Model budget of today: $0.2500 spent, $0.1000 reserved, of ${limit:,.2f}"
    assert app.expander[0].label == "3 calls of today without an answer"
    assert set(frame(app, "detail")["detail"]) == {"because over_budget", "because invalid"}
