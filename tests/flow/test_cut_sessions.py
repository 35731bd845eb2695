"""A session that an outage cut is asked for again, as long as a plan may need it and no longer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import time_machine

from core.desk import Desk
from core.domain.lifecycle import TacticEventKind
from core.domain.market import BarQuery, Timeframe
from core.domain.tactics import Tactic
from core.steps import feeds
from core.steps.resolve import resolve
from tests.flow.vendors import Vendor, connected, context_of, daily, five_minutes
from tests.storage import samples
from tests.unit.test_resolution import scenario

pytestmark = pytest.mark.wire

TODAY, CUT = date(2023, 9, 15), date(2023, 9, 14)
MORNING = datetime(2023, 9, 15, 15, 0, tzinfo=UTC)  # 11:00 in New York, a Friday
WHOLE = five_minutes("AAA", CUT, MORNING)
# far above the prices of the day: only its whole session tells that it was never entered
FAR = scenario(entry_low=120, entry_high=121, stop=95, targets=({"price": 150, "fraction": 1},))


@pytest.fixture
def time() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def source() -> Vendor:
    made = Vendor()
    made.frames["AAA", "1d"] = daily("AAA", date(2021, 1, 1), CUT)
    made.frames["AAA", "5m"] = pd.concat([WHOLE, five_minutes("AAA", TODAY, MORNING)])
    return made


@pytest.fixture
def desk(time: time_machine.Traveller, source: Vendor, tmp_path: Path) -> Iterator[Desk]:
    with connected(tmp_path, [source]) as opened:
        feeds.bars(context_of(opened))
        yield opened


def store(desk: Desk, bars: pd.DataFrame) -> None:
    desk._services.storage.bars.append(bars)


def publish(desk: Desk) -> Tactic:
    tactic = samples.tactic("AAA", CUT).model_copy(update={"scenarios": (FAR,)})
    storage = desk._services.storage
    storage.tactics.append(tactic)
    storage.tactics.append_events(samples.life(TacticEventKind.PUBLISHED, of=tactic))
    return tactic


def stored(desk: Desk, day: date = CUT) -> int:
    return len(desk._services.storage.bars.between("AAA", Timeframe.FIVE_MINUTES, day, day))


def asked_from(source: Vendor, desk: Desk, step: Callable[[Any], Any]) -> date:
    """Run a step; return from when it asked for 5-minute bars, which is once."""
    source.asked.clear()
    step(context_of(desk))
    asked = [query for query in source.asked if isinstance(query, BarQuery)]
    [query] = [query for query in asked if query.timeframe is Timeframe.FIVE_MINUTES]
    assert query.end == TODAY
    return query.start


@pytest.mark.parametrize("step", [feeds.intraday, feeds.session_bars])
@pytest.mark.parametrize(
    "bars",
    [WHOLE.head(39), WHOLE.tail(39), WHOLE.drop(index=range(20, 50)), WHOLE.head(0)],
    ids=["its first half", "its second half", "all but its middle", "nothing"],
)
def test_a_session_of_which_a_part_is_stored_comes_whole_and_its_plan_ends(
    desk: Desk, step: Callable[[Any], Any], bars: pd.DataFrame
) -> None:
    store(desk, bars)
    tactic = publish(desk)
    if not bars["started_at"].eq(WHOLE["started_at"].iloc[-1]).any():
        assert resolve(context_of(desk)) == {"resolved": []}
    step(context_of(desk))
    assert (stored(desk), stored(desk, TODAY)) == (78, 18)
    assert resolve(context_of(desk)) == {"resolved": [tactic.tactic_id]}


def test_what_is_whole_or_nobody_plans_on_is_not_asked_for_again(
    desk: Desk, source: Vendor
) -> None:
    store(desk, WHOLE.head(39))
    assert asked_from(source, desk, feeds.intraday) == TODAY
    publish(desk)
    assert asked_from(source, desk, feeds.intraday) == CUT
    assert asked_from(source, desk, feeds.intraday) == TODAY


@pytest.mark.parametrize("step", [feeds.intraday, feeds.session_bars])
def test_a_symbol_that_never_trades_late_is_asked_for_as_long_as_a_plan_waits(
    desk: Desk, source: Vendor, step: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    source.frames["AAA", "5m"] = pd.concat([WHOLE.head(70), five_minutes("AAA", TODAY, MORNING)])
    publish(desk)
    for _ in range(2):
        assert asked_from(source, desk, step) == CUT
    monkeypatch.setattr(feeds, "REPAIRED", timedelta(days=0))
    assert asked_from(source, desk, step) == TODAY


def test_a_session_without_any_bar_is_not_asked_for_beyond_what_vendors_keep_at_hand(
    desk: Desk, source: Vendor, time: time_machine.Traveller
) -> None:
    publish(desk)
    source.frames["AAA", "5m"] = five_minutes("AAA", TODAY, MORNING)
    assert asked_from(source, desk, feeds.intraday) == CUT
    time.shift(timedelta(days=70))
    source.frames["AAA", "5m"] = five_minutes("AAA", date(2023, 11, 24), datetime.now(UTC))
    source.asked.clear()
    feeds.intraday(context_of(desk))
    [query] = [query for query in source.asked if isinstance(query, BarQuery)]
    assert query.start == date(2023, 11, 24) - feeds.REPAIRED
