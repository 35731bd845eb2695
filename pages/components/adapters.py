"""The shipped adapters: which are chosen, and whether they answer."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from core import bootstrap
from core.domain.reports import ConnectionReport
from pages.components import flash
from pages.components.formatting import eastern, words
from pages.components.tables import State, table, wide

ANSWERS = "connections_answers"


def ask() -> None:
    """Ask every chosen adapter once and keep the answers for the body: callbacks do not draw."""

    def act() -> None:
        reports = bootstrap.desk().connections.doctor()
        st.session_state[ANSWERS] = (datetime.now(UTC), reports)

    flash.press(act, "Every chosen adapter was asked")


def adapters() -> None:
    """Draw what is known of every adapter; only the button asks them over the network."""
    asked_at, reports = st.session_state.get(ANSWERS) or (None, None)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Adapters", width="content")
        st.button("Ask each now", key="connections_ask", icon=":material/cable:", on_click=ask)
    if asked_at is not None:
        st.caption(f"Asked {eastern(asked_at, seconds=True)}.")
    known = reports if reports is not None else bootstrap.desk().connections.report()
    rows = pd.DataFrame([report.model_dump() for report in known])
    rows["kind"] = rows["kind"].map(words)
    rows["state"] = [_state(report) for report in known]
    table(
        rows.sort_values("configured", ascending=False, kind="stable"),
        {"kind": "Kind", "adapter": "Adapter", "state": State("State"), "detail": wide("Says")},
        key="connections_adapters", alt="Adapters and what is known of them",
        empty="No adapter is installed.",
    )  # fmt: skip


def _state(report: ConnectionReport) -> str:
    if not report.configured:
        return "not chosen"
    return {None: "not asked", True: "answers", False: "failed"}[report.reachable]
