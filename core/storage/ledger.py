"""The public ledger, made anew from the stored rows in the order in which they were chained."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import NamedTuple

from core.domain.audit import GENESIS
from core.domain.ledger import (
    LedgerEntry,
    LedgerLine,
    chain_lines,
    event_line,
    published_lines,
    result_line,
)
from core.domain.lifecycle import TacticEvent, Track
from core.domain.lifecycle import TacticEventKind as Kind
from core.domain.resolutions import Resolution
from core.domain.tactics import Tactic
from core.domain.track_record import LedgerHead
from core.errors import StoreError
from core.settings import ROOT
from core.storage.connection import Store

READER = ROOT / "data" / "ledger"
COLUMNS = ("sequence", *LedgerLine.model_fields, "previous_sha256", "sha256")
ROWS = """
with links as (
    select sequence, sha256, action, json_extract_string(payload, '$.key') as key from audit_chain
    where action in ('tactic_events.append', 'resolutions.append')
)
select l.sequence, concat_ws('/', tactic_id, version), l.sha256, e.body,
    if(e.kind in ('published', 'superseded'), t.body, null), null
from links l join tactic_events e on l.action = 'tactic_events.append' and l.key = e.event_id
join tactics t using (tactic_id, version)
where e.kind in ('published', 'superseded', 'cancelled', 'corrected')
union all
select l.sequence, concat_ws('/', r.tactic_id, r.version), l.sha256, null, null, r.body
from links l join resolutions r on l.action = 'resolutions.append'
    and l.key = concat_ws('/', r.tactic_id, r.version, r.scenario_key)
order by 1
"""


class Source(NamedTuple):
    """A stored row that may have lines in the ledger.

    anchor: the hash of its link. tactic: the version, where the lines need it.
    """

    version: str
    anchor: str
    event: TacticEvent | None
    tactic: Tactic | None
    resolution: Resolution | None


class Ledger:
    """What was published, losers included. It is never stored: tampering would show in the chain.

    A row has its line after that of the publication, however late that was told, so that a longer
    ledger begins with every shorter one.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: tuple[int, LedgerHead] | None = None

    def entries(self) -> list[LedgerEntry]:
        """Return all entries, the first one first."""
        return list(chain_lines(_lines(self._sources())))

    def head(self) -> LedgerHead:
        """Return the length of the ledger and the hash of its last entry."""
        links = int(self._store.all("select count(*) from audit_chain")[0][0])
        if self._known is None or self._known[0] != links:
            self._known = (links, head_of(self.entries()))
        return self._known[1]

    def export(self, folder: Path) -> LedgerHead:
        """Write the ledger with the script that verifies it into `folder`.

        Raises: StoreError if the folder holds a ledger that this one does not continue, or cannot
            be written.
        """
        entries = self.entries()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _check_continues(folder / "ledger.jsonl", _jsonl(entries))
            for name, text in _files(entries).items():
                _write(folder / name, text)
        except OSError as error:
            raise StoreError(f"cannot write the ledger to {folder}: {error.strerror}") from error
        return head_of(entries)

    def _sources(self) -> Iterator[Source]:
        for _, version, anchor, event, tactic, resolution in self._store.all(ROWS):
            yield Source(
                version,
                anchor,
                TacticEvent.model_validate_json(event) if event else None,
                Tactic.model_validate_json(tactic) if tactic else None,
                Resolution.model_validate_json(resolution) if resolution else None,
            )


def head_of(entries: list[LedgerEntry]) -> LedgerHead:
    return LedgerHead(entries=len(entries), sha256=entries[-1].sha256 if entries else GENESIS)


def _lines(sources: Iterator[Source]) -> Iterator[LedgerLine]:
    """Yield the lines of published versions; what came before the publication waits for it."""
    waiting: defaultdict[str, list[LedgerLine]] = defaultdict(list)
    published: set[str] = set()
    for source in sources:
        is_publication = source.event is not None and source.event.kind is Kind.PUBLISHED
        if is_publication and source.version not in published:
            published.add(source.version)
            yield from _lines_of(source)
            yield from waiting.pop(source.version, [])
        elif source.version not in published:
            waiting[source.version] += _lines_of(source)
        elif not is_publication:
            yield from _lines_of(source)


def _lines_of(source: Source) -> list[LedgerLine]:
    _, anchor, event, tactic, resolution = source
    if resolution is not None:
        return [result_line(resolution, anchor)]
    if event is None:
        return []
    if event.kind is Kind.PUBLISHED:
        return published_lines(event, tactic, anchor) if tactic else []
    if event.track is not Track.PLAN:
        return []
    keys = [event.scenario_key]
    if tactic is not None:  # a whole version was replaced
        keys = [scenario.key for scenario in tactic.scenarios] or [""]
    return [event_line(event, key, anchor) for key in keys]


def _files(entries: list[LedgerEntry]) -> dict[str, str]:
    head = head_of(entries)
    readme = Template((READER / "README.txt").read_text(encoding="utf-8"))
    return {
        "ledger.jsonl": _jsonl(entries),
        "ledger.csv": _csv(entries),
        "verify_ledger.py": (READER / "verify_ledger.py").read_text(encoding="utf-8"),
        "README.txt": readme.substitute(entries=head.entries, head=head.sha256),
    }


def _jsonl(entries: list[LedgerEntry]) -> str:
    return "".join(f"{entry.text}\n" for entry in entries)


def _csv(entries: list[LedgerEntry]) -> str:
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(COLUMNS)
    for entry in entries:
        fields = json.loads(entry.text)
        writer.writerow([_cell(fields[name]) for name in COLUMNS])
    return sheet.getvalue()


def _cell(value: object) -> str:
    """Return a cell as a spreadsheet may take it: no text can begin a formula."""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(("=", "+", "-", "@")) else value
    return "" if value is None else json.dumps(value)


def _check_continues(path: Path, text: str) -> None:
    if path.exists() and not text.encode().startswith(path.read_bytes()):
        raise StoreError(f"{path} is not the beginning of this desk's ledger; name another folder")


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text, encoding="utf-8", newline="\n")
    partial.replace(path)
