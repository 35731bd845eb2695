"""Let a running desk execute a command; only the command line needs this."""

from __future__ import annotations

import httpx2

from core.commands import Arguments
from core.errors import AppError, ConfigurationError
from core.settings import Settings
from core.web.presence import read_presence

TIMEOUT_S = 330.0


class RemoteError(AppError):
    """The running desk refused the command."""


def ask(settings: Settings, name: str, arguments: Arguments) -> object:
    """Let the running desk execute a command.

    Raises: RemoteError with the desk's own words, ConfigurationError if it cannot be reached.
    """
    known = read_presence(settings)
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
