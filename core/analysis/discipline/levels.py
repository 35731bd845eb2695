"""How far the desk gets in the operator's way, from what he has done lately."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from core.domain.discipline import CostGroup, DisciplinePolicy, Friction, Level, LevelState
from core.domain.overrides import Override, OverrideKind

Kind = OverrideKind
# What `block` refuses: more than the limits allow, and more of what is losing.
BLOCKED = frozenset(
    {
        Kind.AVERAGED_DOWN, Kind.OVERSIZE, Kind.STOP_WIDENED, Kind.STOP_REMOVED,
        Kind.REENTRY_AFTER_STOP, Kind.TRADED_DNP, Kind.OVER_DAILY_LIMIT, Kind.AFTER_STOP_GAIN,
        Kind.RISK_LIMIT_RAISED,
    }
)  # fmt: skip


def level_of(
    overrides: Sequence[Override], first: date, session: date, policy: DisciplinePolicy
) -> LevelState:
    """Return the level after a session; what happened from the session `first` on counts."""
    lately = [one for one in overrides if first <= one.session_date <= session]
    lost = sum(max(one.cost_r or 0.0, 0.0) for one in lately)
    reached = [
        level
        for level, limit in policy.levels.items()
        if len(lately) >= limit.overrides or lost >= limit.cost_r
    ]
    return LevelState(
        session_date=session,
        level=max([policy.minimum_level, *reached], key=lambda level: level.rank),
        overrides=len(lately),
        cost_r=lost,
        policy_version=policy.version,
    )


def friction(
    kind: OverrideKind, level: Level, so_far: CostGroup, policy: DisciplinePolicy
) -> Friction:
    """Return what an action of a kind must ask for on a level."""
    is_asked = level is not Level.OBSERVE
    return Friction(
        kind=kind,
        level=level,
        needs_reason=is_asked,
        reason_characters=policy.reason_characters if is_asked else 0,
        delay_seconds=policy.delay_seconds if is_asked else 0,
        so_far=so_far,
        blocked=_blocked(kind, level),
    )


def _blocked(kind: OverrideKind, level: Level) -> str:
    named = kind.replace("_", " ")
    if level is Level.HANDS_OFF:
        return f"hands off: {named} waits until what stands at the broker has ended"
    if level is Level.BLOCK and kind in BLOCKED:
        return f"blocked after the overrides of the last sessions: {named}"
    return ""
