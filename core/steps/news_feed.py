"""Headlines from every source, as one set of stories."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from core.analysis.stories import Told, group
from core.domain.feeds import NewsItem, NewsReading
from core.errors import AppError
from core.flow.catalog import StepContext
from core.ports import News, RefusesRows
from core.steps.feed_record import NONE, attempting, record, stored_at
from core.steps.moment import known_at
from core.steps.providers import Provider

STORY_SPAN = timedelta(days=2)  # how long a story may go on being told


def fetch_news(context: StepContext) -> dict[str, Any]:
    """Store what every source has and read what is new.

    Raises: the last error, if no source answered.
    """
    until = known_at(context)
    since = until - timedelta(days=context.services.playbook.feeds.news_days)
    total, failed, last_error = dict(NONE), dict[str, str](), None
    for provider in context.services.adapters.news:
        try:
            counts = _take(context, provider, since, until)
        except AppError as error:
            failed[provider.name], last_error = str(error), error
            record(context, "news", provider.name, error=str(error))
        else:
            total = {name: total[name] + counts[name] for name in total}
    if last_error is not None and len(failed) == len(context.services.adapters.news):
        raise last_error
    with attempting(context, "news", context.services.adapters.news):
        return total | {"stories": _read(context, since), "failed": failed}


def _take(
    context: StepContext, provider: Provider[News], since: datetime, until: datetime
) -> dict[str, Any]:
    services = context.services
    items = provider.call(
        lambda source: source.headlines(services.universe.symbols, since, until),
        services.playbook.feeds.patience_seconds,
    )
    refused, lost = [], ""
    if isinstance(provider.adapter, RefusesRows):
        refused = provider.adapter.refused()
        lost = "; ".join(f"{at}: {why}" for at, why in provider.adapter.failures().items())
    services.storage.quality.quarantine(refused)
    counts = {
        "rows_read": len(items) + len(refused),
        "rows_stored": services.storage.news.append(items, stored_at(context)),
        "rows_quarantined": len(refused),
    }
    newest = max((item.published_at for item in items), default=None)
    record(context, "news", provider.name, counts | {"newest_at": newest}, note=lost)
    return counts


def _read(context: StepContext, since: datetime) -> int:
    """Read the headlines that nobody has read; return how many stories they tell."""
    news = context.services.storage.news
    begin, until = since - STORY_SPAN, known_at(context)
    items, known = news.published(begin, until), news.readings(begin, until)
    unread = [item for item in items if item.news_id not in known]
    told = [
        Told(item=item, story_id=known[item.news_id].story_id)
        for item in items
        if item.news_id in known
    ]
    stories = group(unread, told)
    readings = [_reading(context, item, stories[item.news_id]) for item in unread]
    news.append_readings(readings, stored_at(context))
    return len({reading.story_id for reading in readings})


def _reading(context: StepContext, item: NewsItem, story_id: str) -> NewsReading:
    desk, universe = context.services.playbook.news, context.services.universe
    return NewsReading(
        news_id=item.news_id,
        story_id=story_id,
        symbols=desk.linker.link(item.title, item.summary, item.symbols, universe.all),
        sentiment=desk.sentiment.read(item.title),
        method=desk.sentiment.method,
    )
