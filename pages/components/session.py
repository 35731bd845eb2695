"""Today's plans and the newest posts, runs and feeds, each as one short line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import streamlit as st

from core.domain.feed_policy import FeedHealth
from pages.components import badges
from pages.components.formatting import NEW_YORK, ago, brief, day, plural, prose, r

GRADES = ("A+", "B", "C", "DNP")


def state_of(row: Any) -> str:
    """Return the one state that says most about a tactic of the list."""
    return str(row.outcome or row.trade_state or row.publishing_state or "drafted")


def rows_of(frame: pd.DataFrame) -> Iterator[Any]:
    """Return the rows with their columns as attributes."""
    return iter(frame.itertuples())


def by_grade(tactics: pd.DataFrame) -> pd.DataFrame:
    """Return the tactics with the best grade first, newest session first within a grade."""
    order = {grade: place for place, grade in enumerate(GRADES)}
    keyed = tactics.assign(_place=tactics["grade"].map(order).fillna(len(order)))
    sorted_ = keyed.sort_values(["session_date", "_place", "symbol"], ascending=[False, True, True])
    return sorted_.drop(columns="_place")


def session_card(session: date | None, tactics: pd.DataFrame) -> None:
    """Draw the session's plans: grade, symbol, headline and state, each a link."""
    if tactics.empty:
        st.markdown("**Today's session**")
        st.caption("No plan yet. The daily tactic runs at 08:15 ET on trading days.")
        return
    traded = int(tactics["is_armed"].sum())
    st.markdown(f"**Session {day(session)}** :small[:gray[{plural(len(tactics), 'plan')}, "
                f"{plural(traded, 'order')}]]")  # fmt: skip
    for row in rows_of(by_grade(tactics)):
        with _line():
            st.page_link(
                "tactics.py", label=f"**{row.symbol}** {prose(row.headline)}",
                query_params={"tactic": str(row.tactic_id)}, width="content",
            )  # fmt: skip
            result = f" {r(row.system_r)}" if row.outcome and pd.notna(row.system_r) else ""
            st.markdown(
                f"{badges.inline(row.grade)} {badges.inline(state_of(row))}{result}",
                width="content",
            )


def publications_card(posts: pd.DataFrame) -> None:
    st.markdown("**Recent publications**")
    if posts.empty:
        st.caption("Nothing is published yet.")
    with st.container(gap="xxsmall"):
        for row in rows_of(posts.head(6)):
            with _line():
                publication_link(str(row.url), str(row.title))
                st.caption(f"{row.published_at.tz_convert(NEW_YORK):%-d %b}", width="content")
    st.page_link("content.py", label="All posts", icon=":material/arrow_forward:")


def _line() -> Any:
    return st.container(
        horizontal=True, wrap=False, horizontal_alignment="distribute",
        vertical_alignment="center", gap="xsmall",
    )  # fmt: skip


def publication_link(url: str, title: str, *, icon: str = ":material/campaign:") -> None:
    """Link to a post: inside the desk for a preview, to its platform otherwise."""
    found = parse_qs(urlsplit(url).query).get("post")
    if url.startswith("/content") and found:
        st.page_link("content.py", label=prose(title), icon=icon, query_params={"post": found[0]})
    elif url.startswith(("https://", "http://")):
        st.page_link(url, label=prose(title), icon=":material/open_in_new:")
    else:
        st.markdown(prose(title))


def runs_card(runs: pd.DataFrame) -> None:
    st.markdown("**Last run of each workflow**")
    if runs.empty:
        st.caption("No workflow has run yet.")
        return
    lines = []
    for row in rows_of(runs):
        when = brief(row.as_of) if pd.notna(row.as_of) else "for no session"
        lines.append(f"{badges.inline(row.status)} **{row.workflow}** :small[:gray[{when}]]")
        if row.error and pd.notna(row.error):
            lines.append(f":small[{prose(row.error)}]")
    st.markdown("  \n".join(lines))
    st.page_link("workflows.py", label="All runs", icon=":material/arrow_forward:")


def feeds_card(feeds: pd.DataFrame, health: Sequence[FeedHealth], now: datetime) -> None:
    st.markdown("**Feeds**")
    if feeds.empty:
        st.caption("No feed has been read yet.")
        return
    late = {one.feed for one in health if one.state == "late"}
    lines = [
        f"{badges.inline('failed' if row.error else 'late' if row.feed in late else 'ok')} "
        f"**{row.feed}** "
        f":small[:gray[{prose(row.provider)}, {_fresh(row, now)}]]"
        for row in rows_of(feeds)
    ]
    st.markdown("  \n".join(lines))
    st.page_link("connections.py", label="All connections", icon=":material/arrow_forward:")


def _fresh(row: Any, now: datetime) -> str:
    read = "never" if pd.isna(row.newest_ok_at) else ago(row.newest_ok_at.to_pydatetime(), now)
    refused = (
        f", {plural(int(row.rows_quarantined), 'row')} refused" if row.rows_quarantined else ""
    )
    return f"read {read}, {plural(int(row.rows_read), 'row')}{refused}"
