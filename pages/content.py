"""Posts by state, what stands behind their words, and where they can be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core import bootstrap
from core.domain.views import ContentCard, ContentState
from pages.components import badges
from pages.components.facts import facts_table, limits
from pages.components.formatting import brief, eastern, post_markdown, prose, short
from pages.components.lineage import lineage_table
from pages.components.session import publication_link
from pages.components.tables import State, configured, table, when, with_states

ORDER = (
    ContentState.WAITING, ContentState.APPROVED, ContentState.PUBLISHED, ContentState.DRAFTED,
    ContentState.EXPIRED, ContentState.REJECTED,
)  # fmt: skip
LIMIT, ROW = 500, 35


def published(external_id: str) -> None:
    """Draw one post as its readers have it."""
    st.button("All posts", key="content_back", icon=":material/arrow_back:", type="tertiary",
              on_click=close)  # fmt: skip
    desk = bootstrap.desk()
    post, version = desk.views.published(external_id)
    st.title(prose(version.title), icon=":material/campaign:")
    st.markdown(
        f"{badges.inline('published')} :small[:gray[on {prose(post.platform)}, "
        f"{eastern(post.published_at)}, version {post.version}, "
        f"hash {short(post.content_sha256)}]]"
    )
    left, right = st.columns([3, 2])
    with left.container(border=True):
        variant = version.variant(post.platform)
        st.markdown(post_markdown(variant.body if variant else version.body))
    with right:
        st.markdown("**Rests on**")
        lineage_table(desk.views.lineage(post.publication_id), key="content_origin")
        facts_table(version.facts, key="content_post_facts")


def close() -> None:
    st.query_params.pop("post", None)
    st.query_params.pop("content", None)


def board() -> None:
    """Draw the posts of one state, and the one that is picked."""
    st.title("Content", icon=":material/article:")
    cards = bootstrap.desk().views.content_board(LIMIT)
    if not cards:
        st.caption("No post yet. The daily tactic writes one per plan at 08:15 ET.")
        return
    linked = next(
        (c for c in cards if c.content.content_id == st.query_params.get("content")), None
    )
    counts = Counter(card.state for card in cards)
    first = linked.state if linked else next(state for state in ORDER if counts[state])
    state = st.segmented_control(
        "State", ORDER, default=first, required=True, key="content_state",
        format_func=lambda s: f"{badges.word(s).capitalize()} {counts[s]}",
        label_visibility="collapsed",
    )  # fmt: skip
    found = [card for card in cards if card.state == state]
    if not found:
        st.caption(f"No post is {badges.word(state)}.")
        return
    left, right = st.columns([2, 3])
    with left:
        picked = pick(found, linked)
    with right:
        preview(picked)


def pick(cards: Sequence[ContentCard], linked: ContentCard | None) -> ContentCard:
    """Draw the list; return the chosen post, the linked or the newest one by default."""
    frame = pd.DataFrame({
        "title": [card.content.title for card in cards],
        "changed": [brief(card.changed_at) for card in cards],
    })  # fmt: skip
    columns = {"title": st.column_config.TextColumn("Title", width=230), "changed": "Changed"}
    first = cards.index(linked) if linked is not None and linked in cards else 0
    event = st.dataframe(
        with_states(frame, columns), hide_index=True, selection_mode="single-row",
        height=min(ROW * (len(cards) + 1) + 3, 630), alt="Posts, newest first",
        on_select="rerun", key=f"content_list_{cards[0].state}_{len(cards)}",
        selection_default={"selection": {"rows": [first]}},
        column_config=configured(frame, columns),
    )  # fmt: skip
    rows = event["selection"]["rows"]
    return cards[rows[0] if rows and rows[0] < len(cards) else first]


def preview(card: ContentCard) -> None:
    """Draw a post and everything behind it."""
    content = card.content
    why = f", {prose(card.reason)}" if card.reason else ""
    st.markdown(
        f"**{prose(content.title)}**  \n{badges.inline(card.state)} :small[:gray["
        f"{eastern(card.changed_at)}{why}, version {content.version}, "
        f"hash {short(content.content_sha256)}]]"
    )
    for post in card.publications:
        publication_link(post.url, f"Open the post on {post.platform}")
    text, facts, origin, history = st.tabs(["Post", "Facts", "Lineage", "History"])
    with text.container(border=True):
        st.markdown(post_markdown(content.body))
    with facts:
        facts_table(content.facts, key="content_facts")
        limits(content)
    with origin:
        rows = bootstrap.desk().views.content_lineage(content.content_id)
        lineage_table(rows, key="content_lineage")
    with history:
        events = pd.DataFrame([event.model_dump() for event in card.events])
        columns = {"occurred_at": when("When"), "kind": State("What"), "platform": "Platform",
                   "actor": "By", "reason": "Why", "version": "Version"}  # fmt: skip
        table(events, columns, key="content_history", alt="History of the post",
              empty="Nothing has happened to this post yet.")  # fmt: skip


if external_id := st.query_params.get("post"):
    published(external_id)
else:
    board()
