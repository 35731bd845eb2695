"""What sizing needs of prices, and the sizing ladder for many plans at once.

The formulas for one plan are in `core/domain/risk/formulas.py`.
"""

from __future__ import annotations

from core.analysis.sizing.bar_state import BarState, SizingReadings
from core.analysis.sizing.candidates import Candidates
from core.analysis.sizing.correlations import correlations
from core.analysis.sizing.many import SizedIntent, SizeTable, size_many
from core.analysis.sizing.volatility import close_to_close, ewma_volatility, yang_zhang
from core.analysis.sizing.weights import inverse_volatility, risk_parity

__all__ = [
    "BarState",
    "Candidates",
    "SizeTable",
    "SizedIntent",
    "SizingReadings",
    "close_to_close",
    "correlations",
    "ewma_volatility",
    "inverse_volatility",
    "risk_parity",
    "size_many",
    "yang_zhang",
]
