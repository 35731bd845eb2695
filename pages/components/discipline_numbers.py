"""Discipline in numbers: how plans were followed, what overriding cost, and the level."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import streamlit as st

from core.domain.discipline import Adherence, Level
from core.domain.two_books import Between, DisciplineRecord, Recent
from pages.components import badges
from pages.components.formatting import (
    NOTHING,
    money,
    percent,
    plural,
    r,
    span,
    usd,
    words,
)

LOOKS = {
    Level.OBSERVE: ("green", "visibility", "The desk takes notes."),
    Level.FRICTION: ("orange", "hourglass_top", "An override needs a typed reason and a wait."),
    Level.BLOCK: ("red", "block", "No more than the limits allow, no more of what loses."),
    Level.HANDS_OFF: ("red", "pan_tool", "What stands at the broker stays until it has ended."),
}


def headline(record: DisciplineRecord) -> None:
    """Say that the trades are made up, where they are."""
    if record.is_synthetic:
        st.markdown(
            f"{badges.inline('synthetic', 'SYNTHETIC')} **Made-up trades.** :small[:gray[Their "
            "plans, bars and fills are invented; what was departed from and what it cost is "
            "found by the rules that judge this desk. They count in none of its numbers.]]"
        )


def numbers(record: DisciplineRecord) -> None:
    """Draw the row of numbers."""
    with st.container(horizontal=True):
        for label, value, told in _numbers(record):
            st.metric(
                label, value, told, delta_color="off", delta_arrow="off", border=True,
                height="stretch",
            )  # fmt: skip


def _numbers(record: DisciplineRecord) -> Iterator[tuple[str, str, str]]:
    between, recent = record.between, record.recent
    yield "Adherence, 7 days", percent(recent.week.fraction), _followed(recent.week)
    yield "Adherence, 30 days", percent(recent.month.fraction), _followed(recent.month)
    cost = money(between.overrides_usd, signed=True)
    yield "Override cost", r(between.overrides_r), f"{cost}, below zero it paid"
    within = f"{recent.within} of {recent.days}" if recent.days else NOTHING
    yield "Days within limits", within, "with a plan or a trade, 30 days"
    told = f"{plural(record.level.overrides, 'override')} lately"
    yield "Level", words(record.level.level).capitalize(), told


def _followed(adherence: Adherence) -> str:
    return f"{adherence.followed} of {adherence.count} without an override"


def level(record: DisciplineRecord) -> None:
    """Draw the level, what it means, and what would raise it."""
    state = record.level
    color, icon, told = LOOKS[state.level]
    st.markdown("**Level** :small[:gray[how far the desk gets in the way]]")
    st.markdown(f":{color}-badge[:material/{icon}: {words(state.level)}] {told}")
    st.markdown(" ".join(_conduct(record.recent)))
    sessions = plural(record.policy.window_sessions, "session")
    st.caption(
        f"{plural(state.overrides, 'override')} in the last {sessions}, {r(state.cost_r)} lost "
        f"by them. {_next(record)}"
    )


def _conduct(recent: Recent) -> Iterator[str]:
    """Say what has no place in the row of numbers."""
    if recent.score is not None:
        yield f"Discipline score **{recent.score:.0f}** of 100: what paid lowers it, too."
    if recent.reaction_s is not None:
        yield f"Trigger to order **{span(timedelta(seconds=recent.reaction_s))}** (median)."


def _next(record: DisciplineRecord) -> str:
    higher = [one for one in record.policy.levels if one.rank > record.level.level.rank]
    if not higher:
        return "There is no higher level; it falls as the overrides grow old."
    following = min(higher, key=lambda one: one.rank)
    limit = record.policy.levels[following]
    what = f"{plural(limit.overrides, 'override')} or {limit.cost_r:g}R"
    return f"{words(following).capitalize()} begins at {what}."


def between(sums: Between) -> None:
    """Draw the sum that leaves nothing of the difference out."""
    st.markdown("**From SYSTEM to ACTUAL** :small[:gray[what has ended in both books]]")
    st.markdown(
        f"{usd(sums.system_usd, signed=True)} by rule  \n"
        f"less {usd(sums.overrides_usd, signed=True)} overrides  \n"
        f"less {usd(sums.execution_usd, signed=True)} execution, other prices and fees  \n"
        f"= **{usd(sums.actual_usd, signed=True)}** on the account"
    )
    if sums.without_r:
        st.caption(
            f"{plural(sums.without_r, 'trade')} without a known R: in USD alone, not in the curve."
        )
