"""What has changed between two versions of the same thing, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.domain.base import Frozen

NAMES = ("key", "name", "source")  # what tells the members of a list apart, whatever their place


class Difference(Frozen):
    """One field that is not the same; None where a version does not have it."""

    field: str
    before: str | float | bool | None
    after: str | float | bool | None


def differences(before: Frozen, after: Frozen) -> tuple[Difference, ...]:
    """Return the fields that differ, in their order, each named by its path: `levels.vwap.price`.

    Members of a list are compared by their key, name or source, and by their place where they
    have none.
    """
    old = dict(_fields(before.model_dump(mode="json"), ""))
    new = dict(_fields(after.model_dump(mode="json"), ""))
    return tuple(
        Difference(field=field, before=old.get(field), after=new.get(field))
        for field in dict.fromkeys((*old, *new))
        if old.get(field) != new.get(field)
    )


def _fields(value: Any, path: str) -> Iterator[tuple[str, str | float | bool | None]]:
    if isinstance(value, list):
        value = _named(value)
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _fields(part, f"{path}.{name}" if path else name)
    else:
        yield path, value


def _named(members: list[Any]) -> dict[str, Any]:
    """Return the members by their names; a second one of a name gets its number."""
    found: dict[str, Any] = {}
    for place, member in enumerate(members, 1):
        name = _name(member) or str(place)
        found[f"{name} {place}" if name in found else name] = member
    return found


def _name(member: Any) -> str:
    if not isinstance(member, dict):
        return ""
    return next((str(member[name]) for name in NAMES if member.get(name)), "")
