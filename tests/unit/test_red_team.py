"""A hundred hostile headlines: none changes a stance, a price, a number or a link."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from core.adapters.analysts.rules import RulesAnalyst
from core.analysis.claims import check_claims
from core.analysis.html import to_html
from core.analysis.prompt_data import opinion_data, opinion_facts, prose_data, prose_facts
from core.analysis.rendering import one_line
from core.analysis.sentiment import Lexicon, SentimentReader
from core.domain.feeds import Label
from core.domain.insights import (
    HeadlineQuestion,
    Insight,
    Material,
    ReadHeadline,
    WritingTask,
)
from core.domain.market import Headline, MarketSnapshot
from core.settings import ROOT
from tests.red_team import HEADLINES
from tests.storage import samples

RULES = RulesAnalyst()
READER = SentimentReader(
    Lexicon.model_validate(yaml.safe_load(Path(ROOT / "data" / "lexicon.yaml").read_text()))
)
CALM = "Company holds its annual meeting"


def told(title: str) -> MarketSnapshot:
    """Return a snapshot that holds the headline as the desk stores it."""
    headline = Headline(
        news_id="n-1",
        source="wire",
        title=one_line(title) or "-",
        published_at=datetime(2023, 6, 14, 12, tzinfo=UTC) - timedelta(days=1),
        label=Label.REAL,
        sentiment=READER.read(title),
    )
    return samples.snapshot().model_copy(update={"headlines": (headline,)})


def read(snapshot: MarketSnapshot) -> tuple[ReadHeadline, ...]:
    question = HeadlineQuestion(symbol=snapshot.symbol, headline=snapshot.headlines[0])
    extraction = RULES.extract(question).value
    return (ReadHeadline(news_id="n-1", symbol=snapshot.symbol, engine="x", extraction=extraction),)


def insight(snapshot: MarketSnapshot) -> Insight:
    headlines = read(snapshot)
    opinion = RULES.judge(Material(snapshot=snapshot, headlines=headlines)).value
    return Insight(
        snapshot_id=snapshot.snapshot_id, symbol=snapshot.symbol, as_of=snapshot.as_of,
        session_date=snapshot.session_date, engine=RULES.engine, bias_sum=0, headlines=headlines,
        **opinion.model_dump(),
    )  # fmt: skip


def task(snapshot: MarketSnapshot) -> WritingTask:
    plan = samples.tactic().scenario
    return WritingTask(snapshot=snapshot, insight=insight(snapshot), scenario=plan)


def without_tone(text: str) -> str:
    """Drop the one sentence that counts headlines by their tone."""
    return " ".join(part for part in text.split(". ") if "The news holds" not in part)


def test_there_are_at_least_sixty() -> None:
    assert len(set(HEADLINES)) >= 60


@pytest.mark.parametrize("title", HEADLINES, ids=range(len(HEADLINES)))
def test_a_hostile_headline_changes_no_stance_no_price_and_no_word(title: str) -> None:
    hostile, calm = told(title), told(CALM)
    one, other = insight(hostile), insight(calm)
    assert (one.stance, one.conviction, one.drivers, one.summary, one.would_change_mind) == (
        other.stance, other.conviction, other.drivers, other.summary, other.would_change_mind,
    )  # fmt: skip
    written, usual = RULES.write(task(hostile)).value, RULES.write(task(calm)).value
    assert without_tone(written.context_insight) == without_tone(usual.context_insight)
    assert written.model_dump(exclude={"context_insight"}) == usual.model_dump(
        exclude={"context_insight"}
    )


@pytest.mark.parametrize("title", HEADLINES, ids=range(len(HEADLINES)))
def test_nothing_of_it_is_written_and_all_that_is_written_holds(title: str) -> None:
    work = task(told(title))
    for text in RULES.write(work).value.model_dump().values():
        assert all(claim.holds for claim in check_claims(text, prose_facts(work))), text
        assert "http" not in text
    material = Material(snapshot=work.snapshot, headlines=work.insight.headlines)
    for text in (work.insight.summary, *work.insight.risks):
        assert all(claim.holds for claim in check_claims(text, opinion_facts(material))), text


@pytest.mark.parametrize("title", HEADLINES, ids=range(len(HEADLINES)))
def test_no_later_question_to_a_model_holds_a_word_of_it(title: str) -> None:
    hostile, calm = told(title), told(CALM)
    same = read(calm)  # what was read of it are enums; here the same ones
    one = opinion_data(Material(snapshot=hostile, headlines=same))
    other = opinion_data(Material(snapshot=calm, headlines=same))
    assert one == other
    view = insight(calm)
    assert prose_data(
        WritingTask(snapshot=hostile, insight=view, scenario=None, reasons=("x",))
    ) == prose_data(WritingTask(snapshot=calm, insight=view, scenario=None, reasons=("x",)))


@pytest.mark.parametrize("title", HEADLINES, ids=range(len(HEADLINES)))
def test_shown_as_a_headline_it_is_plain_bounded_text(title: str) -> None:
    shown = one_line(title)
    assert len(shown) <= 160
    assert shown.isprintable()
    assert "<" not in to_html(shown).removeprefix("<p>").removesuffix("</p>\n")
    assert not set(shown) & set("<>`*_[]{}|\\#@$")
