"""The whole store: one object per aggregate over the one connection."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from core.storage.actions import Actions, Quotes
from core.storage.audit import Audit
from core.storage.bars import Bars
from core.storage.claims import Claims
from core.storage.configurations import Configuration, Configurations
from core.storage.connection import Store
from core.storage.content import Contents
from core.storage.engagement import Engagement
from core.storage.fundamentals import FundamentalFacts
from core.storage.guards import Guards
from core.storage.history import History
from core.storage.imports import Imports
from core.storage.insights import Insights
from core.storage.marks import Marks
from core.storage.model_calls import ModelCalls
from core.storage.news import NewsItems
from core.storage.order_events import OrderEvents
from core.storage.overrides import Overrides
from core.storage.policies import RiskPolicies
from core.storage.quality import Quality
from core.storage.read_models import Views
from core.storage.reconciliations import Reconciliations
from core.storage.tactics import Tactics
from core.storage.trading import Trading


class Storage:
    """Opens the database file and hands out its aggregates.

    Raises: StoreLockedError, StoreError.
    """

    def __init__(
        self, path: Path, providers: Sequence[str] = (), fundamentals: Sequence[str] = ()
    ) -> None:
        """`providers` are the preferred sources of bars, the best first; so `fundamentals`."""
        today = Configuration(market_data=tuple(providers), fundamentals=tuple(fundamentals))
        self.store = Store(path)
        self.configurations = Configurations(self.store, today)
        self.bars = Bars(self.store, self.configurations)
        self.actions = Actions(self.store, self.configurations)
        self.quotes = Quotes(self.store)
        self.quality = Quality(self.store)
        self.news = NewsItems(self.store)
        self.fundamentals = FundamentalFacts(self.store, self.configurations)
        self.insights = Insights(self.store)
        self.tactics = Tactics(self.store)
        self.marks = Marks(self.store)
        self.model_calls = ModelCalls(self.store)
        self.claims = Claims(self.store)
        self.policies = RiskPolicies(self.store)
        self.trading = Trading(self.store)
        self.order_events = OrderEvents(self.store)
        self.reconciliations = Reconciliations(self.store)
        self.overrides = Overrides(self.store)
        self.guards = Guards(self.store)
        self.content = Contents(self.store)
        self.engagement = Engagement(self.store)
        self.audit = Audit(self.store)
        self.history = History(self.store)
        self.imports = Imports(self.store)
        self.views = Views(self.store, self.bars)

    def now_known(self) -> datetime:
        """Return a moment of the wall's clock up to which everything is stored and can be read.

        What is stored later without a moment of its own is received later, even if the clock is
        set back meanwhile.
        """
        with self.store.write():
            return self.store.moments.known()

    def backup(self, target: Path) -> None:
        """Write a complete copy to `target` while the desk runs."""
        self.store.backup(target)

    def close(self) -> None:
        self.store.close()
