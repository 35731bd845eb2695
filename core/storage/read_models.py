"""What the pages read: one method per block of a page, in `core/storage/views/`."""

from __future__ import annotations

from core.storage.views.guards import GuardViews
from core.storage.views.imports import ImportViews
from core.storage.views.inbox import InboxViews
from core.storage.views.insights import InsightViews
from core.storage.views.market import MarketViews
from core.storage.views.order_path import OrderPathViews
from core.storage.views.overrides import OverrideViews
from core.storage.views.overview import OverviewViews
from core.storage.views.posts import PostViews
from core.storage.views.reconciliation import ReconciliationViews
from core.storage.views.symbols import SymbolViews
from core.storage.views.tactic_detail import TacticDetailViews


class Views(
    OverviewViews,
    TacticDetailViews,
    PostViews,
    MarketViews,
    SymbolViews,
    InsightViews,
    InboxViews,
    ImportViews,
    GuardViews,
    OrderPathViews,
    ReconciliationViews,
    OverrideViews,
):
    """All read models; the types they return are in `core.domain.views`."""
