"""What the pages are given to show. Frames hold aware UTC times; money is in USD, as float."""

from core.domain.views.inbox import Inbox
from core.domain.views.insights import InsightCard, InsightDetail, ModelDay
from core.domain.views.lineage import LineageRow
from core.domain.views.overview import Overview
from core.domain.views.posts import ContentCard, ContentState, EngagementView
from core.domain.views.tactics import TacticDetail, TacticFilter
from core.domain.views.track_record import TrackRecord
from core.domain.views.trades import PositionsView

__all__ = [
    "ContentCard",
    "ContentState",
    "EngagementView",
    "Inbox",
    "InsightCard",
    "InsightDetail",
    "LineageRow",
    "ModelDay",
    "Overview",
    "PositionsView",
    "TacticDetail",
    "TacticFilter",
    "TrackRecord",
]
