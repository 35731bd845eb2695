"""The kill switch on every page: how the desk stands and why, and the one way to stop it."""

from __future__ import annotations

import streamlit as st

from core import bootstrap
from core.domain.flow import RunState
from core.domain.guards import HaltDepth, HaltOutcome
from pages.components import dialogs, flash
from pages.components.edge import guarded
from pages.components.formatting import brief, plural, prose

REASON, DEPTH, ASKED = "kill_switch_reason", "kill_switch_depth", "kill_switch_asked"
DEPTHS = {
    HaltDepth.STOP_ENTRIES: (
        "Stop new orders", "What works at the broker works on, open entries too."
    ),
    HaltDepth.CANCEL: (
        "Cancel open entries", "Positions keep their stops and targets at the broker."
    ),
    HaltDepth.FLATTEN: (
        "Close everything",
        "All orders of the account are cancelled and all positions closed at the market, also "
        "those that are not of this desk.",
    ),
}  # fmt: skip
RESUMING = (
    "Approved plans may send orders again. Guards and the comparison with the broker are asked "
    "first; what they have against it is told here."
)


def standing() -> None:
    """Draw why the desk does not trade, and what the kill switch has come to."""
    found = bootstrap.desk().controls.switch()
    if found.is_active:
        return
    by = f"by {prose(found.switch.updated_by)}, since {brief(found.switch.updated_at)}"
    st.caption(f"**{prose(found.switch.reason)}**  \n{by}")
    if found.halt is None or not found.halt.run_id:
        return
    if found.outcome is not None:
        _outcome(found.outcome)
    elif found.run is not None and found.run.is_open:
        st.caption(":material/sync: The account is being cleared.")
    else:
        word = found.run or RunState.FAILED
        st.error(
            f"The run that clears the account has {word}: see Workflows.", icon=":material/error:"
        )


def _outcome(outcome: HaltOutcome) -> None:
    if outcome.left:
        lines = "\n".join(f"- {prose(line)}" for line in outcome.left)
        st.error(f"Still there, as the broker says:\n{lines}", icon=":material/error:")
        return
    done = f"{plural(len(outcome.cancelled), 'order')} cancelled"
    if outcome.depth is HaltDepth.FLATTEN:
        done += f", {plural(len(outcome.closed), 'position')} closed, flat"
    suspended = " The broker takes no new order." if outcome.is_suspended else ""
    st.caption(f":material/task_alt: Checked at the broker: {done}.{suspended}")


def buttons() -> str:
    """Draw the buttons and return which dialog was asked for, "" where none was."""
    with guarded():
        if bootstrap.desk().controls.switch().is_active:
            return "halt" if _halt_button("Halt trading") else ""
        with st.container(horizontal=True, gap="xsmall"):
            resumes = st.button(
                "Resume trading", key="shell_resume", icon=":material/play_arrow:", type="primary"
            )
            return "resume" if resumes else "halt" if _halt_button("Halt deeper") else ""
    return ""


def _halt_button(label: str) -> bool:
    return st.button(label, key="shell_halt", icon=":material/front_hand:")


def dialog(asked: str) -> None:
    """Open the dialog that was asked for."""
    if asked:
        st.session_state[ASKED] = asked
        (_halt_dialog if asked == "halt" else _resume_dialog)()


@st.dialog("Halt trading", icon=":material/front_hand:", on_dismiss="rerun")
def _halt_dialog() -> None:
    dialogs.opening()
    st.radio(
        "How deep", list(DEPTHS), key=DEPTH, index=1,
        format_func=lambda depth: DEPTHS[depth][0],
        captions=[caption for _, caption in DEPTHS.values()],
    )  # fmt: skip
    _confirm("Halt trading")


@st.dialog("Resume trading", icon=":material/play_arrow:", on_dismiss="rerun")
def _resume_dialog() -> None:
    dialogs.opening()
    st.markdown(RESUMING)
    _confirm("Resume trading")


def _confirm(label: str) -> None:
    reason = st.text_input("Reason", key=REASON, placeholder="In a few words", live=True)
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel", key="shell_switch_cancel"):
            st.rerun()
        if st.button(
            label, key="shell_switch_yes", type="primary", on_click=press,
            disabled=not (reason or "").strip(),
        ):  # fmt: skip
            st.rerun()  # only closes the dialog: the callback has acted


def press() -> None:
    """Halt or resume, once for each opening of its dialog: a second click finds it done."""
    reason, asked = str(st.session_state.get(REASON) or "").strip(), st.session_state.get(ASKED)
    if not reason:
        flash.note("Say why, in a few words.", flash.KNOWN)
        return
    st.session_state.pop(ASKED, None)
    controls, actor = bootstrap.desk().controls, flash.actor()
    if asked == "halt":
        depth = HaltDepth(st.session_state.get(DEPTH) or HaltDepth.CANCEL)
        flash.press(lambda: controls.halt(reason, actor, depth), "Trading is halted")
    elif asked == "resume":
        flash.press(lambda: controls.resume(reason, actor), "Trading is active again")
