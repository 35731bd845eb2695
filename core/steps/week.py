"""The fact sheet of a week: what was published, and how it ended, losers included."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any, Literal

from core.analysis.credibility import weekly_recap
from core.domain.content import Fact
from core.domain.resolutions import Resolution
from core.domain.setups import setup_title
from core.domain.tactics import Tactic
from core.domain.track_record import WeeklyRecap
from core.flow.catalog import StepContext
from core.steps.facts import PHRASES, FactSheet
from core.steps.moment import NEW_YORK, eastern

UNITS: dict[str, Literal["count", "r", "fraction"]] = {
    "published": "count", "triggered": "count", "untriggered": "count", "wins": "count",
    "losses": "count", "breakevens": "count", "net_r": "r", "expectancy_r": "r",
    "average_mae_r": "r", "average_mfe_r": "r", "win_rate": "fraction", "win_low": "fraction",
    "win_high": "fraction",
}  # fmt: skip


def weekly_sheet(context: StepContext) -> FactSheet | None:
    """Return the sheet of the week of this session, None where nothing was published in it."""
    storage, today = context.services.storage, context.session_date
    monday = today - timedelta(days=today.weekday())
    since = datetime.combine(monday, time(), NEW_YORK)
    ended = storage.tactics.resolved_between(since, context.as_of)
    known = [storage.tactics.get(r.tactic_id, r.version) for r in ended]
    known += [t for t in storage.tactics.published_between(monday, today) if t not in known]
    recap = weekly_recap(ended, known, today)
    if not recap.published and not ended:
        return None
    tactics = {tactic.tactic_id: tactic for tactic in known}
    rows = [_row(tactics[r.tactic_id], r) for r in ended]
    values = {name: getattr(recap, name) for name in UNITS} | {
        "week": f"{monday} to {today}",
        "session_date": today.isoformat(),
        "enough": recap.enough,
        "best_setup": _words(recap.best_setup),
        "worst_setup": _words(recap.worst_setup) or "none, only one setup traded",
        "resolved": rows,
        "provenance": "read from 5-minute bars by rule, stop first on a tie",
    }
    dates = {monday.isoformat(), today.isoformat(), *(row["session_date"] for row in rows)}
    quoted = (*PHRASES, *sorted(dates), eastern(context.as_of))
    return FactSheet(f"week-{monday}", values, tuple(_facts(recap, rows)), quoted)


def _words(setup: str | None) -> str:
    return (setup or "").replace("_", " ")


def _row(tactic: Tactic, resolution: Resolution) -> dict[str, Any]:
    plan = tactic.scenario
    return {
        "symbol": tactic.symbol,
        "session_date": tactic.session_date.isoformat(),
        "setup_title": setup_title(plan.setup, plan.side) if plan else "",
        "outcome": resolution.outcome.value.replace("_", " "),
        "system_r": resolution.system_r,
    }


def _facts(recap: WeeklyRecap, rows: list[dict[str, Any]]) -> Iterator[Fact]:
    for name, unit in UNITS.items():
        value = getattr(recap, name)
        if value is not None:
            yield Fact(fact_id=f"week.{name}", value=value, unit=unit)
    for number, row in enumerate(rows, 1):
        yield Fact(fact_id=f"resolved.{number}.symbol", value=row["symbol"], unit="text")
        yield Fact(fact_id=f"resolved.{number}.system_r", value=row["system_r"], unit="r")
