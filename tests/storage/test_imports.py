"""An operator's files into the store: counted, quarantined, never twice, and told in a report."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from core.analysis.bar_files import Options
from core.desk.imports import Imports
from core.domain.feeds import CorporateAction, Label
from core.domain.imports import ImportReport
from core.errors import DomainError, NotFoundError
from core.steps.services import Services
from core.storage.storage import Storage

BARS = "Symbol,Date,Open,High,Low,Close,Volume\n"
GOOD = "".join(f"BRK-B,9/{day}/2023,10,12,9,11,{day}00\n" for day in (15, 14, 13, 12, 11))
BAD = "BRK-B,9/18/2023,10,8,9,11,5\nBRK-B,9/19/2023,10,12,9,eleven,5\nBRK-B,9/20/2023,10\n"
HEADER = (
    "Activity Date,Process Date,Settle Date,Instrument,Description,Trans Code,Quantity,Price,"
    "Amount\n"
)
SOLD = "3/6/2026,3/6/2026,3/9/2026,TSLA,TSLA 3/13/2026 Call $410.00,STC,1,$2.07,$206.94\n"
BOUGHT = "3/6/2026,3/6/2026,3/9/2026,TSLA,TSLA 3/13/2026 Call $410.00,BTO,1,$2.00,($200.03)\n"
EXPIRED = (
    "3/4/2026,3/4/2026,3/4/2026,TSLA,Option Expiration for TSLA 3/4/2026 Put $380.00,OEXP,2S,,\n"
)
STOCK = '3/2/2026,3/2/2026,3/3/2026,TSLA,"Tesla\nCUSIP: 88160R101",Buy,0.25,$400.00,($100.00)\n'
UNKNOWN = "3/2/2026,3/2/2026,3/3/2026,TSLA,Something new,WHAT,1,,$1.00\n"
FOOTER = '\n"","","","","","","","","",(footer text)\n'


@pytest.fixture
def imports(storage: Storage) -> Imports:
    return Imports(cast(Services, SimpleNamespace(storage=storage)))


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return (
        report.rows_read, report.rows_stored, report.rows_duplicate, report.rows_quarantined,
    )  # fmt: skip


def rows_of(storage: Storage, table: str) -> int:
    return int(storage.store.all(f"select count(*) from {table}")[0][0])  # noqa: S608


def test_bars_are_stored_and_bad_rows_are_quarantined(
    imports: Imports, storage: Storage, tmp_path: Path
) -> None:
    report = imports.bars(written(tmp_path, "prices.csv", BARS + GOOD + BAD))
    assert counts(report) == (8, 5, 0, 3)
    assert report.reasons == {
        "the high is below the low": 1,
        "a price or the volume is not a finite number": 1,
        "too many or too few fields": 1,
    }
    found = storage.bars.sessions("BRK.B", "1d", *both_ends(report))
    assert [day.day for day in found] == [11, 12, 13, 14, 15]
    assert storage.store.all("select distinct provider, label from bars") == [
        ("import:prices.csv", "real")
    ]


def both_ends(report: ImportReport) -> tuple[object, object]:
    return report.understood.first_date, report.understood.last_date


def test_the_same_file_again_stores_nothing(
    imports: Imports, storage: Storage, tmp_path: Path
) -> None:
    path = written(tmp_path, "prices.csv", BARS + GOOD + BAD)
    imports.bars(path)
    assert counts(imports.bars(path)) == (8, 0, 5, 3)
    assert rows_of(storage, "bars") == 5
    assert rows_of(storage, "quarantine") == 3


def test_a_dry_run_tells_everything_and_stores_nothing(
    imports: Imports, storage: Storage, tmp_path: Path
) -> None:
    path = written(tmp_path, "prices.csv", BARS + GOOD + BAD)
    report = imports.bars(path, dry_run=True)
    assert counts(report) == (8, 0, 0, 3)
    assert report.rows_accepted == 5
    assert report.understood.date_format == "M/D/YYYY"
    assert report.understood.symbols == ("BRK.B",)
    for table in ("bars", "quarantine", "imports", "audit_chain"):
        assert rows_of(storage, table) == 0


def test_a_corrected_file_of_the_same_name_is_a_revision(
    imports: Imports, storage: Storage, tmp_path: Path
) -> None:
    imports.bars(written(tmp_path, "prices.csv", BARS + GOOD))
    report = imports.bars(
        written(tmp_path, "prices.csv", BARS + GOOD.replace("10,12,9,11,1500", "10,12,9,10,1500"))
    )
    assert counts(report) == (5, 1, 4, 0)
    last = report.understood.last_date
    assert last is not None
    assert storage.bars.last_close("BRK.B", last) == 10


def test_what_the_file_does_not_say_can_be_said(imports: Imports, tmp_path: Path) -> None:
    text = (
        "time,open,high,low,close,volume\n2023-09-11 09:30,1,2,1,2,5\n2023-09-11 09:35,1,2,1,2,5\n"
    )
    path = tmp_path / "mine.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    said = Options(symbol="tsla", time_zone="America/New_York")
    report = imports.bars(path, said)
    assert (report.rows_stored, report.understood.timeframe) == (2, "5m")


def test_a_bar_that_is_not_over_is_no_bar(imports: Imports, tmp_path: Path) -> None:
    report = imports.bars(written(tmp_path, "TSLA.csv", BARS + GOOD + "A,1/2/2099,1,2,1,2,5\n"))
    assert report.reasons == {"the bar lies in the future": 1}


def test_weekends_and_holidays_are_no_sessions(
    imports: Imports, storage: Storage, tmp_path: Path
) -> None:
    odd = "BRK-B,9/9/2023,10,12,9,11,5\nBRK-B,9/4/2023,10,12,9,11,6\n"
    report = imports.bars(written(tmp_path, "prices.csv", BARS + GOOD + odd))
    assert report.reasons == {"there is no session on that day": 2}
    assert rows_of(storage, "bars") == 5


def test_before_the_calendar_begins_only_weekends_are_no_sessions(
    imports: Imports, tmp_path: Path
) -> None:
    # 1995-05-29 was Memorial Day, the 27th a Saturday
    days = ("5/26/1995", "5/27/1995", "5/29/1995", "5/30/1995")
    rows = "".join(f"BRK-B,{day},10,12,9,11,{place}00\n" for place, day in enumerate(days, 1))
    report = imports.bars(written(tmp_path, "prices.csv", BARS + rows + GOOD))
    assert report.reasons == {"there is no session on that day": 1}
    assert report.rows_stored == 8


def divided(by: int) -> str:
    """Return a file of the good week with its prices divided."""
    prices = ",".join(f"{price / by:g}" for price in (10, 12, 9, 11))
    return BARS + GOOD.replace("10,12,9,11", prices)


def test_a_symbol_on_another_scale_than_stored_bars_is_refused(
    imports: Imports, storage: Storage, tmp_path: Path
) -> None:
    imports.bars(written(tmp_path, "traded.csv", BARS + GOOD))
    report = imports.bars(written(tmp_path, "adjusted.csv", divided(4)))
    told = "on another scale than the bars of import:traded.csv (divided by 4)"
    assert report.reasons == {told: 5}
    assert counts(report) == (5, 0, 0, 5)
    assert report.scale_unknown_symbols == 0
    assert storage.store.all("select distinct reason from quarantine") == [(told,)]
    assert rows_of(storage, "bars") == 5


def test_a_corrected_scale_under_the_same_name_is_accepted(
    imports: Imports, tmp_path: Path
) -> None:
    imports.bars(written(tmp_path, "prices.csv", divided(4)))
    assert imports.bars(written(tmp_path, "prices.csv", BARS + GOOD)).rows_stored == 5


def test_synthetic_bars_tell_nothing_of_a_scale(
    imports: Imports, storage: Storage, tmp_path: Path
) -> None:
    imports.bars(written(tmp_path, "traded.csv", BARS + GOOD))
    storage.store.all("update bars set label = 'synthetic'")
    report = imports.bars(written(tmp_path, "adjusted.csv", divided(4)))
    assert (report.rows_stored, report.scale_unknown_symbols) == (5, 1)


@pytest.mark.parametrize("kept", [True, False])
def test_a_file_without_the_step_of_a_known_split_is_refused(
    imports: Imports, storage: Storage, tmp_path: Path, kept: bool
) -> None:
    split = CorporateAction(
        symbol="BRK.B", kind="split", ex_date=date(2023, 9, 13), ratio=4.0, provider="yahoo",
        label=Label.REAL,
    )  # fmt: skip
    storage.actions.append([split], datetime(2023, 9, 1, tzinfo=UTC))
    old = "".join(f"BRK-B,9/{day}/2023,40,48,36,44,{day}00\n" for day in (12, 11))
    raw = BARS + "".join(GOOD.splitlines(keepends=True)[:3]) + old
    report = imports.bars(written(tmp_path, "prices.csv", raw if kept else BARS + GOOD))
    told = {} if kept else {"already adjusted for the split of 2023-09-13": 5}
    assert (report.reasons, report.scale_unknown_symbols) == (told, 0)


def test_symbols_with_nothing_to_compare_are_counted(imports: Imports, tmp_path: Path) -> None:
    text = BARS + GOOD + GOOD.replace("BRK-B", "TSLA")
    report = imports.bars(written(tmp_path, "prices.csv", text), dry_run=True)
    assert (report.rows_accepted, report.scale_unknown_symbols) == (10, 2)


def test_of_many_bad_rows_all_are_counted_and_the_first_thousand_kept(
    imports: Imports, storage: Storage, tmp_path: Path
) -> None:
    many = "".join(f"A{row},9/11/2023,10,8,9,11,5\n" for row in range(1500))
    report = imports.bars(written(tmp_path, "prices.csv", BARS + GOOD + many))
    assert report.reasons == {"the high is below the low (the first 1,000 kept)": 1500}
    assert rows_of(storage, "quarantine") == 1000


def test_of_very_many_reasons_the_rarest_are_told_as_one(imports: Imports, tmp_path: Path) -> None:
    codes = [UNKNOWN.replace("WHAT", f"W{number}") for number in range(100)]
    report = imports.robinhood(written(tmp_path, "activity.csv", HEADER + "".join(codes)))
    assert report.reasons["other reasons"] == 70
    assert sum(report.reasons.values()) == report.rows_quarantined == 100


@pytest.mark.parametrize("name", ["missing.csv", "folder"])
def test_what_is_no_file_is_not_found(imports: Imports, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(NotFoundError, match=name):
        imports.bars(tmp_path / name)


def test_a_broken_file_leaves_nothing_behind(
    imports: Imports, storage: Storage, tmp_path: Path
) -> None:
    with pytest.raises(DomainError):
        imports.bars(written(tmp_path, "page.csv", "<html>not found</html>"))
    assert rows_of(storage, "imports") == 0


def test_a_history_is_stored_and_unknown_codes_are_quarantined(
    imports: Imports, storage: Storage, tmp_path: Path
) -> None:
    text = HEADER + SOLD + BOUGHT + EXPIRED + STOCK + UNKNOWN + FOOTER
    report = imports.robinhood(written(tmp_path, "activity.csv", text))
    assert counts(report) == (5, 4, 0, 1)
    assert report.reasons == {"unknown code 'WHAT'": 1}
    assert storage.store.all("select kind, source, reason from quarantine") == [
        ("import", "import:activity.csv", "unknown code 'WHAT'")
    ]
    first, *_ = storage.imports.activities()
    assert (first.traded, str(first.amount)) == ("TSLA", "-100.00")


def test_overlapping_exports_are_stored_once(
    imports: Imports, storage: Storage, tmp_path: Path
) -> None:
    older = written(tmp_path, "older.csv", HEADER + EXPIRED + STOCK + FOOTER)
    newer = written(tmp_path, "newer.csv", HEADER + SOLD + BOUGHT + BOUGHT + EXPIRED + FOOTER)
    assert counts(imports.robinhood(older)) == (2, 2, 0, 0)
    assert counts(imports.robinhood(newer)) == (4, 3, 1, 0)
    assert counts(imports.robinhood(newer)) == (4, 0, 4, 0)
    assert storage.imports.count() == 5


def test_a_dry_run_of_a_history_stores_nothing(
    imports: Imports, storage: Storage, tmp_path: Path
) -> None:
    path = written(tmp_path, "activity.csv", HEADER + STOCK + UNKNOWN)
    report = imports.robinhood(path, dry_run=True)
    assert (report.rows_accepted, report.rows_quarantined) == (1, 1)
    assert report.understood.symbols == ("TSLA",)
    for table in ("broker_activities", "quarantine", "imports"):
        assert rows_of(storage, table) == 0


def test_the_migration_report_tells_what_the_history_amounts_to(
    imports: Imports, tmp_path: Path
) -> None:
    text = HEADER + SOLD + BOUGHT + EXPIRED + STOCK + UNKNOWN + FOOTER
    imports.robinhood(written(tmp_path, "activity.csv", text))
    report = imports.migration()
    assert [str(trip.realized_pnl) for trip in report.history.round_trips] == ["6.910000"]
    assert (report.total.wins, report.by_kind["option"].count, report.by_kind["stock"].count) == (
        1, 1, 0,
    )  # fmt: skip
    assert report.imported.files["rows_stored"].tolist() == [4]
    assert report.imported.refused["reason"].tolist() == ["unknown code 'WHAT'"]
    assert report.imported.codes.set_index("code")["amount"]["Buy"] == -100


def test_the_report_follows_the_next_import(imports: Imports, tmp_path: Path) -> None:
    assert imports.migration().total.count == 0
    imports.robinhood(written(tmp_path, "first.csv", HEADER + BOUGHT))
    assert len(imports.migration().history.open_lots) == 1
    imports.robinhood(written(tmp_path, "second.csv", HEADER + SOLD))
    assert imports.migration().total.count == 1


def test_an_import_is_written_into_the_audit_chain(
    imports: Imports, storage: Storage, tmp_path: Path
) -> None:
    imports.robinhood(written(tmp_path, "activity.csv", HEADER + STOCK), actor="ada")
    entry = storage.audit.entries(1)[0]
    assert (entry.actor, entry.action, entry.subject_id) == ("ada", "import", "activity.csv")
    assert storage.audit.verify().ok


def test_a_file_name_cannot_write_into_the_page(imports: Imports, tmp_path: Path) -> None:
    path = written(tmp_path, "a<img src=x>" + "b" * 100 + ".csv", HEADER + STOCK)
    report = imports.robinhood(path)
    assert "<" not in report.file_name
    assert len(report.file_name) <= 50
