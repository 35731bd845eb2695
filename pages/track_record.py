"""How past plans have done, by rule and for everyone to check."""

from __future__ import annotations

import streamlit as st

from core import bootstrap
from core.domain.views import TrackRecord
from pages.components import track_charts, track_numbers, track_tables
from pages.components.formatting import plural
from pages.components.split import split

KIND, SIDE = "Setup, grade, timeframe", "and side"


def by_kind(record: TrackRecord) -> None:
    """Draw the results by kind of plan."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("By kind of plan", width="content")
        chosen = st.segmented_control(
            "Rows by", [KIND, SIDE], default=KIND, required=True, key="track_rows",
            label_visibility="collapsed",
        )  # fmt: skip
    if chosen == SIDE:
        track_tables.kinds(record.rows_by_side, by_side=True)
    else:
        track_tables.kinds(record.rows, by_side=False)


def results(record: TrackRecord) -> None:
    """Draw everything that rests on plans that have ended."""
    track_numbers.provenance(record.resolved)
    track_numbers.headline(record)
    left, right = split(1, 1)
    with left:
        track_charts.cumulative_r(record.resolved)
    with right:
        track_charts.calibration(record.calibration)
        with st.expander("As a table"):
            track_tables.buckets(record.calibration)
    by_kind(record)
    st.subheader("Ended plans")
    st.caption(f"{plural(len(record.resolved), 'plan')}, losers included, newest first.")
    track_tables.ended(record.resolved)


st.title("Track record", icon=":material/query_stats:")
st.caption(
    "Every plan that was published or approved, replayed by fixed rules on 5-minute bars. A plan "
    "that was never filled is no win and no loss."
)
record = bootstrap.desk().track_record.read()
if record.resolved.empty:
    st.caption("No plan has ended yet. Plans are resolved at 16:15 ET, after the session.")
else:
    results(record)
sums, chained = split(1, 1)
with sums:
    track_numbers.reconciliation(record.reconciliation)
with chained:
    track_numbers.ledger(record.ledger)
