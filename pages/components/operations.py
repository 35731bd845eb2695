"""What an operator may press on a workflow, a run or an effect; each is one Desk call."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from core import bootstrap
from core.domain.flow import EffectRecord, RunState, RunStatus
from pages.components import badges, flash
from pages.components.formatting import eastern, prose

PICKED = "workflows_run"


def run_now(workflow_id: str) -> None:
    def act() -> None:
        st.session_state[PICKED] = bootstrap.desk().runs.start(workflow_id)

    flash.press(act, f"{workflow_id} is started; a run of this slot happens once")


def run_again(run_id: str) -> None:
    def act() -> None:
        st.session_state[PICKED] = bootstrap.desk().runs.again(run_id)

    flash.press(act, "Running again under a new id; no effect happens twice")


def fork(run_id: str) -> None:
    """Run again from the chosen step on."""
    step_id = str(st.session_state["workflows_step"])

    def act() -> None:
        st.session_state[PICKED] = bootstrap.desk().runs.fork(run_id, step_id)

    flash.press(act, f"Forked from {step_id}; no effect happens twice")


def cancel(run_id: str) -> None:
    flash.press(partial(bootstrap.desk().runs.cancel, run_id), "The run is cancelled")


def resume(run_id: str) -> None:
    flash.press(partial(bootstrap.desk().runs.resume, run_id), "The run goes on")


def run_buttons(run: RunStatus, steps: list[str]) -> None:
    """Draw what can be done with a run in its state."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if run.status.is_open:
            _button("Cancel", "cancel", cancel, run.run_id)
        elif run.status is not RunState.SUCCEEDED:
            _button("Resume", "play_arrow", resume, run.run_id)
        if not run.status.is_open:
            _button("Run again", "replay", run_again, run.run_id)
            st.selectbox("Step", steps, key="workflows_step", width=200)
            _button("Fork from step", "fork_right", fork, run.run_id)


def _button(label: str, icon: str, act: Callable[[str], None], run_id: str) -> None:
    st.button(
        label,
        key=f"workflows_{icon}",
        icon=f":material/{icon}:",
        on_click=act,
        args=(run_id,),
    )


def settle(key: str, *, is_there: bool) -> None:
    """Settle a parked effect by what the operator found out."""
    decisions, actor = bootstrap.desk().decisions, flash.actor()
    if not is_there:
        flash.press(
            partial(decisions.settle_as_absent, key, actor),
            "Settled as absent; run its workflow again to send it",
        )
        return
    external_id = str(st.session_state.get(f"workflows_found_{key}") or "").strip()
    if not external_id:
        flash.note("Paste the id or link under which it is there.", flash.KNOWN)
        return
    flash.press(partial(decisions.settle_as_done, key, external_id, actor), "Settled as done")


def parked_card(effect: EffectRecord) -> None:
    """Draw one effect that may or may not have happened, with its two answers."""
    with st.container(border=True, key=f"parked_{effect.key}"):
        st.markdown(
            f"{badges.inline(effect.state)} **{prose(effect.key)}** on {prose(effect.target)}  \n"
            f":small[:gray[attempt {effect.attempt}, {eastern(effect.updated_at)}: "
            f"{prose(effect.note or 'nobody can tell whether it happened')}]]"
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input("Its id or link there", key=f"workflows_found_{effect.key}", width=320)
            st.button(
                "It is there", key=f"parked_there_{effect.key}", icon=":material/check:",
                on_click=settle, args=(effect.key,), kwargs={"is_there": True},
            )  # fmt: skip
            st.button(
                "Send again", key=f"parked_again_{effect.key}", icon=":material/send:",
                on_click=settle, args=(effect.key,), kwargs={"is_there": False},
            )  # fmt: skip


def due_words(workflow_id: str, schedule: Any) -> str:
    """Say when a workflow is due, and when that is next."""
    at = bootstrap.desk().runs.next_due(workflow_id)
    return schedule_words(schedule) + (f"; next {eastern(at)}" if at else "")


def schedule_words(schedule: Any) -> str:
    """Say by what rule a workflow is due."""
    if schedule is None:
        return "Started by a decision"
    zone = schedule.timezone.replace("_", " ")
    days = f", trading days of {schedule.calendar}" if schedule.calendar else ""
    if schedule.session is None:
        lines = " and ".join(f"`{line}`" for line in schedule.cron)
        return f"Cron {lines}, {zone}{days}"
    minutes = schedule.session.offset_minutes
    side = "before" if minutes < 0 else "after"
    return f"{abs(minutes)} min {side} the {schedule.session.at}, {zone}{days}"
