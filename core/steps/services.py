"""What the steps may use, chosen once by bootstrap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.analysis.rendering import Renderer
from core.clock import Clock
from core.domain.risk import RiskPolicy
from core.domain.setups import SetupFile
from core.flow.approvals import Approvals
from core.flow.desk_state import DeskState
from core.flow.effects import EffectLedger
from core.ports import (
    Alerts,
    Analyst,
    Broker,
    FundamentalsSource,
    MarketData,
    News,
    Publisher,
)
from core.settings import Settings
from core.storage.storage import Storage


@dataclass(frozen=True)
class Adapters:
    """One adapter per port; publishers by name."""

    market_data: MarketData
    news: News
    fundamentals: FundamentalsSource
    analyst: Analyst
    broker: Broker
    publishers: Mapping[str, Publisher]
    alerts: Alerts


@dataclass(frozen=True)
class Universe:
    """The symbols that the desk plans for, and the one that leads them."""

    symbols: tuple[str, ...]
    lead: str

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.symbols, self.lead) if self.lead not in self.symbols else self.symbols


@dataclass(frozen=True)
class Playbook:
    """The operator's files: policy, setups, templates."""

    policy: RiskPolicy
    setups: tuple[SetupFile, ...]
    renderer: Renderer


@dataclass(frozen=True)
class WorkerServices:
    """What the steps on the `effects` queue may touch; any process has it."""

    settings: Settings
    adapters: Adapters
    ledger: EffectLedger


@dataclass(frozen=True)
class Services(WorkerServices):
    """Everything a step may touch in the process that owns the store."""

    clock: Clock
    universe: Universe
    playbook: Playbook
    state: DeskState
    approvals: Approvals
    storage: Storage
