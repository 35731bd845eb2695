"""Markdown as the HTML that a site may take as it is."""

from __future__ import annotations

import nh3
from markdown_it import MarkdownIt

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
_TAGS = {
    "a", "p", "h1", "h2", "h3", "ul", "ol", "li", "strong", "em", "code", "blockquote", "br",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip


def to_html(markdown: str) -> str:
    """Return a clean fragment: no scripts, no attributes but links, whatever the text held."""
    return nh3.clean(_MARKDOWN.render(markdown), tags=_TAGS, attributes={"a": {"href", "title"}})
