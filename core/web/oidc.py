"""The login through an OpenID Connect provider: is it set up whole, and who may enter.

Streamlit speaks the protocol (docs/decisions/0011); it lets in whoever the provider knows, for as
long as its cookie lives. What it does not ask is asked here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit

from core.errors import ConfigurationError
from core.settings import Settings
from core.web.binding import is_loopback
from core.web.gate import SESSION_S

KEY_LENGTH = 32  # characters
CALLBACK = "/oauth2callback"  # Streamlit's own route
_WANTED = (
    "oidc_metadata_url",
    "oidc_client_id",
    "oidc_client_secret",
    "oidc_redirect_uri",
    "oidc_allowed_emails",
)
_ADDRESS = re.compile(r"[^@\s*]+@[^@\s*]+", re.ASCII)


class Standing(StrEnum):
    """What a visitor is to the desk."""

    STRANGER = "stranger"
    REFUSED = "refused"
    ADMITTED = "admitted"


def is_configured(settings: Settings) -> bool:
    """Tell whether the desk is guarded by OIDC.

    Raises: ConfigurationError that names what is missing or wrong, if only a part of it is right.
    """
    if not settings.oidc_configured:
        return False
    missing = [_variable(name) for name in _WANTED if not getattr(settings, name)]
    if missing:
        raise ConfigurationError(f"OIDC is configured in part: set {', '.join(missing)} as well")
    _check_key(settings)
    _check_addresses(settings)
    return True


def auth_secrets(settings: Settings) -> dict[str, dict[str, str]]:
    """Return what `st.App` is to be told as its secrets: nothing without OIDC.

    Raises: ConfigurationError as `is_configured` does.
    """
    if not is_configured(settings):
        return {}
    return {
        "auth": {
            "redirect_uri": settings.oidc_redirect_uri,
            "cookie_secret": settings.secret_key.get_secret_value(),
            "client_id": settings.oidc_client_id,
            "client_secret": settings.oidc_client_secret.get_secret_value(),
            "server_metadata_url": settings.oidc_metadata_url,
        }
    }


def standing(claims: Mapping[str, object], allowed: tuple[str, ...], now_s: float) -> Standing:
    """Judge the claims of `st.user`; `now_s` is Unix time.

    A sign-in lasts a week, like a session of the password; Streamlit's cookie alone would last 30
    days, and nobody would ask the provider again.
    """
    signed_in_at = claims.get("iat")
    if claims.get("is_logged_in") is not True or not isinstance(signed_in_at, int | float):
        return Standing.STRANGER
    if now_s - signed_in_at > SESSION_S:
        return Standing.STRANGER
    return Standing.ADMITTED if _is_allowed(claims, allowed) else Standing.REFUSED


def _is_allowed(claims: Mapping[str, object], allowed: tuple[str, ...]) -> bool:
    email = claims.get("email")
    # Beyond ASCII, other letters lower to the same: the Kelvin sign becomes "k".
    if not isinstance(email, str) or not email.isascii():
        return False
    is_denied = str(claims.get("email_verified")).lower() == "false"  # some send it as text
    return email.lower() in allowed and not is_denied


def _check_key(settings: Settings) -> None:
    if settings.password_hash:
        raise ConfigurationError(
            "two logins are configured: empty CONVERGENCE_PASSWORD_HASH or the CONVERGENCE_OIDC_ "
            "settings"
        )
    if len(settings.secret_key) < KEY_LENGTH:
        raise ConfigurationError(
            "OIDC signs its cookie with CONVERGENCE_SECRET_KEY: set it to at least "
            f"{KEY_LENGTH} random characters"
        )


def _check_addresses(settings: Settings) -> None:
    _secure(settings.oidc_metadata_url, "oidc_metadata_url")
    callback = _secure(settings.oidc_redirect_uri, "oidc_redirect_uri")
    if not callback.path.endswith(CALLBACK) or callback.query or callback.fragment:
        raise ConfigurationError(f"{_variable('oidc_redirect_uri')} must end with {CALLBACK}")
    for email in settings.oidc_allowed_emails:
        if not _ADDRESS.fullmatch(email):
            name = _variable("oidc_allowed_emails")
            raise ConfigurationError(f"{name}: {email!r} is no mail address; list each in full")


def _secure(url: str, name: str) -> SplitResult:
    """Return the parts of an address on which nobody can listen in."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        parts, host = SplitResult("", "", "", "", ""), ""
    if host and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))):
        return parts
    raise ConfigurationError(
        f"{_variable(name)} must be an https:// address (http:// on this machine only), not {url!r}"
    )


def _variable(name: str) -> str:
    return f"CONVERGENCE_{name.upper()}"
