"""Text of a feed to a document that is safe to parse, and that holds only what is read."""

from __future__ import annotations

import html
import re
from html.entities import html5
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

DEPTH = 50  # of elements within each other
ATTRIBUTES = 50  # of one element
NAMESPACES = 50
ROOTS = {"rss", "feed", "rdf:RDF"}
WITH_MARKUP = {"title", "description", "summary"}
KEPT = {
    *ROOTS, *WITH_MARKUP, "channel", "item", "entry", "link", "guid", "id",
    "pubDate", "published", "issued", "updated", "modified", "dc:date",
}  # fmt: skip

_DECLARATION = re.compile(r"\s*<\?xml\s[^>]*>")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_REFERENCE = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|&(#\d+;|#x[0-9a-fA-F]+;|[a-zA-Z][a-zA-Z0-9]*;)?", re.DOTALL
)
_KNOWN_TO_XML = {"lt;", "gt;", "amp;", "quot;", "apos;"}


def select(text: str) -> str:
    """Return the feed as well-formed XML without what nobody reads.

    feedparser needs a time that grows with the square of blank lines, attributes, namespaces,
    categories and authors' names: they are gone or few.
    Raises: ValueError that says why it is no feed, or why it is dangerous to parse.
    """
    selection = _Selection()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = selection.doctype
    parser.StartElementHandler = selection.start
    parser.EndElementHandler = selection.end
    parser.CharacterDataHandler = selection.characters
    try:
        parser.Parse(_mended(text), True)
    except expat.ExpatError as error:
        raise ValueError(f"not well-formed XML: {error}") from None
    return selection.document()


def _mended(text: str) -> str:
    """Return the text without the faults that are common and harmless."""
    declaration = _DECLARATION.match(text)
    text = _CONTROLS.sub("", text[declaration.end() :] if declaration else text)
    return _REFERENCE.sub(_reference, text).strip()


def _reference(found: re.Match[str]) -> str:
    """Write a reference so that XML knows it: `S&P` and `&nbsp;` are none to XML."""
    name = found[1]
    if found[0].startswith("<") or (name and (name.startswith("#") or name in _KNOWN_TO_XML)):
        return found[0]
    if name in html5:
        return html.escape(html5[name])
    return f"&amp;{name or ''}"


class _Selection:
    """Writes down what is kept of a document that is read once; expands and opens nothing."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._namespaces: set[tuple[str, str]] = set()
        self._depth = 0
        self._markup = 0  # elements open within a title or a summary, itself counted
        self._dropped = 0  # elements open within one that is left out, itself counted

    def document(self) -> str:
        return " ".join("".join(self._parts).split())

    def doctype(self, name: str, system: str | None, public: str | None, declares: int) -> None:
        if declares:
            raise ValueError("its DOCTYPE declares entities or other things of its own")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._depth and name not in ROOTS:
            raise ValueError(f"the document is <{name[:20]}>")
        self._depth += 1
        self._check(name, attributes)
        if self._dropped or not (self._markup or name in KEPT):
            self._dropped += 1
            return
        self._markup += bool(self._markup) or name in WITH_MARKUP
        written = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
        self._parts.append(f"<{name}{written}>")

    def _check(self, name: str, attributes: dict[str, str]) -> None:
        self._namespaces.update(
            (key, value) for key, value in attributes.items() if key.startswith("xmlns")
        )
        if self._depth > DEPTH or len(attributes) > ATTRIBUTES:
            raise ValueError(f"<{name[:20]}> is too deep or has too many attributes")
        if len(self._namespaces) > NAMESPACES:
            raise ValueError("it declares too many namespaces")

    def end(self, name: str) -> None:
        self._depth -= 1
        if self._dropped:
            self._dropped -= 1
            return
        self._markup -= bool(self._markup)
        self._parts.append(f"</{name}>")

    def characters(self, text: str) -> None:
        if not self._dropped:
            self._parts.append(escape(text))
