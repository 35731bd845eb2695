"""The desk's life inside the server: opened before any browser connects, closed in order."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio.to_thread

from core import bootstrap
from core.errors import AppError
from core.settings import Settings
from core.web.binding import require_login_or_loopback
from core.web.oidc import is_configured
from core.web.presence import announce, withdraw

NO_START = 3


def lifespan(
    settings: Settings, option: Callable[[str], object]
) -> Callable[[object], AbstractAsyncContextManager[None]]:
    """Return the server's lifespan; `option` reads the server's own settings by name."""

    @asynccontextmanager
    async def living(_app: object) -> AsyncIterator[None]:
        address = str(option("server.address") or "")
        try:
            password_hash = settings.password_hash.get_secret_value()
            require_login_or_loopback(address, password_hash, is_configured(settings))
            desk = await anyio.to_thread.run_sync(bootstrap.desk)
            await anyio.to_thread.run_sync(desk.start)
            announce(settings, address, int(str(option("server.port"))))
        except AppError as error:
            sys.stderr.write(f"convergence: {error}\n")
            sys.stderr.flush()
            os._exit(NO_START)  # the server would print a traceback over the one clear line
        try:
            yield
        finally:
            withdraw(settings)
            await anyio.to_thread.run_sync(desk.close)

    return living
