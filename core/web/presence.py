"""How a running desk is found: a small file in the data folder, readable by its owner alone."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from core.settings import Settings

FILE = "desk.json"


def announce(settings: Settings, address: str, port: int) -> None:
    """Write down where this desk listens, with a token for the command line."""
    host = address if address not in ("", "0.0.0.0", "::") else "127.0.0.1"  # noqa: S104
    text = json.dumps(
        {"url": f"http://{host}:{port}", "token": secrets.token_urlsafe(32), "pid": os.getpid()}
    )
    path = _path(settings)
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def withdraw(settings: Settings) -> None:
    _path(settings).unlink(missing_ok=True)


def read_token(settings: Settings) -> str:
    return str(read_presence(settings).get("token", ""))


def _path(settings: Settings) -> Path:
    return settings.data_dir / FILE


def read_presence(settings: Settings) -> dict[str, object]:
    """Return address, token and pid of the running desk, nothing where none announced itself."""
    try:
        found = json.loads(_path(settings).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return dict(found)
