"""From the bytes of a file to the text or the Parquet inside, bounded."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from pathlib import PurePath

from core.errors import DomainError

MAX_BYTES = 1 << 29
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
TEXTS = {".csv", ".txt", ".tsv"}
UTF16 = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def unpack(content: bytes, name: str) -> tuple[bytes, str]:
    """Return the one file inside a .gz or .zip with its name; anything else as it is.

    Raises: DomainError if it is broken, holds several files, or is larger than `MAX_BYTES`.
    """
    if content.startswith(GZIP):
        return _gunzip(content, name), name.removesuffix(".gz")
    if content.startswith(ZIP):
        return _unzip(content, name)
    return content, name


def decode(content: bytes, name: str) -> tuple[str, str]:
    """Return the text and its encoding: as the byte order mark says, else UTF-8, else Latin-1.

    Raises: DomainError if it is no text.
    """
    encoding = _marked(content) or _unmarked(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text = "\x00"
    if "\x00" in text:
        raise DomainError(f"{name}: it is no {encoding} text and no Parquet")
    return text.replace("\r\n", "\n").replace("\r", "\n"), encoding


def _marked(content: bytes) -> str:
    if content.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    return UTF16.get(content[:2], "")


def _unmarked(content: bytes) -> str:
    head = content[:4096]
    if head[1::2].count(0) > len(head) // 4:
        return "utf-16-le"
    if head[0::2].count(0) > len(head) // 4:
        return "utf-16-be"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _gunzip(content: bytes, name: str) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            return _bounded(packed.read(MAX_BYTES + 1), name)
    except (OSError, EOFError, zlib.error) as error:
        raise DomainError(f"{name}: the gzip file is broken: {error}") from None


def _unzip(content: bytes, name: str) -> tuple[bytes, str]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [n for n in archive.namelist() if PurePath(n).suffix.lower() in TEXTS]
            if len(names) != 1:
                raise DomainError(f"{name}: the archive holds {len(names)} CSV files, expected one")
            with archive.open(names[0]) as packed:
                return _bounded(packed.read(MAX_BYTES + 1), name), PurePath(names[0]).name
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise DomainError(f"{name}: the zip archive cannot be read: {error}") from None


def _bounded(content: bytes, name: str) -> bytes:
    if len(content) > MAX_BYTES:
        raise DomainError(f"{name}: it unpacks to more than {MAX_BYTES >> 20} MB; split it")
    return content
