"""The sign-in and sign-out pages: self-contained, light and dark, no request to anywhere else."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from urllib.parse import urlencode

from starlette.responses import HTMLResponse

# A path of this server: one leading slash, no second one, no backslash (browsers read it as a
# slash), no blank or control character (browsers drop tabs and line ends before they parse).
_LOCAL = re.compile(
    r"/(?:[^/\\\x00-\x20\x7f?#][^\\\x00-\x20\x7f]*|[?#][^\\\x00-\x20\x7f]*)?", re.ASCII
)
_OWN = ("/login", "/logout")

_STYLE = """
:root { color-scheme: light dark; --page: #f4f6fa; --card: #ffffff; --text: #0f172a;
  --soft: #55627a; --line: #dce3ec; --accent: #1d4ed8; --bad: #b91c1c; }
@media (prefers-color-scheme: dark) { :root { --page: #0b1220; --card: #141d2f; --text: #e6edf7;
  --soft: #9fb0c8; --line: #24324a; --accent: #2563eb; --bad: #f87171; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem;
  background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 21rem; padding: 2rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 12px; }
svg { display: block; margin-bottom: 1rem; }
h1 { margin: 0; font-size: 1.3rem; }
p { margin: .25rem 0 1.25rem; color: var(--soft); }
form { display: grid; gap: .4rem; }
label { font-weight: 600; }
input, button { font: inherit; padding: .6rem .75rem; border-radius: 8px;
  border: 1px solid var(--line); }
input { width: 100%; background: var(--page); color: var(--text); }
button { margin-top: .8rem; border-color: transparent; background: var(--accent); color: #ffffff;
  font-weight: 600; cursor: pointer; }
button:hover { filter: brightness(1.08); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
[hidden] { display: none; }
p[role=alert] { margin: .2rem 0 0; color: var(--bad); }
"""

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex"><title>{title} · Convergence</title>
<style>{style}</style></head><body><main>
<svg width="40" height="40" viewBox="0 0 32 32" aria-hidden="true">
<rect width="32" height="32" rx="7" fill="#1d4ed8"/><path d="M5 8l9 8-9 8M27 8l-9 8 9 8"
fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/></svg>
{body}</main></body></html>"""

_SIGN_IN = """<h1>Convergence</h1><p>Sign in to the desk.</p>
<form method="post" action="/login{query}">
<input hidden name="username" autocomplete="username" value="operator">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password"
required autofocus>
{alert}<button>Sign in</button></form>"""

_SIGN_OUT = """<h1>Sign out?</h1><p>The desk keeps working; this browser has to sign in again.</p>
<form method="post" action="/logout"><button>Sign out</button></form>"""

_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
PRIVATE_HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "same-origin",  # `no-referrer` would make the form send `Origin: null`
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_HEADERS = {
    **PRIVATE_HEADERS,
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
}


def safe_next(wanted: str) -> str:
    """Return `wanted` if it is a path of this server, otherwise the front page."""
    path = re.split(r"[?#]", wanted, maxsplit=1)[0]
    return wanted if _LOCAL.fullmatch(wanted) and path not in _OWN and "//" not in path else "/"


def login_address(wanted: str) -> str:
    """Return the address of the sign-in page that leads on to `wanted`."""
    return "/login" + _query(wanted)


def sign_in_page(wanted: str, alert: str = "", status: int = 200) -> HTMLResponse:
    warning = f'<p role="alert">{html.escape(alert)}</p>' if alert else ""
    return _page(
        "Sign in", _SIGN_IN.format(query=html.escape(_query(wanted)), alert=warning), status
    )


def sign_out_page() -> HTMLResponse:
    return _page("Sign out", _SIGN_OUT)


def _query(wanted: str) -> str:
    local = safe_next(wanted)
    return "" if local == "/" else "?" + urlencode({"next": local})


def _page(title: str, body: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(
        _PAGE.format(title=title, style=_STYLE, body=body), status, headers=_HEADERS
    )
