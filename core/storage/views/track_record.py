"""Every plan that was committed to, with how it ended."""

from __future__ import annotations

from typing import Any

from core.domain.resolutions import Outcome, Resolution
from core.domain.track_record import PlanRecord
from core.storage.views.base import StoreView

FIELDS = ("key", "setup", "side", "grade", "score")
PATHS = ", ".join(f"'$.{name}'" for name in FIELDS)
PLANS = f"""
with told as (
    select tactic_id, version, scenario_key, kind, occurred_at, rowid as place,
        coalesce(json_extract_string(body, '$.payload.subject'), '') as subject, body
    from tactic_events
),
versions as (
    select tactic_id, version, min(occurred_at) filter (kind = 'published') as published_at,
        bool_or(kind = 'superseded' and subject <> 'trade') as is_superseded
    from told group by tactic_id, version
    having bool_or(kind in ('approved', 'armed', 'published'))
),
ends as (
    select tactic_id, version, scenario_key,
        bool_or(kind in ('resolved', 'never_triggered', 'invalidated')) as has_ended,
        bool_or(kind = 'cancelled' and subject = 'plan') as is_cancelled,
        arg_max(json_extract_string(body, ['$.payload.outcome', '$.payload.system_r']), place)
            filter (kind = 'corrected') as correction
    from told group by tactic_id, version, scenario_key
),
plans as (
    select tactic_id, version, symbol, session_date, json_extract_string(body, '$.timeframe') as
        timeframe, unnest(json_extract(body, '$.scenarios[*]')) as plan
    from tactics
),
named as (
    select *, json_extract_string(plan, [{PATHS}]) as fields,
        json_extract_string(plan, '$.key') as scenario_key
    from plans
)
select n.tactic_id, n.version, n.scenario_key, n.symbol, n.session_date, n.timeframe, n.fields,
    v.published_at, v.is_superseded, coalesce(e.has_ended, false),
    coalesce(e.is_cancelled, false), e.correction, r.body
from named n join versions v using (tactic_id, version)
left join ends e using (tactic_id, version, scenario_key)
left join resolutions r using (tactic_id, version, scenario_key)
order by n.session_date desc, n.tactic_id desc, n.version desc, n.scenario_key
"""


class TrackRecordViews(StoreView):
    """What the track record is made of."""

    def plan_records(self) -> list[PlanRecord]:
        """Return every plan that was published or approved, the newest session first."""
        return [_record(*row) for row in self._store.all(PLANS)]


def _record(*row: Any) -> PlanRecord:
    *own, fields, published_at, is_superseded, has_ended, is_cancelled, correction, body = row
    names = ("tactic_id", "version", "scenario_key", "symbol", "session_date", "timeframe")
    withdrawn = "superseded" if is_superseded else "cancelled" if is_cancelled else ""
    resolution = Resolution.model_validate_json(body) if body else None
    return PlanRecord.model_validate(
        {
            **dict(zip(names, own, strict=True)),
            **dict(zip(FIELDS[1:], fields[1:], strict=True)),
            "published_at": published_at,
            "is_open": not has_ended and not withdrawn,
            "withdrawn": withdrawn,
            "resolution": _corrected(resolution, correction),
            "is_corrected": correction is not None,
        }
    )


def _corrected(resolution: Resolution | None, correction: list[str] | None) -> Resolution | None:
    """Return the result as it was last corrected; what was stored first stays as it is."""
    if resolution is None or correction is None:
        return resolution
    outcome, system_r = correction
    changes = {"outcome": Outcome(outcome), "system_r": float(system_r)}
    return resolution.model_copy(update=changes)
