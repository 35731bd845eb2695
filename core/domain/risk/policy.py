"""The file data/policy.yaml: the operator's limits, one version of them at a time."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from core.domain.base import Fraction, Frozen, Symbol
from core.domain.risk.limits import GuardLimits, Stricter
from core.domain.scenarios import Grade

# Far above what anybody should risk: a 1 that was meant as 1 % is refused.
RiskFraction = Annotated[float, Field(gt=0, le=0.05), Stricter.LOWER]
ExposureFraction = Annotated[float, Field(gt=0, le=1), Stricter.LOWER]
MaybeExposure = Annotated[float | None, Field(gt=0, le=1), Stricter.LOWER]
AtLeast = Annotated[float, Field(ge=0, allow_inf_nan=False), Stricter.HIGHER]
Factor = Annotated[float, Field(gt=0, le=4), Stricter.LOWER]
MaybeCap = Annotated[float | None, Field(gt=0, allow_inf_nan=False), Stricter.LOWER]


class ApprovalPolicy(Frozen):
    """Who may approve: a person, or the policy itself.

    at_deadline: what becomes of a tactic's post that nobody has decided on by 09:00 ET.
    """

    trade: Annotated[str, Field(pattern="^(manual|auto)$")] = "manual"
    content: Annotated[str, Field(pattern="^(manual|auto)$")] = "manual"
    at_deadline: Literal["escalate", "publish"] = "escalate"


class RiskPolicy(Frozen):
    """The operator's limits, as fractions of equity; slippage in USD per share.

    What may be None is then switched off: nothing is asked for it, and it limits nothing.
    drawdown_start, drawdown_end: how far below its peak the equity is when less is risked, and
        when nothing is any more.
    atr_multiple: the ATRs that the risk has to cover. volatility_target: per year.
    kelly_share: of the full Kelly fraction; kelly_cap: the most of equity that it may put at risk.
    kelly_minimum_results: from how many it counts; kelly_prior_results: how many results without
        an edge are added to them.
    volume_fraction: of the average daily volume. maximum_order_*: the operator's own cap.
    sectors: of symbols; one that is not named is a sector of its own.
    """

    version: str
    risk_fraction: RiskFraction = 0.01
    notional_fraction: ExposureFraction = 0.25
    sector_fraction: MaybeExposure = 0.5
    gross_fraction: ExposureFraction = 1.0
    net_fraction: MaybeExposure = 1.0
    heat_fraction: Annotated[float, Field(gt=0, le=0.2), Stricter.LOWER] = 0.03
    volume_fraction: Annotated[float | None, Field(gt=0, le=0.2), Stricter.LOWER] = 0.01
    drawdown_start: Annotated[float, Field(ge=0, lt=1), Stricter.LOWER] = 0.05
    drawdown_end: Annotated[float, Field(gt=0, lt=1), Stricter.LOWER] = 0.15
    atr_multiple: Annotated[float | None, Field(gt=0, le=20), Stricter.HIGHER] = 2.0
    volatility_target: MaybeExposure = 0.10
    kelly_share: MaybeExposure = 0.25
    kelly_cap: RiskFraction = 0.02
    kelly_minimum_results: Annotated[int, Field(ge=1), Stricter.LOWER] = 20
    kelly_prior_results: Annotated[int, Field(ge=0), Stricter.HIGHER] = 20
    maximum_order_usd: MaybeCap = None
    maximum_order_shares: MaybeCap = None
    minimum_first_target_r: AtLeast = 1.0
    minimum_best_target_r: AtLeast = 2.0
    stop_minimum_atr: Annotated[float, Field(gt=0, le=20), Stricter.HIGHER] = 0.3
    stop_maximum_atr: Annotated[float, Field(gt=0, le=20), Stricter.LOWER] = 3.0
    slippage_usd: AtLeast = 0.02
    fee_fraction: Annotated[float, Field(ge=0, le=0.05), Stricter.HIGHER] = 0.0001
    grade_factors: Annotated[dict[Grade, Fraction], Stricter.LOWER] = Field(
        default={Grade.A_PLUS: 1.0, Grade.B: 0.5, Grade.C: 0.0, Grade.DNP: 0.0}
    )
    volatility_factor_minimum: Factor = 0.5
    volatility_factor_maximum: Factor = 1.25
    sectors: Annotated[dict[Symbol, str], Stricter.FIRST] = Field(default={})
    guards: GuardLimits = GuardLimits()
    approvals: ApprovalPolicy = ApprovalPolicy()

    @model_validator(mode="after")
    def _is_ordered(self) -> RiskPolicy:
        if self.drawdown_start >= self.drawdown_end:
            raise ValueError("drawdown_start is not below drawdown_end")
        if self.stop_minimum_atr > self.stop_maximum_atr:
            raise ValueError("stop_minimum_atr is above stop_maximum_atr")
        if self.volatility_factor_minimum > self.volatility_factor_maximum:
            raise ValueError("volatility_factor_minimum is above volatility_factor_maximum")
        return self

    @property
    def trades_per_day(self) -> int:
        return self.guards.trades_per_day

    def grade_factor(self, grade: Grade) -> float:
        """Return the part of the risk that a grade is worth; one that is not named is worth 0."""
        return self.grade_factors.get(grade, 0.0)

    def volatility_factor(self, atr: float, atr_mean: float) -> float:
        """Trade smaller when the range is wider than usual."""
        raw = atr_mean / atr
        return min(max(raw, self.volatility_factor_minimum), self.volatility_factor_maximum)

    def sector_of(self, symbol: str) -> str:
        return self.sectors.get(symbol, symbol)
