"""The migration report as the operator sees it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pandas as pd
from streamlit.testing.v1 import AppTest

from core.analysis.robinhood import read_activities
from core.analysis.round_trips import summarize_trips, trade_history
from core.domain.imports import ImportedFiles, MigrationReport
from tests.pages.conftest import told

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ORDERS = (
    "date,symbol,action,quantity,price,status\n2026-03-02,TSLA,buy,10,400,filled\n"
    "2026-03-03,TSLA,sell,10,410.5,filled\n2026-03-04,AB_C,sell,1,5,filled\n"
    "2026-03-04,AAPL,sell,1,5,filled\n2026-03-05,AAPL,buy,2,5,filled\n"
)


def report(text: str) -> MigrationReport:
    found = read_activities(text.encode(), "main", "import:mine.csv", NOW)
    history = trade_history(activity for row in found.rows for activity in row)
    files = {
        "kind": "robinhood", "file_name": "mine.csv", "imported_at": NOW, "rows_read": 5,
        "rows_stored": 4, "rows_duplicate": 0, "rows_quarantined": 1,
        "first_date": date(2026, 3, 2), "last_date": date(2026, 3, 5),
    }  # fmt: skip
    refused = {"file_name": "mine.csv", "reason": "the instrument 'AB_C' is not valid", "rows": 1}
    return MigrationReport(
        imported=ImportedFiles(
            files=pd.DataFrame([files] if found.rows else []),
            refused=pd.DataFrame([refused]),
            codes=pd.DataFrame([{"code": "Buy", "rows": 2, "amount": -4010.0}]),
        ),
        history=history,
        total=summarize_trips(history.round_trips),
        by_kind={"stock": summarize_trips(history.round_trips), "option": summarize_trips([])},
    )


def drawn(text: str) -> AppTest:
    def page() -> None:
        import streamlit

        from pages.components.migration import migration

        migration(streamlit.session_state["report"])

    app = AppTest.from_function(page, default_timeout=60)
    app.session_state["report"] = report(text)
    return app.run()


def test_without_an_import_the_report_says_how_to_make_one() -> None:
    app = drawn(ORDERS.partition("\n")[0] + "\n")
    assert not app.exception
    assert "import robinhood FILE" in told(app)


def test_the_report_shows_the_result_with_what_it_rests_on() -> None:
    app = drawn(ORDERS)
    assert not app.exception
    values = {metric.label: metric.value for metric in app.metric}
    assert values["Realised P&L, imported"] == "+$105.00"
    assert values["Win rate, imported"] == "100.0 % of 1"
    assert "Fewer than 20 round trips say little" in told(app)
    assert "Mon 2 Mar 2026 to Thu 5 Mar 2026" in told(app)


def test_every_table_of_the_report_is_drawn() -> None:
    shown = [frame.value for frame in drawn(ORDERS).dataframe]
    text = " ".join(frame.to_string() for frame in shown)
    assert len(shown) == 7
    for word in (
        "stocks",
        "TSLA",
        "AAPL",
        "no row in the history opened the 1",
        "mine.csv",
        "AB_C",
    ):
        assert word in text
