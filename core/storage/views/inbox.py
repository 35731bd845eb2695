"""What waits for a decision, what was decided, and single orders and posts that pages link to."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from core.domain.content import ContentVersion, Publication
from core.domain.orders import OrderRequest
from core.domain.risk import SizeDecision
from core.domain.tactics import Tactic
from core.domain.views import Inbox, LineageRow
from core.storage.content import PUBLICATIONS, VERSIONS
from core.storage.tactics import NEWEST_VERSION, TACTICS
from core.storage.views.lineage import LineageViews

OF_SUBJECTS = f"list_contains(?::varchar[], tactic_id) and {NEWEST_VERSION}"
CONTENTS = """
list_contains(?::varchar[], content_id)
qualify row_number() over (partition by content_id order by version desc) = 1
"""
REQUESTS_OF = """
select tactic_id, body from order_requests where list_contains(?::varchar[], tactic_id)
"""
SIZES_OF = """
select tactic_id, body from size_decisions where list_contains(?::varchar[], tactic_id)
qualify row_number() over (partition by tactic_id order by decided_at desc, rowid desc) = 1
"""
EQUITY = "select arg_max(equity, (as_of, rowid))::double from accounts"
DECIDED = """
select occurred_at, e.kind as verdict, 'trade' as kind, e.tactic_id as subject_id,
    t.symbol || ' ' || t.headline as title, e.actor,
    coalesce(e.body->>'$.payload.reason', '') as reason
from tactic_events e left join tactics t using (tactic_id, version)
where e.kind in ('approved', 'rejected', 'expired') and e.body->>'$.payload.subject' = 'trade'
union all
select occurred_at, e.kind, 'content', content_id, c.title, e.actor,
    coalesce(e.body->>'$.reason', '')
from content_events e left join content_versions c using (content_id, version)
where e.kind in ('approved', 'rejected', 'expired')
order by occurred_at desc, subject_id limit ?
"""


class InboxViews(LineageViews):
    """What the approvals page shows beside the approvals themselves."""

    def inbox(self, subject_ids: Sequence[str]) -> Inbox:
        """Return what the approvals of these subjects are about, in four queries.

        A subject is a tactic or a content; the tactics of the contents come along.
        """
        store, contents = self._store, VERSIONS.find(self._store, CONTENTS, (list(subject_ids),))
        ids = list(dict.fromkeys([*subject_ids, *(c.subject_id for c in contents)]))
        tactics: list[Tactic] = TACTICS.find(store, OF_SUBJECTS, (ids,))
        equity = store.all(EQUITY)[0][0]
        return Inbox(
            tactics={tactic.tactic_id: tactic for tactic in tactics},
            requests={
                key: OrderRequest.model_validate_json(body)
                for key, body in store.all(REQUESTS_OF, (ids,))
            },
            sizes={
                key: SizeDecision.model_validate_json(body)
                for key, body in store.all(SIZES_OF, (ids,))
            },
            contents={content.content_id: content for content in contents},
            equity=equity,
        )

    def decided(self, limit: int = 50) -> pd.DataFrame:
        """Return the decisions on orders and posts, newest first.

        Shape: occurred_at, verdict, kind (trade or content), subject_id, title, actor, reason.
        """
        return self._store.frame(DECIDED, (limit,))

    def published(self, external_id: str) -> tuple[Publication, ContentVersion]:
        """Return a publication by the platform's id, with the version that was published.

        Raises: NotFoundError.
        """
        found = "external_id = ? order by published_at desc limit 1"
        post = PUBLICATIONS.get(self._store, f"post {external_id!r}", found, (external_id,))
        condition = "content_id = ? and version = ?"
        params = (post.content_id, post.version)
        return post, VERSIONS.get(self._store, post.content_id, condition, params)

    def content_lineage(self, content_id: str) -> tuple[LineageRow, ...]:
        """Return what the newest version of a post rests on, itself first.

        Raises: NotFoundError.
        """
        newest = "content_id = ? order by version desc limit 1"
        return self.version_lineage(VERSIONS.get(self._store, content_id, newest, (content_id,)))
