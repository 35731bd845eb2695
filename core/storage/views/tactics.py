"""The list of tactics."""

from __future__ import annotations

from datetime import date

import pandas as pd

from core.domain.views import TacticFilter
from core.storage.views.base import STATES, StoreView

TACTIC_LIST = f"""
with {STATES},
newest as (
    select * from tactics
    qualify row_number() over (partition by tactic_id order by version desc) = 1
),
sized as (
    select tactic_id, arg_max(quantity, (decided_at, rowid)) as quantity,
        arg_max(risk_usd, (decided_at, rowid)) as risk_usd
    from size_decisions group by tactic_id
),
ended as (
    select tactic_id, arg_max(outcome, version) as outcome, arg_max(system_r, version) as system_r,
        arg_max(coalesce(actual_r, 'nan'::double), version) as actual_r
    from resolutions group by tactic_id
)
select t.tactic_id, t.version, t.symbol, t.session_date, t.grade, t.stage, t.bias, t.headline,
    t.body->>'$.scenarios[0].setup' as setup, t.body->>'$.scenarios[0].side' as side,
    (t.body->>'$.scenarios[0].score')::double as score,
    (t.body->>'$.scenarios[0].entry_low')::double as entry_low,
    (t.body->>'$.scenarios[0].entry_high')::double as entry_high,
    (t.body->>'$.scenarios[0].stop')::double as stop,
    (t.body->>'$.scenarios[0].targets[#-1].price')::double as target,
    coalesce(s.publishing_state, '') as publishing_state,
    coalesce(s.trade_state, '') as trade_state,
    coalesce(s.is_armed, false) as is_armed, z.quantity, z.risk_usd,
    coalesce(e.outcome, '') as outcome, e.system_r, e.actual_r, t.content_sha256
from newest t left join states s using (tactic_id) left join sized z using (tactic_id)
left join ended e using (tactic_id)
"""
SOUGHT = """
where (? is null or session_date >= ?) and (? is null or session_date <= ?)
and (len(?::varchar[]) = 0 or symbol in (select unnest(?::varchar[])))
and (len(?::varchar[]) = 0 or grade in (select unnest(?::varchar[])))
and (len(?::varchar[]) = 0 or publishing_state in (select unnest(?::varchar[])))
and (len(?::varchar[]) = 0 or trade_state in (select unnest(?::varchar[])))
order by session_date desc, tactic_id limit ?
"""


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
        lists = (wanted.symbols, wanted.grades, wanted.publishing_states, wanted.trade_states)
        params: list[object] = []
        for value in (wanted.first_session, wanted.last_session, *map(list, lists)):
            params += [value, value]
        sql = f"from ({TACTIC_LIST}) {SOUGHT}"
        return self._store.frame(sql, (*params, wanted.limit))

    def tactic_sessions(self) -> list[date]:
        """Return the sessions that have a tactic, newest first."""
        sql = "select distinct session_date from tactics order by session_date desc"
        return [row[0] for row in self._store.all(sql)]
