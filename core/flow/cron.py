"""Read a cron line of five fields as APScheduler understands it."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apscheduler.triggers.cron import CronTrigger


def cron_trigger(cron: str, timezone: str) -> CronTrigger:
    """Build the trigger.

    Raises: ValueError that says what is wrong with the line or the time zone.
    """
    fields = cron.split()
    if len(fields) != 5:
        raise ValueError(f"cron needs 5 fields (minute hour day month weekday), not {len(fields)}")
    if re.search(r"\d", fields[4]):
        # APScheduler counts 0 = Monday, cron counts 0 = Sunday.
        raise ValueError(f"write weekdays as names, such as mon-fri, not {fields[4]!r}")
    return CronTrigger.from_crontab(cron, timezone=zone(timezone))


def zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"unknown time zone {name!r}") from None
