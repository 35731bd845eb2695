"""The stories about a symbol. Their titles and addresses come from strangers."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pandas as pd
import streamlit as st

from pages.components import badges
from pages.components.formatting import eastern, prose
from pages.components.session import rows_of

ADDRESS = "%/:?#@&=+,;~-._!'"
SHOWN, TONELESS = 8, 0.05  # VADER's authors call what lies within 0.05 of zero neutral


def stories(found: pd.DataFrame) -> None:
    """Draw the newest stories, each with its tone, who tells it, and when it was first told."""
    st.markdown("**Stories**")
    if found.empty:
        st.caption("No story about this symbol is stored.")
        return
    for row in rows_of(found.head(SHOWN)):
        st.markdown(f"{title(str(row.title), str(row.url or ''))}  \n{_told(row)}")
    if len(found) > SHOWN:
        st.caption(f"The newest {SHOWN} of {len(found)}.")


def title(text: str, url: str) -> str:
    """Return the title as Markdown, linked where the address is one of the web."""
    if not url.startswith(("https://", "http://")):
        return prose(text)
    # What could end the link's address or begin another mark is percent-encoded.
    return f"[{prose(text)}]({quote(url, safe=ADDRESS)})"


def _told(row: Any) -> str:
    sources = prose(", ".join(row.sources))
    return (
        f"{tone(row.sentiment)} {badges.inline(row.label)} "
        f":small[:gray[{sources}, {eastern(row.published_at)}]]"
    )


def tone(sentiment: float) -> str:
    """Return the tone of a story as a badge: its word and its number from -1 to 1."""
    if pd.isna(sentiment):
        return ""
    word = "positive" if sentiment > TONELESS else "negative"
    state = "neutral" if abs(sentiment) <= TONELESS else word
    return badges.inline(state, f"{badges.word(state)} {sentiment:+.2f}")
