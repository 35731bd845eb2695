"""One tactic, read from the top: the plan, its chart, its reasons, what came of it."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from core.domain.content import Fact
from core.domain.tactics import Generator, Trigger
from core.domain.views import TacticDetail
from pages.components import badges, progress
from pages.components.candles import candles_with_levels
from pages.components.formatting import (
    NEW_YORK,
    day,
    eastern,
    money,
    plural,
    price,
    prose,
    r,
    short,
    words,
)
from pages.components.lineage import lineage_table
from pages.components.post_view import post
from pages.components.split import split
from pages.components.ticket import order_history
from pages.components.versions import versions

DAILY, INTRADAY = "Daily", "5-minute"
CANDLES = 120


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


def chart(detail: TacticDetail) -> None:
    """Draw the daily or the intraday bars with the plan's levels."""
    choice = st.segmented_control(
        "Bars", [DAILY, INTRADAY], default=DAILY, required=True, key="tactics_bars",
        label_visibility="collapsed",
    )  # fmt: skip
    frame = detail.daily if choice == DAILY else detail.intraday
    if frame.empty:
        st.caption(
            "No 5-minute bars yet: they come with the close of the session."
            if choice == INTRADAY
            else "No daily bars are stored for this symbol."
        )
        return
    pattern = "%-d %b" if choice == DAILY else "%-d %b %H:%M"
    frame = frame.tail(CANDLES if choice == DAILY else 78 * 5)
    zone = frame["started_at"].dt.tz_convert(NEW_YORK)
    labels = pd.to_datetime(frame["session_date"]) if choice == DAILY else zone
    bars = frame.assign(time=labels.dt.strftime(pattern))
    first = bars.loc[bars["session_date"] >= detail.tactic.session_date, "time"]
    start = str(first.iloc[0]) if len(first) and choice == DAILY else None
    candles_with_levels(bars, detail.tactic.scenario, key="tactics_chart", start=start)
    _origin(frame)
    if plan := detail.tactic.scenario:
        st.caption(_trigger(plan.trigger))


def _origin(frame: pd.DataFrame) -> None:
    providers = prose(", ".join(sorted(set(frame["provider"]))))
    marks = " ".join(badges.inline(label) for label in sorted(set(frame["label"])))
    dates = f"{day(frame['session_date'].iloc[0])} to {day(frame['session_date'].iloc[-1])}"
    st.markdown(f"{marks} :small[:gray[{len(frame)} bars from {providers}, {dates}]]")


def _trigger(trigger: Trigger) -> str:
    """Say the machine rule in words."""
    rule = f"{words(trigger.kind)} {price(trigger.price)}, on {plural(trigger.bars, 'close')}"
    if trigger.min_relative_volume:
        rule += f", relative volume at least {trigger.min_relative_volume:.2f}"
    state = "met when the plan was written" if trigger.is_met else "waited for"
    return f"Trigger, {state}: {rule}."


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
