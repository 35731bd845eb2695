"""The login gate, asked as a server would ask it: raw ASGI, so that no client tidies the path."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import time_machine
from argon2 import PasswordHasher

from core.errors import ConfigurationError
from core.web.binding import hash_password
from core.web.gate import COOKIE, SESSION_S, LoginGate
from core.web.signin import safe_next

PASSWORD = "correct horse"
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)  # cheap on purpose
KEY = "k" * 32
HTML = {"accept": "text/html,*/*"}


@dataclass
class Answer:
    """What the gate sent, and the scope that reached the app behind it, if any did."""

    sent: list[dict[str, Any]]
    inner: dict[str, Any] | None

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[str, str]:
        return {k.decode().lower(): v.decode() for k, v in self.sent[0]["headers"]}

    @property
    def text(self) -> str:
        return b"".join(m.get("body", b"") for m in self.sent[1:]).decode()

    @property
    def user(self) -> str | None:
        assert self.inner is not None
        names = [v for k, v in self.inner["headers"] if k.lower() == b"x-auth-user"]
        return names[0].decode() if names else None

    @property
    def passed(self) -> bool:
        return self.inner is not None


@dataclass
class Client:
    gate: LoginGate
    seen: list[dict[str, Any]]
    address: str = "203.0.113.7"
    host: str = "127.0.0.1:8501"
    scheme: str = "http"
    headers: dict[str, str] = field(default_factory=dict)

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        query: str = "",
        body: bytes = b"",
        kind: str = "http",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        told = {"host": self.host, **self.headers, **(headers or {})}
        scope = {
            "type": kind,
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "scheme": self.scheme,
            "client": (self.address, 5),
            "headers": [(k.encode(), v.encode()) for k, v in told.items()],
        }
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        self.seen.clear()
        asyncio.run(self.gate(scope, receive, send))
        return Answer(sent, self.seen[0] if self.seen else None)

    def sign_in(self, password: str = PASSWORD, query: str = "", **headers: str) -> Answer:
        body = urlencode({"username": "operator", "password": password}).encode()
        return self.ask("/login", method="POST", query=query, body=body, headers=headers)

    def session(self) -> dict[str, str]:
        return {"cookie": self.sign_in().headers["set-cookie"].split(";")[0]}


def client(password_hash: str = HASH, **options: Any) -> Client:
    seen: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"the desk"})

    options.setdefault("secret_key", KEY)
    return Client(LoginGate(app, password_hash=password_hash, **options), seen)


@pytest.fixture
def guarded() -> Client:
    return client()


@pytest.fixture
def frozen() -> Iterator[time_machine.Traveller]:
    with time_machine.travel("2026-11-24 12:00:00+00:00", tick=False) as traveller:
        yield traveller


@pytest.mark.parametrize("path", ["/", "/approvals", "/media/x.png", "/static/a.js", "/metrics"])
def test_a_stranger_gets_nothing_of_the_desk(guarded: Client, path: str) -> None:
    answer = guarded.ask(path)

    assert (answer.status, answer.passed) == (401, False)


def test_a_strangers_browser_is_led_to_the_sign_in_page_and_back(guarded: Client) -> None:
    answer = guarded.ask("/tactics", query="symbol=TSLA", headers=HTML)

    assert answer.status == 303
    assert answer.headers["location"] == "/login?next=%2Ftactics%3Fsymbol%3DTSLA"


def test_a_websocket_without_a_session_is_closed_before_it_opens(guarded: Client) -> None:
    answer = guarded.ask("/_stcore/stream", kind="websocket")

    assert answer.sent == [{"type": "websocket.close", "code": 1008}]
    assert not answer.passed


@pytest.mark.parametrize("path", ["/healthz", "/webhooks/x", "/desk/approve", "/login"])
def test_a_websocket_is_never_open_not_even_on_an_open_path(guarded: Client, path: str) -> None:
    assert not guarded.ask(path, kind="websocket").passed


@pytest.mark.parametrize(
    "path", ["/healthz", "/_stcore/health", "/webhooks/wordpress", "/desk/approve/a1"]
)
def test_open_paths_need_no_session(guarded: Client, path: str) -> None:
    assert guarded.ask(path, method="POST").passed


@pytest.mark.parametrize(
    "path",
    [
        "/healthz/../secret",
        "/healthz/",
        "/HEALTHZ",
        "//healthz",
        "/webhooks",
        "/webhooks/",
        "/webhooks/../approvals",
        "/webhooks//approvals",
        "/webhooks/.\\..\\approvals",
        "/desk/../approvals",
        "/desk/./approvals",
        "/deskapprovals",
        "//evil.example",
        "",
        "/_stcore/health/../stream",
        "/login/../approvals",
    ],
)
def test_no_trick_in_the_path_opens_a_closed_door(guarded: Client, path: str) -> None:
    assert not guarded.ask(path).passed


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST", "PUT", "DELETE", "TRACE"])
def test_no_other_verb_passes_the_gate(guarded: Client, method: str) -> None:
    assert not guarded.ask("/approvals", method=method).passed


def test_a_head_request_is_led_like_a_get(guarded: Client) -> None:
    assert guarded.ask("/tactics", method="HEAD", headers=HTML).status == 303
    assert guarded.ask("/tactics", method="OPTIONS", headers=HTML).status == 401


def test_the_right_password_opens_pages_and_websockets(guarded: Client) -> None:
    session = guarded.session()

    assert guarded.ask("/approvals", headers=session).passed
    assert guarded.ask("/_stcore/stream", kind="websocket", headers=session).passed


def test_a_wrong_password_sets_no_cookie(guarded: Client) -> None:
    answer = guarded.sign_in("wrong")

    assert answer.status == 401
    assert "set-cookie" not in answer.headers
    assert "not right" in answer.text


@pytest.mark.parametrize("body", [b"", b"password=", b"x", b"\xff\xfe", b"password=%00"])
def test_a_form_without_the_password_is_refused(guarded: Client, body: bytes) -> None:
    assert guarded.ask("/login", method="POST", body=body).status == 401


def test_a_huge_form_is_refused_unread(guarded: Client) -> None:
    assert guarded.sign_in("x" * 10_000).status == 413


def test_the_cookie_is_hidden_from_scripts_and_other_sites(guarded: Client) -> None:
    cookie = guarded.sign_in().headers["set-cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie


def test_over_https_the_cookie_stays_on_https(guarded: Client) -> None:
    guarded.scheme = "https"

    assert "Secure" in guarded.sign_in().headers["set-cookie"]


def test_a_form_sent_by_another_site_is_refused(guarded: Client) -> None:
    assert guarded.sign_in(origin="https://evil.example").status == 403
    assert guarded.sign_in(origin="null").status == 403
    assert guarded.sign_in(origin="http://127.0.0.1:8501").status == 303


def test_signing_in_leads_on_to_where_one_wanted_to_go(guarded: Client) -> None:
    answer = guarded.sign_in(query="next=%2Ftactics%3Fsymbol%3DTSLA")

    assert answer.headers["location"] == "/tactics?symbol=TSLA"


def test_who_is_signed_in_already_is_led_on_at_once(guarded: Client) -> None:
    answer = guarded.ask("/login", query="next=/positions", headers=guarded.session())

    assert answer.headers["location"] == "/positions"


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "\t//evil.example",
        " //evil.example",
        "javascript:alert(1)",
        "/a//evil.example",
        "evil.example",
        "/login",
        "/logout",
        "/login?next=/login",
        "/x\r\nset-cookie: a=b",
        "",
    ],
)
def test_next_never_leads_off_the_desk(guarded: Client, wanted: str) -> None:
    assert safe_next(wanted) == "/"
    assert guarded.sign_in(query=f"next={quote(wanted, safe='')}").headers["location"] == "/"


@pytest.mark.parametrize("wanted", ["/", "/tactics", "/tactics?symbol=BRK.B&x=a//b", "/?a=1", "/ü"])
def test_next_keeps_pages_of_the_desk(wanted: str) -> None:
    assert safe_next(wanted) == wanted


def test_a_visit_to_a_double_slash_forgets_where_it_wanted_to_go(guarded: Client) -> None:
    assert guarded.ask("//evil.example", headers=HTML).headers["location"] == "/login"


@pytest.mark.parametrize(
    "forge",
    [
        lambda value: value[:-2] + ("A" if value[-2] != "A" else "B") + value[-1],
        lambda value: "admin" + value.removeprefix("operator"),
        lambda value: "operator",
        lambda value: value.rsplit(".", 1)[0],
        lambda value: "",
        lambda value: f'"{value}x"',
    ],
)
def test_a_tampered_cookie_opens_nothing(guarded: Client, forge: Any) -> None:
    name, _, value = guarded.session()["cookie"].partition("=")

    assert not guarded.ask("/", headers={"cookie": f"{name}={forge(value)}"}).passed


def test_a_cookie_signed_with_another_key_opens_nothing(guarded: Client) -> None:
    foreign = client(secret_key="another key").session()

    assert not guarded.ask("/", headers=foreign).passed


def test_a_new_password_ends_every_session() -> None:
    other = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("new password")
    session = client().session()

    assert client().ask("/", headers=session).passed
    assert not client(other).ask("/", headers=session).passed


def test_without_a_key_sessions_end_with_the_process() -> None:
    session = client(secret_key="").session()

    assert not client(secret_key="").ask("/", headers=session).passed


def test_a_session_ends_after_a_week(frozen: time_machine.Traveller) -> None:
    guarded = client()
    session = guarded.session()

    frozen.shift(timedelta(seconds=SESSION_S))
    assert guarded.ask("/", headers=session).passed
    frozen.shift(timedelta(seconds=1))
    assert not guarded.ask("/", headers=session).passed


def test_the_session_is_found_among_other_and_broken_cookies(guarded: Client) -> None:
    jar = f'broken"=; _streamlit_xsrf=2|ab|cd; {guarded.session()["cookie"]}; [x]=1'

    assert guarded.ask("/", headers={"cookie": jar}).passed


def test_signing_out_takes_a_press_and_clears_the_cookie(guarded: Client) -> None:
    session = guarded.session()
    looked = guarded.ask("/logout", headers=session)
    pressed = guarded.ask("/logout", method="POST", headers=session)

    assert "Sign out?" in looked.text
    assert "set-cookie" not in looked.headers
    assert pressed.headers["location"] == "/login"
    assert f'{COOKIE}=""; ' in pressed.headers["set-cookie"]
    assert "Max-Age=0" in pressed.headers["set-cookie"]


def test_another_site_cannot_sign_the_operator_out(guarded: Client) -> None:
    headers = {**guarded.session(), "origin": "https://evil.example"}

    assert "set-cookie" not in guarded.ask("/logout", method="POST", headers=headers).headers


@pytest.mark.parametrize("name", ["x-auth-user", "X-Auth-User", "X-AUTH-USER"])
@pytest.mark.parametrize("password_hash", [HASH, ""], ids=["password", "open"])
def test_a_forged_identity_never_reaches_the_app(password_hash: str, name: str) -> None:
    assert client(password_hash).ask("/healthz", headers={name: "root"}).user is None


def test_the_session_names_the_operator_whatever_the_client_claims(guarded: Client) -> None:
    answer = guarded.ask("/", headers={**guarded.session(), "x-auth-user": "root"})

    assert answer.user == "operator"


@pytest.mark.parametrize("value", ["Bearer tok-en", "bearer tok-en", "Bearer  tok-en "])
def test_a_collector_with_the_token_reads_the_metrics(value: str) -> None:
    assert client(bearer_token="tok-en").ask("/metrics", headers={"authorization": value}).passed


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic tok-en", "tok-en"]
)
def test_a_collector_without_the_token_does_not(value: str) -> None:
    for token in ("tok-en", ""):
        gate = client(bearer_token=token)
        assert gate.ask("/metrics", headers={"authorization": value}).status == 401


def test_the_token_opens_the_metrics_and_nothing_else() -> None:
    headers = {"authorization": "Bearer tok-en"}

    assert not client(bearer_token="tok-en").ask("/approvals", headers=headers).passed
    assert not client(bearer_token="tok-en").ask("/metrics/x", headers=headers).passed


def test_the_sixth_wrong_password_in_a_minute_waits_even_if_it_is_right() -> None:
    now = [0.0]
    guarded = client(clock=lambda: now[0])
    answers = [guarded.sign_in("wrong").status for _ in range(6)]
    locked = guarded.sign_in()

    assert answers == [401] * 5 + [429]
    assert (locked.status, locked.headers["retry-after"]) == (429, "60")
    now[0] = 61
    assert guarded.sign_in().status == 303


def test_one_guesser_does_not_lock_out_another_address() -> None:
    guarded = client()
    for _ in range(6):
        guarded.sign_in("wrong")
    guarded.address = "198.51.100.9"

    assert guarded.sign_in().status == 303


def test_a_sign_in_that_works_clears_the_count() -> None:
    guarded = client()
    statuses = [guarded.sign_in(word).status for word in [*["no"] * 4, PASSWORD, *["no"] * 5]]

    assert statuses == [401] * 4 + [303] + [401] * 5


@pytest.mark.parametrize("host", ["localhost:8501", "127.0.0.1", "[::1]:8501", "LOCALHOST"])
def test_without_a_password_this_machine_comes_in(host: str) -> None:
    local = client("")
    local.host = host

    assert local.ask("/approvals").passed
    assert local.ask("/_stcore/stream", kind="websocket").passed


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1@evil", "", "["]
)
def test_without_a_password_a_rebound_name_does_not(host: str) -> None:
    rebound = client("")
    rebound.host = host

    assert rebound.ask("/approvals").status == 403
    assert not rebound.ask("/_stcore/stream", kind="websocket").passed


def test_a_desk_with_its_own_login_may_have_any_name() -> None:
    named = client("", any_host=True)
    named.host = "desk.example"

    assert named.ask("/approvals").passed


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/prefix/metrics", "/_stcore/metrics"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_desk_with_its_own_login_tells_its_metrics_for_the_token_alone(
    path: str, method: str
) -> None:
    named = client("", any_host=True, bearer_token="tok-en")

    assert named.ask(path, method=method, headers=HTML).status == 401
    assert named.ask(path, method=method, headers={"authorization": "Bearer wrong"}).status == 401
    assert named.ask(path, method=method, headers={"authorization": "Bearer tok-en"}).passed


def test_a_desk_with_its_own_login_and_no_token_keeps_its_metrics() -> None:
    named = client("", any_host=True)

    assert named.ask("/metrics", headers={"authorization": "Bearer "}).status == 401
    assert named.ask("/healthz").passed


def test_the_sign_in_page_is_kept_by_nobody_and_loads_nothing(guarded: Client) -> None:
    page = guarded.ask("/login", query="next=/tactics")

    assert page.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert not any(word in page.text for word in ("http:", "https:", "src=", "@import", "url("))
    assert 'action="/login?next=%2Ftactics"' in page.text


def test_what_the_visitor_typed_never_becomes_markup(guarded: Client) -> None:
    page = guarded.ask("/login", query="next=" + quote('/"><script>alert(1)</script>'))

    assert "<script" not in page.text


def test_no_other_site_may_frame_the_desk(guarded: Client) -> None:
    answer = guarded.ask("/", headers=guarded.session())

    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_start_and_the_end_of_the_server_pass_through(guarded: Client) -> None:
    assert guarded.ask("/", kind="lifespan").passed


def test_a_hashed_password_signs_in() -> None:
    made = hash_password(PASSWORD)

    assert made.startswith("$argon2id$")
    assert client(made).sign_in().status == 303


def test_a_gate_with_a_password_in_plain_text_is_not_built() -> None:
    with pytest.raises(ConfigurationError, match="not an argon2 hash"):
        client("hunter2")
