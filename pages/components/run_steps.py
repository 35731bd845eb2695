"""One run: its buttons, its steps, what they returned and what they logged."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import bootstrap
from core.domain.flow import RunStatus, StepStatus
from pages.components import badges, operations
from pages.components.formatting import prose
from pages.components.tables import State, number, table, when, wide


def draw(run: RunStatus) -> None:
    """Draw one run: its buttons, its steps with times and errors, and what they returned."""
    steps = bootstrap.desk().runs.steps(run.run_id)
    st.markdown(f"{badges.inline(run.status)} **{prose(run.run_id)}**")
    if run.error:
        st.error(prose(run.error), icon=":material/error:")
    operations.run_buttons(run, [step.id for step in steps])
    table(
        pd.DataFrame([step.model_dump() for step in steps]),
        {
            "id": "Step", "uses": "Uses", "status": State("State"),
            "started_at": when("Started", seconds=True), "seconds": number("Seconds", "%.3f"),
            "attempts": number("Attempts", "%d"), "error": "Error", "error_kind": "Kind",
        },
        key="workflows_steps", alt=f"Steps of {run.run_id}", empty="No step has started yet.",
    )  # fmt: skip
    outputs(steps)
    log(run)


def log(run: RunStatus) -> None:
    """Draw what the steps said while they ran."""
    with st.expander("Log", icon=":material/notes:", key="workflows_log"):
        table(
            bootstrap.desk().views.run_log(run.run_id),
            {
                "logged_at": when("At", seconds=True), "step_id": "Step",
                "level": State("Level"), "text": wide("Says"),
            },
            key="workflows_log_lines", alt=f"Log of {run.run_id}",
            empty="Nothing is logged yet. Lines come two seconds after they are written.",
        )  # fmt: skip


def outputs(steps: list[StepStatus]) -> None:
    with_output = [step for step in steps if step.output]
    if not with_output:
        return
    opened = st.expander("Outputs", icon=":material/data_object:", on_change="rerun",
                         key="workflows_outputs")  # fmt: skip
    if opened.open:
        with opened:
            for step in with_output:
                st.caption(step.id)
                st.json(step.output, expanded=1)
