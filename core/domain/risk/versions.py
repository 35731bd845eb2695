"""Which limits are in force: what is lowered counts at once, what is raised from the next session.

So nobody raises a limit in the session that has just met it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import reduce
from math import inf
from typing import Any, TypeVar

from pydantic.fields import FieldInfo

from core.domain.base import Frozen
from core.domain.risk.limits import Stricter
from core.domain.risk.policy import RiskPolicy
from core.errors import NotFoundError

Limits = TypeVar("Limits", bound=Frozen)


class PolicyVersion(Frozen):
    """A policy and the session in which it became known."""

    policy: RiskPolicy
    session_date: date


def effective_policy(history: Sequence[PolicyVersion], session_date: date) -> RiskPolicy:
    """Return the limits of a session: of what changed in it, the stricter of before and after.

    `history` is in the order of adoption; later sessions do not count. The first policy ever
    counts at once, and for the sessions before it, too.

    Raises: NotFoundError for no policy at all.
    """
    if not history:
        raise NotFoundError(f"no risk policy is known for the session of {session_date}")
    known = [one for one in history if one.session_date <= session_date] or [history[0]]
    earlier = [one for one in known if one.session_date < session_date]
    today = [one.policy for one in known if one.session_date >= session_date]
    return reduce(_hold, today, earlier[-1].policy if earlier else today[0])


def looser_limits(old: RiskPolicy, new: RiskPolicy) -> tuple[str, ...]:
    """Return the limits by which `new` allows more, by their names in the file."""
    held, wanted = dict(_flat(stricter(old, new))), dict(_flat(new))
    return tuple(name for name, value in held.items() if value != wanted.get(name))


def stricter(old: Limits, new: Limits) -> Limits:
    """Return `new` with the limits of `old` where these are the stricter ones."""
    fields = type(new).model_fields
    held = {
        name: _held(getattr(old, name), getattr(new, name), field) for name, field in fields.items()
    }
    return new.model_copy(update=held)


def _hold(old: RiskPolicy, new: RiskPolicy) -> RiskPolicy:
    """Return what is in force after a change; its version names both where something is held."""
    if not looser_limits(old, new):
        return new
    version = f"{new.version}, raised limits as of {old.version.partition(',')[0]}"
    return stricter(old, new).model_copy(update={"version": version})


def _held(old: Any, new: Any, field: FieldInfo) -> Any:
    way = next((mark for mark in field.metadata if isinstance(mark, Stricter)), None)
    if way is None:
        return stricter(old, new) if isinstance(new, Frozen) else new
    if way is Stricter.FIRST:
        return {**new, **old}
    if isinstance(new, Mapping):
        # A grade that is not named is worth nothing.
        return {key: min(old.get(key, 0.0), value) for key, value in new.items()}
    return _narrower(old, new, way)


def _narrower(old: float | None, new: float | None, way: Stricter) -> float | None:
    """Return the stricter of two limits; one that is switched off is the loosest."""
    off, choose = (inf, min) if way is Stricter.LOWER else (-inf, max)
    found = choose(off if old is None else old, off if new is None else new)
    return None if found == off else found


def _flat(limits: Frozen) -> Iterator[tuple[str, object]]:
    """Return the fields and those of their parts, named as in `guards.trades_per_day`."""
    for name, value in limits.model_dump(exclude={"version", "approvals"}).items():
        parts = value.items() if isinstance(value, Mapping) else [("", value)]
        yield from ((f"{name}.{part}".rstrip("."), one) for part, one in parts)
