"""The questions before something is done by hand: what it does, what it costs, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import monotonic

import streamlit as st

from core import bootstrap
from core.domain.discipline import Friction
from core.domain.views.positions import HandAction, HandReport, Outcome, Word
from pages.components import dialogs, flash
from pages.components.formatting import money, plural, prose, r, words

REASON, OPENED, CLOSES = "positions_reason", "positions_opened", "positions_closes"
LAST = "positions_last_report"
ICONS = {Outcome.DONE: flash.DONE, Outcome.PENDING: flash.KNOWN}


@dataclass(frozen=True)
class Question:
    """What is asked before a click counts. text: Markdown. act: what the button then does."""

    title: str
    icon: str
    text: str
    yes: str
    act: Callable[[Word], HandReport | str]
    friction: Friction | None = None


def ask(question: Question) -> None:
    """Open the dialog; from now on the time runs that the operator takes to think."""
    st.session_state[OPENED] = monotonic()
    drawn = partial(body, question)
    st.dialog(question.title, icon=question.icon, on_dismiss="rerun")(drawn)()


def body(question: Question) -> None:
    """Draw the question; it closes once the click has counted."""
    dialogs.opening()
    st.markdown(question.text)
    blocked = _friction(question.friction)
    reason = st.text_input("Reason", key=REASON, placeholder="In a few words", live=True)
    least = question.friction.reason_characters if question.friction else 1
    is_ready = len((reason or "").strip()) >= max(1, least) and not blocked
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel", key="positions_no"):
            st.rerun()
        st.button(
            question.yes, key="positions_yes", type="primary", on_click=press, args=(question,),
            disabled=not is_ready,
        )  # fmt: skip
    if st.session_state.pop(CLOSES, False):
        st.rerun()
    flash.show()  # what was refused is said here, and may be tried again


def press(question: Question) -> None:
    """Make the one call of the question, with the typed reason."""
    reason = str(st.session_state.get(REASON) or "").strip()
    if not reason:
        flash.note("Say why, in a few words.", flash.KNOWN)
        return
    now = monotonic()
    word = Word(flash.actor(), reason, now - float(st.session_state.get(OPENED, now)))
    st.session_state[CLOSES] = flash.press(lambda: keep(question.act(word)), "")


def keep(report: HandReport | str) -> None:
    """Say what a click has led to, and keep it for the page: a toast is gone too soon."""
    if isinstance(report, HandReport):
        st.session_state[LAST] = report
        flash.note(report.text, ICONS.get(report.outcome, flash.FAILED))
    else:
        flash.note(report)


def last_report() -> None:
    """Draw what the last click has led to, until the next one or until it is read."""
    report: HandReport | None = st.session_state.get(LAST)
    if report is None:
        return
    draw, icon = {
        Outcome.DONE: (st.success, "check_circle"),
        Outcome.PENDING: (st.info, "hourglass_top"),
        Outcome.UNCLEAR: (st.warning, "help"),
        Outcome.REFUSED: (st.error, "block"),
        Outcome.NOT_SENT: (st.error, "cloud_off"),
    }[report.outcome]
    draw(f"**{words(report.outcome).capitalize()}.** {prose(report.text)}",
         icon=f":material/{icon}:")  # fmt: skip
    st.button("Dismiss", key="positions_dismiss", on_click=forget, type="tertiary")


def forget() -> None:
    st.session_state.pop(LAST, None)


def friction_for(action: HandAction, tactic_id: str) -> Friction | None:
    """Return what the discipline policy asks before a plan is broken."""
    return bootstrap.desk().positions.friction(action, tactic_id, flash.actor())


def _friction(asked: Friction | None) -> bool:
    """Draw what such a step has cost so far and what it asks for; tell whether it is blocked."""
    if asked is None:
        return False
    st.caption(cost_so_far(asked))
    if asked.blocked:
        st.error(prose(asked.blocked.capitalize()), icon=":material/front_hand:")
    elif asked.delay_seconds:
        st.caption(
            f"Level {words(asked.level)}: a reason of at least {asked.reason_characters} "
            f"characters, and {asked.delay_seconds} s of thought from the opening of this question."
        )
    return bool(asked.blocked)


def cost_so_far(asked: Friction) -> str:
    """Say what breaking plans in this way has cost."""
    kind, told = words(asked.kind), asked.so_far
    if not told.count:
        return f"This breaks the plan ({kind}). None is on record so far."
    if not told.measured:
        return f"This breaks the plan ({kind}): {told.count} so far, their cost is not known yet."
    verb = "cost" if told.cost_usd >= 0 else "brought"
    amount = f"{r(abs(told.cost_r))}, {money(abs(told.cost_usd))}".replace("$", "\\$")
    few = "" if told.enough else " Not enough data to say more."
    return (
        f"This breaks the plan ({kind}): {plural(told.measured, 'time')} so far, which {verb} "
        f"{amount}.{few}"
    )
