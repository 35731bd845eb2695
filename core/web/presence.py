"""How a running desk is found: a small file in the data folder, readable by its owner alone."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

import httpx2

from core.commands import Arguments
from core.errors import AppError, ConfigurationError
from core.settings import Settings

FILE = "desk.json"
TIMEOUT_S = 330.0


class RemoteError(AppError):
    """The running desk refused the command."""


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
    return str(_read(settings).get("token", ""))


def ask(settings: Settings, name: str, arguments: Arguments) -> object:
    """Let the running desk execute a command.

    Raises: RemoteError with the desk's own words, ConfigurationError if it cannot be reached.
    """
    known = _read(settings)
    if not known:
        raise ConfigurationError(
            f"{settings.store_path} is in use by a process that takes no commands; stop it first"
        )
    headers = {"Authorization": f"Bearer {known['token']}"}
    try:
        answer = httpx2.post(
            f"{known['url']}/desk/{name}", json=arguments, headers=headers, timeout=TIMEOUT_S
        )
        body = answer.json()
    except (httpx2.HTTPError, ValueError) as error:
        raise ConfigurationError(f"the desk at {known['url']} does not answer: {error}") from error
    if answer.status_code != 200:
        raise RemoteError(str(body.get("error", answer.status_code)))
    return body["result"]


def _path(settings: Settings) -> Path:
    return settings.data_dir / FILE


def _read(settings: Settings) -> dict[str, object]:
    try:
        found = json.loads(_path(settings).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return dict(found)
