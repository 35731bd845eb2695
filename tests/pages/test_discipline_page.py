"""Discipline: both books, what lies between, and the made-up trades that the demo opens on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.analysis.discipline.judging import judge
from core.desk import Desk
from core.domain.discipline import Level
from core.errors import StoreError
from tests.pages.conftest import installed, open_page, opened, toasts, told
from tests.unit import discipline_samples as samples

WIN_BACK = {"replay": samples.lost()}


@pytest.fixture
def paper(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """An empty desk on the wall's clock, which knows no examples."""
    with opened(data_dir, mode="paper") as own:
        yield installed(own, monkeypatch)


def filled(desk: Desk) -> None:
    """Store a plan that was followed, one that was chased, and a trade without a plan."""
    chased = samples.trade(entries=(samples.part(0, 100, 101.3),), trade_id="f2")
    alone = samples.trade(order_id="", ordered=None, trade_id="f3")
    found = judge([
        samples.case(samples.plan(), samples.trade()),
        samples.case(samples.plan(tactic_id="TBOW-ACME-20240304-MID"), chased),
        samples.case(None, alone, unit_usd=Decimal(300)),
    ])  # fmt: skip
    overrides = [one for judgement in found for one in judgement.overrides]
    comparisons = [judgement.comparison for judgement in found]
    desk._services.storage.overrides.append(comparisons, overrides, samples.at(400))


def page(app: AppTest) -> AppTest:
    assert not app.exception
    assert not app.error
    return app


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def overrides(app: AppTest) -> Any:
    return next(one.value for one in app.dataframe if "planned" in one.value.columns)


# the demo


def test_the_demo_opens_on_made_up_trades_that_are_called_so(desk: Desk) -> None:
    app = page(open_page("discipline"))
    assert "SYNTHETIC" in told(app)
    assert "Made-up trades" in told(app)
    assert set(overrides(app)["label"].map(tuple)) == {("SYNTHETIC",)}
    assert {"bias flip", "averaged down", "early entry", "oversize"} <= set(overrides(app)["kind"])


def test_the_examples_hold_overrides_that_lost_and_some_that_paid(desk: Desk) -> None:
    costs = overrides(page(open_page("discipline")))["cost_r"]
    assert costs.max() > 1
    assert costs.min() < -1


def test_the_examples_ask_for_no_reason_and_store_nothing(desk: Desk) -> None:
    app = page(open_page("discipline"))
    assert "discipline_save" not in [button.key for button in app.button]
    assert desk._services.storage.views.standing_overrides() == []


def test_the_demo_shows_its_own_trades_apart_from_the_examples(desk: Desk) -> None:
    filled(desk)
    app = page(open_page("discipline"))
    app.segmented_control(key="discipline_book").set_value("This desk").run()
    page(app)
    assert "Made-up trades" not in told(app)
    assert sorted(overrides(app)["kind"]) == ["chased entry", "unplanned trade"]
    assert set(overrides(app)["symbol"]) == {"ACME"}


# a desk of its own


def test_an_empty_desk_says_when_the_books_are_compared(paper: Desk) -> None:
    app = page(open_page("discipline"))
    assert "Nothing to compare yet" in told(app)
    assert "observe" in told(app)
    assert "SYNTHETIC" not in told(app)


def test_the_numbers_of_a_full_desk_add_up(paper: Desk) -> None:
    filled(paper)
    app = page(open_page("discipline"))
    words = told(app)
    assert metrics(app)["Override cost"] == "-1.40R"
    assert "\\+$900.00 by rule" not in words
    assert "= **+\\$1,320.00** on the account" in words
    assert "less -\\$420.00 overrides" in words
    assert "less $0.00".replace("$", "\\$") in words


def test_a_mean_of_few_overrides_is_not_told(paper: Desk) -> None:
    filled(paper)
    app = page(open_page("discipline"))
    rows = [one.value for one in app.dataframe if "mean" in one.value.columns]
    assert len(rows) == 5
    assert all(row["mean"].str.startswith("not enough data").all() for row in rows)


def test_the_charts_tell_their_numbers_in_words(paper: Desk) -> None:
    filled(paper)
    app = page(open_page("discipline"))
    alts = [chart.proto.alt for chart in app.get("echarts_chart")]
    assert "SYSTEM +3.00R, ACTUAL +4.40R, Override cost -1.40R" in alts
    assert "unplanned trade, n 1: -1.50R" in " ".join(alts)


def test_a_typed_reason_is_kept_with_the_mood_and_who_said_it(paper: Desk) -> None:
    filled(paper)
    app = page(open_page("discipline"))
    app.text_input(key="discipline_reason").input("it ran away from me").run()
    app.button_group(key="discipline_mood").set_value("fomo").run()
    page(app.button(key="discipline_save").click().run())
    assert "The reason is kept" in toasts(app)
    (note,) = paper._services.storage.views.override_notes().values()
    assert (note.reason, note.emotion) == ("it ran away from me", "fomo")
    assert "it ran away from me" in set(overrides(app)["reason"])


def test_a_reason_that_says_too_little_is_refused(paper: Desk) -> None:
    filled(paper)
    app = page(open_page("discipline"))
    app.text_input(key="discipline_reason").input("why not").run()
    app.button(key="discipline_save").click().run()
    assert "at least 10 characters" in toasts(app)
    assert paper._services.storage.views.override_notes() == {}


def test_the_operator_can_tell_of_what_no_detector_sees(paper: Desk) -> None:
    app = page(open_page("discipline"))
    app.selectbox(key="discipline_own_kind").set_value("unplanned_trade")
    app.text_input(key="discipline_own_symbol").input("tsla")
    app.text_input(key="discipline_own_reason").input("a friend's tip, on another account")
    page(app.button(key="discipline_tell").click().run())
    assert "It is noted" in toasts(app)
    (row,) = overrides(app).to_dict("records")
    assert (row["symbol"], row["kind"]) == ("TSLA", "unplanned trade")


def test_the_level_tells_what_would_raise_it(paper: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(paper)
    monkeypatch.setattr(paper.discipline, "_today", lambda: date(2024, 3, 5))
    app = page(open_page("discipline"))
    assert paper.discipline.level().level is Level.FRICTION
    assert "An override needs a typed reason and a wait." in told(app)
    assert "Block begins at 4 overrides or 2R." in told(app)


@pytest.mark.parametrize("method", ["read"])
def test_a_failing_store_is_told_in_its_own_words(
    paper: Desk, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    def fail() -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(paper.discipline, method, fail)
    app = open_page("discipline")
    assert not app.exception
    assert any("the disk is full" in error.value for error in app.error)
