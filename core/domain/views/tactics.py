"""The list of tactics, and one of them with its whole life."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from core.domain.claims import ClaimReport
from core.domain.content import ContentKind, ContentVersion, Fact, Publication
from core.domain.insights import Insight
from core.domain.lifecycle import TacticEvent
from core.domain.market import MarketSnapshot
from core.domain.marks import PlanMark
from core.domain.orders import Order, OrderRequest
from core.domain.resolutions import Resolution
from core.domain.risk import SizeDecision
from core.domain.tactics import Tactic
from core.domain.trading import Fill
from core.domain.views.lineage import LineageRow


@dataclass(frozen=True)
class TacticFilter:
    """Which tactics to list; an empty field lets everything through."""

    first_session: date | None = None
    last_session: date | None = None
    symbols: tuple[str, ...] = ()
    grades: tuple[str, ...] = ()
    publishing_states: tuple[str, ...] = ()
    trade_states: tuple[str, ...] = ()
    limit: int = 200


@dataclass(frozen=True)
class TacticDetail:
    """One tactic with everything that led to it and came of it.

    versions: all of them, oldest first; `tactic` is the last one.
    sizes: each SizeDecision with its moment and version, oldest first.
    daily: the 120 daily bars before the session, and those since, up to the last judged session.
    intraday: the 5-minute bars from its session to the session in which it ended.
    marks: where the plan stood each time that the monitor looked, oldest first.
    reports: the verdicts on the words of its newest version, then on the text of its posts.
    """

    tactic: Tactic
    versions: tuple[Tactic, ...]
    publishing_state: str
    trade_state: str
    events: tuple[TacticEvent, ...]
    sizes: tuple[tuple[datetime, int, SizeDecision], ...]
    insight: Insight | None
    snapshot: MarketSnapshot | None
    daily: pd.DataFrame
    intraday: pd.DataFrame
    requests: tuple[OrderRequest, ...]
    orders: tuple[Order, ...]
    fills: tuple[Fill, ...]
    resolution: Resolution | None
    contents: tuple[ContentVersion, ...]
    publications: tuple[Publication, ...]
    lineage: tuple[LineageRow, ...]
    marks: tuple[PlanMark, ...]
    reports: tuple[ClaimReport, ...]

    @property
    def post(self) -> ContentVersion | None:
        """The newest version of the post that tells the plan, not of what happened to it later."""
        told = [one for one in self.contents if one.kind is ContentKind.TACTIC]
        return max(told, key=lambda one: one.version, default=None)

    @property
    def facts(self) -> dict[str, Fact]:
        """The facts behind the post and its words, by their ids."""
        return {fact.fact_id: fact for fact in self.post.facts} if self.post else {}

    @property
    def size(self) -> SizeDecision | None:
        """The newest sizing decision."""
        return self.sizes[-1][2] if self.sizes else None
