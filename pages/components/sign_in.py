"""Who may see the pages when OIDC guards the desk; the password is asked before any page."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import streamlit as st

from core import bootstrap
from core.web.oidc import Standing, standing
from pages.components.edge import guarded
from pages.components.formatting import prose

LOG = logging.getLogger(__name__)


def require() -> None:
    """Let the script go on for who may be here; ask everybody else to sign in, and stop.

    An error stops it too: what cannot be judged stays outside.
    """
    with guarded():
        if _is_admitted():
            return
    st.stop()


def account() -> None:
    """Draw who is signed in, and the way out, at the foot of the sidebar."""
    if bootstrap.desk().settings.oidc_configured:
        with st.sidebar:
            st.caption(_plain(st.user.get("email")))
            st.button("Sign out", key="sign_out", icon=":material/logout:", on_click=st.logout)


def _is_admitted() -> bool:
    settings = bootstrap.desk().settings
    if not settings.oidc_configured:
        return True
    found = standing(st.user.to_dict(), settings.oidc_allowed_emails, time.time())
    if found is Standing.STRANGER:
        _screen("Sign in to the desk.", "Sign in", st.login)
    elif found is Standing.REFUSED:
        email = str(st.user.get("email") or "an account without a mail address")
        LOG.warning("%r has signed in, but is not allowed", email)
        _screen(f"**{_plain(email)}** is not allowed to use this desk.", "Sign out", st.logout)
    return found is Standing.ADMITTED


def _plain(email: object) -> str:
    return prose(email).replace("@", "@\u200b")  # or Markdown makes a mailto: link of it


def _screen(text: str, label: str, action: Callable[[], None]) -> None:
    with (
        st.container(horizontal_alignment="center"),
        st.container(border=True, width=340, key="sign_in"),
    ):
        st.subheader("Convergence")
        st.markdown(text)
        st.button(label, type="primary", width="stretch", on_click=action, key="sign_in_button")
