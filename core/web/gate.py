"""The login gate: pure ASGI middleware, so that it covers pages, websockets, media and routes.

With a password, whoever has no session cookie sees the sign-in page and nothing else, except the
open paths, whose routes check a signature or a token themselves. Without one, everything is open,
but only to requests that name this machine: a foreign `Host` is how DNS rebinding would get in.
Under OIDC the pages ask who it is; the gate cannot see that, so /metrics takes the token alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, MutableMapping
from urllib.parse import parse_qs, quote, urlsplit

from itsdangerous import BadSignature, TimestampSigner
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.web.binding import is_loopback
from core.web.passwords import check_password_hash, is_password
from core.web.signin import PRIVATE_HEADERS, login_address, safe_next, sign_in_page, sign_out_page
from core.web.throttle import Throttle

COOKIE = "convergence_session"
SESSION_S = 7 * 24 * 3600
OPERATOR = "operator"

_USER_HEADER = "x-auth-user"  # .streamlit/config.toml turns it into st.user["operator"]
_OPEN = {"/healthz", "/_stcore/health"}
_OPEN_BELOW = ("/webhooks/", "/desk/")
_FORM_LIMIT = 4096  # bytes
_NOT_LOCAL = (
    "This desk has no password, so it answers to this machine's own names only "
    "(localhost, 127.0.0.1). A login opens it to other names: set CONVERGENCE_PASSWORD_HASH.\n"
)
_BEARER_FIRST = "This needs `Authorization: Bearer` with the CONVERGENCE_METRICS_TOKEN.\n"


class LoginGate:
    """Lets the operator in and everybody else no further than the sign-in page."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        password_hash: str,
        secret_key: str,
        bearer_token: str = "",
        any_host: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Guard `app`.

        Without `secret_key` sessions end when the process does. `bearer_token` opens /metrics to a
        collector. `any_host` is for a desk whose pages ask for another login, such as OIDC.
        Raises: ConfigurationError if `password_hash` is set, but no argon2 hash.
        """
        if password_hash:
            check_password_hash(password_hash)
        self._app, self._password_hash = app, password_hash
        self._bearer_token, self._any_host = bearer_token, any_host
        # The salt holds the hash, so that a new password ends every session.
        salt = f"convergence.session.{password_hash}"
        self._signer = TimestampSigner(
            secret_key or secrets.token_hex(32), salt=salt, digest_method=hashlib.sha256
        )
        self._throttle = Throttle(clock)
        self._pages = {"/login": self._login, "/logout": _logout}
        self._one_check = asyncio.Semaphore(1)  # each argon2 check takes 64 MB

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        scope = _without_user(scope)
        if scope["type"] == "http":
            send = _hardened(send)
        refusal = await self._refusal(scope, receive)
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # the browser sees HTTP 403
        else:
            await refusal(scope, receive, send)

    async def _refusal(self, scope: Scope, receive: Receive) -> Response | None:
        """Return what to answer instead of the app, or None to let the request through."""
        if not self._password_hash:
            return self._refusal_without_password(scope)
        if scope["type"] == "http" and scope["path"] in self._pages:
            return await self._pages[scope["path"]](Request(scope, receive))
        if self._is_signed_in(scope):
            scope["headers"] = [*scope["headers"], (_USER_HEADER.encode(), OPERATOR.encode())]
            return None
        return None if self._is_open(scope) else _sign_in_first(scope)

    def _refusal_without_password(self, scope: Scope) -> Response | None:
        if not self._any_host:
            return None if _names_this_machine(scope) else _plain(_NOT_LOCAL, 403)
        # Under a prefix of the server's as well, and Streamlit's own numbers too.
        is_metrics = scope["path"].rstrip("/").endswith("/metrics")
        return None if not is_metrics or self._has_token(scope) else _unauthorized(_BEARER_FIRST)

    def _is_signed_in(self, scope: Scope) -> bool:
        cookie = HTTPConnection(scope).cookies.get(COOKIE, "")
        try:
            return self._signer.unsign(cookie, max_age=SESSION_S) == OPERATOR.encode()
        except BadSignature:
            return False

    def _is_open(self, scope: Scope) -> bool:
        """Tell whether strangers may ask for this; a websocket is never open."""
        if scope["type"] != "http":
            return False
        path = scope["path"]
        return _is_open_path(path) or (path == "/metrics" and self._has_token(scope))

    def _has_token(self, scope: Scope) -> bool:
        scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
        given, expected = token.strip().encode(), self._bearer_token.encode()
        return (
            expected != b"" and scheme.lower() == "bearer" and hmac.compare_digest(given, expected)
        )

    async def _login(self, request: Request) -> Response:
        wanted = safe_next(request.query_params.get("next", "/"))
        if request.method != "POST":
            already = self._is_signed_in(request.scope)
            return _go(wanted) if already else sign_in_page(wanted)
        if _is_foreign(request):
            return sign_in_page(wanted, "Please sign in from this page.", 403)
        password = await _password_in(request)
        if password is None:
            return sign_in_page(wanted, "That is too long for a password.", 413)
        return await self._try(password, request, wanted)

    async def _try(self, password: str, request: Request, wanted: str) -> Response:
        address = request.client.host if request.client else ""
        if not self._throttle.take(address):
            page = sign_in_page(wanted, "Too many tries: wait a minute.", 429)
            page.headers["retry-after"] = "60"
            return page
        async with self._one_check:
            right = await asyncio.to_thread(is_password, password, self._password_hash)
        if not right:
            return sign_in_page(wanted, "That password is not right.", 401)
        self._throttle.forgive(address)
        response = _go(wanted)
        session = self._signer.sign(OPERATOR).decode()
        _set_cookie(response, session, SESSION_S, request)
        return response


def _without_user(scope: Scope) -> Scope:
    """Return a copy of `scope` that cannot carry an identity the client made up."""
    kept = [
        (name, value) for name, value in scope["headers"] if name.lower() != _USER_HEADER.encode()
    ]
    return dict(scope, headers=kept)


def _is_open_path(path: str) -> bool:
    """Tell whether `path` is open; one that climbs or hides a slash never is."""
    if path in _OPEN:
        return True
    parts = path[1:].split("/")
    return path.startswith(_OPEN_BELOW) and "\\" not in path and not {"", ".", ".."} & set(parts)


def _names_this_machine(scope: Scope) -> bool:
    try:
        hostname = urlsplit(f"//{Headers(scope=scope).get('host', '')}").hostname
    except ValueError:
        return False
    return is_loopback(hostname or "")


def _sign_in_first(scope: Scope) -> Response:
    if _is_visit(scope):
        query = scope["query_string"].decode("latin-1")
        return _go(login_address(quote(scope["path"]) + (f"?{query}" if query else "")))
    return _unauthorized("Sign in first: this desk has a password.\n")


def _unauthorized(text: str) -> Response:
    refusal = _plain(text, 401)
    refusal.headers["www-authenticate"] = 'Bearer realm="Convergence"'
    return refusal


def _is_visit(scope: Scope) -> bool:
    """Tell whether a person's browser asks for a page, as against a script for data."""
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
        return False
    return "text/html" in Headers(scope=scope).get("accept", "")


async def _logout(request: Request) -> Response:
    if request.method != "POST" or _is_foreign(request):
        return sign_out_page()
    response = _go("/login")
    _set_cookie(response, "", 0, request)
    return response


def _is_foreign(request: Request) -> bool:
    """Tell whether another site sent this form; a client that is no browser names no origin."""
    origin = request.headers.get("origin")
    host = request.headers.get("host", "")
    return origin is not None and origin not in (f"http://{host}", f"https://{host}")


async def _password_in(request: Request) -> str | None:
    """Return the password of the form, or None if there is no whole form of a sensible size."""
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > _FORM_LIMIT:
                return None
    except ClientDisconnect:
        return None
    return parse_qs(body.decode("utf-8", "replace")).get("password", [""])[0]


def _set_cookie(response: Response, value: str, max_age_s: int, request: Request) -> None:
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, value, max_age_s, httponly=True, samesite="lax", secure=secure)


def _go(address: str) -> Response:
    return RedirectResponse(address, 303, headers=PRIVATE_HEADERS)


def _plain(text: str, status: int) -> Response:
    return PlainTextResponse(text, status, headers=PRIVATE_HEADERS)


def _hardened(send: Send) -> Send:
    """Return a `send` that keeps other sites from framing the desk and luring a click."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            _add_defaults(message)
        await send(message)

    return sending


def _add_defaults(message: MutableMapping[str, object]) -> None:
    headers = MutableHeaders(scope=message)
    headers.setdefault("x-frame-options", "SAMEORIGIN")
    headers.setdefault("x-content-type-options", "nosniff")
    headers.setdefault("referrer-policy", "same-origin")
