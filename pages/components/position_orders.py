"""Orders: those that still work, with their cancel, and the newest of all."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.domain.holdings import can_be_cancelled
from core.domain.order_keys import entry_of, is_protection
from core.domain.orders import Order, Purpose
from core.domain.views.positions import PositionsPage
from pages.components import badges
from pages.components.formatting import brief, plural, prose, quantity
from pages.components.position_dialogs import ask
from pages.components.position_order import panel, timeline_button
from pages.components.position_questions import cancel_question, in_words
from pages.components.tables import State, number, table, when

FIRST = 20  # lines that are drawn at once


def working(orders: Sequence[Order]) -> None:
    """Draw one line per order that may still trade, with its way and its cancel."""
    st.subheader("Working orders")
    if not orders:
        st.caption("No order is working: nothing waits at the broker.")
    for order in orders[:FIRST]:
        line(order)
    if len(orders) > FIRST:
        st.caption(f"{plural(len(orders) - FIRST, 'more order')}: see the table below.")


def line(order: Order) -> None:
    name = order.client_order_id
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center",
        border=True, key=f"order_{slug(name)}",
    ):  # fmt: skip
        st.markdown(
            f"**{prose(order.symbol)}** {badges.inline(order.side)} {in_words(order)} "
            f"{state(order)} :small[:gray[{role(order)}, "
            f"since {brief(order.submitted_at)}]]",
            width="content",
        )
        with st.container(horizontal=True, width="content"):
            timeline_button(name, key=f"order_way_{slug(name)}")
            why_not = no_cancel(order)
            if st.button("Cancel", key=f"cancel_{slug(name)}", icon=":material/close:",
                         disabled=bool(why_not), help=why_not or None):  # fmt: skip
                ask(cancel_question(order))


def slug(name: str) -> str:
    return "".join(sign if sign.isalnum() else "-" for sign in name)


def state(order: Order) -> str:
    """Return the badge of an order; of a done one its exits may still work."""
    return badges.inline(order.status) if order.status.is_open else (
        badges.inline("accepted", f"{badges.word(order.status)}, exits working")
    )  # fmt: skip


def role(order: Order) -> str:
    """Say what an order is there for."""
    if is_protection(order.client_order_id):
        return f"protects {prose(entry_of(order.client_order_id))}"
    if order.purpose is Purpose.EXIT:
        return "closes"
    exits = plural(len(order.open_legs), "exit")
    return f"entry, {exits} at the broker" if order.open_legs else "entry"


def no_cancel(order: Order) -> str:
    """Say why an order cannot be cancelled by hand, "" where it can."""
    if is_protection(order.client_order_id):
        return "It protects a position: flatten that instead."
    if can_be_cancelled(order):
        return ""
    if order.status.is_open:
        return "Its cancel is on the way."
    return "The entry is done; its exits protect the position: flatten that instead."


def all_orders(page: PositionsPage) -> None:
    """Draw the newest orders, and below them everything about the chosen one."""
    rows = page.view.orders
    table(
        rows,
        {
            "symbol": "Symbol", "side": State("Side"), "status": State("Status"),
            "quantity": number("Quantity", "%.0f"), "limit_price": number("Limit"),
            "filled_quantity": number("Filled", "%.0f"),
            "average_fill_price": number("Average fill"), "submitted_at": when("Submitted"),
            "updated_at": when("Changed"), "client_order_id": "Key",
        },
        key="positions_orders", alt="Orders, newest first", empty="No order was sent yet.",
    )  # fmt: skip
    if rows.empty:
        return
    names = rows["client_order_id"].tolist()
    told = {row.client_order_id: label(row) for row in rows.itertuples()}
    chosen = st.selectbox(
        "Size and timeline of", names, key="positions_order", format_func=lambda one: told[one],
    )  # fmt: skip
    panel(chosen, key="positions_panel")


def label(row: object) -> str:
    """Return how an order is told from the others."""
    at = brief(pd.Timestamp(row.submitted_at).to_pydatetime())  # type: ignore[attr-defined]
    return (
        f"{row.symbol} {row.side} {quantity(row.quantity)}, "  # type: ignore[attr-defined]
        f"{badges.word(row.status)}, {at}"  # type: ignore[attr-defined]
    )
