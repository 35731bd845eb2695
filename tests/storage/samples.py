"""Facts to store, small and complete."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd

from core.domain.claims import Claim, ClaimReport
from core.domain.content import (
    ContentEvent,
    ContentEventKind,
    ContentKind,
    ContentVersion,
    Fact,
    Guarantee,
    Publication,
    Variant,
)
from core.domain.engagement import Counts, EngagementSample, SampleAge
from core.domain.feeds import (
    CorporateAction,
    DataFinding,
    FeedCheck,
    Fundamentals,
    Label,
    NewsItem,
    NewsReading,
    QuarantinedRow,
    Quote,
)
from core.domain.flow import LogLine, RunRecord, RunState, StepRecord, StepState
from core.domain.imports import BrokerActivity, FileReading, ImportReport
from core.domain.insights import Driver, Insight
from core.domain.lifecycle import TacticEvent, TacticEventKind
from core.domain.market import Headline, Indicators, Lead, Level, MarketSnapshot, Regime, Timeframe
from core.domain.marks import PlanMark
from core.domain.model_calls import (
    CallStatus,
    ModelCall,
    ModelParameters,
    PromptReference,
    Usage,
)
from core.domain.orders import Bracket, Order, OrderRequest, OrderStatus, TakeProfit
from core.domain.resolutions import Outcome, Resolution
from core.domain.risk import Constraint, SizeDecision
from core.domain.scenarios import Bias, Grade, Scenario, Side, Target, Trigger
from core.domain.tactics import CheckItem, Generator, Stage, Tactic
from core.domain.trading import Account, Fill, FillLeg, OrderSide, Position

SESSION = date(2024, 1, 5)
MORNING = datetime(2024, 1, 5, 13, 15, tzinfo=UTC)
CHECKLIST = (
    "macd_curl_with_bias",
    "vwap_confirmed",
    "tape_slowed_at_level",
    "entry_candle_rejects",
    "risk_defined",
    "bias_matches_market",
)


def moment(session_date: date = SESSION, *, hours: float = 13.25) -> datetime:
    midnight = datetime(session_date.year, session_date.month, session_date.day, tzinfo=UTC)
    return midnight + timedelta(hours=hours)


def bars(
    symbol: str = "AAPL",
    *,
    sessions: int = 5,
    last: date = date(2024, 1, 4),
    timeframe: str = "1d",
    provider: str = "sample",
    shift: float = 0.0,
) -> pd.DataFrame:
    """Daily bars of consecutive days that end on `last`."""
    days = [last - timedelta(days=back) for back in reversed(range(sessions))]
    closes = [100.0 + place + shift for place in range(sessions)]
    return pd.DataFrame(
        {
            "symbol": symbol,
            "timeframe": timeframe,
            "session_date": days,
            "started_at": pd.to_datetime(days, utc=True),
            "open": [close - 0.5 for close in closes],
            "high": [close + 1 for close in closes],
            "low": [close - 1 for close in closes],
            "close": closes,
            "volume": 1_000.0,
            "provider": provider,
            "label": "real",
        }
    )


def news_item(**changes: Any) -> NewsItem:
    values = {
        "news_id": "n1",
        "symbols": ("AAPL",),
        "title": "Apple's results beat",
        "source": "wire",
        "published_at": moment(hours=10),
        "provider": "sample",
        "label": Label.REAL,
    }
    return NewsItem(**{**values, **changes})


def reading(**changes: Any) -> NewsReading:
    values = {
        "news_id": "n1", "story_id": "n1", "symbols": ("AAPL",), "sentiment": 0.5,
        "method": "vader+finance/1",
    }  # fmt: skip
    return NewsReading(**{**values, **changes})


def split(**changes: Any) -> CorporateAction:
    values = {
        "symbol": "AAPL", "kind": "split", "ex_date": date(2024, 1, 3), "ratio": 2.0,
        "provider": "sample", "label": Label.REAL,
    }  # fmt: skip
    return CorporateAction(**{**values, **changes})


def quote(**changes: Any) -> Quote:
    values = {
        "symbol": "AAPL", "bid": 99.9, "ask": 100.1, "last": 100.0, "quoted_at": MORNING,
        "provider": "sample", "label": Label.REAL,
    }  # fmt: skip
    return Quote(**{**values, **changes})


def finding(**changes: Any) -> DataFinding:
    values = {
        "kind": "dispute", "symbol": "AAPL", "text": "2024-01-04: a says 100.00, b says 102.00",
        "found_at": MORNING, "run_id": "aggregate@20240105T130000Z",
    }  # fmt: skip
    return DataFinding(**{**values, **changes})


def activity(**changes: Any) -> BrokerActivity:
    values = {
        "activity_id": "robinhood:1", "account": "robinhood", "activity_date": SESSION, "place": 0,
        "instrument": "AAPL", "description": "Apple", "code": "Buy", "quantity": Decimal(1),
        "price": Decimal(100), "amount": Decimal(-100),
    }  # fmt: skip
    return BrokerActivity(**{**values, **changes})


def import_report(**changes: Any) -> ImportReport:
    values = {
        "kind": "bars", "file_name": "bars.csv", "file_sha256": "c" * 64, "imported_at": MORNING,
        "dry_run": False, "rows_read": 1, "rows_accepted": 1, "rows_stored": 1,
        "rows_duplicate": 0, "rows_quarantined": 0, "reasons": {},
        "understood": FileReading(format="csv"),
    }  # fmt: skip
    return ImportReport(**{**values, **changes})


def fundamentals(**changes: Any) -> Fundamentals:
    values = {
        "symbol": "AAPL",
        "as_of_date": date(2023, 12, 31),
        "sector": "Technology",
        "market_cap_usd": 3e12,
        "provider": "sample",
        "label": Label.REAL,
    }
    return Fundamentals(**{**values, **changes})


def quarantined(**changes: Any) -> QuarantinedRow:
    values = {
        "source": "sample",
        "kind": "bar",
        "key": "AAPL 2024-01-04",
        "reason": "high below low",
        "payload": "{}",
        "recorded_at": MORNING,
    }
    return QuarantinedRow(**{**values, **changes})


def feed_check(**changes: Any) -> FeedCheck:
    values = {
        "feed": "bars",
        "provider": "sample",
        "run_id": "daily_tactic@1",
        "checked_at": MORNING,
        "rows_read": 5,
        "rows_stored": 5,
        "rows_quarantined": 0,
        "newest_at": moment(date(2024, 1, 4), hours=0),
    }
    return FeedCheck(**{**values, **changes})


def snapshot(symbol: str = "AAPL", session_date: date = SESSION) -> MarketSnapshot:
    indicators = Indicators(
        ema8=103, ema21=102, sma50=101, sma200=100, bollinger_upper=106, bollinger_middle=102,
        bollinger_lower=98, macd=0.1, macd_signal=0.2, macd_histogram=(-0.1, -0.05, 0.1),
        rsi14=55.5, atr14=2, atr14_mean=2.1, relative_volume=1.2,
    )  # fmt: skip
    headline = Headline(
        news_id="n1",
        source="wire",
        title="Apple's results beat",
        published_at=moment(session_date, hours=10),
        label=Label.REAL,
    )
    return MarketSnapshot(
        symbol=symbol,
        as_of=moment(session_date),
        session_date=session_date,
        timeframe=Timeframe.DAY,
        provider="sample",
        label=Label.REAL,
        bars_first_date=session_date - timedelta(days=5),
        bars_last_date=session_date - timedelta(days=1),
        bars_count=5,
        bars_sha256="b" * 64,
        last=104,
        previous_close=103,
        change_fraction=1 / 103,
        previous_high=105,
        previous_low=102.2,
        indicators=indicators,
        levels=(Level(kind="support", price=102, source="ema21"),),
        lead=Lead(
            symbol="QQQ",
            last=400,
            above_ema21=True,
            above_sma50=True,
            change_fraction=0.01,
            label=Label.REAL,
        ),
        regime=Regime(trend="up", volatility="normal"),
        headlines=(headline,),
        fundamentals=fundamentals(symbol=symbol),
    )


def insight(symbol: str = "AAPL", session_date: date = SESSION) -> Insight:
    return Insight(
        snapshot_id=snapshot(symbol, session_date).snapshot_id,
        symbol=symbol,
        session_date=session_date,
        as_of=moment(session_date),
        engine="rules/v1",
        stance=Bias.BULLISH,
        bias_sum=3,
        conviction=0.7,
        summary="Above its averages.",
        drivers=(Driver(text="Above EMA21", direction=1, fact_ids=("ema21",)),),
        risks=("earnings",),
        would_change_mind="a close below 100",
    )


def tactic(
    symbol: str = "AAPL",
    session_date: date = SESSION,
    *,
    version: int = 1,
    headline: str = "Buy the dip",
    playable: bool = True,
) -> Tactic:
    scenario = Scenario(
        key="L1",
        setup="ema_pullback",
        side=Side.LONG,
        grade=Grade.A_PLUS,
        score=0.8,
        trigger=Trigger(kind="reclaim", price=103),
        entry_low=102.5,
        entry_high=103.1,
        stop=101,
        targets=(Target(price=106, fraction=0.5), Target(price=108, fraction=0.5)),
        timebox_sessions=5,
        invalidation="a close below 101",
    )
    return Tactic(
        tactic_id=f"TBOW-{symbol}-{session_date:%Y%m%d}-D1",
        version=version,
        supersedes=version - 1 or None,
        symbol=symbol,
        session_date=session_date,
        as_of=moment(session_date),
        timeframe=Timeframe.DAY,
        snapshot_id=snapshot(symbol, session_date).snapshot_id,
        insight_id=insight(symbol, session_date).insight_id,
        generator=Generator(engine="rules/v1"),
        stage=Stage.PAPER,
        bias=Bias.BULLISH,
        headline=headline,
        context_insight="Above its averages.",
        objective="A move to 108",
        levels=(),
        scenarios=(scenario,) if playable else (),
        wait_clause="No trigger, no trade.",
        checklist=tuple(
            CheckItem(name=name, verdict="pass", evidence="seen") for name in CHECKLIST
        ),
        do_not_play_reasons=() if playable else ("no setup",),
    )


def tactic_event(
    kind: TacticEventKind = TacticEventKind.DRAFTED, *, of: Tactic | None = None, **changes: Any
) -> TacticEvent:
    plan = of or tactic()
    values = {
        "tactic_id": plan.tactic_id,
        "version": plan.version,
        "kind": kind,
        "occurred_at": plan.as_of,
        "actor": "desk",
        "payload": {"subject": "trade"} if kind == TacticEventKind.APPROVED else {},
    }
    return TacticEvent(**{**values, **changes})


def life(*kinds: TacticEventKind, of: Tactic | None = None) -> list[TacticEvent]:
    """Return events of these kinds, in this order, after the draft."""
    return [tactic_event(kind, of=of) for kind in (TacticEventKind.DRAFTED, *kinds)]


def size_decision(quantity: int = 10) -> SizeDecision:
    return SizeDecision(
        quantity=quantity,
        binding="risk",
        risk_usd=quantity * 2.1,
        notional_usd=quantity * 103.1,
        policy_version="1",
        ladder=(Constraint(name="risk", quantity=quantity, detail="1% of equity"),),
        reason_if_zero="" if quantity else "refused",
    )


def resolution(of: Tactic | None = None, **changes: Any) -> Resolution:
    plan = of or tactic()
    values = {
        "tactic_id": plan.tactic_id,
        "version": plan.version,
        "scenario_key": "L1",
        "outcome": Outcome.TARGET,
        "system_r": 2.0,
        "actual_r": 1.8,
        "mae_r": -0.3,
        "mfe_r": 2.2,
        "bars_held": 12,
        "entry_price": 103.0,
        "exit_price": 107.0,
        "exit_reason": "target",
        "resolved_at": moment(plan.session_date, hours=21),
        "label": "synthetic",
    }
    return Resolution(**{**values, **changes})


def order_request(of: Tactic | None = None, quantity: int = 10) -> OrderRequest:
    plan = of or tactic()
    return OrderRequest(
        client_order_id=f"order:{plan.tactic_id}:L1",
        symbol=plan.symbol,
        side=OrderSide.BUY,
        quantity=Decimal(quantity),
        limit_price=Decimal("103.10"),
        bracket=Bracket(
            stop_price=Decimal("101.00"),
            take_profits=(TakeProfit(price=Decimal("106.00"), quantity=Decimal(quantity)),),
        ),
    )


def order(of: Tactic | None = None, **changes: Any) -> Order:
    request, plan = order_request(of), of or tactic()
    values = {
        "client_order_id": request.client_order_id,
        "venue_order_id": "v1",
        "symbol": request.symbol,
        "side": request.side,
        "quantity": request.quantity,
        "limit_price": request.limit_price,
        "bracket": request.bracket,
        "status": OrderStatus.ACCEPTED,
        "filled_quantity": Decimal(0),
        "average_fill_price": None,
        "submitted_at": moment(plan.session_date, hours=14.5),
        "updated_at": moment(plan.session_date, hours=14.5),
    }
    return Order(**{**values, **changes})


def fill(of: Tactic | None = None, leg: FillLeg = FillLeg.ENTRY, **changes: Any) -> Fill:
    request, plan = order_request(of), of or tactic()
    entry = leg is FillLeg.ENTRY
    values = {
        "fill_id": f"{request.client_order_id}:{leg}",
        "client_order_id": request.client_order_id,
        "symbol": request.symbol,
        "side": OrderSide.BUY if entry else OrderSide.SELL,
        "leg": leg,
        "quantity": request.quantity,
        "price": Decimal("103.05") if entry else Decimal("106.00"),
        "fees": Decimal("0.01"),
        "filled_at": moment(plan.session_date, hours=15 if entry else 19),
        "label": "synthetic",
    }
    return Fill(**{**values, **changes})


def account(as_of: datetime = MORNING, equity: str = "100000.00") -> Account:
    return Account(
        account_id="paper",
        equity=Decimal(equity),
        cash=Decimal(50000),
        buying_power=Decimal(200000),
        as_of=as_of,
    )


def position(symbol: str = "AAPL", quantity: int = 10) -> Position:
    return Position(
        symbol=symbol,
        quantity=Decimal(quantity),
        average_entry_price=Decimal("103.05"),
        last_price=Decimal("104.10"),
    )


def model_call(**changes: Any) -> ModelCall:
    parameters = ModelParameters(model="m-1", temperature=None, maximum_output_tokens=500)
    values = {
        "request_sha256": "d" * 64, "subject_id": "n1", "stage": "extraction",
        "engine": "openai/m-1", "parameters": parameters, "requested_at": MORNING,
        "prompt": PromptReference(name="extraction", version="1", sha256="e" * 64),
        "run_id": "daily_tactic@1", "status": CallStatus.ANSWERED, "answer": "{}",
        "usage": Usage(input_tokens=210, output_tokens=12, cost_usd=Decimal("0.000450")),
    }  # fmt: skip
    return ModelCall(**{**values, **changes})


def claim_report() -> ClaimReport:
    claim = Claim(kind="number", text="$10.00", start=0, end=6, fact_ids=("snapshot.last",))
    return ClaimReport(
        subject_id="TBOW", part="summary", text="$10.00", text_sha256="a" * 64, claims=(claim,),
        checked_at=MORNING,
    )  # fmt: skip


def plan_mark() -> PlanMark:
    return PlanMark(
        tactic_id="TBOW", version=1, scenario_key="breakout-long", marked_at=MORNING,
        bars_to=MORNING, status="open", last=10.0, running_r=0.5, mae_r=0.1, mfe_r=0.7, stop=9.0,
    )  # fmt: skip


def content(of: Tactic | None = None, *, version: int = 1, body: str = "AAPL") -> ContentVersion:
    plan = of or tactic()
    return ContentVersion(
        content_id=plan.tactic_id.lower(),
        version=version,
        kind=ContentKind.TACTIC,
        subject_id=plan.tactic_id,
        title=plan.headline,
        body=body,
        facts=(Fact(fact_id="stop", value=101.0, unit="usd"),),
        variants=(Variant(platform="preview", body=body, format="markdown", length=len(body)),),
        template="tactic@1",
        created_at=plan.as_of,
        expires_at=plan.as_of + timedelta(hours=8),
    )


def content_event(
    kind: ContentEventKind = ContentEventKind.DRAFTED,
    *,
    of: ContentVersion | None = None,
    **changes: Any,
) -> ContentEvent:
    version = of or content()
    values = {
        "content_id": version.content_id,
        "version": version.version,
        "kind": kind,
        "occurred_at": version.created_at,
        "actor": "desk",
    }
    return ContentEvent(**{**values, **changes})


def publication(of: ContentVersion | None = None, **changes: Any) -> Publication:
    version = of or content()
    values = {
        "publication_id": f"post:{version.content_id}:preview",
        "content_id": version.content_id,
        "version": version.version,
        "content_sha256": version.content_sha256,
        "platform": "preview",
        "external_id": "1",
        "url": "https://example.org/1",
        "guarantee": Guarantee.NATIVE_KEY,
        "published_at": version.created_at + timedelta(minutes=30),
    }
    return Publication(**{**values, **changes})


def sample(
    of: Publication | None = None, age: SampleAge = SampleAge.HOUR_1, **changes: Any
) -> EngagementSample:
    post = of or publication()
    due_at = post.published_at + age.after
    values = {
        "publication_id": post.publication_id,
        "age": age,
        "due_at": due_at,
        "measured_at": due_at,
        "counts": Counts(impressions=120, reactions=4, label=Label.SYNTHETIC),
    }
    return EngagementSample(**{**values, **changes})


def run_record(status: RunState = RunState.SUCCEEDED, **changes: Any) -> RunRecord:
    values = {
        "run_id": "daily_tactic@1",
        "workflow": "daily_tactic",
        "version": "abc",
        "status": status,
        "as_of": MORNING,
        "created_at": MORNING,
        "started_at": MORNING,
        "ended_at": MORNING + timedelta(seconds=3),
        "inputs": {"symbols": ["AAPL"]},
        "spec": {"id": "daily_tactic"},
    }
    return RunRecord(**{**values, **changes})


def log_line(**changes: Any) -> LogLine:
    values: dict[str, Any] = {
        "run_id": "daily_tactic@20230615T121500Z", "step_id": "bars", "logged_at": MORNING,
        "level": "warning", "text": "attempt 1 failed",
    }  # fmt: skip
    return LogLine(**{**values, **changes})


def step_record(id: str = "bars", **changes: Any) -> StepRecord:  # noqa: A002
    values = {
        "run_id": "daily_tactic@1",
        "id": id,
        "uses": f"feeds.{id}",
        "status": StepState.SUCCEEDED,
        "started_at": MORNING,
        "ended_at": MORNING + timedelta(seconds=1),
        "seconds": 1.0,
        "attempts": 1,
        "output": {"rows": 5},
    }
    return StepRecord(**{**values, **changes})
