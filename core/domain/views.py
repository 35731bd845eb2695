"""What the pages are given to show. Frames hold aware UTC times; money is in USD, as float."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

import pandas as pd

from core.domain.base import Frozen, UtcDatetime
from core.domain.claims import ClaimReport
from core.domain.content import (
    ContentEvent,
    ContentKind,
    ContentVersion,
    Fact,
    Publication,
)
from core.domain.feeds import NewsItem
from core.domain.insights import Insight
from core.domain.lifecycle import TacticEvent
from core.domain.market import MarketSnapshot
from core.domain.marks import PlanMark
from core.domain.model_calls import DayBudget
from core.domain.resolutions import Resolution
from core.domain.risk import SizeDecision
from core.domain.tactics import Tactic
from core.domain.track_record import CalibrationBucket, Credibility, LedgerHead, Reconciliation
from core.domain.trading import Fill, Order, OrderRequest


class LineageRow(Frozen):
    """One thing that a post rests on; `depth` is how far below the post it lies."""

    depth: int
    kind: Literal[
        "publication", "content", "tactic", "insight", "snapshot", "bars", "headline",
        "fundamentals",
    ]  # fmt: skip
    reference: str
    title: str
    provider: str = ""
    label: str = ""
    first_at: UtcDatetime | date | None = None
    last_at: UtcDatetime | date | None = None
    count: int = 1
    sha256: str = ""


class ContentState(StrEnum):
    """`waiting` is written and undecided; `approved` is decided and on no platform yet."""

    DRAFTED = "drafted"
    WAITING = "waiting"
    APPROVED = "approved"
    PUBLISHED = "published"
    EXPIRED = "expired"
    REJECTED = "rejected"


class ContentCard(Frozen):
    """The newest version of a post, how it stands, and where it can be read."""

    content: ContentVersion
    state: ContentState
    reason: str
    changed_at: UtcDatetime
    events: tuple[ContentEvent, ...]
    publications: tuple[Publication, ...]


@dataclass(frozen=True)
class Inbox:
    """What some approvals are about: tactics, orders and sizes by tactic id, posts by content id.

    equity: the newest one known, in USD; None before the broker was asked.
    """

    tactics: Mapping[str, Tactic]
    requests: Mapping[str, OrderRequest]
    sizes: Mapping[str, SizeDecision]
    contents: Mapping[str, ContentVersion]
    equity: float | None


@dataclass(frozen=True)
class Overview:
    """The first page, but for what waits for a decision.

    equity: as_of, equity, cash, drawdown_fraction (0 or below); the last sample of each day.
    tactics: those of `session_date`, with the columns of the tactic list.
    positions: the open ones, with the columns of the positions page.
    runs: workflow, run_id, status, as_of, started_at, ended_at, seconds, error; newest each.
    publications: publication_id, content_id, kind, title, platform, url, published_at.
    resolutions: tactic_id, symbol, outcome, system_r, actual_r, resolved_at, label; oldest first.
    feeds: feed, provider, checked_at, newest_at, rows_read, rows_stored, rows_quarantined, error,
        run_id, newest_ok_at (the last check without an error).
    """

    session_date: date | None
    equity: pd.DataFrame
    tactics: pd.DataFrame
    positions: pd.DataFrame
    runs: pd.DataFrame
    publications: pd.DataFrame
    resolutions: pd.DataFrame
    feeds: pd.DataFrame

    @property
    def open_pnl(self) -> float:
        """The unrealized profit of the open positions, in USD."""
        return float(self.positions["unrealized_pnl"].sum())


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


@dataclass(frozen=True)
class InsightCard:
    """The newest insight on one symbol in a session.

    looks: how often the symbol was judged in the session. tactic_ids: what was drafted for it.
    """

    insight: Insight
    looks: int
    tactic_ids: tuple[str, ...]


@dataclass(frozen=True)
class InsightDetail:
    """One insight with what it rests on and what came of it.

    looks: all insights on the symbol in the session, oldest first, this one among them.
    news: the headlines that were read, by news_id; one that is not stored is missing.
    tactics: those that were drafted from it.
    reports: the verdicts on its texts.
    calls: what models were asked for it: requested_at, stage, subject_id, engine, prompt, attempt,
        status, input_tokens, output_tokens, cost_usd, detail; oldest first.
    history: the newest insight of each session up to this one: session_date, as_of, engine,
        stance, conviction, abstains, disagreement, fallback; oldest first.
    """

    insight: Insight
    snapshot: MarketSnapshot | None
    looks: tuple[Insight, ...]
    news: Mapping[str, NewsItem]
    tactics: tuple[Tactic, ...]
    reports: tuple[ClaimReport, ...]
    calls: pd.DataFrame
    history: pd.DataFrame


@dataclass(frozen=True)
class ModelDay:
    """The chosen analyst, and what models answered and cost today in New York.

    budget: None where the rules are chosen and nothing was spent. statuses: calls by how they
    ended. unanswered: the newest calls that the rules had to stand in for, with the columns of
    `InsightDetail.calls`.
    """

    engine: str
    asks_a_model: bool
    budget: DayBudget | None
    statuses: Mapping[str, int]
    unanswered: pd.DataFrame


@dataclass(frozen=True)
class PositionsView:
    """What is open, what is ordered, what was traded, and the money.

    One R is what the order's quantity loses between its limit and its stop.

    open: client_order_id, tactic_id, symbol, side, quantity (negative is short), entry, stop,
        target (the next one), targets, last, last_at, unrealized_pnl, open_r, opened_at,
        age_sessions.
    closed: client_order_id, tactic_id, symbol, side, quantity, entry, exit, fees, realized_pnl,
        realized_r, opened_at, closed_at, exit_leg.
    orders: client_order_id, tactic_id, symbol, side, quantity, limit_price, status,
        filled_quantity, average_fill_price, submitted_at, updated_at; newest first.
    fills: fill_id, client_order_id, symbol, side, leg, quantity, price, fees, filled_at, label.
    account: as_of, equity, cash, buying_power; oldest first.
    broker: symbol, quantity, average_entry_price, last_price, as_of; the newest look.
    """

    open: pd.DataFrame
    closed: pd.DataFrame
    orders: pd.DataFrame
    fills: pd.DataFrame
    account: pd.DataFrame
    broker: pd.DataFrame
    broker_as_of: datetime | None


@dataclass(frozen=True)
class EngagementView:
    """What readers did.

    samples: publication_id, content_id, kind, title, platform, url, published_at, age, due_at,
        measured_at, is_late, impressions, reactions, comments, shares, clicks, label;
        newest publication first, then by age. A missing count is what the platform does not tell.
    totals: kind, platform, age, posts, impressions, reactions, comments, shares, clicks,
        reactions_per_impression.
    """

    samples: pd.DataFrame
    totals: pd.DataFrame


@dataclass(frozen=True)
class TrackRecord:
    """How the plans that were committed to have ended, and whether all are accounted for.

    total: all of them. rows: by setup, grade and timeframe. rows_by_side: by side, too.
    calibration: by score. A row that is not `enough` says "not enough data".
    resolved: tactic_id, version, scenario_key, symbol, session_date, timeframe, setup, side,
        grade, score, published_at, outcome, system_r, actual_r, mae_r, mfe_r, resolved_at, label,
        is_corrected; the newest result first.
    ledger: the head of the public ledger.
    """

    total: Credibility
    rows: tuple[Credibility, ...]
    rows_by_side: tuple[Credibility, ...]
    calibration: tuple[CalibrationBucket, ...]
    resolved: pd.DataFrame
    reconciliation: Reconciliation
    ledger: LedgerHead
