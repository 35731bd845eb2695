"""Dialogs stay open while the page behind them would like to draw itself again."""

from __future__ import annotations

import streamlit as st

KEY = "dialogs_is_open"


def forget() -> None:
    """Begin a run of the whole script: it closes every dialog that it does not open again."""
    st.session_state[KEY] = False


def opening() -> None:
    """Tell that this run opens a dialog; with `on_dismiss="rerun"` its end begins a new run."""
    st.session_state[KEY] = True


def is_open() -> bool:
    return bool(st.session_state.get(KEY))
