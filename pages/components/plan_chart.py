"""The bars of a tactic's symbol with its plan drawn into them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.domain.scenarios import Trigger
from core.domain.views import TacticDetail
from pages.components import badges
from pages.components.candles import candles_with_levels
from pages.components.formatting import NEW_YORK, day, plural, price, prose, words

DAILY, INTRADAY = "Daily", "5-minute"
CANDLES = 120


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
