"""The public ledger tells every published plan with its end, and shows each change to it."""

from __future__ import annotations

import json
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from core.domain.audit import GENESIS
from core.domain.base import canonical_json
from core.domain.ledger import LedgerLine, chain_lines
from core.domain.lifecycle import TacticEventKind as Kind
from core.domain.resolutions import Outcome
from core.domain.tactics import Tactic
from core.errors import StoreError
from core.storage.ledger import Ledger
from core.storage.storage import Storage
from tests.storage import samples

OPENED = (Kind.TRIGGERED, Kind.OPENED)
DAYS = [samples.SESSION + timedelta(days=n) for n in range(6)]
WON, LOST, REPLACED, WAITED, SECRET, LATE = (
    samples.tactic(session_date=day, playable=number != 3) for number, day in enumerate(DAYS)
)
NEWER = samples.tactic(session_date=DAYS[2], version=2)
FILES = ["README.txt", "ledger.csv", "ledger.jsonl", "verify_ledger.py"]


def tell(storage: Storage, tactic: Tactic, *kinds: Kind, **payload: object) -> None:
    events = [
        samples.tactic_event(kind, of=tactic, scenario_key="L1", payload=payload) for kind in kinds
    ]
    storage.tactics.append_events(events)


def publish(storage: Storage, tactic: Tactic) -> None:
    storage.tactics.append(tactic)
    tell(storage, tactic, Kind.DRAFTED)
    tell(storage, tactic, Kind.PUBLISHED, subject="preview", url="/posts/1")
    tell(storage, tactic, Kind.PUBLISHED, subject="discord", url="https://example.org/2")


def resolve(storage: Storage, tactic: Tactic, r: float) -> None:
    tell(storage, tactic, *OPENED, Kind.RESOLVED)
    outcome = Outcome.TARGET if r > 0 else Outcome.STOPPED
    storage.tactics.append_resolution(samples.resolution(tactic, system_r=r, outcome=outcome))


def fill(storage: Storage) -> Storage:
    """Tell a winner, a loser, a replaced plan, one to wait, one that was traded without a post."""
    for tactic in (WON, LOST, REPLACED, WAITED):
        publish(storage, tactic)
    tell(storage, REPLACED, Kind.SUPERSEDED, reason="the view turned")
    publish(storage, NEWER)
    resolve(storage, WON, 1.5)
    resolve(storage, LOST, -1.01333333)
    storage.tactics.append(SECRET)
    storage.tactics.append_events(samples.life(Kind.APPROVED, Kind.ARMED, of=SECRET))
    storage.tactics.append_resolution(samples.resolution(SECRET))
    return storage


@pytest.fixture
def told(storage: Storage) -> Storage:
    return fill(storage)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    storage = Storage(folder / "desk.duckdb")
    Ledger(fill(storage).store).export(folder / "ledger")
    storage.close()
    return folder / "ledger"


@pytest.fixture
def public(exported: Path, tmp_path: Path) -> Path:
    """The exported ledger in a folder of one's own."""
    return Path(shutil.copytree(exported, tmp_path / "public"))


def kinds_of(storage: Storage) -> list[tuple[str, str]]:
    return [(e.line.kind, e.line.tactic_id) for e in Ledger(storage.store).entries()]


def export(storage: Storage, folder: Path) -> dict[str, bytes]:
    Ledger(storage.store).export(folder)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


def verify(folder: Path, *arguments: str) -> int:
    script = runpy.run_path(str(folder / "verify_ledger.py"), run_name="verify")
    return int(script["main"](list(arguments)))


def test_an_empty_ledger_is_exported_and_holds(storage: Storage, folder: Path) -> None:
    assert sorted(export(storage, folder)) == FILES
    assert Ledger(storage.store).head().sha256 == GENESIS
    assert verify(folder) == 0


def test_the_ledger_holds_what_was_published_and_nothing_else(told: Storage) -> None:
    assert kinds_of(told) == [
        ("published", WON.tactic_id), ("published", LOST.tactic_id),
        ("published", REPLACED.tactic_id), ("published", WAITED.tactic_id),
        ("superseded", REPLACED.tactic_id), ("published", NEWER.tactic_id),
        ("resolved", WON.tactic_id), ("resolved", LOST.tactic_id),
    ]  # fmt: skip


def test_a_published_line_tells_the_plan_and_the_hash_of_its_content(told: Storage) -> None:
    line = Ledger(told.store).entries()[0].line
    assert (line.entry_low, line.entry_high, line.stop) == (102.5, 103.1, 101)
    assert (line.trigger, line.targets) == ("reclaim 103.0, met", "106.0 x 0.5; 108.0 x 0.5")
    assert (line.content_sha256, line.platform) == (WON.content_sha256, "preview")
    chained = {e.sha256 for e in told.audit.entries(99) if e.action == "tactic_events.append"}
    assert line.anchor in chained


def test_a_correction_is_one_more_line(told: Storage) -> None:
    before = kinds_of(told)
    tell(told, WON, Kind.CORRECTED, outcome="stopped", system_r=-1.0, reason="a bar was revised")
    assert kinds_of(told) == [*before, ("corrected", WON.tactic_id)]
    assert Ledger(told.store).entries()[-1].line.system_r == -1


def test_a_result_waits_for_a_publication_that_is_told_late(told: Storage) -> None:
    told.tactics.append(LATE)
    tell(told, LATE, Kind.DRAFTED)
    told.tactics.append_resolution(samples.resolution(LATE))
    before = Ledger(told.store).entries()
    tell(told, LATE, Kind.PUBLISHED, subject="preview")
    after = Ledger(told.store).entries()
    assert after[: len(before)] == before
    assert [entry.line.kind for entry in after[len(before) :]] == ["published", "resolved"]


def test_the_same_ledger_is_exported_twice_bit_for_bit(told: Storage, folder: Path) -> None:
    first = export(told, folder / "one")
    told.audit.record("operator", "halt", "desk", {}, samples.MORNING)
    assert export(told, folder / "two") == first == export(told, folder / "one")


def test_a_longer_ledger_continues_an_exported_one(told: Storage, folder: Path) -> None:
    short = export(told, folder)["ledger.jsonl"]
    head = Ledger(told.store).head().sha256
    tell(told, NEWER, *OPENED)
    told.tactics.append_resolution(samples.resolution(NEWER))
    assert export(told, folder)["ledger.jsonl"].startswith(short)
    assert verify(folder, head) == 0


def test_an_export_never_writes_over_another_ledger(told: Storage, folder: Path) -> None:
    export(told, folder)
    path = folder / "ledger.jsonl"
    path.write_bytes(path.read_bytes().replace(b"L1", b"L2", 1))
    with pytest.raises(StoreError, match="is not the beginning of this desk's ledger"):
        export(told, folder)


def test_a_folder_that_cannot_be_written_is_a_store_error(told: Storage, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot write the ledger"):
        export(told, tmp_path / "file")


def test_a_reader_verifies_the_folder_with_python_alone(public: Path) -> None:
    command = [sys.executable, "-I", "-S", str(public / "verify_ledger.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "published: 4 plans, and 1 times to wait" in done.stdout
    assert "2 resolved, 1 superseded, 0 cancelled, 1 open" in done.stdout
    assert "entered: 2, won 1, lost 1, breakeven 0, net +0.49 R" in done.stdout
    assert "2 results rest on synthetic bars" in done.stdout


Tamper = Callable[[list[bytes]], list[bytes]]
TAMPERINGS: dict[str, tuple[Tamper, str]] = {
    "a changed price": (
        lambda rows: [rows[0].replace(b"106.0", b"106.1"), *rows[1:]], "line 1 was changed",
    ),
    "a changed blank": (
        lambda rows: [*rows[:3], rows[3].replace(b":", b": ", 1), *rows[4:]], "line 4 was changed",
    ),
    "a removed loser": (lambda rows: [*rows[:1], *rows[2:]], "line 2 does not follow"),
    "a removed beginning": (lambda rows: rows[1:], "line 1 does not follow"),
    "two swapped lines": (
        lambda rows: [*rows[:4], rows[5], rows[4], *rows[6:]], "line 5 does not follow",
    ),
    "a doubled line": (lambda rows: [rows[0], *rows], "line 2 does not follow"),
    "a cut end": (lambda rows: rows[:-1], "differ|expected"),
    "half a line": (lambda rows: [*rows[:-1], rows[-1][:-9]], "line 8 is cut off"),
    "no hash": (lambda rows: [b"{}\n", *rows[1:]], "line 1 does not end in its hash"),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERINGS)
def test_each_change_of_the_ledger_is_found(
    public: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    change, why = TAMPERINGS[name]
    rows = (public / "ledger.jsonl").read_bytes().splitlines(keepends=True)
    (public / "ledger.jsonl").write_bytes(b"".join(change(rows)))
    assert verify(public) == 1
    printed = capsys.readouterr().out
    assert any(part in printed for part in why.split("|")), printed


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [(b"-1.0133", b"1.0133", "row 9 differs"), (b"resolved", b"Resolved", "row 8 differs")],
)
def test_a_spreadsheet_that_says_something_else_is_found(
    public: Path, capsys: pytest.CaptureFixture[str], old: bytes, new: bytes, why: str
) -> None:
    path = public / "ledger.csv"
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    assert verify(public) == 1
    assert why in capsys.readouterr().out


def cut_both(folder: Path) -> None:
    for name in ("ledger.jsonl", "ledger.csv"):
        rows = (folder / name).read_bytes().splitlines(keepends=True)
        (folder / name).write_bytes(b"".join(rows[:-1]))


def test_a_tail_that_was_cut_from_both_files_is_found_by_the_stated_head(
    public: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut_both(public)
    assert verify(public) == 1
    assert "line 8: README.txt states 8 entries" in capsys.readouterr().out


def test_a_ledger_written_anew_is_found_by_a_head_noted_before(
    public: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One without the loser would hold by itself, but its head is not in the one with it."""
    rows = [json.loads(row) for row in (public / "ledger.jsonl").read_text().splitlines()]
    lines = [
        LedgerLine.model_validate({name: row[name] for name in LedgerLine.model_fields})
        for row in rows
        if row["tactic_id"] != LOST.tactic_id
    ]
    seen = list(chain_lines(lines))
    assert seen[0].sha256 == rows[0]["sha256"]
    assert verify(public, seen[0].sha256) == 0  # up to there they are the same
    assert verify(public, seen[-1].sha256) == 1
    assert "this is not the ledger that you saw" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["resolved"], "never published"),
        (["published", "published"], "a second time"),
        (["published", "resolved", "resolved"], "a plan ends once"),
        (["published", "corrected"], "only a result is corrected"),
    ],
)
def test_a_story_that_makes_no_sense_is_found(
    storage: Storage, folder: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], lines: list[str], why: str,
) -> None:  # fmt: skip
    made = [
        LedgerLine(kind=kind, at=samples.MORNING, tactic_id="T", version=1, anchor="a" * 64)
        for kind in lines
    ]
    monkeypatch.setattr("core.storage.ledger._lines", lambda _: iter(made))
    export(storage, folder)
    assert verify(folder) == 1
    assert why in capsys.readouterr().out


def test_a_text_cannot_become_a_formula(told: Storage, folder: Path) -> None:
    told.tactics.append(LATE)
    publish(told, LATE)
    tell(told, LATE, Kind.CANCELLED, subject="plan", reason='=HYPERLINK("http://evil")')
    text = export(told, folder)["ledger.csv"].decode()
    assert "\"'=HYPERLINK" in text
    assert verify(folder) == 0


def test_a_row_that_was_changed_in_the_store_changes_the_head(told: Storage) -> None:
    before = Ledger(told.store).head()
    changed = samples.resolution(LOST, system_r=1.0).model_dump(mode="json")
    with told.store.write() as cursor:
        sql = "update resolutions set body = ?, system_r = 1 where tactic_id = ?"
        cursor.execute(sql, [canonical_json(changed), LOST.tactic_id])
    assert not told.audit.verify().ok
    assert Ledger(told.store).head() != before


def test_the_hash_can_be_recomputed_from_the_text_alone(told: Storage) -> None:
    first, second = Ledger(told.store).entries()[:2]
    assert json.loads(second.text)["previous_sha256"] == first.sha256
    assert first.text == f'{first.body[:-1]},"sha256":"{first.sha256}"}}'
