"""Builds each adapter as the desk does; one that is not embedded talks to its stub server.

A stub is tests/contract/stubs/<kind>_<name>.py with `install(httpserver, monkeypatch)`: a small
fake of the vendor that also sets the adapter's environment. What the sentences ask it to hold:

market_data   AAPL: daily bars of 2023-09-11 to 15, 5-minute bars of 2023-09-15 from 09:30 to 16:00
              New York time within the daily bar, nothing on 2023-09-09 and 10; ZZZZ is unknown
news          AAPL: at least two headlines at different moments in 2023-09-01 to 2023-09-20
fundamentals  AAPL: something known on 2023-09-15 and nothing in 1970; ZZZZ is unknown
brokers       an empty margin account with at least 25,000 USD and no costs; the market is open;
              TSLA, AAPL and BRK.B last traded at 100; HTBR (at 100 too) cannot be borrowed; ZZZZ is
              unknown. `install` returns the `Venue` of venue.py, with a broker that is connected.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from core import registry
from core.ports import Broker, FundamentalsSource, MarketData, News
from core.settings import Settings
from tests.contract.broker_sentences.asking import entry, submit
from tests.contract.stubs.brokers_paper import PaperVenue
from tests.contract.venue import Venue

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


def brokers() -> list[Any]:
    """Return the brokers as parameters; one that is not embedded is tested over a wire."""
    return [
        name if name in EMBEDDED["brokers"] else pytest.param(name, marks=pytest.mark.wire)
        for name in registry.names("brokers")
    ]


@pytest.fixture(params=brokers())
def venue(request: pytest.FixtureRequest) -> Iterator[Venue]:
    """Return a market with one empty account, and the broker that leads to it."""
    made = build_venue(request)
    yield made
    made.broker.close()


@pytest.fixture
def broker(venue: Venue) -> Broker:
    return venue.broker


@pytest.fixture
def entered(venue: Venue) -> Broker:
    """Return a broker with 10 shares, bought at 99 and protected at 95 and 107."""
    submit(venue.broker, entry())
    venue.trade("TSLA", Decimal(99))
    return venue.broker


@pytest.fixture
def naked(venue: Venue) -> Broker:
    """Return a broker with 10 shares that somebody bought by hand at 100, without protection."""
    venue.trade_by_hand("TSLA", Decimal(10), Decimal(100))
    return venue.broker


def build_venue(request: pytest.FixtureRequest) -> Venue:
    if request.param == "paper":
        return PaperVenue(request.getfixturevalue("tmp_path"))
    stub = find_stub("brokers", request.param)
    server, patch = request.getfixturevalue("httpserver"), request.getfixturevalue("monkeypatch")
    installed: Venue = stub.install(server, patch)
    return installed


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
