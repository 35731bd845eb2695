"""What stands around every page: the state of the desk, the demo's banner, the trading switch."""

from __future__ import annotations

import streamlit as st

from core import bootstrap
from core.domain.flow import TradingState
from core.replay import ReplayStatus
from pages.components import badges, dialogs, flash
from pages.components.edge import guarded, live
from pages.components.formatting import day, eastern, plural, prose

BANNER = (
    "prices are real (daily bars 2013\u20132023). Intraday bars, fundamentals and audience are "
    "SYNTHETIC; headlines and the market lead are DERIVED from the bars."
)
REASON, SEEN, DRAWN = "shell_reason", "shell_seen_session", "shell_drawn_session"


def frame() -> None:
    """Draw the sidebar and, in the demo, the banner."""
    flash.show()
    dialogs.forget()
    with st.sidebar:
        _status()
        pressed = _switch_button()
    if pressed:
        _switch_dialog()
    if bootstrap.desk().is_demo:
        st.session_state[DRAWN] = _drawn(bootstrap.desk().replay.status())
        _banner()


@live("5s")
def _status() -> None:
    desk = bootstrap.desk()
    clock, waiting = desk.housekeeping.clock_state(), len(desk.decisions.pending())
    with st.container(horizontal=True, gap="xsmall"):
        badges.badge(desk.settings.mode)
        badges.badge(desk.controls.trading_state())
        is_well = clock.startswith("ok")
        badges.badge("ok" if is_well else "degraded", text="clock ok" if is_well else clock)
        if waiting:
            badges.badge("waiting", text=f"{waiting} waiting")
    told = "Desk time, replayed" if desk.clock.is_replay else "Desk time"
    st.caption(f"{told}  \n**{eastern(desk.clock.now())}**")


def _switch_button() -> bool:
    with guarded():
        if bootstrap.desk().controls.trading_state() is TradingState.ACTIVE:
            return st.button("Halt trading", key="shell_halt", icon=":material/front_hand:")
        return st.button(
            "Resume trading", key="shell_resume", icon=":material/play_arrow:", type="primary"
        )
    return False


@st.dialog("Trading switch", icon=":material/front_hand:", on_dismiss="rerun")
def _switch_dialog() -> None:
    dialogs.opening()
    is_active = bootstrap.desk().controls.trading_state() is TradingState.ACTIVE
    st.markdown(
        "Halt: no new order leaves the desk until you resume. Brackets at the broker stay."
        if is_active
        else "Resume: approved plans may send orders again."
    )
    reason = st.text_input("Reason", key=REASON, placeholder="In a few words", live=True)
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel", key="shell_switch_cancel"):
            st.rerun()
        if st.button(
            "Halt trading" if is_active else "Resume trading",
            key="shell_switch_yes", type="primary", on_click=switch, args=(is_active,),
            disabled=not (reason or "").strip(),
        ):  # fmt: skip
            st.rerun()  # only closes the dialog: the callback has acted


def switch(to_halt: bool) -> None:
    """Halt or resume with the typed reason."""
    reason = str(st.session_state.get(REASON) or "").strip()
    if not reason:
        flash.note("Say why, in a few words.", flash.KNOWN)
        return
    controls, actor = bootstrap.desk().controls, flash.actor()
    if to_halt:
        flash.press(lambda: controls.halt(reason, actor), "Trading is halted")
    else:
        flash.press(lambda: controls.resume(reason, actor), "Trading is active again")


def next_session() -> None:
    """Ask the demo for one session more."""
    if flash.press(bootstrap.desk().replay.press_next, "The next session is being replayed"):
        st.session_state.pop(SEEN, None)


@live("2s")
def _banner() -> None:
    status = bootstrap.desk().replay.status()
    with st.container(border=True, key="shell_banner"):
        with st.container(
            horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
        ):
            st.markdown(f"{badges.inline('demo', 'DEMO:')} :small[{BANNER}]", width="content")
            st.button(
                "Next session", key="shell_next", icon=":material/skip_next:",
                on_click=next_session, disabled=status.is_filling or status.has_ended,
                help="The sample has ended." if status.has_ended else None,
            )  # fmt: skip
        _progress(status)
    _follow(status)


def _progress(status: ReplayStatus) -> None:
    if status.error:
        st.error(f"The replay stopped: {prose(status.error)}", icon=":material/error:")
    elif status.is_filling:
        told = f"Replaying session {status.done} of {plural(status.total, 'session')}"
        today = f", {day(status.session_date)}" if status.session_date else ""
        st.progress(status.done / max(1, status.total), text=told + today)


def _drawn(status: ReplayStatus) -> str:
    return "filling" if status.is_filling else str(status.session_date)


def _follow(status: ReplayStatus) -> None:
    """Draw the whole page again, once, when the replay has come to rest at a new session."""
    if dialogs.is_open():
        return
    now, seen = _drawn(status), st.session_state.get(SEEN)
    st.session_state[SEEN] = now
    if now != "filling" and now == seen and now != st.session_state.get(DRAWN):
        st.rerun()
