"""Differences between desk and broker: both sides of each, and what the operator makes of it."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core import bootstrap
from core.desk.reconciliation import ReconciliationState
from core.domain.reconciliation import (
    Adoption,
    Difference,
    DifferenceKind,
    OpenDifference,
    Scope,
    plain,
)
from core.domain.views.positions import Word
from pages.components import badges
from pages.components.formatting import brief, plural, prose, usd, words
from pages.components.position_dialogs import Question, ask
from pages.components.split import split


def differences(found: ReconciliationState) -> None:
    """Draw every open difference with both sides and its two answers."""
    if not found.open:
        return
    st.subheader("Differences to settle")
    for one in found.open:
        with st.container(border=True, key=f"difference_{one.difference_id[:12]}"):
            _head(one)
            left, right = split(1, 1, border=False)
            with left:
                st.markdown(f":small[:gray[The desk]]  \n{prose(one.difference.desk)}")
            with right:
                st.markdown(f":small[:gray[The broker]]  \n{prose(one.difference.broker)}")
            st.caption(adoption_words(one.difference))


def _head(one: OpenDifference) -> None:
    difference, key = one.difference, one.difference_id[:12]
    look = "error" if blocks(difference) else "info"
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.markdown(
            f"**{words(difference.kind).capitalize()}** {prose(difference.subject)} "
            f"{badges.inline(look, f'blocks {block_words(difference)}')} "
            f":small[:gray[since {brief(one.since)}]]",
            width="content",
        )
        with st.container(horizontal=True, width="content"):
            if difference.kind is DifferenceKind.ORDER_UNCLEAR:
                st.page_link("workflows.py", label="Settle the effect",
                             icon=":material/arrow_forward:", width="content")  # fmt: skip
                return
            if difference.adoption != Adoption() and st.button(
                "Adopt", key=f"adopt_{key}", icon=":material/download_done:"
            ):
                ask(adopt_question(one))
            if st.button("Ignore", key=f"ignore_{key}", icon=":material/visibility_off:"):
                ask(ignore_question(one))


def adoption_words(difference: Difference) -> str:
    """Say what adopting would take over from the broker."""
    if difference.kind is DifferenceKind.ORDER_UNCLEAR:
        return "It may be at the broker: it is looked up with every comparison."
    taken = list(_taken(difference.adoption))
    if not taken:
        return "The broker tells nothing that could be taken over: set it right there, or ignore."
    return f"Adopting it {', '.join(taken)}."


def _taken(adoption: Adoption) -> list[str]:
    taken = []
    if adoption.order is not None:
        taken.append(f"lets the order count as {words(adoption.order.status)}")
    if adoption.order_ids:
        taken.append(f"takes {plural(len(adoption.order_ids), 'order')} as EXTERNAL")
    if adoption.fills:
        taken.append(f"books {plural(len(adoption.fills), 'missing fill')}")
    taken += [
        f"books {plain(entry.quantity):+} {prose(entry.symbol)} to {prose(entry.owner)}"
        for entry in adoption.entries
    ]
    if adoption.cash:
        taken.append(f"books {usd(adoption.cash, signed=True)} of cash")
    return taken


def adopt_question(one: OpenDifference) -> Question:
    """Ask before the broker's story counts."""
    return Question(
        title="Adopt a difference",
        icon=":material/download_done:",
        text=f"{_both(one)}  \n{adoption_words(one.difference)}",
        yes="Adopt",
        act=partial(adopt, one.difference_id),
    )


def ignore_question(one: OpenDifference) -> Question:
    """Ask before a difference may stand."""
    return Question(
        title="Ignore a difference",
        icon=":material/visibility_off:",
        text=f"{_both(one)}  \nIt may stand as it is; another one of the same thing is told again.",
        yes="Ignore",
        act=partial(ignore, one.difference_id),
    )


def _both(one: OpenDifference) -> str:
    difference = one.difference
    return (
        f"**{words(difference.kind).capitalize()}** {prose(difference.subject)}  \n"
        f"The desk: {prose(difference.desk)}  \nThe broker: {prose(difference.broker)}"
    )


def adopt(difference_id: str, word: Word) -> str:
    bootstrap.desk().reconciliation.adopt(difference_id, word.actor, word.reason)
    return "Adopted: the broker's story counts"


def ignore(difference_id: str, word: Word) -> str:
    bootstrap.desk().reconciliation.ignore(difference_id, word.actor, word.reason)
    return "Ignored: the difference may stand"


def blocks(difference: Difference) -> bool:
    return difference.blocks is not Scope.NOTHING


def block_words(difference: Difference) -> str:
    """Say what may not be traded for a difference."""
    if difference.blocks is Scope.ALL:
        return "everything"
    return prose(", ".join(difference.symbols)) if blocks(difference) else "nothing"
