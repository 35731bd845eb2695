"""What all past plans amount to, whether each is accounted for, and the ledger of them."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import streamlit as st

from core.domain.track_record import Credibility, LedgerHead, Reconciliation, Summary
from core.domain.views import TrackRecord
from pages.components import badges
from pages.components.formatting import NOTHING, percent, plural, r

TOO_FEW = "not enough data"


def headline(record: TrackRecord) -> None:
    """Draw the numbers of all plans together."""
    total = record.total
    with st.container(horizontal=True):
        for label, value, told in _numbers(total):
            st.metric(
                label, value, told, delta_color="off", delta_arrow="off", border=True,
                height="stretch",
            )  # fmt: skip
    if not total.enough:
        st.caption("Below 20 results a rate says nothing, so none is shown.")


def _numbers(total: Credibility) -> Iterator[tuple[str, str, str]]:
    ended = f"{total.wins} won, {total.losses} lost, {total.breakevens} breakeven"
    yield "Plans filled by rule", f"{total.count:,}", ended
    yield "Net result by rule", r(total.net_r), f"{total.untraded:,} more never filled: no result"
    if not total.enough:
        yield "Win rate", TOO_FEW, plural(total.count, "result")
        return
    yield "Win rate", percent(total.win_rate), interval(total.win_low, total.win_high)
    yield "Mean result", r(total.expectancy_r), mean_interval(total)
    yield "Profit factor", factor(total), "won R per lost R"


def interval(low: float | None, high: float | None) -> str:
    """Return the 95 % interval of a rate."""
    return f"{percent(low, places=0)} to {percent(high, places=0)} (95 %)"


def mean_interval(row: Credibility) -> str:
    return f"{r(row.mean_low)} to {r(row.mean_high)} (95 %)"


def factor(row: Summary) -> str:
    return NOTHING if row.profit_factor is None else f"{row.profit_factor:.2f}"


def provenance(resolved: pd.DataFrame) -> None:
    """Say how many results rest on bars that were never traded."""
    counts = resolved["label"].value_counts()
    for label, count in counts.items():
        what = "a result on them is an example, not a track record" if label == "synthetic" else ""
        note = f": {what}" if what else ""
        st.markdown(
            f"{badges.inline(label)} :small[:gray[{count} of {plural(len(resolved), 'result')} "
            f"on {label} 5-minute bars{note}]]"
        )


def reconciliation(found: Reconciliation) -> None:
    """Draw the sum that leaves no published plan out."""
    st.markdown("**Every published plan is accounted for**")
    parts = {
        "resolved": found.resolved, "superseded": found.superseded,
        "cancelled": found.cancelled, "open": found.open,
    }  # fmt: skip
    told = " + ".join(f"{count} {name}" for name, count in parts.items())
    state, word = ("holds", "adds up") if found.is_balanced else ("failed", "does not add up")
    st.markdown(f"{badges.inline(state, word)} {found.published} published = {told}")
    if found.unpublished:
        more = plural(found.unpublished, "plan")
        st.caption(f"{more} more traded without a post: in the numbers above, not in this sum.")


def ledger(head: LedgerHead) -> None:
    """Draw the head of the public ledger, and how a reader checks it."""
    st.markdown(f"**Public ledger** :small[:gray[{head.entries:,} entries]]")
    st.caption("Each entry holds the hash of the one before. Head:")
    st.code(head.sha256, language=None, wrap_lines=True)
    st.caption("Write it into a folder, and check it there; readers need nothing but Python.")
    st.code("python -m core export ledger DIR\ncd DIR && python verify_ledger.py", language="shell")
