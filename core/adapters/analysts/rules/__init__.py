"""The rules analyst: no model, no network, the same answer every time."""

from core.adapters.analysts.rules.analyst import RulesAnalyst, create

__all__ = ["RulesAnalyst", "create"]
