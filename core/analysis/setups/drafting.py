"""From a candidate to a graded scenario: grade, score, and why it should not be played."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.analysis.bias import BiasReading
from core.analysis.levels import FULL_CONFLUENCE, confluence
from core.analysis.rendering import usd
from core.analysis.setups.candidate import CandidatePlan, relative_volume
from core.analysis.setups.checklist import check, risk_flaw
from core.analysis.setups.geometry import ROUNDING
from core.domain.market import MarketSnapshot
from core.domain.scenarios import Bias, Grade, Scenario, Side
from core.domain.tactics import CheckItem, ScoreParts

A_PLUS_R, C_R = 3.0, 1.5  # 2R makes a B, see `risk_flaw`
A_PLUS_CONFLUENCE = 2
A_PLUS_RELATIVE_VOLUME = 1.2
GRADE_PARTS = {Grade.A_PLUS: 1.0, Grade.B: 0.7, Grade.C: 0.4, Grade.DNP: 0.0}


@dataclass(frozen=True)
class Judgement:
    """A scenario with all that its grade rests on; `reasons` speak against playing it."""

    scenario: Scenario
    checklist: tuple[CheckItem, ...]
    score_parts: ScoreParts
    reasons: tuple[str, ...]


def judge(candidate: CandidatePlan, bias: BiasReading, snapshot: MarketSnapshot) -> Judgement:
    """Grade and score a candidate. A reason against it makes it DNP, whatever it pays."""
    draft = _draft(candidate)
    checklist = check(candidate, draft, bias, snapshot)
    reasons = tuple(_objections(candidate, draft, bias, snapshot))
    grade = Grade.DNP if reasons else _grade(candidate, draft, snapshot)
    if grade in {Grade.C, Grade.DNP} and not reasons:
        reasons = (risk_flaw(draft, snapshot.indicators.atr14),)
    parts = ScoreParts(
        grade=GRADE_PARTS[grade],
        checklist=sum(item.verdict == "pass" for item in checklist) / len(checklist),
        confluence=confluence(candidate.level) / FULL_CONFLUENCE,
        market_alignment=(bias.direction_of("lead") * candidate.side.sign + 1) / 2,
    )
    scenario = draft.model_copy(update={"grade": grade, "score": weigh(parts)})
    return Judgement(scenario, checklist, parts, reasons)


def weigh(parts: ScoreParts) -> float:
    """Return the score 0..1 of its parts."""
    score = (
        0.40 * parts.grade
        + 0.30 * parts.checklist
        + 0.20 * parts.confluence
        + 0.10 * parts.market_alignment
    )
    return round(score, 6)


def _draft(candidate: CandidatePlan) -> Scenario:
    beyond = "below" if candidate.side is Side.LONG else "above"
    return Scenario(
        key=candidate.key,
        setup=candidate.setup,
        side=candidate.side,
        grade=Grade.DNP,
        score=0,
        trigger=candidate.trigger,
        entry_low=candidate.entry_low,
        entry_high=candidate.entry_high,
        stop=candidate.stop,
        targets=candidate.targets,
        timebox_sessions=candidate.timebox_sessions,
        timebox_minutes=candidate.timebox_minutes,
        breakeven_after_target=_breakeven(candidate),
        invalidation=f"A close at or {beyond} {usd(candidate.stop)} before entry ends the plan: "
        f"{candidate.failure}.",
    )


def _breakeven(candidate: CandidatePlan) -> int | None:
    """Return after which target the stop moves; after the last one nothing is left to protect."""
    after = candidate.breakeven_after_target
    return after if after and after < len(candidate.targets) else None


def _grade(candidate: CandidatePlan, draft: Scenario, snapshot: MarketSnapshot) -> Grade:
    reward = draft.best_reward_risk + ROUNDING
    if risk_flaw(draft, snapshot.indicators.atr14):
        return Grade.C if reward >= C_R else Grade.DNP
    is_backed = confluence(candidate.level) >= A_PLUS_CONFLUENCE
    has_volume = (relative_volume(snapshot) or 0) >= A_PLUS_RELATIVE_VOLUME
    is_wild = snapshot.regime.volatility == "high"  # volatility has no direction, but a price
    if reward >= A_PLUS_R and is_backed and has_volume and not is_wild:
        return Grade.A_PLUS
    return Grade.B


def _objections(
    candidate: CandidatePlan, draft: Scenario, bias: BiasReading, snapshot: MarketSnapshot
) -> Iterator[str]:
    against = {Side.LONG: Bias.BEARISH, Side.SHORT: Bias.BULLISH}[candidate.side]
    if bias.bias is against:
        yield f"against the {bias.bias} bias"
    if candidate.obstacle:
        yield candidate.obstacle
    if not draft.is_in_reach(snapshot.last, snapshot.indicators.atr14):
        yield "the entry is too far from the last price"
