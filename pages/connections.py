"""What the desk is connected to, how fresh its data is, what was refused, and what went out."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import streamlit as st

from core import bootstrap
from core.domain.feed_policy import Gap
from pages.components import feed_health
from pages.components.adapters import adapters
from pages.components.formatting import ago, day, eastern
from pages.components.ledger import chain
from pages.components.tables import State, number, table, when, wide


@st.cache_data(ttl="60s", max_entries=4, show_spinner=False)
def gaps(store: str, moment: datetime) -> list[Gap]:  # noqa: ARG001
    """Return what is only shown; the two arguments tell one desk and its minute from another."""
    return bootstrap.desk().market.gaps()


def health() -> None:
    """Draw how fresh each feed is, why one is not, and how its providers do."""
    desk = bootstrap.desk()
    found = desk.market.health()
    feed_health.freshness(found)
    feed_health.errors(found)
    st.subheader("Providers")
    feed_health.providers(desk.market.providers())
    if desk.clock.is_replay:
        st.caption("Limits and circuits run on this machine's clock, not on the replayed one.")


def stream() -> None:
    """Draw how the live stream does."""
    desk = bootstrap.desk()
    st.subheader("Stream")
    feed_health.stream(desk.market.stream(), desk.clock.now())


def feeds() -> None:
    """Draw each feed's last check."""
    desk = bootstrap.desk()
    rows, now = desk.views.feeds(), desk.clock.now()
    st.subheader("Feeds")
    if len(rows):
        rows["state"] = ["failed" if error else "ok" for error in rows["error"]]
        rows["told"] = rows["error"].where(rows["error"] != "", rows["note"])
        rows["age"] = [
            "never" if pd.isna(at) else ago(at.to_pydatetime(), now) for at in rows["newest_ok_at"]
        ]
    table(
        rows,
        {
            "feed": "Feed", "provider": "Provider", "state": State("State"),
            "age": "Last success", "newest_ok_at": when("At"), "newest_at": when("Newest row"),
            "rows_read": number("Read", "%d"), "rows_stored": number("Stored", "%d"),
            "rows_quarantined": number("Refused", "%d"), "told": wide("Failed or missing"),
        },
        key="connections_feeds", alt="Feeds and their last check",
        empty="No feed has been read yet. The daily tactic reads them at 08:15 ET.",
    )  # fmt: skip


def stored() -> None:
    """Draw how much of each kind is stored; daily rows have a date and no time."""
    rows = bootstrap.desk().views.feed_rows()
    daily = (rows["detail"] == "1d") | (rows["feed"] == "fundamentals")
    for name in ("first_at", "last_at"):
        shown = [
            day(at.date()) if d else eastern(at) for at, d in zip(rows[name], daily, strict=True)
        ]
        rows[name] = pd.Series(shown, index=rows.index, dtype=object)
    table(
        rows,
        {
            "feed": "Feed", "provider": "Provider", "detail": "Detail", "label": State("Label"),
            "rows": number("Rows", "%d"), "symbols": number("Symbols", "%d"),
            "first_at": "From", "last_at": "To",
        },
        key="connections_rows", alt="How much is stored", empty="Nothing is stored yet.",
    )  # fmt: skip


def refused() -> None:
    """Draw the rows that were refused, by reason and one by one."""
    views = bootstrap.desk().views
    by_reason = views.quarantine()
    table(
        by_reason,
        {
            "kind": "Kind", "source": "Source", "reason": wide("Reason"),
            "rows": number("Rows", "%d"), "newest_key": "Newest", "last_at": when("Last"),
        },
        key="connections_reasons", alt="Refused rows by reason",
        empty="No row was refused. A bad bar or headline would stand here with its reason.",
    )  # fmt: skip
    if len(by_reason):
        table(
            views.quarantined_rows(),
            {
                "recorded_at": when("Refused"), "kind": "Kind", "source": "Source", "key": "Row",
                "reason": wide("Reason"), "payload": wide("As it came"),
            },
            key="connections_refused", alt="Refused rows, newest first", empty="",
        )  # fmt: skip


def effects() -> None:
    """Draw the ledger of everything that left the desk."""
    rows = pd.DataFrame([record.model_dump() for record in bootstrap.desk().decisions.effects()])
    table(
        rows.iloc[::-1] if len(rows) else rows,
        {
            "state": State("State"), "key": wide("Key"), "target": "Target",
            "attempt": number("Attempts", "%d"), "external_id": "Id there", "note": "Note",
            "updated_at": when("Changed", seconds=True),
        },
        key="connections_effects", alt="Effects: orders, posts and alerts",
        empty="No order, post or alert has left the desk yet.",
    )  # fmt: skip


st.title("Connections", icon=":material/cable:")
health()
stream()
feeds()
adapters()
rows_tab, gaps_tab, findings_tab, refused_tab, effects_tab, chain_tab = st.tabs(
    ["Stored rows", "Gaps", "Findings", "Refused rows", "Effects", "Ledger"],
    key="connections_tabs",
)
with rows_tab:
    stored()
with gaps_tab:
    desk = bootstrap.desk()
    minute = desk.clock.now().replace(second=0, microsecond=0)
    feed_health.gaps(gaps(str(desk.settings.data_dir), minute))
with findings_tab:
    feed_health.findings(bootstrap.desk().market.findings())
with refused_tab:
    refused()
with effects_tab:
    effects()
with chain_tab:
    chain()
