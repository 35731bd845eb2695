"""The claim checker: what a text claims, and the facts that bear it."""

from core.analysis.claims.checker import check_claims

__all__ = ["check_claims"]
