"""The one entry point: `streamlit run app.py` serves the pages and runs the desk behind them."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio.to_thread
import streamlit as st
from starlette.middleware import Middleware

from core import bootstrap
from core.errors import AppError
from core.settings import load
from core.web.binding import require_login_or_loopback
from core.web.gate import LoginGate
from core.web.presence import announce, withdraw
from core.web.routes import routes

ROOT = Path(__file__).resolve().parent
SETTINGS = load()
logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(message)s")


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncGenerator[None]:
    """Open the desk with the server, before any browser, and close it in order."""
    address = str(st.get_option("server.address") or "")
    try:
        require_login_or_loopback(address, SETTINGS.password_hash.get_secret_value(), False)
        desk = await anyio.to_thread.run_sync(bootstrap.desk)
    except AppError as error:
        sys.stderr.write(f"convergence: {error}\n")
        sys.stderr.flush()
        os._exit(3)  # the server would print a traceback over the one clear line
    await anyio.to_thread.run_sync(desk.start)
    announce(SETTINGS, address, int(st.get_option("server.port")))
    try:
        yield
    finally:
        withdraw(SETTINGS)
        await anyio.to_thread.run_sync(desk.close)


app = st.App(
    ROOT / "pages" / "main.py",
    lifespan=lifespan,
    routes=routes(bootstrap.desk),
    middleware=[
        Middleware(
            LoginGate,
            password_hash=SETTINGS.password_hash.get_secret_value(),
            secret_key=SETTINGS.secret_key.get_secret_value(),
            bearer_token=SETTINGS.metrics_token.get_secret_value(),
        )
    ],
)
