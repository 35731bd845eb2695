"""Robinhood's account-activity report, and two simpler trade lists, to broker activities."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.analysis.bar_files.packing import decode
from core.analysis.robinhood_rows import Fields, RowRefusedError, journal_row, order_row, report_row
from core.domain.base import content_sha256
from core.domain.feeds import QuarantinedRow
from core.domain.imports import BrokerActivity
from core.domain.text import plain_text
from core.errors import DomainError

REPORT = (
    "activity date", "process date", "settle date", "instrument", "description", "trans code",
    "quantity", "price", "amount",
)  # fmt: skip
ORDERS = ("date", "symbol", "action", "quantity", "price", "status")
JOURNAL = (
    "date", "ticker", "direction", "strike", "expiry", "contracts", "entry_price", "exit_price",
    "p_l", "setup", "notes",
)  # fmt: skip
FORMATS: dict[tuple[str, ...], tuple[str, Callable[[Fields], list[Fields]]]] = {
    REPORT: ("robinhood account activity", report_row),
    ORDERS: ("list of orders", order_row),
    JOURNAL: ("trade journal", journal_row),
}
FOOTER_FIELDS = 10
MAX_BYTES = 1 << 26


@dataclass
class ActivityFile:
    """`rows` holds the activities of each good row, the oldest row first."""

    format: str
    columns: tuple[str, ...]
    rows_read: int = 0
    rows: list[list[BrokerActivity]] = field(default_factory=list)
    refused: list[QuarantinedRow] = field(default_factory=list)


def read_activities(
    content: bytes, account: str, source: str, recorded_at: datetime
) -> ActivityFile:
    """Return the activities of a file, and one quarantined row for each of the other rows.

    Raises: DomainError if the file is none of the three formats.
    """
    header, lines = _lines(content, source)
    name, _ = FORMATS[header]
    result = ActivityFile(name, header)
    parsed: list[tuple[str, list[Fields]]] = []
    for line in lines:
        if _is_blank(line, len(header)):
            continue
        result.rows_read += 1
        key = content_sha256({"fields": [cell.strip() for cell in line]})
        try:
            parsed.append((key, _parsed(header, line, recorded_at)))
        except RowRefusedError as error:
            result.refused.append(_quarantined(line, key, str(error), source, recorded_at))
    result.rows = _activities(_oldest_first(parsed, name), account)
    return result


def _parsed(header: tuple[str, ...], line: list[str], recorded_at: datetime) -> list[Fields]:
    if len(line) != len(header):
        raise RowRefusedError(f"{len(line)} fields, expected {len(header)}")
    _, parse = FORMATS[header]
    activities = parse(dict(zip(header, line, strict=True)))
    if activities[0]["activity_date"] > recorded_at.date() + timedelta(days=1):
        raise RowRefusedError("the date lies in the future")
    return activities


def _lines(content: bytes, source: str) -> tuple[tuple[str, ...], Iterator[list[str]]]:
    """Return the header in lower case, and the rows below it.

    Raises: DomainError if the file is too large, no text, no CSV, or has another header.
    """
    if len(content) > MAX_BYTES:
        raise DomainError(f"{source}: it is larger than {MAX_BYTES >> 20} MB; export less at once")
    text, _ = decode(content, source)
    try:
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise DomainError(f"{source}: it is no CSV: {error}") from None
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    header = tuple(cell.strip().lower() for cell in filled[0]) if filled else ()
    if header not in FORMATS:
        found = ", ".join(repr(plain_text(cell, 40)) for cell in header[:12]) or "nothing"
        raise DomainError(
            f"{source}: it is no account-activity report. Expected the headings "
            f"{', '.join(REPORT)}, or {', '.join(ORDERS)}, or {', '.join(JOURNAL)}; found {found}"
        )
    return header, iter(filled[1:])


def _is_blank(line: Sequence[str], width: int) -> bool:
    """Tell the file's footer, whose only text is in the field after the last column."""
    return len(line) == FOOTER_FIELDS > width and not any(cell.strip() for cell in line[:width])


def _activities(
    parsed: Sequence[tuple[str, list[Fields]]], account: str
) -> list[list[BrokerActivity]]:
    """Give each activity its identity and its place in its day; the oldest row comes first."""
    seen: Counter[str] = Counter()
    placed: Counter[str] = Counter()
    rows = []
    for key, parts in parsed:
        row = []
        for number, fields in enumerate(parts):
            day = str(fields["activity_date"])
            identity = f"{account}:{key}:{seen[key]}" + (f":{number}" if number else "")
            own = {"activity_id": identity, "account": account, "place": placed[day]}
            row.append(BrokerActivity.model_validate({**fields, **own}))
            placed[day] += 1
        seen[key] += 1
        rows.append(row)
    return rows


def _oldest_first(
    parsed: list[tuple[str, list[Fields]]], name: str
) -> list[tuple[str, list[Fields]]]:
    """Turn a file that begins with its newest day; a report of one day is newest first too."""
    if not parsed:
        return []
    first, last = (parsed[end][1][0]["activity_date"] for end in (0, -1))
    is_newest_first = first > last or (first == last and name == FORMATS[REPORT][0])
    return parsed[::-1] if is_newest_first else parsed


def _quarantined(
    line: Sequence[str], key: str, reason: str, source: str, recorded_at: datetime
) -> QuarantinedRow:
    shown = plain_text(" ".join(cell for cell in line[:6] if cell.strip()), 80)
    return QuarantinedRow(
        source=source, kind="import", key=f"{shown} {key[:12]}", reason=reason,
        payload=json.dumps(line)[:2000], recorded_at=recorded_at,
    )  # fmt: skip
