"""Plans that no morning wrote: stored with all that the order path reads, then asked for.

Every plan buys ten shares at 99 or less, with a stop at 95 and all of it for sale at its targets in
equal parts; the stop moves to the entry after the first target.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd

from core.domain.feeds import Label, Quote
from core.domain.flow import Approval, ApprovalRequest
from core.domain.market import MarketSnapshot, Timeframe
from core.domain.order_keys import entry_key
from core.domain.scenarios import Scenario, Target, Trigger
from core.domain.tactics import Stage, Tactic
from core.errors import NotFoundError
from core.flow import calendars
from core.steps.moment import CALENDAR
from core.steps.risk import to_order
from core.steps.services import Services
from core.storage.storage import Storage
from tests.storage import samples

SHARES = Decimal(10)
ENTRY, STOP, TARGETS = 99.0, 95.0, (103.0, 107.0)
WINDOW = timedelta(hours=8)
BARS = 240  # of which the daily readings need 220
SLACK = timedelta(hours=1)


def next_session(now: datetime) -> date:
    """Return the first session that is not about to close."""
    closes = calendars.session_times(CALENDAR, "close", now + SLACK, now + timedelta(days=10))
    return next(closes).date()


def lay_out(storage: Storage, symbols: Iterable[str], session_date: date) -> None:
    """Store what plans of these symbols are sized by; again it stores nothing."""
    days = calendars.sessions(CALENDAR, session_date - timedelta(days=500), session_date)[:-1]
    for number, symbol in enumerate(symbols):
        storage.bars.append(_bars(symbol, days[-BARS:], number), _written(session_date))
        storage.insights.append_snapshot(_snapshot(symbol, session_date))


def stored_plan(
    storage: Storage,
    symbol: str,
    session_date: date,
    slot: str = "AM",
    targets: Sequence[float] = TARGETS,
) -> Tactic:
    """Return the plan of a symbol in a slot of the day; the first time it is stored."""
    plan = samples.tactic(symbol, session_date)
    [scenario] = plan.scenarios
    changes = {
        "tactic_id": tactic_id(symbol, session_date, slot),
        "as_of": _written(session_date),
        "snapshot_id": _snapshot(symbol, session_date).snapshot_id,
        "stage": Stage.LIVE,
        "scenarios": (_scenario(scenario, targets),),
    }
    plan = plan.model_copy(update=changes)
    try:
        return storage.tactics.get(plan.tactic_id)
    except NotFoundError:
        storage.tactics.append(plan)
        return plan


def tactic_id(symbol: str, session_date: date, slot: str) -> str:
    return f"TBOW-{symbol}-{session_date:%Y%m%d}-{slot}"


def ask(services: Services, plan: Tactic) -> Approval:
    """Ask for a plan's order, as the morning does; asked again it is the same question."""
    storage, now = services.storage, services.clock.now()
    assert plan.scenario is not None
    request = to_order(plan, plan.scenario, SHARES)
    storage.tactics.append_events(samples.life(of=plan))
    storage.trading.append_request(request, plan.tactic_id, plan.version)
    return services.approvals.request(
        ApprovalRequest(
            kind="trade",
            subject_id=plan.tactic_id,
            content_sha256=request.content_sha256,
            title=plan.headline,
            workflow="trade_tactic",
            inputs={"session_date": plan.session_date.isoformat(), "version": plan.version},
            effect_keys=(entry_key(plan),),
            requested_at=now,
            expires_at=now + WINDOW,
        )
    )


def quote(services: Services, symbol: str, last: float) -> None:
    """Let the desk know a price of this moment."""
    now = services.clock.now()
    one = Quote(symbol=symbol, last=last, quoted_at=now, provider="test", label=Label.REAL)
    services.storage.quotes.append([one])


def _written(session_date: date) -> datetime:
    """Return when all of it was written: surely before the session, and surely past."""
    return datetime.combine(session_date - timedelta(days=7), datetime.min.time(), UTC)


def _snapshot(symbol: str, session_date: date) -> MarketSnapshot:
    snapshot = samples.snapshot(symbol, session_date)
    return snapshot.model_copy(update={"as_of": _written(session_date), "headlines": ()})


def _scenario(scenario: Scenario, targets: Sequence[float]) -> Scenario:
    parts = tuple(Target(price=price, fraction=1 / len(targets)) for price in targets)
    changes = {
        "trigger": Trigger(kind="reclaim", price=ENTRY),
        "entry_low": ENTRY - 0.5,
        "entry_high": ENTRY,
        "stop": STOP,
        "targets": parts,
        "breakeven_after_target": 1,
    }
    return scenario.model_copy(update=changes)


def _bars(symbol: str, days: Sequence[date], number: int) -> pd.DataFrame:
    """Daily bars around 100 that move in a way of their own."""
    steps = np.random.default_rng(number).normal(0, 0.4, len(days))
    closes = 100 + steps.cumsum() - steps.cumsum()[-1]
    return pd.DataFrame(
        {
            "symbol": symbol,
            "timeframe": Timeframe.DAY.value,
            "session_date": days,
            "started_at": pd.to_datetime(list(days), utc=True),
            "open": closes,
            "high": closes + 1,
            "low": closes - 1,
            "close": closes,
            "volume": 5_000_000.0,
            "provider": "sample",
            "label": Label.REAL.value,
        }
    )
