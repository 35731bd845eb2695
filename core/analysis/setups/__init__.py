"""The setups that the desk looks for, and the drafting of their plans."""

from __future__ import annotations

from core.analysis.setups.candidate import CandidatePlan, View, flaw_of
from core.analysis.setups.catalogue import CATALOGUE, detect
from core.analysis.setups.drafting import Judgement, judge

__all__ = [
    "CATALOGUE",
    "CandidatePlan",
    "Judgement",
    "View",
    "detect",
    "flaw_of",
    "judge",
]
