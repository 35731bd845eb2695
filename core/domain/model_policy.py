"""The operator's rules for language models: what they may cost, how they are asked."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from core.domain.base import Fraction, Frozen
from core.domain.feed_policy import ProviderPolicy
from core.domain.model_calls import ModelParameters, Stage, Usage

Usd = Annotated[Decimal, Field(ge=0)]
MILLION = Decimal(1_000_000)
MAXIMUM_SAMPLES = 9


class TokenPrice(Frozen):
    """USD for a million tokens."""

    input_usd: Usd
    output_usd: Usd


class StageRules(Frozen):
    """How one stage is asked. samples: how often the same question is put."""

    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    maximum_output_tokens: Annotated[int, Field(strict=True, gt=0, le=20_000)]
    samples: Annotated[int, Field(strict=True, ge=1, le=MAXIMUM_SAMPLES)] = 1


class ModelPolicy(Frozen):
    """The file data/models.yaml.

    escalate_above: the disagreement between samples above which the operator is asked.
    server: how hard the model's server may be asked. patience_seconds: how long one question may
        wait for that. unlisted: what a model costs that `prices` does not list.
    """

    version: Annotated[str, Field(min_length=1)]
    daily_budget_usd: Usd
    escalate_above: Fraction
    server: ProviderPolicy
    patience_seconds: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)]
    stages: dict[Stage, StageRules]
    prices: dict[str, TokenPrice]
    unlisted: TokenPrice

    @model_validator(mode="after")
    def _knows_every_stage(self) -> ModelPolicy:
        missing = [stage.value for stage in Stage if stage not in self.stages]
        if missing:
            raise ValueError(f"stages: there are no rules for {', '.join(missing)}")
        return self

    def parameters(self, stage: Stage, model: str, seed: int = 0) -> ModelParameters:
        rules = self.stages[stage]
        return ModelParameters(
            model=model,
            temperature=rules.temperature,
            maximum_output_tokens=rules.maximum_output_tokens,
            seed=seed,
        )

    def usage(self, model: str, input_tokens: int, output_tokens: int) -> Usage:
        """Return the tokens with their price."""
        price = self.prices.get(model, self.unlisted)
        usd = (price.input_usd * input_tokens + price.output_usd * output_tokens) / MILLION
        return Usage(input_tokens=input_tokens, output_tokens=output_tokens, cost_usd=usd)
