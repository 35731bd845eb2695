"""Find an adapter by kind and name: the module `core/adapters/<kind>/<name>.py`."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TypeVar

from core.errors import ConfigurationError
from core.settings import Settings

PortT = TypeVar("PortT")

KINDS = (
    "market_data", "news", "fundamentals", "streams", "analysts", "language_models", "brokers",
    "publishers", "alerts",
)  # fmt: skip


def names(kind: str) -> list[str]:
    """Return the adapters shipped for `kind`, without importing their SDKs."""
    package = importlib.import_module(f"core.adapters.{kind}")
    found = (module.name for module in pkgutil.iter_modules(package.__path__))
    return sorted(name for name in found if not name.startswith("_"))


def create(kind: str, name: str, port: type[PortT], settings: Settings) -> PortT:
    """Build the adapter `name` of `kind`.

    Raises: ConfigurationError if there is no such adapter or it does not implement `port`.
    """
    if name not in names(kind):
        raise ConfigurationError(f"unknown {kind} adapter {name!r}; choose from {names(kind)}")
    adapter = importlib.import_module(f"core.adapters.{kind}.{name}").create(settings)
    if not isinstance(adapter, port):
        raise ConfigurationError(f"{kind}.{name} does not implement {port.__name__}")
    return adapter
