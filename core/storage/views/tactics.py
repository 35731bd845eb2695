"""The list of tactics."""

from __future__ import annotations

from datetime import date

import pandas as pd

from core.domain.views import TacticFilter
from core.storage.views.base import STATES, StoreView

PLAN = ", ".join(
    f"'$.scenarios[0].{field}'"
    for field in ("setup", "side", "score", "entry_low", "entry_high", "stop", "targets[#-1].price")
)
TACTIC_LIST = f"""
with {STATES},
newest as (
    select *, json_extract_string(body, [{PLAN}]) as plan from tactics
    where (? is null or session_date >= ?) and (? is null or session_date <= ?)
    qualify row_number() over (partition by tactic_id order by version desc) = 1
),
sized as (
    select tactic_id, arg_max(quantity, (decided_at, rowid)) as quantity,
        arg_max(risk_usd, (decided_at, rowid)) as risk_usd
    from size_decisions group by tactic_id
),
ended as (
    select tactic_id, outcome, system_r, actual_r from resolutions
    qualify row_number() over (partition by tactic_id order by version desc, rowid desc) = 1
)
select t.tactic_id, t.version, t.symbol, t.session_date, t.grade, t.stage, t.bias, t.headline,
    plan[1] as setup, plan[2] as side, plan[3]::double as score, plan[4]::double as entry_low,
    plan[5]::double as entry_high, plan[6]::double as stop, plan[7]::double as target,
    coalesce(s.publishing_state, '') as publishing_state,
    coalesce(s.trade_state, '') as trade_state,
    coalesce(s.is_armed, false) as is_armed, z.quantity, z.risk_usd,
    coalesce(e.outcome, '') as outcome, e.system_r, e.actual_r, t.content_sha256
from newest t left join states s using (tactic_id) left join sized z using (tactic_id)
left join ended e using (tactic_id)
"""
ONE_OF = {"symbols": "symbol", "grades": "grade", "publishing_states": "publishing_state",
          "trade_states": "trade_state"}  # fmt: skip


class TacticViews(StoreView):
    """Tactics as lists."""

    def tactic_list(self, sought: TacticFilter | None = None) -> pd.DataFrame:
        """Return tactics in their newest version, newest session first.

        Shape: tactic_id, version, symbol, session_date, grade, stage, bias, headline, setup, side,
            score, entry_low, entry_high, stop, target (the farthest), publishing_state,
            trade_state, is_armed, quantity, risk_usd, outcome, system_r, actual_r, content_sha256.
            A state that was never entered is "".
        """
        wanted = sought or TacticFilter()
        lists = {column: list(getattr(wanted, name)) for name, column in ONE_OF.items()}
        given = {column: values for column, values in lists.items() if values}
        where = " and ".join(f"list_contains(?::varchar[], {column})" for column in given) or "true"
        sql = f"{TACTIC_LIST} where {where} order by session_date desc, tactic_id limit ?"
        first, last = wanted.first_session, wanted.last_session
        return self._store.frame(sql, (first, first, last, last, *given.values(), wanted.limit))

    def tactic_sessions(self) -> list[date]:
        """Return the sessions that have a tactic, newest first."""
        sql = "select distinct session_date from tactics order by session_date desc"
        return [row[0] for row in self._store.all(sql)]
