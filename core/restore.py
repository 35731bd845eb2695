"""Put a backup in place of the stores, or leave everything as it was."""

from __future__ import annotations

import shutil
from pathlib import Path

from core.domain.audit import ChainReport
from core.errors import ConfigurationError, StoreError
from core.settings import Settings
from core.storage.storage import Storage


def restore(settings: Settings, folder: Path) -> dict[str, object]:
    """Check the backup in `folder`, set the present stores aside, and put it in their place.

    Raises: StoreLockedError while a desk runs, StoreError if the backup does not verify.
    """
    names = _names(settings, folder)
    report = _check(folder / settings.store_path.name)
    if settings.store_path.exists():
        Storage(settings.store_path).close()  # a running desk holds the lock and refuses here
    aside = _set_aside(settings, names)
    for name in names:
        shutil.copy2(folder / name, settings.data_dir / name)
    return {"restored": names, "rows": report.rows, "set_aside": str(aside) if aside else None}


def _names(settings: Settings, folder: Path) -> list[str]:
    wanted = [settings.store_path.name, "engine.sqlite", "paper.sqlite"]
    found = [name for name in wanted if (folder / name).is_file()]
    if settings.store_path.name not in found:
        raise ConfigurationError(f"{folder} holds no backup: {settings.store_path.name} is missing")
    return found


def _check(path: Path) -> ChainReport:
    storage = Storage(path)
    try:
        report = storage.audit.verify()
    finally:
        storage.close()
    if not report.ok:
        raise StoreError(f"the backup's ledger breaks at row {report.first_bad}; it is not used")
    return report


def _set_aside(settings: Settings, names: list[str]) -> Path | None:
    present = [settings.data_dir / name for name in names if (settings.data_dir / name).exists()]
    if not present:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        return None
    number = 1
    while (aside := settings.data_dir / f"before-restore-{number}").exists():
        number += 1
    aside.mkdir()
    for path in present:
        for part in path.parent.glob(f"{path.name}*"):  # with its write-ahead files
            shutil.move(part, aside / part.name)
    return aside
