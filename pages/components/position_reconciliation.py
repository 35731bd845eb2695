"""Whether desk and broker agree, what that blocks, and how it was before."""

from __future__ import annotations

import streamlit as st

from core import bootstrap
from core.desk.reconciliation import ReconciliationState
from core.domain.reconciliation import ReconciliationRun, RunState
from pages.components import badges, flash
from pages.components.formatting import eastern, plural, prose, span
from pages.components.position_differences import block_words, blocks
from pages.components.tables import State, number, table, when, wide

STATES = {
    RunState.AGREED: ("ok", "agree"),
    RunState.DIFFERS: ("warning", "differ"),
    RunState.NOT_ANSWERED: ("failed", "no answer"),
}


def compare() -> None:
    """Compare now, and say how it went; the page then shows it in full."""

    def act() -> None:
        done = bootstrap.desk().reconciliation.run_now(flash.actor())
        is_well = done.state is RunState.AGREED
        flash.note(result_words(done), flash.DONE if is_well else flash.KNOWN)

    flash.press(act, "")


def result_words(done: ReconciliationRun) -> str:
    """Say how a comparison went."""
    if done.no_answer:
        return f"The broker did not answer, which says nothing of what it holds: {done.no_answer}"
    if done.differences:
        return f"{plural(len(done.differences), 'difference')} between desk and broker"
    return "Desk and broker agree"


def state(found: ReconciliationState) -> None:
    """Draw how desk and broker stand with each other, with the button that compares now."""
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.markdown(f"**Desk and broker** {_badge(found)}", width="content")
        st.button("Compare now", key="positions_compare", icon=":material/compare_arrows:",
                  on_click=compare)  # fmt: skip
    for told in said(found):
        st.markdown(f":small[{told}]")


def _badge(found: ReconciliationState) -> str:
    if found.newest is None or found.state is None:
        return badges.inline("not asked", "not compared")
    look, word = STATES[found.state]
    return badges.inline(look, word)


def said(found: ReconciliationState) -> list[str]:
    """Say what was compared, when, and what that keeps from being traded."""
    if found.newest is None:
        return ["Nothing was compared with the broker yet: no new order goes out before that."]
    newest, told = found.newest, list[str]()
    if newest.no_answer:
        told.append(f"{eastern(newest.reconciled_at)}: {prose(result_words(newest))}.")
    else:
        told.append(
            f"Compared {eastern(newest.reconciled_at)}: {plural(newest.orders, 'order')}, "
            f"{plural(newest.positions, 'position')}, {plural(newest.fills, 'new fill')}, and cash."
        )
    if found.age is not None:
        told.append(f"The broker last answered {span(found.age)} ago.")
    blocked = [block_words(one.difference) for one in found.open if blocks(one.difference)]
    told.append(f"Blocked: {'; '.join(blocked)}." if blocked else "Nothing is blocked by it.")
    if found.ignored:
        told.append(f"{plural(found.ignored, 'difference')} settled before, and still so.")
    return told


def history() -> None:
    """Draw the comparisons, and what was adopted or ignored."""
    views = bootstrap.desk().views
    table(
        views.comparisons(),
        {
            "reconciled_at": when("Compared", seconds=True), "state": State("State"),
            "differences": number("Differences", "%d"), "orders": number("Orders", "%d"),
            "positions": number("Positions", "%d"), "fills": number("New fills", "%d"),
            "run_id": "By", "no_answer": wide("No answer"),
        },
        key="positions_comparisons", alt="Comparisons with the broker, newest first",
        empty="Nothing was compared yet.",
    )  # fmt: skip
    table(
        views.settled_differences(),
        {
            "resolved_at": when("Settled"), "kind": "Kind", "subject": "About",
            "verdict": State("Verdict"), "actor": "By", "reason": wide("Reason"),
            "desk": wide("The desk"), "broker": wide("The broker"),
        },
        key="positions_settled", alt="Differences that were settled, newest first",
        empty="No difference was adopted or ignored yet.",
    )  # fmt: skip
