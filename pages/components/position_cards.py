"""What is open, one card per holding: whose it is, how it does, and what can be done at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from core.domain.holdings import Holding
from pages.components import badges
from pages.components.formatting import (
    NOTHING,
    brief,
    money,
    plural,
    prose,
    quantity,
    r,
)
from pages.components.position_dialogs import ask
from pages.components.position_order import timeline_button
from pages.components.position_questions import break_even_question, flatten_question

FIRST = 20  # cards that are drawn at once; the rest waits behind a fold


def holdings(found: Sequence[Holding], looked_at: datetime | None) -> None:
    """Draw the cards, the desk's own first; or that the account is flat."""
    st.subheader("Open positions")
    if looked_at is None:
        st.caption("The broker has not been asked yet.")
    elif not found:
        st.caption(f"Flat. The broker was looked at {brief(looked_at)}.")
    for holding in found[:FIRST]:
        card(holding)
    if rest := found[FIRST:]:
        fold = st.expander(f"{plural(len(rest), 'more holding')}", on_change="rerun",
                           key="positions_more")  # fmt: skip
        if fold.open:
            with fold:
                for holding in rest:
                    card(holding)


def card(holding: Holding) -> None:
    with st.container(border=True, key=f"holding_{slug(holding)}", gap="small"):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            with st.container(horizontal=True, width="content", vertical_alignment="center"):
                _whose(holding)
            with st.container(horizontal=True, width="content"):
                _buttons(holding)
        _numbers(holding)
        if holding.unclosable:
            st.caption(f"Cannot be flattened here: {holding.unclosable}.")


def slug(holding: Holding) -> str:
    """Return a name that a widget's key may hold."""
    return "".join(sign if sign.isalnum() else "-" for sign in holding.name)


def _whose(holding: Holding) -> None:
    held, opened = f"{quantity(abs(holding.quantity))} shares", holding.opened_at
    since = f" :small[:gray[since {brief(opened)}]]" if opened else ""
    st.markdown(
        f"**{prose(holding.symbol)}** {badges.inline(holding.side)} {held}{since}", width="content"
    )
    if holding.is_external:
        st.markdown(
            f"{badges.inline('external', 'EXTERNAL')} :small[:gray[beside the desk]]",
            width="content",
        )
    else:
        st.page_link("tactics.py", label=prose(holding.owner), icon=":material/strategy:",
                     query_params={"tactic": holding.owner}, width="content")  # fmt: skip


def _numbers(holding: Holding) -> None:
    cells = [
        ("R", r(holding.open_r)),
        ("Open P&L", money(holding.unrealized_pnl, signed=True)),
        ("Entry", money(holding.entry)),
        ("Last", money(holding.last)),
        ("Stop at the broker", stop_words(holding)),
        ("Next target", money(holding.target)),
        ("Age", age_words(holding)),
    ]
    known = [cell for cell in cells if cell[1] != NOTHING]
    with st.grid(len(cells), min_column_width=118, gap="small"):
        for name, value in known:
            shown = value.replace("$", "\\$")
            st.markdown(f":small[:gray[{name.replace('&', '&amp;')}]]  \n**{shown}**")


def stop_words(holding: Holding) -> str:
    """Say where the stops stand; that none does is the word that matters most."""
    if holding.stops:
        stops = ", ".join(money(stop) for stop in dict.fromkeys(holding.stops))
        return f"{stops}, break-even" if holding.is_at_break_even else stops
    if holding.is_external:
        return "not known"
    planned = f", planned {money(holding.planned_stop)}" if holding.planned_stop else ""
    return f":red[none{planned}]"


def age_words(holding: Holding) -> str:
    if holding.age_sessions is None:
        return NOTHING
    return plural(holding.age_sessions, "session")


def _buttons(holding: Holding) -> None:
    key = slug(holding)
    if holding.entry_id:
        timeline_button(holding.entry_id, key=f"way_{key}")
        why_not = no_break_even(holding)
        if st.button("Stop to break-even", key=f"breakeven_{key}", icon=":material/balance:",
                     disabled=bool(why_not), help=why_not or None):  # fmt: skip
            ask(break_even_question(holding))
    if st.button("Flatten", key=f"flatten_{key}", icon=":material/logout:",
                 disabled=bool(holding.unclosable),
                 help=holding.unclosable.capitalize() or None):  # fmt: skip
        ask(flatten_question(holding))


def no_break_even(holding: Holding) -> str:
    """Say why the stop cannot be moved, as far as it is known here."""
    if not holding.stops:
        return "No stop stands at the broker that could be moved."
    return "The stop stands there already, or closer." if holding.is_at_break_even else ""
