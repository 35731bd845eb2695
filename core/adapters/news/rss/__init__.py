"""Headlines of RSS and Atom feeds, from any address."""

from core.adapters.news.rss.source import RssNews, create

__all__ = ["RssNews", "create"]
