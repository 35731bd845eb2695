"""Text of a feed to headlines, and to the reasons why others are refused."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import feedparser

from core.domain.feeds import Label, NewsItem, QuarantinedRow
from core.domain.text import plain_text

PROVIDER = "rss"
AHEAD = timedelta(days=1)
TITLE, SUMMARY, SOURCE, URL = 300, 1000, 100, 2000  # characters
KEY, PAYLOAD = 200, 500
UNREADABLE = "\ufffd"


@dataclass(frozen=True)
class Entry:
    """An item of a feed as it is written there."""

    guid: str
    link: str
    title: str
    summary: str
    date: str


@dataclass(frozen=True)
class Feed:
    """What an address answered; `symbols` are those it was asked for."""

    address: str
    symbols: tuple[str, ...]
    source: str
    entries: tuple[Entry, ...]


def parse_entries(document: str) -> tuple[str, tuple[Entry, ...]]:
    """Return the feed's title and its entries; `document` is what `select` gave."""
    # Of a file, not of bytes: feedparser takes bytes for a path and opens it.
    parsed = feedparser.parse(
        io.BytesIO(document.encode()),
        response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    entries = tuple(_to_entry(entry) for entry in parsed.entries)
    return plain_text(parsed.feed.get("title", ""), SOURCE), entries


def _to_entry(entry: Any) -> Entry:
    # Asked for `updated` where there is none, feedparser warns and gives `published`.
    dates = [entry[name] for name in ("published", "updated") if name in entry]
    return Entry(
        guid=entry.get("id", ""),
        link=entry.get("link", ""),
        title=entry.get("title", ""),
        summary=entry.get("summary", ""),
        date=dates[0] if dates else "",
    )


def sort_out(feed: Feed, now: datetime) -> tuple[list[NewsItem], list[QuarantinedRow]]:
    """Return the headlines and what is refused; an entry that is there twice counts once."""
    items: dict[str, NewsItem] = {}
    refused = []
    texts: dict[str, tuple[str, str]] = {}
    for entry in feed.entries:
        try:
            _claim_guid(entry, texts)
            item = to_item(entry, feed, now)
        except ValueError as error:
            refused.append(_refusal(entry, str(error), now))
        else:
            items.setdefault(item.news_id, item)
    return list(items.values()), refused


def _claim_guid(entry: Entry, texts: dict[str, tuple[str, str]]) -> None:
    text = (entry.title, entry.summary)
    if entry.guid and texts.setdefault(entry.guid, text) != text:
        raise ValueError("another item of this feed has the same id and a different text")


def to_item(entry: Entry, feed: Feed, now: datetime) -> NewsItem:
    """Return the headline.

    Raises: ValueError that says why it is refused.
    """
    title = plain_text(entry.title, TITLE)
    if not title:
        raise ValueError("no title")
    if UNREADABLE in entry.title + entry.summary:
        raise ValueError("the text is not in the encoding that the feed declares")
    published_at = parse_moment(entry.date)
    if published_at > now + AHEAD:
        raise ValueError("the date lies in the future")
    return NewsItem(
        news_id=_news_id(feed.address, entry.guid or entry.link, title),
        symbols=feed.symbols,
        title=title,
        summary=plain_text(entry.summary, SUMMARY),
        source=feed.source,
        url=_web_address(entry.link),
        published_at=published_at,
        provider=PROVIDER,
        label=Label.REAL,
    )


def parse_moment(text: str) -> datetime:
    """Return the moment, in the form of RFC 3339 or RFC 5322; neither implies a time zone.

    Raises: ValueError if there is none, or if it cannot be read or has no known time zone.
    """
    text = text.strip()
    if not text:
        raise ValueError("no date")
    try:
        moment = _read_moment(text)
        in_utc = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("the date cannot be read") from None
    if moment.tzinfo is None:
        raise ValueError("the date has no time zone")
    return in_utc


def _read_moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        moment = parsedate_to_datetime(text)
    # RFC 5322 means UTC by -0000; email.utils reads it as no zone, as it does one without a name.
    return moment.replace(tzinfo=UTC) if text.endswith("-0000") else moment


def _news_id(*parts: str) -> str:
    return "rss:" + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _web_address(link: str) -> str:
    """Return a link that a page may show, "" for any other, as javascript: or one cut in two."""
    is_web = link.startswith(("http://", "https://")) and len(link) <= URL
    return link if is_web and not any(character.isspace() for character in link) else ""


def _refusal(entry: Entry, reason: str, now: datetime) -> QuarantinedRow:
    return QuarantinedRow(
        source=PROVIDER,
        kind="news",
        key=plain_text(entry.guid or entry.link or entry.title, KEY),
        reason=reason,
        payload=plain_text(f"{entry.date} | {entry.title} | {entry.link}", PAYLOAD),
        recorded_at=now,
    )
