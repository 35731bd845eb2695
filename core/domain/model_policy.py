"""The operator's rules for language models: what they may cost, how they are asked."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from core.domain.base import Fraction, Frozen
from core.domain.model_calls import ModelParameters, Stage, Usage
from core.errors import ConfigurationError

Usd = Annotated[Decimal, Field(ge=0)]
MILLION = Decimal(1_000_000)


class TokenPrice(Frozen):
    """USD for a million tokens."""

    input_usd: Usd
    output_usd: Usd


class StageRules(Frozen):
    """How one stage is asked. samples: how often the same question is put."""

    temperature: Annotated[float, Field(ge=0, le=2)]
    maximum_output_tokens: Annotated[int, Field(gt=0, le=20_000)]
    samples: Annotated[int, Field(ge=1, le=9)] = 1


class ModelPolicy(Frozen):
    """The file data/models.yaml.

    escalate_above: the disagreement between samples from which on the operator is asked.
    """

    version: str
    daily_budget_usd: Usd
    escalate_above: Fraction
    stages: dict[Stage, StageRules]
    prices: dict[str, TokenPrice]

    def parameters(self, stage: Stage, model: str, sample: int = 0) -> ModelParameters:
        rules = self.stages[stage]
        return ModelParameters(
            model=model,
            temperature=rules.temperature,
            maximum_output_tokens=rules.maximum_output_tokens,
            seed=sample,
        )

    def cost(self, model: str, input_tokens: int, output_tokens: int) -> Usage:
        """Return the usage with its price.

        Raises: ConfigurationError for a model without a price.
        """
        if model not in self.prices:
            raise ConfigurationError(f"data/models.yaml has no price for the model {model!r}")
        price = self.prices[model]
        usd = (price.input_usd * input_tokens + price.output_usd * output_tokens) / MILLION
        return Usage(input_tokens=input_tokens, output_tokens=output_tokens, cost_usd=usd)
