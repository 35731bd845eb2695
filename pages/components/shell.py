"""What stands around every page: the state of the desk, the demo's banner, the trading switch."""

from __future__ import annotations

import streamlit as st

from core import bootstrap
from core.replay import ReplayStatus
from pages.components import badges, dialogs, flash, kill_switch
from pages.components.edge import live
from pages.components.formatting import day, eastern, plural, prose

BANNER = (
    "prices are real (daily bars 2013\u20132023). Intraday bars, fundamentals and audience are "
    "SYNTHETIC; headlines and the market lead are DERIVED from the bars."
)
SEEN, DRAWN = "shell_seen_session", "shell_drawn_session"


def frame() -> None:
    """Draw the sidebar and, in the demo, the banner."""
    flash.show()
    dialogs.forget()
    with st.sidebar:
        asked = kill_switch.buttons()
        _status()
    kill_switch.dialog(asked)
    if bootstrap.desk().is_demo:
        st.session_state[DRAWN] = _drawn(bootstrap.desk().replay.status())
        _banner()


@live("5s")
def _status() -> None:
    desk = bootstrap.desk()
    clock, waiting = desk.housekeeping.clock_state(), len(desk.decisions.pending())
    with st.container(horizontal=True, gap="xsmall"):
        badges.badge(desk.settings.mode)
        badges.badge(desk.controls.switch().switch.state)
        is_well = clock.startswith("ok")
        badges.badge("ok" if is_well else "degraded", text="clock ok" if is_well else clock)
        if waiting:
            badges.badge("waiting", text=f"{waiting} waiting")
    kill_switch.standing()
    told = "Desk time, replayed" if desk.clock.is_replay else "Desk time"
    st.caption(f"{told}  \n**{eastern(desk.clock.now())}**")


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
