"""Bytes to text, whatever the feed says about its encoding."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s{0,9}=\s{0,9}["']([\w.:-]{1,40})["']""")
_CHARACTER_SETS = re.compile(
    r"utf-?(8|16|32)|iso8859|cp125|koi8|mac-roman|shift_jis|euc_|big5|gb|iso2022"
)
_NEVER_IN_XML = ("\0", "\x1b")  # what UTF-16 and ISO 2022 look like in the wrong encoding


def decode(body: bytes, charset: str) -> str:
    """Return the text; `charset` is what the HTTP header says, "" for nothing.

    Bytes that fit no encoding become U+FFFD.
    """
    for encoding in _encodings(body, charset):
        try:
            text = body.decode(encoding)
        except UnicodeError:
            continue
        if not any(character in text for character in _NEVER_IN_XML):
            return text.removeprefix("\ufeff")
    return body.decode("utf-8", "replace")


def _encodings(body: bytes, charset: str) -> Iterator[str]:
    """Yield what to try in turn.

    UTF-8 goes before what is declared, for it fits nothing else by chance; and what calls itself
    Latin-1 is mostly Windows-1252 (https://encoding.spec.whatwg.org/#names-and-labels).
    """
    marked = next((name for mark, name in _BOMS if body.startswith(mark)), "")
    if marked:
        yield marked
        return
    yield "utf-8"
    declared = _DECLARED.match(body.lstrip())
    for name in (declared[1].decode() if declared else "", charset):
        encoding = _character_set(name)
        if encoding == "iso8859-1":
            yield "cp1252"
        if encoding:
            yield encoding


def _character_set(name: str) -> str:
    try:
        encoding = codecs.lookup(name).name
    except LookupError:
        return ""
    return encoding if _CHARACTER_SETS.match(encoding) else ""
