"""Where the desk may listen, and the hash that a login needs."""

from __future__ import annotations

import pytest

from core.errors import ConfigurationError
from core.web.binding import hash_password, is_loopback, require_login_or_loopback


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1", "[::1]", "127.8.8.8"])
def test_a_desk_without_a_login_may_listen_on_loopback(address: str) -> None:
    require_login_or_loopback(address, "", oidc_configured=False)


@pytest.mark.parametrize("address", ["", "0.0.0.0", "::", "192.168.1.5", "desk.example", "*"])
def test_a_desk_without_a_login_refuses_any_other_address(address: str) -> None:
    with pytest.raises(ConfigurationError, match=r"CONVERGENCE_PASSWORD_HASH.*hash-password"):
        require_login_or_loopback(address, "", oidc_configured=False)


def test_the_refusal_names_the_other_login_too() -> None:
    with pytest.raises(ConfigurationError, match="CONVERGENCE_OIDC_"):
        require_login_or_loopback("0.0.0.0", "", oidc_configured=False)


def test_with_a_login_the_desk_may_listen_anywhere() -> None:
    require_login_or_loopback("0.0.0.0", hash_password("correct horse"), oidc_configured=False)
    require_login_or_loopback("0.0.0.0", "", oidc_configured=True)


def test_a_password_in_plain_text_is_refused_as_a_hash() -> None:
    with pytest.raises(ConfigurationError, match="not an argon2 hash"):
        require_login_or_loopback("127.0.0.1", "hunter2", oidc_configured=False)


def test_an_empty_password_is_not_hashed() -> None:
    with pytest.raises(ConfigurationError, match="empty"):
        hash_password("  ")


def test_a_name_that_only_looks_local_is_not() -> None:
    assert not is_loopback("localhost.example")
    assert not is_loopback("127.0.0.1.example")
    assert is_loopback("::ffff:127.0.0.1")
