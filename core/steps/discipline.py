"""Judge what the operator did between the plan and the account, and how far the desk gets in."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from core.analysis.discipline.changes import limits_raised, plans_edited
from core.analysis.discipline.judging import judge
from core.analysis.discipline.levels import level_of
from core.domain.discipline import Level, LevelState
from core.flow import calendars
from core.flow.catalog import StepContext, step
from core.steps.alert import send_alert
from core.steps.moment import CALENDAR
from core.steps.two_books import open_cases

WEEKENDS = 3  # calendar days that hold at least so many sessions, and a holiday or two


@step("discipline.judge")
def judge_session(context: StepContext) -> dict[str, Any]:
    """Compare both books of the last sessions, and append the overrides that lie between."""
    storage, account = context.services.storage, context.services.adapters.broker.name
    judged = judge(open_cases(context))
    found = [one for judgement in judged for one in judgement.overrides]
    found += plans_edited(storage.views.plan_changes(), account)
    found += limits_raised(storage.policies.history(), account)
    comparisons = [judgement.comparison for judgement in judged]
    appended = storage.overrides.append(comparisons, found, context.as_of)
    return {"compared": len(comparisons), "overrides": len(found), "appended": appended}


@step("discipline.level")
def set_level(context: StepContext) -> dict[str, Any]:
    """Record the level that the last sessions lead to; tell the operator when it has risen."""
    storage, policy = context.services.storage, context.services.playbook.discipline
    before = storage.views.discipline_level()
    first = first_of_window(context.session_date, policy.window_sessions)
    standing = storage.views.standing_overrides()
    state = level_of(standing, first, context.session_date, policy)
    storage.overrides.append_level(state, context.as_of)
    lowest = before.level if before else Level.OBSERVE
    if state.level.rank > lowest.rank:
        _tell(context, state)
    return {"level": state.level.value, "overrides": state.overrides, "cost_r": state.cost_r}


def first_of_window(today: date, sessions: int) -> date:
    """Return the first of the last so many sessions up to a day."""
    start = today - timedelta(days=WEEKENDS * sessions + 7)
    return calendars.sessions(CALENDAR, start, today)[-sessions:][0]


def _tell(context: StepContext, state: LevelState) -> None:
    services = context.services
    send_alert(
        services.ledger,
        services.adapters.alerts,
        f"alert:discipline:{state.session_date}:{state.level}",
        f"Discipline: the level is now {state.level.replace('_', ' ')}",
        f"{state.overrides} overrides in the last sessions, {state.cost_r:.2f}R lost by them.",
    )
