"""The one entry point: `streamlit run app.py` serves the pages and runs the desk behind them."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from core import bootstrap
from core.errors import AppError
from core.settings import load
from core.web.gate import LoginGate
from core.web.lifespan import lifespan
from core.web.oidc import auth_secrets
from core.web.routes import routes

logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(message)s")
logging.getLogger().handlers[0].setLevel(logging.INFO)  # a run's own log holds more
logging.getLogger("apscheduler").setLevel(logging.WARNING)

try:
    SETTINGS = load()
    SECRETS = auth_secrets(SETTINGS)
    GATE = Middleware(
        LoginGate,
        password_hash=SETTINGS.password_hash.get_secret_value(),
        secret_key=SETTINGS.secret_key.get_secret_value(),
        bearer_token=SETTINGS.metrics_token.get_secret_value(),
        any_host=bool(SECRETS),
    )
except AppError as error:
    sys.exit(f"convergence: {error}")

# `streamlit run` finds the server by this literal assignment; behind a function it would not, and
# pages/ would be served without the gate.
app = st.App(
    Path(__file__).resolve().parent / "pages" / "main.py",
    secrets=SECRETS or None,
    lifespan=lifespan(SETTINGS, st.get_option),
    routes=routes(bootstrap.desk),
    middleware=[GATE],
)
