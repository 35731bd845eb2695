"""The hash chain over everything that was recorded."""

from __future__ import annotations

import streamlit as st

from core import bootstrap
from core.domain.audit import ChainReport
from pages.components import flash
from pages.components.formatting import plural

CHAIN = "connections_chain"


def verify() -> None:
    """Keep the result for the body: callbacks do not draw."""

    def act() -> None:
        st.session_state[CHAIN] = bootstrap.desk().controls.verify()

    flash.press(act, "The chain was recomputed")


def chain() -> None:
    """Draw the button that recomputes the ledger's hash chain, and its last result."""
    st.caption("Every row of the ledger holds the hash of the one before: nothing can be rewritten "
               "unseen.")  # fmt: skip
    st.button("Verify the ledger", key="connections_verify", icon=":material/verified:",
              on_click=verify)  # fmt: skip
    report: ChainReport | None = st.session_state.get(CHAIN)
    if report is None:
        return
    rows = plural(report.rows, "row")
    if report.ok:
        st.success(f"The chain holds over {rows}.", icon=":material/verified:")
    else:
        st.error(f"The chain breaks at row {report.first_bad} of {rows}.", icon=":material/error:")
    st.markdown(f"Head `{report.head_sha256}`")
