"""Builds each adapter as the desk does; one that is not embedded talks to its stub server.

A stub is tests/contract/stubs/<kind>_<name>.py with `install(httpserver, monkeypatch)`: a small
fake of the vendor that also sets the adapter's environment. What the sentences ask it to hold:

market_data   AAPL: daily bars of 2023-09-11 to 15, 5-minute bars of 2023-09-15 from 09:30 to 16:00
              New York time within the daily bar, nothing on 2023-09-09 and 10; ZZZZ is unknown
news          AAPL: at least two headlines at different moments in 2023-09-01 to 2023-09-20
fundamentals  AAPL: something known on 2023-09-15 and nothing in 1970; ZZZZ is unknown
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import pytest

from core import registry
from core.ports import FundamentalsSource, MarketData, News
from core.settings import Settings

EMBEDDED = {
    "market_data": {"sample"},
    "news": {"sample"},
    "fundamentals": {"sample"},
    "analysts": {"rules"},
    "brokers": {"paper"},
    "publishers": {"preview"},
    "alerts": {"log"},
    "language_models": set(),
}


@pytest.fixture(params=registry.names("market_data"))
def market_data(request: pytest.FixtureRequest) -> MarketData:
    return build_adapter(request, "market_data", MarketData)


@pytest.fixture(params=registry.names("news"))
def news(request: pytest.FixtureRequest) -> News:
    return build_adapter(request, "news", News)


@pytest.fixture(params=registry.names("fundamentals"))
def fundamentals(request: pytest.FixtureRequest) -> FundamentalsSource:
    return build_adapter(request, "fundamentals", FundamentalsSource)


def build_adapter(
    request: pytest.FixtureRequest, kind: str, port: type[registry.PortT]
) -> registry.PortT:
    """Return the adapter that `request.param` names, in a data folder of its own."""
    name: str = request.param
    if name not in EMBEDDED[kind]:
        stub = find_stub(kind, name)
        stub.install(request.getfixturevalue("httpserver"), request.getfixturevalue("monkeypatch"))
    settings = Settings(_env_file=None, data_dir=request.getfixturevalue("tmp_path"))
    return registry.create(kind, name, port, settings)


def find_stub(kind: str, name: str) -> Any:
    module = f"tests.contract.stubs.{kind}_{name}"
    if importlib.util.find_spec(module) is None:
        pytest.fail(f"{kind}.{name} has no stub: write {module.replace('.', '/')}.py")
    return importlib.import_module(module)
