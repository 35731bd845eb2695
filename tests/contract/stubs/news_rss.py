"""Both kinds of feed: RSS 2.0 of one symbol, in Yahoo's form, and Atom of everything."""

from __future__ import annotations

import re

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

HEADLINES = {
    "AAPL": (
        (
            "Tue, 12 Sep 2023 17:05:00 +0000",
            "Apple shows a phone",
            "It is &lt;b&gt;thin&lt;/b&gt;.",
        ),
        ("Fri, 15 Sep 2023 13:30:00 +0000", "Apple &amp;amp; its suppliers rise", "On volume."),
    ),
    "BRK-B": (("Thu, 14 Sep 2023 20:15:00 +0000", "Berkshire buys", "A stake."),),
}
RSS = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<rss version="2.0"><channel>
<description>Latest Financial News for {symbol}</description>
{items}
<language>en-US</language><link>http://finance.example/q/h?s={symbol}</link>
<title>Finance: {symbol} News</title>
</channel></rss>"""
ITEM = """<item><description>{summary}</description>
<guid isPermaLink="false">{symbol}-{place}</guid>
<link>https://finance.example/news/{symbol}-{place}.html?.tsrc=rss</link>
<pubDate>{date}</pubDate><title>{title}</title></item>"""
ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>Market pulse</title><id>urn:pulse</id>
<updated>2023-09-15T20:00:00Z</updated>
<entry><id>urn:pulse:1</id><title type="html">Stocks &lt;i&gt;end&lt;/i&gt; the week lower</title>
<updated>2023-09-15T16:00:00-04:00</updated>
<link rel="alternate" href="https://pulse.example/1"/><summary>All eleven sectors.</summary></entry>
</feed>"""


def install(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    httpserver.expect_request(re.compile("^/headline$")).respond_with_handler(_of_symbol)
    httpserver.expect_request("/top").respond_with_data(ATOM, content_type="application/atom+xml")
    addresses = [httpserver.url_for("/headline?s={symbol}"), httpserver.url_for("/top")]
    monkeypatch.setenv("CONVERGENCE_RSS_URLS", ",".join(addresses))


def _of_symbol(request: Request) -> Response:
    symbol = request.args["s"]
    rows = enumerate(HEADLINES.get(symbol, ()))
    items = "".join(
        ITEM.format(symbol=symbol, place=place, date=date, title=title, summary=summary)
        for place, (date, title, summary) in rows
    )
    body = RSS.format(symbol=symbol, items=items)
    return Response(body, content_type="application/rss+xml;charset=utf-8")
