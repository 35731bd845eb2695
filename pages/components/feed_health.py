"""How fresh each feed is against what was agreed, and how its providers do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import pandas as pd
import streamlit as st

from core.domain.feed_policy import FeedHealth, Gap, ProviderState, StreamState
from core.domain.market import Timeframe
from pages.components import badges
from pages.components.formatting import ago, day, eastern, plural, prose, span
from pages.components.tables import State, number, table, when, wide

ERROR_LENGTH = 300


def freshness(health: Sequence[FeedHealth]) -> None:
    """Draw one small card per feed: its state, its age and what is allowed."""
    with st.grid(min_column_width=140):
        for one in health:
            with st.container(border=True, height="stretch", gap="xxsmall"):
                st.markdown(f"**{one.feed.capitalize()}** {badges.inline(one.state)}")
                st.caption(age(one))


def age(one: FeedHealth) -> str:
    """Say how old the newest bar of a feed is, or its newest success, and what is allowed."""
    if one.age_minutes is None and one.state == "ok":
        return "No bar is due now"
    told = "No success yet"
    if one.age_minutes is not None:
        length = span(timedelta(minutes=one.age_minutes))
        told = "Just now" if one.age_minutes < 1 else f"{length} ago"
    what = "" if one.newest_at is None else "Newest bar: "
    return f"{what}{told}; {span(timedelta(minutes=one.allowed_minutes))} allowed"


def errors(health: Sequence[FeedHealth]) -> None:
    """Draw the text of each feed's last error; one that another provider made up for, too."""
    lines = [
        f"{badges.inline(one.state)} **{one.feed}** :small[{prose(why(one)[:ERROR_LENGTH])}]"
        for one in health if why(one)
    ]  # fmt: skip
    if lines:
        st.markdown("  \n".join(lines))


def why(one: FeedHealth) -> str:
    """Say what is wrong with a feed: the symbols whose bars are missing, and the last error."""
    missing = f"missing {', '.join(one.missing_symbols)}" if one.missing_symbols else ""
    return "; ".join(text for text in (missing, one.error) if text)


def stream(state: StreamState, now: datetime) -> None:
    """Say whether the live stream is on, since when, and what it last brought."""
    if not state.name:
        st.caption("Off; CONVERGENCE_STREAM=alpaca turns it on.")
        return
    told = [
        f"**{prose(state.name)}** is {'on' if state.is_on else 'off'}",
        f"connected since {eastern(state.connected_at)}" if state.connected_at else "not connected",
        f"last message {ago(state.last_message_at, now)}",
        f"error: {prose(state.error[:ERROR_LENGTH])}" if state.error else "",
    ]
    st.markdown("; ".join(part for part in told if part))


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
    """Draw the bars that should be there and are not; a daily one is told by its date."""
    if found:
        daily = sum(gap.count for gap in found if gap.timeframe is Timeframe.DAY)
        missing = plural(sum(gap.count for gap in found), "bar")
        st.caption(
            f"{missing} missing, {daily} of them daily ones of the last year. The next aggregate "
            "run asks for a day again that its provider did not deny within 24 hours."
        )
    rows = [
        {**gap.model_dump(), "first": _start(gap, gap.first), "last": _start(gap, gap.last)}
        for gap in found
    ]
    table(
        pd.DataFrame(rows),
        {
            "symbol": "Symbol", "timeframe": "Bars", "first": "From", "last": "To",
            "count": number("Missing", "%d"),
        },
        key="connections_gaps", alt="Gaps in the bars",
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


def _start(gap: Gap, start: datetime) -> str:
    return day(start.date()) if gap.timeframe is Timeframe.DAY else eastern(start)
