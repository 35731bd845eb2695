"""Short notes: set by a callback, shown as a toast by the body that runs next."""

from __future__ import annotations

import logging
from collections.abc import Callable

import streamlit as st

from core.errors import AppError, InvalidTransitionError
from pages.components.formatting import prose

LOG = logging.getLogger(__name__)
KEY = "flash_notes"
DONE, KNOWN, FAILED = ":material/check_circle:", ":material/info:", ":material/error:"


def note(text: str, icon: str = DONE) -> None:
    """Keep a note for the next body; callbacks must not draw."""
    st.session_state.setdefault(KEY, []).append((text, icon))


def show() -> None:
    """Toast what was noted since the last body."""
    for text, icon in st.session_state.pop(KEY, []):
        st.toast(prose(text), icon=icon)


def press(action: Callable[[], object], done: str) -> bool:
    """Do one Desk call for a click and note how it went; `done` is empty if `action` notes it.

    A second click on the same thing finds it decided; that is no failure.
    """
    try:
        action()
    except InvalidTransitionError as error:
        note(f"Already handled: {error}", KNOWN)
    except AppError as error:
        note(str(error), FAILED)
    except Exception:  # the page's edge: a callback has no other
        LOG.exception("a click failed")
        note("That did not work. The reason is in the desk's log.", FAILED)
    else:
        if done:
            note(done)
        return True
    return False


def actor() -> str:
    """Return who clicks: whom the login gate vouches for, else the address that OIDC knows."""
    return str(st.user.get("operator") or st.user.get("email") or "operator")
