"""A bar that cannot be right is quarantined with its reason, and the day goes on without it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from core import bootstrap
from core.adapters.market_data.sample import SampleMarketData, create
from core.desk import Desk
from core.domain.market import BarQuery
from core.settings import Settings
from core.steps.feeds import intraday
from core.steps.providers import Provider
from core.steps.services import Adapters, Playbook
from tests.flow.vendors import context_of

DAY = date(2023, 6, 15)


class BadSample(SampleMarketData):
    """The sample with five broken rows in AAPL's bars."""

    def bars(self, query: BarQuery) -> pd.DataFrame:
        frame = super().bars(query)
        if query.symbol != "AAPL":
            return frame
        frame = frame.copy()
        frame.loc[10, "close"] = float("nan")
        frame.loc[20, "high"] = frame.loc[20, "low"] / 2
        frame.loc[30, "volume"] = -1
        late = frame.iloc[[50, 51]]
        return pd.concat([frame, late], ignore_index=True)


@pytest.fixture
def desk(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    original = bootstrap.build_adapters

    def broken(settings: Settings, playbook: Playbook) -> Adapters:
        bad = create(settings)
        bad.__class__ = BadSample
        provider = Provider("sample", bad, playbook.feeds.provider("sample"))
        return dataclasses.replace(original(settings, playbook), market_data=[provider])

    monkeypatch.setattr(bootstrap, "build_adapters", broken)
    opened = bootstrap.build(Settings(data_dir=data_dir))
    opened.start_engine()
    yield opened
    opened.close()


def test_bad_bars_are_quarantined_counted_and_shown_while_the_run_goes_on(desk: Desk) -> None:
    report = desk.runs.wait(desk.runs.start("daily_tactic", DAY))
    assert report.status == "succeeded"
    output = next(s.output for s in desk.runs.steps(report.run_id) if s.id == "bars")
    assert output["rows_quarantined"] == 5
    assert output["rows_read"] == output["rows_stored"] + 5
    shown = desk.views.quarantined_rows()
    assert len(shown) == 5
    assert all(shown["reason"].str.len() > 5)


def test_of_a_replayed_session_the_bars_so_far_are_stored_and_the_rest_is_no_fault(
    desk: Desk,
) -> None:
    noon = datetime(2023, 6, 15, 16, 0, tzinfo=UTC)
    context = dataclasses.replace(context_of(desk, replayed=True), as_of=noon, session_date=DAY)
    assert intraday(context)["rows_quarantined"] == 3  # those of AAPL that are broken
    bars = desk._services.storage.bars.intraday_of(["AAPL", "NVDA"], DAY)
    assert bars["NVDA"]["started_at"].max() == noon - timedelta(minutes=5)
