"""One tactic, read from the top: the plan, its chart, its reasons, what came of it."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.domain.content import Fact
from core.domain.tactics import Generator
from core.domain.views import TacticDetail
from pages.components import badges, progress
from pages.components.formatting import (
    day,
    eastern,
    money,
    price,
    prose,
    r,
    short,
)
from pages.components.lineage import lineage_table
from pages.components.post_view import post
from pages.components.split import split
from pages.components.ticket import order_history
from pages.components.versions import versions


def heading(detail: TacticDetail) -> None:
    """Draw the name of the tactic and everything that one word can say of it."""
    tactic = detail.tactic
    st.title(f"{tactic.symbol}: {prose(tactic.headline)}", icon=":material/strategy:")
    states = [s for s in (detail.publishing_state, detail.trade_state) if s]
    marks = [badges.inline(tactic.grade, f"grade {tactic.grade}"), badges.inline(tactic.bias)]
    marks += [badges.inline(state) for state in states]
    if detail.resolution:
        marks.append(badges.inline(detail.resolution.outcome))
    session = f"session {day(tactic.session_date)}, written {eastern(tactic.as_of)}"
    st.markdown(
        f"{' '.join(marks)} :small[:gray[{session}, stage {tactic.stage}, "
        f"version {tactic.version}, {_made_by(tactic.generator)}]]"
    )
    if tactic.generator.fallback:
        told = prose(tactic.generator.fallback)
        st.warning(f"The rules wrote the words. {told}", icon=":material/swap_horiz:")


def _made_by(generator: Generator) -> str:
    prompt = generator.prompt
    writer = prose(generator.writer or generator.engine)
    told = f"plan by {prose(generator.engine)}, words by {writer}"
    if prompt is None:
        return told
    return f"{told}, prompt {prose(prompt.name)} {prose(prompt.version)}, {short(prompt.sha256)}"


def numbers(detail: TacticDetail) -> None:
    """Draw the plan's levels, or why there is none."""
    plan = detail.tactic.scenario
    if plan is None:
        with st.container(border=True):
            st.markdown(f"**Do not play.** {prose(detail.tactic.wait_clause)}")
            st.markdown("\n".join(f"- {prose(x)}" for x in detail.tactic.do_not_play_reasons))
        return
    best, size, result = plan.targets[-1], detail.size, detail.resolution
    risk = money(size.risk_usd, cents=False) if size else "not sized"
    shares = "not traded" if size is None else f"{size.quantity} shares"
    with st.container(horizontal=True):
        _metric("Entry zone", f"{price(plan.entry_low)}\u2013{price(plan.entry_high)}", plan.side)
        _metric(
            "Stop", price(plan.stop), f"{plan.reward_risk(plan.stop):+.0f}R from the worst entry"
        )
        _metric("Best target", price(best.price), r(plan.best_reward_risk))
        _metric("Risk", risk, shares)
        if result is not None:
            actual = "not traded" if result.actual_r is None else f"account {r(result.actual_r)}"
            _metric("Result by rule", r(result.system_r), actual)


def _metric(label: str, value: str, told: str) -> None:
    st.metric(
        label, value, told, delta_color="off", delta_arrow="off", border=True, height="stretch"
    )


def details(detail: TacticDetail, facts: Mapping[str, Fact]) -> None:
    """Draw the tabs below the chart."""
    names = ("Post", "Progress", "Order and size", "Versions", "Lineage")
    told, progressed, order, written, origin = st.tabs([*names], key="tactics_tabs")
    with told:
        post(detail, facts)
    with progressed:
        left, right = split(3, 2, border=False)
        with left:
            progress.marks(detail.marks)
        with right:
            progress.timeline(detail.events)
    with order:
        order_history(detail)
    with written:
        versions(detail.versions)
    with origin:
        lineage_table(detail.lineage, key="tactics_lineage")
