"""How many examples a property is tried with: all of them where thoroughness is asked for."""

from __future__ import annotations

from typing import Any

from hypothesis import settings

QUICK_SHARE = 3


def examples(count: int, **more: Any) -> settings:
    """Return the settings of a property: `count` examples, a third of them in a quick run."""
    is_thorough = settings.get_current_profile_name() == "thorough"
    tried = count if is_thorough else max(5, count // QUICK_SHARE)
    return settings(max_examples=tried, deadline=None, **more)
