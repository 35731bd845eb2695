"""From a post down to the bars and headlines it rests on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from core.domain.content import ContentVersion, Publication
from core.domain.insights import Insight
from core.domain.market import MarketSnapshot
from core.domain.tactics import Tactic
from core.domain.views import LineageRow
from core.storage.content import PUBLICATIONS, VERSIONS
from core.storage.insights import INSIGHTS, SNAPSHOTS
from core.storage.tactics import NEWEST_VERSION, TACTICS
from core.storage.views.base import StoreView


class LineageViews(StoreView):
    """Where a post comes from."""

    def lineage(self, publication_id: str) -> tuple[LineageRow, ...]:
        """Return what a publication rests on, from the post down to bars and headlines.

        A recap rests on all tactics of its session.

        Raises: NotFoundError.
        """
        post = PUBLICATIONS.get(
            self._store, publication_id, "publication_id = ?", (publication_id,)
        )
        version = VERSIONS.get(
            self._store,
            post.content_id,
            "content_id = ? and version = ?",
            (post.content_id, post.version),
        )
        return (_publication_row(post), *self.version_lineage(version))

    def version_lineage(self, version: ContentVersion) -> tuple[LineageRow, ...]:
        """Return what one version of a post rests on, itself first."""
        below = [row for tactic in self._subjects(version) for row in self.tactic_lineage(tactic)]
        return (_content_row(version), *below)

    def tactic_lineage(self, tactic: Tactic) -> tuple[LineageRow, ...]:
        """Return what a tactic rests on, itself first."""
        insights = INSIGHTS.find(self._store, "insight_id = ?", (tactic.insight_id,))
        snapshots = SNAPSHOTS.find(self._store, "snapshot_id = ?", (tactic.snapshot_id,))
        return (
            _tactic_row(tactic),
            *(_insight_row(insight) for insight in insights),
            *(row for snapshot in snapshots for row in snapshot_rows(snapshot)),
        )

    def _subjects(self, version: ContentVersion) -> list[Tactic]:
        found = TACTICS.find(
            self._store, f"tactic_id = ? and {NEWEST_VERSION}", (version.subject_id,)
        )
        session = re.search(r"\d{4}-\d{2}-\d{2}", version.subject_id)
        if found or session is None:
            return found
        condition = f"session_date = ? and {NEWEST_VERSION} order by tactic_id"
        return TACTICS.find(self._store, condition, (date.fromisoformat(session.group()),))


def snapshot_rows(snapshot: MarketSnapshot) -> Iterator[LineageRow]:
    """Return a snapshot and what it was made of."""
    yield LineageRow(
        depth=4, kind="snapshot", reference=snapshot.snapshot_id,
        title=f"{snapshot.symbol} as of {snapshot.as_of:%Y-%m-%d %H:%M} UTC",
        provider=snapshot.provider, label=snapshot.label, last_at=snapshot.as_of,
        sha256=snapshot.snapshot_id,
    )  # fmt: skip
    yield LineageRow(
        depth=5, kind="bars", reference=f"{snapshot.symbol} {snapshot.timeframe}",
        title=f"{snapshot.bars_count} bars", provider=snapshot.provider, label=snapshot.label,
        first_at=snapshot.bars_first_date, last_at=snapshot.bars_last_date,
        count=snapshot.bars_count, sha256=snapshot.bars_sha256,
    )  # fmt: skip
    for headline in snapshot.headlines:
        yield LineageRow(
            depth=5, kind="headline", reference=headline.news_id, title=headline.title,
            provider=headline.source, label=headline.label, last_at=headline.published_at,
        )  # fmt: skip
    if snapshot.fundamentals:
        reported = snapshot.fundamentals
        yield LineageRow(
            depth=5, kind="fundamentals", reference=reported.symbol, title=reported.sector,
            provider=reported.provider, label=reported.label, last_at=reported.as_of_date,
        )  # fmt: skip


def _publication_row(post: Publication) -> LineageRow:
    return LineageRow(
        depth=0, kind="publication", reference=post.publication_id, title=post.url,
        provider=post.platform, last_at=post.published_at, sha256=post.content_sha256,
    )  # fmt: skip


def _content_row(version: ContentVersion) -> LineageRow:
    return LineageRow(
        depth=1, kind="content", reference=f"{version.content_id} v{version.version}",
        title=version.title, provider=version.template, last_at=version.created_at,
        count=len(version.facts), sha256=version.content_sha256,
    )  # fmt: skip


def _tactic_row(tactic: Tactic) -> LineageRow:
    return LineageRow(
        depth=2, kind="tactic", reference=f"{tactic.tactic_id} v{tactic.version}",
        title=tactic.headline, provider=tactic.generator.engine, last_at=tactic.as_of,
        sha256=tactic.content_sha256,
    )  # fmt: skip


def _insight_row(insight: Insight) -> LineageRow:
    return LineageRow(
        depth=3, kind="insight", reference=insight.insight_id, title=insight.summary,
        provider=insight.engine, last_at=insight.as_of, sha256=insight.insight_id,
    )  # fmt: skip
