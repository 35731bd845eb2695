"""How prices move together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd

SESSIONS, LEAST_SESSIONS = 60, 20


def correlations(closes: Mapping[str, pd.Series]) -> dict[tuple[str, str], float]:
    """Return the correlation of the log returns of the newest 60 sessions, by two symbols.

    Shape: closes indexed by session date; the result's symbols are in the order of the alphabet.
    Two that have fewer than 20 of these returns in common, or of which one did not move at all,
    are left out: nobody can tell.
    """
    if not closes:
        return {}
    frame = pd.DataFrame(dict(closes)).sort_index().tail(SESSIONS + 1)
    returns = frame.where(frame > 0).apply(np.log).diff()
    found = returns.corr(min_periods=LEAST_SESSIONS).clip(-1, 1).to_dict()
    pairs = {(one, other): found[one][other] for one, other in combinations(sorted(closes), 2)}
    return {pair: value for pair, value in pairs.items() if not math.isnan(value)}
