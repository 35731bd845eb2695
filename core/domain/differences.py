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
    have none; one that only one version has is a single difference.
    """
    return tuple(_compare("", before.model_dump(mode="json"), after.model_dump(mode="json")))


def _compare(path: str, before: Any, after: Any) -> Iterator[Difference]:
    old, new = _named(before), _named(after)
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys((*old, *new)):
            inner = f"{path}.{name}" if path else name
            yield from _compare(inner, old.get(name), new.get(name))
    elif old != new:
        yield Difference(field=path, before=_told(old), after=_told(new))


def _told(value: Any) -> str | float | bool | None:
    """Return a value as it is, a group of fields as one line."""
    if not isinstance(value, dict):
        return value  # type: ignore[no-any-return]
    return ", ".join(f"{name} {_told(_named(part))}" for name, part in value.items())


def _named(members: Any) -> Any:
    """Return a list by the names of its members; a second one of a name gets its number."""
    if not isinstance(members, list):
        return members
    found: dict[str, Any] = {}
    for place, member in enumerate(members, 1):
        name = _name(member) or str(place)
        found[f"{name} {place}" if name in found else name] = member
    return found


def _name(member: Any) -> str:
    if not isinstance(member, dict):
        return ""
    return next((str(member[name]) for name in NAMES if member.get(name)), "")
