"""What has happened to a plan: where it stood each time that the monitor looked, and its events."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.domain.lifecycle import TacticEvent
from core.domain.marks import PlanMark
from pages.components import badges, charts
from pages.components.formatting import brief, eastern, price, prose, r, words
from pages.components.tables import State, number, table

PLAN_STATES = {"open": "opened", "final": "resolved"}  # a plan that is open is no open circuit


def marks(known: Sequence[PlanMark]) -> None:
    """Draw where the plan stood by rule, in R from the worst entry."""
    st.markdown("**Where it stood** :small[:gray[in R by rule, each time the monitor looked]]")
    if not known:
        st.caption("The monitor has not looked at this plan: it reads the open ones every five "
                   "minutes of the session.")  # fmt: skip
        return
    frame = pd.DataFrame([_row(mark) for mark in known])
    if len(frame) > 1:
        lines = frame.set_index("when")[["running_r", "best", "worst"]].round(3)
        names = {"running_r": "Running R", "best": "Best so far", "worst": "Worst so far"}
        charts.age_curve(
            lines.rename(columns=names), key="tactics_marks", alt=f"Running R, last {_last(known)}"
        )
    table(
        frame.iloc[::-1],
        {"when": "Bars up to", "state": State("Plan"), "last": number("Last"),
         "running_r": number("Running R", "%+.2fR"), "worst": number("Worst (MAE)", "%+.2fR"),
         "best": number("Best (MFE)", "%+.2fR"), "stop": number("Stop")},
        key="tactics_marks_table", alt="Looks of the monitor, newest first", empty="",
    )  # fmt: skip


def _row(mark: PlanMark) -> dict[str, object]:
    return {
        "when": brief(mark.bars_to), "state": PLAN_STATES.get(mark.status, mark.status),
        "last": mark.last, "running_r": mark.running_r, "worst": -mark.mae_r,
        "best": mark.mfe_r, "stop": mark.stop,
    }  # fmt: skip


def _last(known: Sequence[PlanMark]) -> str:
    return f"{r(known[-1].running_r)} at {brief(known[-1].bars_to)}"


def timeline(events: Sequence[TacticEvent]) -> None:
    """Draw the events in the order they occurred."""
    st.markdown("**What happened**")
    if not events:
        st.caption("Nothing has happened to this tactic yet.")
    for event in events:
        told = [
            _told(key, value) for key, value in event.payload.items() if value not in {None, ""}
        ]
        what = ", ".join([prose(event.actor), *filter(None, told)])
        st.markdown(
            f"{badges.inline(event.kind)} {eastern(event.occurred_at)} :small[:gray[{what}]]"
        )


def _told(key: str, value: object) -> str:
    if key == "url" or value is None or value == "":
        return ""
    if key in {"subject", "reason", "outcome"}:
        return prose(words(str(value)))
    if key.endswith("_r") and isinstance(value, float):
        return f"{words(key.removesuffix('_r'))} {r(value)}"
    shown = price(value) if isinstance(value, float) else prose(value)
    return f"{words(key)} {shown}"
