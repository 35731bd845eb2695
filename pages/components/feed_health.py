"""How fresh each feed is against what was agreed, and how its providers do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pandas as pd
import streamlit as st

from core.domain.feed_policy import FeedHealth, Gap, ProviderState
from pages.components import badges
from pages.components.formatting import plural, prose, span
from pages.components.tables import State, number, table, when, wide

ERROR_LENGTH = 300


def freshness(health: Sequence[FeedHealth]) -> None:
    """Draw one small card per feed: its state, its age and what is allowed."""
    for column, one in zip(st.columns(len(health)), health, strict=True):
        with column.container(border=True, height="stretch", gap="xxsmall"):
            st.markdown(f"**{one.feed.capitalize()}** {badges.inline(one.state)}")
            st.caption(f"{age(one)}; {span(timedelta(minutes=one.allowed_minutes))} allowed")


def age(one: FeedHealth) -> str:
    """Say when a feed last succeeded."""
    if one.age_minutes is None:
        return "No success yet"
    if one.age_minutes < 1:
        return "Read just now"
    return f"Read {span(timedelta(minutes=one.age_minutes))} ago"


def errors(health: Sequence[FeedHealth]) -> None:
    """Draw the text of each feed's last error; one that another provider made up for, too."""
    lines = [
        f"{badges.inline(one.state)} **{one.feed}** :small[{prose(one.error[:ERROR_LENGTH])}]"
        for one in health if one.error
    ]  # fmt: skip
    if lines:
        st.markdown("  \n".join(lines))


def alarm(health: Sequence[FeedHealth]) -> None:
    """Say in one line which feeds are not as fresh as agreed."""
    stale = [one.feed for one in health if one.state in {"late", "failed"}]
    if stale:
        st.page_link(
            "connections.py", icon=":material/warning:",
            label=f"Not as fresh as agreed: {', '.join(stale)}. See why in connections.",
        )  # fmt: skip


def providers(by_kind: Mapping[str, Sequence[ProviderState]]) -> None:
    """Draw what is known of each provider; nobody is asked for it."""
    rows = [
        {
            "kind": kind, "name": one.name, "breaker": one.breaker,
            "left": "no limit" if one.tokens is None else str(one.tokens),
            "last_success_at": one.last_success_at, "last_failure_at": one.last_failure_at,
            "until": one.open_until, "last_error": one.last_error or None,
        }
        for kind, states in by_kind.items() for one in states
    ]  # fmt: skip
    moments = ("last_success_at", "last_failure_at", "until")
    frame = pd.DataFrame(rows)
    frame[[*moments]] = frame[[*moments]].apply(pd.to_datetime, utc=True)
    table(
        frame,
        {
            "kind": "Feed", "name": "Provider", "breaker": State("Circuit"),
            "left": "Requests left", "last_success_at": when("Answered"),
            "last_failure_at": when("Failed"), "until": when("Rests until"),
            "last_error": wide("Last error"),
        },
        key="connections_providers", alt="Providers, their circuits and limits", empty="",
    )  # fmt: skip


def gaps(found: Sequence[Gap]) -> None:
    """Draw the sessions whose bars should be there and are not."""
    if found:
        bars = plural(sum(gap.count for gap in found), "daily bar")
        st.caption(f"{bars} of the last year missing. The next aggregate run asks for them again.")
    table(
        pd.DataFrame([gap.model_dump() for gap in found]),
        {
            "symbol": "Symbol", "timeframe": "Bars", "first": _session("From"),
            "last": _session("To"), "count": number("Missing", "%d"),
        },
        key="connections_gaps", alt="Gaps in the daily bars",
        empty="No session of the last year is missing.",
    )  # fmt: skip


def findings(found: pd.DataFrame) -> None:
    """Draw what the checks of the data found."""
    table(
        found,
        {
            "found_at": when("Found"), "kind": State("Kind"), "symbol": "About",
            "text": wide("What"),
        },
        key="connections_findings", alt="Findings, newest first",
        empty="Nothing was found. A price on which two providers differ would stand here.",
    )  # fmt: skip


def _session(label: str) -> Any:
    return st.column_config.DateColumn(label, format="D MMM YYYY")
