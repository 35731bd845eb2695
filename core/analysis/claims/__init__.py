"""The claim checker: what a text claims, and the facts that bear it."""

from core.analysis.claims.checker import check_claims
from core.analysis.claims.plan_words import check_plan_words
from core.analysis.claims.stance import check_stance

__all__ = ["check_claims", "check_plan_words", "check_stance"]
