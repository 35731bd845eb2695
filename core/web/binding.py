"""Where the desk may listen: anywhere with a login, on this machine alone without one."""

from __future__ import annotations

import ipaddress

from core.errors import ConfigurationError
from core.web.passwords import MAKE_ONE, check_password_hash, hash_password

__all__ = ["hash_password", "is_loopback", "require_login_or_loopback"]


def is_loopback(host: str) -> bool:
    """Tell whether `host` (without port) can be reached from this machine only."""
    bare = host.strip().removeprefix("[").removesuffix("]").rstrip(".").lower()
    if bare == "localhost":
        return True
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return False  # a name might resolve to anything
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def require_login_or_loopback(address: str, password_hash: str, oidc_configured: bool) -> None:
    """Refuse to serve strangers: called before the server listens on `address`.

    An empty address means every interface, as it does for Streamlit.
    Raises: ConfigurationError, naming the setting that is missing or malformed.
    """
    if password_hash:
        check_password_hash(password_hash)
    elif not oidc_configured and not is_loopback(address):
        where = address or "every interface"
        raise ConfigurationError(
            f"refusing to listen on {where} without a login: set CONVERGENCE_PASSWORD_HASH "
            f"({MAKE_ONE}) or the CONVERGENCE_OIDC_ settings, or listen on 127.0.0.1"
        )
