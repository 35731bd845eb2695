"""What the steps may use, chosen once by bootstrap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.analysis.entities import EntityLinker
from core.analysis.prompts import PromptLibrary
from core.analysis.rendering import Renderer
from core.analysis.sentiment import SentimentReader
from core.clock import Clock
from core.domain.discipline import DisciplinePolicy
from core.domain.events import EventCalendar
from core.domain.feed_policy import FeedPolicy
from core.domain.model_policy import ModelPolicy
from core.domain.risk import RiskPolicy
from core.domain.setups import SetupFile
from core.flow.approvals import Approvals
from core.flow.budget import Budget
from core.flow.desk_state import DeskState
from core.flow.effects import EffectLedger
from core.ports import (
    Alerts,
    Analyst,
    Broker,
    FundamentalsSource,
    LanguageModel,
    MarketData,
    MarketStream,
    News,
    Publisher,
)
from core.settings import Settings
from core.steps.board import Board
from core.steps.plan_memory import PlanMemory
from core.steps.providers import Provider
from core.storage.storage import Storage


@dataclass(frozen=True)
class Adapters:
    """What serves each port; where there are several, in the order to ask them.

    analyst: the rules; where a model is chosen, they stand behind it.
    """

    market_data: Sequence[Provider[MarketData]]
    news: Sequence[Provider[News]]
    fundamentals: Sequence[Provider[FundamentalsSource]]
    analyst: Analyst
    language_model: Provider[LanguageModel] | None
    broker: Broker
    publishers: Mapping[str, Publisher]
    alerts: Alerts
    stream: MarketStream | None


@dataclass(frozen=True)
class Universe:
    """The symbols that the desk plans for, and those that lead the market, the first one most."""

    symbols: tuple[str, ...]
    leads: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.symbols, *self.leads)))


@dataclass(frozen=True)
class NewsDesk:
    """How headlines are read."""

    linker: EntityLinker
    sentiment: SentimentReader


@dataclass(frozen=True)
class Playbook:
    """The operator's files: policies, setups, templates, names and words."""

    policy: RiskPolicy
    feeds: FeedPolicy
    news: NewsDesk
    setups: tuple[SetupFile, ...]
    events: EventCalendar
    models: ModelPolicy
    discipline: DisciplinePolicy
    prompts: PromptLibrary
    renderer: Renderer


@dataclass(frozen=True)
class WorkerServices:
    """What the steps on the `effects` queue may touch; any process has it."""

    settings: Settings
    adapters: Adapters
    ledger: EffectLedger
    state: DeskState


@dataclass(frozen=True)
class Services(WorkerServices):
    """Everything a step may touch in the process that owns the store."""

    clock: Clock
    universe: Universe
    playbook: Playbook
    approvals: Approvals
    budget: Budget
    storage: Storage
    board: Board
    plans: PlanMemory
