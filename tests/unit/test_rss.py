"""What feeds send: broken, hostile, late, or all of it."""

from __future__ import annotations

import gzip
import logging
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from core.adapters.fetching import Reader
from core.adapters.news.rss import RssNews, create
from core.adapters.news.rss.decoding import decode
from core.adapters.news.rss.document import select
from core.adapters.news.rss.entries import Feed, parse_entries, parse_moment, sort_out
from core.domain.feeds import NewsItem, QuarantinedRow
from core.errors import (
    AdapterError,
    AuthenticationError,
    ConfigurationError,
    RejectedError,
    UnavailableError,
    UnexpectedResponseError,
)
from core.settings import Settings

NOW = datetime(2023, 9, 20, 12, tzinfo=UTC)
SINCE, UNTIL = datetime(2023, 9, 1, tzinfo=UTC), datetime(2023, 9, 21, tzinfo=UTC)
DATE = "Fri, 15 Sep 2023 13:30:00 +0000"
MEGABYTE = 1_000_000


def item(title: str = "Apple rises", date: str = DATE, guid: str = "g1", more: str = "") -> str:
    parts = (f"<title>{title}</title>", f"<pubDate>{date}</pubDate>", f"<guid>{guid}</guid>", more)
    return f"<item>{''.join(parts)}</item>"


def rss(*items: str, prolog: str = "") -> str:
    channel = f"<channel><title>Pulse</title>{''.join(items)}</channel>"
    return f'{prolog}<rss version="2.0">{channel}</rss>'


def sorted_out(
    document: str, address: str = "https://a.example/feed"
) -> tuple[list[NewsItem], list[QuarantinedRow]]:
    source, entries = parse_entries(select(document))
    return sort_out(Feed(address, (), source, entries), NOW)


def only(document: str) -> NewsItem:
    items, refused = sorted_out(document)
    assert not refused
    return items[0]


def reason(document: str) -> str:
    return sorted_out(document)[1][0].reason


def adapter(httpserver: HTTPServer, *paths: str) -> RssNews:
    addresses = tuple(httpserver.url_for(path) for path in paths)
    return create(Settings(_env_file=None, rss_urls=addresses))


def serve(httpserver: HTTPServer, path: str, body: str | bytes, status: int = 200) -> None:
    httpserver.expect_request(path).respond_with_data(body, status, content_type="text/xml")


def ask(news: RssNews, *symbols: str) -> list[str]:
    return [found.title for found in news.headlines(symbols or ("AAPL",), SINCE, UNTIL)]


def refusal(httpserver: HTTPServer, body: str | bytes) -> str:
    serve(httpserver, "/feed", body)
    with pytest.raises(UnexpectedResponseError) as caught:
        ask(adapter(httpserver, "/feed"))
    return caught.value.reason


def test_a_symbol_is_asked_for_with_a_dash_and_once(httpserver: HTTPServer) -> None:
    serve(httpserver, "/of", rss(item()))
    ask(adapter(httpserver, "/of?s={symbol}"), "BRK.B", "AAPL")

    assert [request.args["s"] for request, _ in httpserver.log] == ["BRK-B", "AAPL"]


def test_headlines_of_a_symbols_feed_name_the_symbol(httpserver: HTTPServer) -> None:
    serve(httpserver, "/of", rss(item()))
    found = adapter(httpserver, "/of?s={symbol}").headlines(["BRK.B", "AAPL"], SINCE, UNTIL)

    assert {one.symbols for one in found} == {("BRK.B",), ("AAPL",)}


def test_a_feed_of_everything_is_asked_once_and_names_no_symbol(httpserver: HTTPServer) -> None:
    serve(httpserver, "/all", rss(item()))
    found = adapter(httpserver, "/all").headlines(["MSFT", "AAPL"], SINCE, UNTIL)

    assert [one.symbols for one in found] == [()]
    assert len(httpserver.log) == 1


def test_headlines_of_all_feeds_come_oldest_first(httpserver: HTTPServer) -> None:
    serve(httpserver, "/a", rss(item("late", "Fri, 15 Sep 2023 13:30:00 GMT")))
    serve(httpserver, "/b", rss(item("early", "Fri, 15 Sep 2023 09:00:00 EDT")))

    assert ask(adapter(httpserver, "/a", "/b")) == ["early", "late"]


def test_what_is_newer_than_the_range_is_neither_given_nor_refused(httpserver: HTTPServer) -> None:
    serve(httpserver, "/feed", rss(item(date="Thu, 21 Sep 2023 00:00:01 GMT")))
    news = adapter(httpserver, "/feed")

    assert ask(news) == []
    assert news.refused() == []


@pytest.mark.parametrize(
    "addresses",
    [(), ("file:///etc/passwd",), ("ftp://a.example/f",), ("https://",), ("http://[a",)],
)
def test_an_address_that_is_none_of_the_web_is_a_wrong_setting(addresses: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError, match="CONVERGENCE_RSS_URLS"):
        create(Settings(_env_file=None, rss_urls=addresses))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, AuthenticationError),
        (403, AuthenticationError),
        (404, RejectedError),
        (429, UnavailableError),
        (500, UnavailableError),
        (503, UnavailableError),
        (204, UnexpectedResponseError),
    ],
)
def test_a_status_becomes_its_error(
    httpserver: HTTPServer, status: int, error: type[AdapterError]
) -> None:
    serve(httpserver, "/feed", "", status)
    with pytest.raises(error, match=str(status)):
        ask(adapter(httpserver, "/feed"))


def test_a_refused_connection_says_which_address() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/feed"
    with pytest.raises(UnavailableError, match=f"{address} cannot be reached"):
        ask(create(Settings(_env_file=None, rss_urls=(address,))))


def test_one_failing_address_does_not_lose_the_others(httpserver: HTTPServer) -> None:
    serve(httpserver, "/down", "", 500)
    serve(httpserver, "/page", "<html></html>")
    serve(httpserver, "/feed", rss(item()))
    news = adapter(httpserver, "/down", "/feed", "/page")

    assert ask(news) == ["Apple rises"]
    assert {address.rpartition("/")[2] for address in news.failures()} == {"down", "page"}


def test_a_failure_is_forgotten_when_the_address_answers_again(httpserver: HTTPServer) -> None:
    httpserver.expect_ordered_request("/feed").respond_with_data("", 500)
    httpserver.expect_ordered_request("/feed").respond_with_data(rss(item()))
    news = adapter(httpserver, "/feed")
    with pytest.raises(UnavailableError):
        ask(news)

    assert ask(news) == ["Apple rises"]
    assert news.failures() == {}


def test_if_all_fail_the_first_failure_is_raised(httpserver: HTTPServer) -> None:
    serve(httpserver, "/a", "", 403)
    serve(httpserver, "/b", "", 500)
    with pytest.raises(AuthenticationError, match="/a answers 403"):
        ask(adapter(httpserver, "/a", "/b"))


def test_no_message_holds_what_an_address_keeps_secret(
    httpserver: HTTPServer, caplog: pytest.LogCaptureFixture
) -> None:
    serve(httpserver, "/feed", "", 500)
    address = httpserver.url_for("/feed?key=hidden").replace("://", "://user:hidden@")
    news = create(Settings(_env_file=None, rss_urls=(address,)))
    with caplog.at_level(logging.INFO), pytest.raises(UnavailableError) as caught:
        ask(news)
    logged = [line.getMessage() for line in caplog.records if line.name != "werkzeug"]

    assert logged
    assert "hidden" not in f"{caught.value} {news.failures()} {logged}"


def test_an_address_that_fails_three_times_is_spared_the_other_symbols(
    httpserver: HTTPServer,
) -> None:
    serve(httpserver, "/of", "", 429)
    serve(httpserver, "/all", rss(item()))

    assert ask(adapter(httpserver, "/of?s={symbol}", "/all"), *"ABCDEFG") == ["Apple rises"]
    assert len(httpserver.log) == 3 + 1


def test_symbols_that_a_feed_does_not_know_do_not_end_the_asking(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/of", query_string="s=E").respond_with_data(rss(item()))
    httpserver.expect_request("/of").respond_with_data("", 404)

    assert ask(adapter(httpserver, "/of?s={symbol}"), *"ABCDE") == ["Apple rises"]


@pytest.mark.parametrize(("hops", "works"), [(5, True), (6, False)])
def test_at_most_five_redirects_are_followed(
    httpserver: HTTPServer, hops: int, works: bool
) -> None:
    serve(httpserver, "/0", rss(item()))
    for hop in range(1, hops + 1):
        response = Response(status=302, headers={"Location": f"/{hop - 1}"})
        httpserver.expect_request(f"/{hop}").respond_with_response(response)
    news = adapter(httpserver, f"/{hops}")
    if works:
        assert ask(news) == ["Apple rises"]
    else:
        with pytest.raises(UnexpectedResponseError, match="more than 5 times"):
            ask(news)


def test_a_redirect_to_a_file_opens_nothing(httpserver: HTTPServer) -> None:
    response = Response(status=302, headers={"Location": "file:///etc/passwd"})
    httpserver.expect_request("/feed").respond_with_response(response)
    with pytest.raises(UnexpectedResponseError, match="cannot be read"):
        ask(adapter(httpserver, "/feed"))


@pytest.fixture
def dripping() -> Iterator[socket.socket]:
    """Yield a listening socket."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nX-Long: ", b"HTTP/1.1 200 OK\r\n\r\n", b""])
def test_a_server_that_drips_its_answer_is_left(dripping: socket.socket, head: bytes) -> None:
    done = threading.Event()

    def drip() -> None:
        connection, _ = dripping.accept()
        with connection:
            connection.sendall(head)
            while head and not done.wait(0.02):
                connection.send(b"a")
            done.wait()

    thread = threading.Thread(target=drip)
    thread.start()
    reader = Reader("rss", "headlines", "test", MEGABYTE, deadline_s=0.3)
    with pytest.raises(UnavailableError, match=r"no whole answer within 0\.3 s"):
        reader.read(f"http://127.0.0.1:{dripping.getsockname()[1]}/")
    done.set()
    thread.join()


def test_a_body_of_50_megabytes_is_refused_before_its_end(httpserver: HTTPServer) -> None:
    sent: list[bytes] = []

    def megabytes() -> Iterator[bytes]:
        while len(sent) < 50:
            sent.append(b" " * MEGABYTE)
            yield sent[-1]

    def pour(_request: Request) -> Response:
        return Response(megabytes(), mimetype="text/xml")

    httpserver.expect_request("/feed").respond_with_handler(pour)
    with pytest.raises(UnexpectedResponseError, match="sends more than 5 MB"):
        ask(adapter(httpserver, "/feed"))
    assert 5 < len(sent) < 40


def test_a_small_body_that_unpacks_to_a_large_one_is_refused(httpserver: HTTPServer) -> None:
    packed = gzip.compress(b" " * 50 * MEGABYTE)
    assert len(packed) < MEGABYTE
    response = Response(packed, headers={"Content-Encoding": "gzip"})
    httpserver.expect_request("/feed").respond_with_response(response)
    with pytest.raises(UnexpectedResponseError, match="sends more than 5 MB"):
        ask(adapter(httpserver, "/feed"))


def test_a_body_that_is_not_packed_as_it_says_is_refused(httpserver: HTTPServer) -> None:
    response = Response(rss(item()), headers={"Content-Encoding": "gzip"})
    httpserver.expect_request("/feed").respond_with_response(response)
    with pytest.raises(UnexpectedResponseError, match="cannot be read"):
        ask(adapter(httpserver, "/feed"))


@pytest.mark.parametrize("length", ["60", "99999"])
def test_a_body_of_another_length_than_it_says_is_an_error(
    dripping: socket.socket, length: str
) -> None:
    answer = f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{rss(item())}"

    def reply() -> None:
        connection, _ = dripping.accept()
        with connection:
            connection.recv(MEGABYTE)
            connection.sendall(answer.encode())

    thread = threading.Thread(target=reply)
    thread.start()
    address = f"http://127.0.0.1:{dripping.getsockname()[1]}/feed"
    with pytest.raises((UnavailableError, UnexpectedResponseError)):
        ask(create(Settings(_env_file=None, rss_urls=(address,))))
    thread.join()


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BOMBS = {
    "billion laughs": f'<!DOCTYPE rss [<!ENTITY l0 "ha">{LAUGHS}]>',
    "a file": '<!DOCTYPE rss [<!ENTITY l9 SYSTEM "file:///etc/passwd">]>',
    "quadratic": f'<!DOCTYPE rss [<!ENTITY l9 "{"a" * 50_000}">]>',
    "a parameter": '<!DOCTYPE rss [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]>',
    "a default": '<!DOCTYPE rss SYSTEM "a>b" [<!ATTLIST item a CDATA "aaaa">]>',
    "in a comment's shadow": '<!-- <rss> --><!DOCTYPE rss [<!ENTITY l9 "a">]>',
}


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_that_declares_entities_is_refused(
    httpserver: HTTPServer, bomb: str, encoding: str
) -> None:
    body = rss(item("&l9;" * 1000), prolog=BOMBS[bomb]).encode(encoding)

    assert "its DOCTYPE declares" in refusal(httpserver, body)


def test_a_doctype_elsewhere_is_not_fetched(httpserver: HTTPServer) -> None:
    prolog = f'<!DOCTYPE rss SYSTEM "{httpserver.url_for("/rss.dtd")}">'
    serve(httpserver, "/feed", rss(item(), prolog=prolog))

    assert ask(adapter(httpserver, "/feed")) == ["Apple rises"]
    assert [request.path for request, _ in httpserver.log] == ["/feed"]


def test_a_body_that_is_a_path_opens_no_file(httpserver: HTTPServer, tmp_path: Path) -> None:
    (tmp_path / "feed").write_text(rss(item("from the disk")), encoding="utf-8")

    assert "not well-formed" in refusal(httpserver, str(tmp_path / "feed"))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<!DOCTYPE html><html><body><p>Sign in<br></body></html>", "the document is <html>"),
        ('{"error": "no"}', "not well-formed"),
        ("", "no element found"),
        ("<catalog/>", "the document is <catalog>"),
        (rss(item())[:-20], "not well-formed"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not well-formed"),
        (rss("<a>" * 60 + "</a>" * 60), "too deep"),
        (rss("<a " + " ".join(f'a{n}="1"' for n in range(60)) + "/>"), "too many attributes"),
        (rss("".join(f'<a xmlns:a="u{n}"/>' for n in range(60))), "too many namespaces"),
    ],
)
def test_what_is_no_feed_says_so(httpserver: HTTPServer, body: str | bytes, expected: str) -> None:
    assert expected in refusal(httpserver, body)


@pytest.mark.parametrize(
    "filling",
    [
        "\n" * MEGABYTE,
        item(more=f"<author>{'a' * MEGABYTE}</author>"),
        item(more="".join(f"<category>{n}</category>" for n in range(40_000))),
        "<![CDATA[ ]]>" * 80_000,
    ],
    ids=["blank lines", "an author", "categories", "sections"],
)
def test_a_long_feed_takes_no_more_than_its_length_of_time(filling: str) -> None:
    assert only(rss(filling, item())).title == "Apple rises"


def test_scripts_and_tags_in_titles_are_dropped() -> None:
    script = "<script>steal()</script>"
    for title in (f"{script}Apple <b>rises</b>", escape(f"{script}Apple rises")):
        assert only(rss(item(title))).title == "Apple rises"


def test_texts_are_bounded() -> None:
    more = f"<description>{'word ' * 2000}</description><link>https://a.example/{'a' * 3000}</link>"
    found = only(rss(item("word " * 200, more=more)))

    assert (len(found.title) <= 300, len(found.summary) <= 1000, found.url) == (True, True, "")


@pytest.mark.parametrize("link", ["javascript:alert(1)", "/relative", "https://a.example/a b"])
def test_a_link_that_no_page_should_show_is_left_out(link: str) -> None:
    assert only(rss(item(more=f"<link>{link}</link>"))).url == ""


def test_references_that_only_html_knows_are_read() -> None:
    title = "S&P 500 &mdash; AT&amp;T&nbsp;&euro;5 &LT;b> &nosuch;"

    assert only(rss(item(title))).title == "S&P 500 — AT&T €5 &nosuch;"


def test_a_link_in_a_section_keeps_its_ampersands() -> None:
    link = "<link><![CDATA[https://a.example/?a=1&copy=2]]></link>"

    assert only(rss(item(more=link))).url == "https://a.example/?a=1&copy=2"


@pytest.mark.parametrize(
    ("declared", "encoding", "header"),
    [
        ("utf-8", "utf-8", ""),
        ("iso-8859-1", "utf-8", "iso-8859-1"),
        ("iso-8859-1", "iso-8859-1", ""),
        ("iso-8859-1", "cp1252", ""),
        ("utf-8", "utf-8-sig", ""),
        ("iso-8859-1", "utf-8-sig", ""),
        ("utf-16", "utf-16", ""),
        ("windows-1252", "cp1252", "utf-8"),
        ("nonsense", "cp1252", "windows-1252"),
        ("shift_jis", "shift_jis", ""),
        ("iso-2022-jp", "iso2022_jp", ""),
    ],
)
def test_text_is_right_in_every_encoding(declared: str, encoding: str, header: str) -> None:
    title = "日経平均" if "jis" in encoding or "jp" in encoding else "Nestlé grüßt"
    prolog = f'<?xml version="1.0" encoding="{declared}"?>'
    body = rss(item(title), prolog=prolog).encode(encoding)

    assert only(decode(body, header)).title == title


def test_the_quotes_of_windows_are_kept_where_latin_1_is_declared() -> None:
    body = rss(item("“Apple” rises"), prolog='<?xml version="1.0" encoding="latin1"?>')

    assert only(decode(body.encode("cp1252"), "")).title == "“Apple” rises"


@pytest.mark.parametrize("declared", ["utf-8", "utf-7", "punycode", "zlib"])
def test_an_item_with_broken_bytes_is_refused_and_the_others_are_kept(declared: str) -> None:
    prolog = f'<?xml version="1.0" encoding="{declared}"?>'
    body = rss(item("whole"), item("Nestlé", guid="g2"), prolog=prolog).encode("latin-1")
    items, refused = sorted_out(decode(body, ""))

    assert [found.title for found in items] == ["whole"]
    assert refused[0].reason == "the text is not in the encoding that the feed declares"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (item(""), "no title"),
        (item("&lt;script&gt;a&lt;/script&gt;"), "no title"),
        (item(date=""), "no date"),
        (item(date="yesterday"), "the date cannot be read"),
        (item(date="Fri, 15 Sep 2023 13:30:00 +99999999999999"), "the date cannot be read"),
        (item(date="Fri, 15 Sep 2023 13:30:00"), "the date has no time zone"),
        (item(date="Fri, 15 Sep 2023 13:30:00 CEST"), "the date has no time zone"),
        (item(date="2023-09-15T13:30:00"), "the date has no time zone"),
        (item(date="2023-09-15"), "the date has no time zone"),
        (item(date="Thu, 21 Sep 2023 12:00:01 GMT"), "the date lies in the future"),
    ],
)
def test_an_item_is_refused_with_its_reason(entry: str, expected: str) -> None:
    assert reason(rss(entry)) == expected


def test_an_item_dated_within_the_next_day_is_not_refused() -> None:
    assert only(rss(item(date="Thu, 21 Sep 2023 12:00:00 GMT"))).published_at > NOW


@pytest.mark.parametrize(
    "text",
    [
        "Fri, 15 Sep 2023 13:30:00 GMT",
        "Fri, 15 Sep 2023 13:30:00 -0000",
        "Fri, 15 Sep 2023 09:30:00 EDT",
        "15 Sep 2023 09:30 -0400",
        "2023-09-15T13:30:00Z",
        "2023-09-15T15:30:00.000+02:00",
    ],
)
def test_a_date_with_a_zone_is_read(text: str) -> None:
    assert parse_moment(text) == datetime(2023, 9, 15, 13, 30, tzinfo=UTC)


def test_the_same_id_with_another_text_is_refused_and_the_first_is_kept() -> None:
    items, refused = sorted_out(rss(item("first"), item("second"), item("first")))

    assert [found.title for found in items] == ["first"]
    assert [(row.key, row.reason[:30]) for row in refused] == [
        ("g1", "another item of this feed has ")
    ]


def test_items_without_an_id_may_share_a_link() -> None:
    link = "<link>https://a.example/live</link>"
    items, refused = sorted_out(rss(*(item(t, guid="", more=link) for t in ("one", "two"))))

    assert ([found.title for found in items], refused) == (["one", "two"], [])


def test_refused_items_are_told_once_and_logged(
    httpserver: HTTPServer, caplog: pytest.LogCaptureFixture
) -> None:
    serve(httpserver, "/feed", rss(item("a" * 900, date=""), item(guid="g2")))
    news = adapter(httpserver, "/feed")
    with caplog.at_level(logging.WARNING):
        ask(news)
    row = news.refused()[0]

    assert (row.source, row.kind, row.key, row.reason) == ("rss", "news", "g1", "no date")
    assert len(row.payload) <= 500
    assert news.refused() == []
    assert "1 items refused: no date" in caplog.text


def test_what_is_refused_is_bounded(httpserver: HTTPServer) -> None:
    entries = [item(date="", guid=f"g{place}") for place in range(1100)]
    serve(httpserver, "/feed", rss(*entries))
    news = adapter(httpserver, "/feed")
    ask(news)

    assert [row.key for row in news.refused()] == [f"g{place}" for place in range(100, 1100)]


def test_a_rewritten_title_is_another_item() -> None:
    first, again, rewritten = (only(rss(item(title))) for title in ("a", "a", "b"))

    assert first.news_id == again.news_id != rewritten.news_id
    assert len(first.news_id) == len("rss:") + 32


def test_the_same_story_of_two_feeds_is_two_items() -> None:
    ids = {sorted_out(rss(item()), f"https://{a}.example/")[0][0].news_id for a in "ab"}

    assert len(ids) == 2


def test_an_untitled_feed_is_named_by_its_host(httpserver: HTTPServer) -> None:
    serve(httpserver, "/feed", rss(item()).replace("<title>Pulse</title>", ""))
    found = adapter(httpserver, "/feed").headlines(["AAPL"], SINCE, UNTIL)

    assert found[0].source == "localhost"


def test_rss_1_and_the_date_of_dublin_core_are_read() -> None:
    document = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
        xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
        <channel><title>Old</title></channel><item rdf:about="https://a.example/1">
        <title>Apple rises</title><link>https://a.example/1</link>
        <dc:date>2023-09-15T09:30:00-04:00</dc:date></item></rdf:RDF>"""
    found = only(document)

    assert (found.source, found.published_at) == ("Old", parse_moment(DATE))
    assert found.published_at.utcoffset() == timedelta(0)
