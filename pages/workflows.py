"""The workflows: their graphs and runs, one run's steps, and effects that wait for the operator."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core import bootstrap
from core.domain.flow import RunStatus
from pages.components import badges, operations, run_steps
from pages.components.edge import live
from pages.components.formatting import eastern, prose, seconds
from pages.components.tables import State, table, when

RUNS = 100
DENSE = "%%{init: {'flowchart': {'nodeSpacing': 14, 'rankSpacing': 16, 'padding': 8}}}%%\n"


def file_errors() -> None:
    """Say which workflow files are broken, and where."""
    for error in bootstrap.desk().runs.file_errors():
        field = f", field `{error.field}`" if error.field else ""
        st.error(
            f"**{prose(error.path.name)}**, line {error.line}{field}: {prose(error.reason)}",
            icon=":material/error:",
        )


def parked() -> None:
    """Draw the effects that nobody but the operator can settle."""
    effects = bootstrap.desk().decisions.parked_effects()
    if effects:
        st.subheader("Waiting for your answer")
        st.caption("These orders or posts may have gone out. Look there, then say which.")
    for effect in effects:
        operations.parked_card(effect)


def pick_workflow() -> str | None:
    """Draw the choice of a workflow, what it does and when it is due."""
    known = bootstrap.desk().runs.workflows()
    if not known:
        st.caption("No workflow file is in data/workflows.")
        return None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            "Workflow", list(known), key="workflows_id", bind="query-params", width=320
        )  # fmt: skip
        workflow = known[name]
        if workflow.schedule is not None:
            st.button(
                "Run now", key="workflows_now", type="primary", icon=":material/play_arrow:",
                on_click=operations.run_now, args=(name,),
            )  # fmt: skip
    due = operations.due_words(name, workflow.schedule)
    st.caption(f"**{prose(workflow.title)}.** {prose(workflow.description)} {due}.")
    return name


def newest_run(workflow_id: str) -> RunStatus | None:
    return next(iter(bootstrap.desk().runs.recent(1, workflow_id)), None)


def graph(workflow_id: str) -> None:
    """Draw the graph in the colours of the newest run, live while that run is open."""
    newest = newest_run(workflow_id)

    @live("2s" if newest is not None and newest.status.is_open else "10s")
    def draw() -> None:
        run = newest_run(workflow_id)
        chart = bootstrap.desk().runs.diagram(workflow_id, run.run_id if run else None)
        st.mermaid_chart(DENSE + chart, alt=f"Graph of {workflow_id}")
        if run is None:
            st.caption("It has not run yet.")
        else:
            st.markdown(f"{badges.inline(run.status)} :small[:gray[newest run, for "
                        f"{eastern(run.as_of)}]]")  # fmt: skip

    with st.container(border=True):
        draw()


def runs_table(workflow_id: str) -> RunStatus | None:
    """Draw the runs; return the picked one, the newest by default."""
    runs = bootstrap.desk().runs.recent(RUNS, workflow_id)
    if not runs:
        st.caption("No run yet.")
        return None
    frame = pd.DataFrame([run.model_dump() for run in runs])
    frame["started_at"] = [run.started_at or run.created_at for run in runs]
    frame["took"] = [_took(run) for run in runs]
    columns: dict[str, Any] = {
        "status": State("State"), "as_of": when("For"), "started_at": when("Started", seconds=True),
        "took": "Took", "error": "Error", "forked_from": "Forked from", "run_id": "Run",
    }  # fmt: skip
    table(frame, columns, key="workflows_runs", alt="Runs, newest first", empty="No run yet.")
    ids = [run.run_id for run in runs]
    if st.session_state.get(operations.PICKED) not in ids:
        st.session_state[operations.PICKED] = ids[0]
    picked = st.selectbox("Steps of run", ids, key=operations.PICKED)
    return next(run for run in runs if run.run_id == picked)


def _took(run: RunStatus) -> str:
    if run.ended_at is None:
        return ""
    return seconds((run.ended_at - (run.started_at or run.created_at)).total_seconds())


st.title("Workflows", icon=":material/account_tree:")
file_errors()
parked()
if chosen := pick_workflow():
    graph(chosen)
    if run := runs_table(chosen):
        run_steps.draw(run)
