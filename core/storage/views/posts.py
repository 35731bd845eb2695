"""The content board and what readers did."""

from __future__ import annotations

from itertools import groupby

from core.domain.content import ContentEvent, ContentEventKind, ContentVersion, Publication
from core.domain.views import ContentCard, ContentState, EngagementView
from core.storage.content import EVENTS, PUBLICATIONS, VERSIONS
from core.storage.engagement import AGES
from core.storage.views.base import StoreView

NEWEST = """
true qualify row_number() over (partition by content_id order by version desc) = 1
order by created_at desc, content_id limit ?
"""
OF_CONTENTS = "list_contains(?::varchar[], content_id) order by content_id, {}, rowid"
SAMPLES = f"""
with ages as (from (values {AGES}) a(age, after_publishing)),
samples as (
    select p.publication_id, p.content_id, c.kind, c.title, p.platform, p.url, p.published_at,
        s.age, a.after_publishing, s.due_at, s.measured_at, s.is_late, s.impressions, s.reactions,
        s.comments, s.shares, s.clicks, s.label
    from engagement_samples s join publications p using (publication_id)
    join ages a using (age) left join content_versions c using (content_id, version)
)"""
LISTED = f"""
{SAMPLES}
select * exclude (after_publishing) from samples
order by published_at desc, publication_id, after_publishing limit ?
"""
TOTALS = f"""
{SAMPLES}
select kind, platform, age, count(*) as posts, sum(impressions) as impressions,
    sum(reactions) as reactions, sum(comments) as comments, sum(shares) as shares,
    sum(clicks) as clicks,
    sum(reactions) filter (impressions > 0)
        / sum(impressions) filter (reactions is not null) as reactions_per_impression
from samples group by kind, platform, age, after_publishing
order by kind, platform, after_publishing
"""
STATE_AFTER = {
    ContentEventKind.DRAFTED: ContentState.WAITING,
    ContentEventKind.APPROVED: ContentState.APPROVED,
    ContentEventKind.REJECTED: ContentState.REJECTED,
    ContentEventKind.EXPIRED: ContentState.EXPIRED,
    ContentEventKind.PUBLISHED: ContentState.PUBLISHED,
}


class PostViews(StoreView):
    """Posts as the operator and the readers see them."""

    def content_board(self, limit: int = 100) -> tuple[ContentCard, ...]:
        """Return the newest posts in their newest version, newest first."""
        contents = VERSIONS.find(self._store, NEWEST, (limit,))
        ids = [content.content_id for content in contents]
        events = EVENTS.find(self._store, OF_CONTENTS.format("occurred_at"), (ids,))
        posts = PUBLICATIONS.find(self._store, OF_CONTENTS.format("published_at"), (ids,))
        events_of = {key: tuple(some) for key, some in groupby(events, lambda e: e.content_id)}
        posts_of = {key: tuple(some) for key, some in groupby(posts, lambda p: p.content_id)}
        return tuple(
            _card(
                content, events_of.get(content.content_id, ()), posts_of.get(content.content_id, ())
            )
            for content in contents
        )

    def engagement(self, limit: int = 600) -> EngagementView:
        """Return the newest samples, and totals over all."""
        return EngagementView(
            samples=self._store.frame(LISTED, (limit,)), totals=self._store.frame(TOTALS)
        )


def _card(
    content: ContentVersion, events: tuple[ContentEvent, ...], posts: tuple[Publication, ...]
) -> ContentCard:
    own = [event for event in events if event.version == content.version]
    newest = own[-1] if own else None
    return ContentCard(
        content=content,
        state=STATE_AFTER[newest.kind] if newest else ContentState.DRAFTED,
        reason=newest.reason if newest else "",
        changed_at=newest.occurred_at if newest else content.created_at,
        events=events,
        publications=posts,
    )
