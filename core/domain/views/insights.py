"""Insights, and what the models behind them cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from core.domain.claims import ClaimReport
from core.domain.feeds import NewsItem
from core.domain.insights import Insight
from core.domain.market import MarketSnapshot
from core.domain.model_calls import DayBudget
from core.domain.tactics import Tactic


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
