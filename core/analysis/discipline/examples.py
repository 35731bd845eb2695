"""Made-up trades for the demo: plans, bars and fills, judged by the real rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pandas as pd

from core.analysis.discipline.actual import NEW_YORK
from core.analysis.discipline.case import Rules
from core.analysis.discipline.example_fills import Deed, fills_of, orders_of
from core.analysis.discipline.judging import Judgement, judge
from core.analysis.discipline.matching import make_cases
from core.analysis.discipline.planned import PlannedTrade
from core.analysis.discipline.trades import actual_trades
from core.analysis.resolution import FIVE_MINUTES, replay
from core.domain.feeds import Label
from core.domain.overrides import Emotion, OverrideKind, OverrideNote
from core.domain.scenarios import Grade, Scenario, Side, Target, Trigger

ACCOUNT, SYMBOL, ACTOR = "example", "DEMO", "example operator"
QUANTITY = Decimal(100)
UNIT = Decimal(300)  # what 100 shares lose from 101 to 98

Row = tuple[float, float, float, float]
BEFORE: Row = (99.0, 99.9, 98.6, 99.8)  # closes below the trigger
CROSS: Row = (99.8, 100.8, 99.6, 100.6)
ENTRY: Row = (100.5, 101.2, 100.2, 100.9)
FIRST: Row = (101.0, 104.5, 100.5, 104.0)
SECOND: Row = (104.0, 107.2, 103.5, 107.0)
QUIET: Row = (100.6, 101.0, 100.2, 100.5)
STOP: Row = (101.0, 101.5, 97.9, 98.2)
WIN, LOSS = (ENTRY, FIRST, SECOND), (ENTRY, STOP)

TARGETS = (Deed(5, "sell", 50, 104, "target"), Deed(10, "sell", 50, 107, "target"))
BUY = Deed(0, "buy", 100, 101)
FOLLOWED_WIN = (BUY, *TARGETS)
FOLLOWED_LOSS = (BUY, Deed(5, "sell", 100, 98, "stop"))


@dataclass(frozen=True)
class Example:
    """A plan of one day, what the bars were, and what its operator did. Times in minutes.

    starts: when the first bar begins, after the open. moved: the new last target.
    """

    day: int
    bars: Sequence[Row]
    deeds: Sequence[Deed]
    starts: int = 0
    waits: bool = False
    moved: float | None = None


MIDDAY = 210
EXAMPLES = (
    # a bias flip after a win
    Example(0, WIN, (*FOLLOWED_WIN, Deed(30, "sell", 100, 107, by="hand"),
                     Deed(70, "buy", 100, 108.5, by="hand"))),
    # an open profit given back
    Example(1, WIN, (BUY, Deed(60, "sell", 100, 101.5, "external", by="hand")), moved=112),
    # held past the invalidation and oversized, after a loss
    Example(2, LOSS, FOLLOWED_LOSS),
    Example(2, LOSS, (Deed(0, "buy", 150, 101, by="hand"), Deed(90, "sell", 150, 95, by="hand")),
            starts=MIDDAY),
    # averaged down, and it paid
    Example(3, WIN, (BUY, Deed(2, "buy", 100, 99, by="hand"), Deed(5, "sell", 100, 104, "target"),
                     Deed(10, "sell", 100, 107, "target"))),
    # an early entry that paid
    Example(4, (BEFORE, CROSS, *WIN), (Deed(3, "buy", 100, 99.5, by="hand"),
                                       Deed(15, "sell", 50, 104, by="hand"),
                                       Deed(20, "sell", 50, 107, by="hand")), waits=True),
    # more size after a streak
    Example(5, WIN, FOLLOWED_WIN),
    Example(5, LOSS, (Deed(0, "buy", 200, 101, by="hand"), Deed(5, "sell", 200, 98, by="hand")),
            starts=MIDDAY),
    # a time-stop of one's own that saved a loss
    Example(6, (ENTRY, *[QUIET] * 21, STOP), (BUY, Deed(60, "sell", 100, 100.5, "exit"))),
    Example(7, WIN, FOLLOWED_WIN),
)  # fmt: skip

SAID = {  # by kind and by how the trade before had ended
    (OverrideKind.BIAS_FLIP, "win"): ("It had run too far.", Emotion.CONFIDENT),
    (OverrideKind.TARGET_MOVED, "loss"): ("It looked like a trend day.", Emotion.FOMO),
    (OverrideKind.HELD_PAST_INVALIDATION, "loss"): (
        "I wanted the morning's loss back.", Emotion.REVENGE,
    ),
    (OverrideKind.AVERAGED_DOWN, "loss"): ("The level below was still good.", Emotion.HESITANT),
    (OverrideKind.EARLY_ENTRY, "win"): ("It would have run away.", Emotion.RUSHED),
    (OverrideKind.OVERSIZE, "win"): ("Three in a row, it felt easy.", Emotion.CONFIDENT),
    (OverrideKind.EARLY_EXIT, "loss"): ("It went nowhere for an hour.", Emotion.PATIENT),
}  # fmt: skip


def examples(newest: date, rules: Rules) -> list[Judgement]:
    """Return made-up trades of the last weekdays up to `newest`, in both books."""
    days = _weekdays(newest, 1 + max(one.day for one in EXAMPLES))
    plans, fills, told = [], [], {}
    for number, one in enumerate(EXAMPLES, 1):
        plan, opens = _plan(one, number, days[one.day]), _opens(one, days[one.day])
        plans.append(plan)
        fills += fills_of(one.deeds, plan.order_id, SYMBOL, opens, number)
        if one.moved is not None:
            told[plan.order_id] = orders_of(plan.order_id, SYMBOL, opens, one.moved)
    units = dict.fromkeys(days, UNIT)
    return judge(make_cases(plans, actual_trades(fills, told, ACCOUNT), rules, units))


def example_notes(judgements: Sequence[Judgement]) -> dict[str, OverrideNote]:
    """Return what the made-up operator said about the overrides, by their ids."""
    overrides = [one for judgement in judgements for one in judgement.overrides]
    said = ((one, SAID[key]) for one in overrides if (key := (one.kind, one.follows)) in SAID)
    return {
        one.override_id: OverrideNote(
            override_id=one.override_id,
            noted_at=one.occurred_at + timedelta(hours=2),
            actor=ACTOR,
            reason=reason,
            emotion=emotion,
        )
        for one, (reason, emotion) in said
    }


def _plan(example: Example, number: int, day: date) -> PlannedTrade:
    opens, tactic_id = _opens(example, day), f"TBOW-{SYMBOL}-{day:%Y%m%d}-E{number}"
    scenario = _scenario(example)
    rows = [(opens + place * FIVE_MINUTES, day, *row) for place, row in enumerate(example.bars)]
    names = ["started_at", "session_date", "open", "high", "low", "close"]
    bars = pd.DataFrame(rows, columns=names)
    return PlannedTrade(
        tactic_id=tactic_id,
        version=1,
        account=ACCOUNT,
        symbol=SYMBOL,
        session_date=day,
        quantity=QUANTITY,
        scenario=scenario,
        replay=replay(scenario, bars, opens),
        order_id=f"order:{tactic_id}:entry",
        label=Label.SYNTHETIC.value,
    )


def _scenario(example: Example) -> Scenario:
    return Scenario(
        key="L1",
        setup="breakout",
        side=Side.LONG,
        grade=Grade.B,
        score=0.7,
        trigger=Trigger(kind="hold_above", price=100, is_met=not example.waits),
        entry_low=100,
        entry_high=101,
        stop=98,
        targets=(Target(price=104, fraction=0.5), Target(price=107, fraction=0.5)),
        timebox_sessions=1,
        invalidation="a close at or below 98",
    )


def _opens(example: Example, day: date) -> datetime:
    opened = datetime.combine(day, time(9, 30), NEW_YORK)
    return opened + timedelta(minutes=example.starts)


def _weekdays(newest: date, count: int) -> list[date]:
    """Return so many weekdays up to `newest`, oldest first."""
    days = (newest - timedelta(days=back) for back in range(2 * count + 7))
    return [day for day in days if day.weekday() < 5][:count][::-1]
