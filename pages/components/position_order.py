"""One order: how it was sized, with all limits, and its way from the intent to the last fill."""

from __future__ import annotations

import streamlit as st

from core import bootstrap
from core.domain.views.positions import OrderDetail
from pages.components import dialogs
from pages.components.formatting import prose
from pages.components.position_ladder import ladder
from pages.components.tables import State, medium, number, table, when


def timeline_button(client_order_id: str, *, key: str) -> None:
    """Draw the button that opens the way of an order."""
    if st.button("Timeline", key=key, icon=":material/timeline:", type="tertiary"):
        way_dialog(client_order_id)


@st.dialog("Order", width="large", icon=":material/timeline:", on_dismiss="rerun")
def way_dialog(client_order_id: str) -> None:
    dialogs.opening()
    panel(client_order_id, key="positions_dialog")


def panel(client_order_id: str, *, key: str) -> None:
    """Draw one order: what it is, how it was sized, and its way."""
    found = bootstrap.desk().positions.order(client_order_id)
    st.markdown(f":small[:gray[{prose(client_order_id)}]]")
    if found.tactic_id:
        st.page_link(
            "tactics.py", label=f"The plan, {prose(found.tactic_id)}", icon=":material/strategy:",
            query_params={"tactic": found.tactic_id},
        )  # fmt: skip
    ladder(found.sizes)
    way(found, key=key)


def way(found: OrderDetail, *, key: str) -> None:
    """Draw every event of an order and of what protects it, the oldest first."""
    st.markdown("**Timeline** :small[:gray[intent, checks, broker, fills; protection included]]")
    names = {} if found.path["client_order_id"].nunique() < 2 else {"client_order_id": "Order"}
    table(
        found.path,
        {
            "happened_at": when("When", seconds=True), "what": State("What"),
            "quantity": number("Quantity", "%.0f"), "price": number("Price"),
            "detail": medium("Detail"), "actor": medium("By"), **names,
        },
        key=f"{key}_way", alt=f"Timeline of {found.client_order_id}",
        empty="Nothing is known of this order.",
    )  # fmt: skip
