"""A tactic as its readers have it: the post, the short form, and the claims beside it."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core import bootstrap
from core.domain.content import ContentVersion, Fact
from core.domain.views import TacticDetail
from pages.components.claims import claims_panel
from pages.components.formatting import eastern, post_markdown, prose, short
from pages.components.session import publication_link
from pages.components.split import split

SHORT_LIMIT = 1000


def post(detail: TacticDetail, facts: Mapping[str, Fact]) -> None:
    """Draw the post with the fact behind each claim at its side."""
    told = detail.post
    left, right = split(1, 1, border=False)
    with left:
        if told is None:
            st.caption("No post was written about this tactic.")
        else:
            _body(told)
    with right:
        claims_panel(detail.reports, facts, key="tactics_claims")
        if told is not None and told.short_form:
            _short_form(told.short_form.strip())
        if told is not None:
            _html(told)
        _elsewhere(detail)


def _body(told: ContentVersion) -> None:
    with st.container(border=True):
        st.markdown(post_markdown(told.body))
    st.caption(f"Version {told.version} of {eastern(told.created_at)}, hash "
               f"{short(told.content_sha256)}.")  # fmt: skip


def _short_form(text: str) -> None:
    st.markdown(f"**Short form** :small[:gray[{len(text)} of {SHORT_LIMIT:,} characters]]")
    st.code(text, language=None, wrap_lines=True)


def _html(told: ContentVersion) -> None:
    """Offer the post as a site takes it: a fragment that may be pasted."""
    with st.expander("HTML of the post", icon=":material/code:"):
        st.code(bootstrap.desk().posts.html(told.content_id, told.version), language="html")


def _elsewhere(detail: TacticDetail) -> None:
    """Link to the post on its platforms, and to all posts about the tactic."""
    for one in detail.publications:
        publication_link(one.url, f"{one.platform}, {eastern(one.published_at)}")
    newest = {one.content_id: one for one in detail.contents}
    for version in newest.values():
        st.page_link(
            "content.py", label=prose(version.title), icon=":material/article:",
            query_params={"content": version.content_id},
        )  # fmt: skip
