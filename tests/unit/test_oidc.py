"""The login through a provider: whole or not at all, and for listed addresses alone."""

from __future__ import annotations

import pytest

from core import bootstrap
from core.errors import ConfigurationError
from core.settings import Settings
from core.web.gate import SESSION_S
from core.web.oidc import Standing, auth_secrets, is_configured, standing
from core.web.routes import routes

KEY = "k" * 32
ALLOWED = ("ops@desk.example",)
NOW = 1_795_000_000.0
WHOLE = {
    "oidc_metadata_url": "https://id.example/.well-known/openid-configuration",
    "oidc_client_id": "desk",
    "oidc_client_secret": "its secret",
    "oidc_redirect_uri": "https://desk.example/oauth2callback",
    "oidc_allowed_emails": "Ops@Desk.example, two@desk.example",
    "secret_key": KEY,
}


def settings(**changed: str) -> Settings:
    return Settings(_env_file=None, **{**WHOLE, **changed})


def refusal(**changed: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        auth_secrets(settings(**changed))
    return str(caught.value)


def judge(**claims: object) -> Standing:
    told = {"is_logged_in": True, "iat": NOW - 60, "email": "ops@desk.example", **claims}
    return standing(told, ALLOWED, NOW)


def test_without_any_of_it_there_is_no_oidc() -> None:
    plain = Settings(_env_file=None, secret_key=KEY)

    assert not is_configured(plain)
    assert auth_secrets(plain) == {}


def test_streamlit_is_told_all_that_it_asks_for() -> None:
    assert auth_secrets(settings()) == {
        "auth": {
            "redirect_uri": "https://desk.example/oauth2callback",
            "cookie_secret": KEY,
            "client_id": "desk",
            "client_secret": "its secret",
            "server_metadata_url": "https://id.example/.well-known/openid-configuration",
        }
    }


def test_the_list_of_addresses_is_kept_in_lower_case() -> None:
    assert settings().oidc_allowed_emails == ("ops@desk.example", "two@desk.example")


@pytest.mark.parametrize("name", [name for name in WHOLE if name.startswith("oidc_")])
def test_what_is_missing_is_named(name: str) -> None:
    assert f"set CONVERGENCE_{name.upper()} as well" in refusal(**{name: ""})


@pytest.mark.parametrize("name", [name for name in WHOLE if name.startswith("oidc_")])
def test_a_single_part_shuts_the_pages_already(name: str) -> None:
    assert Settings(_env_file=None, **{name: WHOLE[name]}).oidc_configured


def test_several_missing_parts_are_named_at_once() -> None:
    told = refusal(oidc_client_id="", oidc_allowed_emails=" , ")

    assert "CONVERGENCE_OIDC_CLIENT_ID, CONVERGENCE_OIDC_ALLOWED_EMAILS" in told


@pytest.mark.parametrize("key", ["", "k" * 31])
def test_the_cookie_needs_a_long_key(key: str) -> None:
    assert "CONVERGENCE_SECRET_KEY: set it to at least 32" in refusal(secret_key=key)


def test_a_password_beside_it_is_one_login_too_many() -> None:
    assert "CONVERGENCE_PASSWORD_HASH" in refusal(password_hash="$argon2id$")


@pytest.mark.parametrize("name", ["oidc_metadata_url", "oidc_redirect_uri"])
@pytest.mark.parametrize(
    "url",
    ["http://desk.example/oauth2callback", "desk.example/oauth2callback", "https://", "http://["],
)
def test_an_address_that_others_can_listen_to_is_refused(name: str, url: str) -> None:
    assert f"CONVERGENCE_{name.upper()} must be an https:// address" in refusal(**{name: url})


def test_on_this_machine_plain_http_is_enough() -> None:
    assert is_configured(
        settings(
            oidc_metadata_url="http://localhost:9000/.well-known/openid-configuration",
            oidc_redirect_uri="http://127.0.0.1:{port}/oauth2callback",
        )
    )


@pytest.mark.parametrize("path", ["", "/", "/callback", "/oauth2callback?x=1", "/oauth2callback/"])
def test_the_way_back_must_be_streamlits_own(path: str) -> None:
    assert "must end with /oauth2callback" in refusal(oidc_redirect_uri=f"https://d.example{path}")


@pytest.mark.parametrize("email", ["*", "*@desk.example", "@desk.example", "desk.example", "a@b c"])
def test_a_pattern_is_no_address(email: str) -> None:
    assert f"{email!r} is no mail address" in refusal(oidc_allowed_emails=f"a@b.example,{email}")


def test_no_secret_is_in_any_refusal_or_in_print() -> None:
    told = refusal(oidc_client_id="") + repr(settings())

    assert "its secret" not in told
    assert KEY not in told


def test_each_route_guards_itself_as_the_gate_cannot_see_who_is_signed_in() -> None:
    """Before a route is added here: it is for everybody, or it asks for a token itself."""
    for_everybody, by_token = {"/healthz"}, {"/metrics", "/desk/{name}"}

    assert {route.path for route in routes(bootstrap.desk)} == for_everybody | by_token


@pytest.mark.parametrize("email", ["ops@desk.example", "OPS@Desk.Example"])
@pytest.mark.parametrize("verified", [True, None, "true"])
def test_a_listed_address_is_admitted(email: str, verified: object) -> None:
    assert judge(email=email, email_verified=verified) is Standing.ADMITTED


@pytest.mark.parametrize(
    "email",
    [
        "two@desk.example",
        "ops@desk.example.evil.example",
        "xops@desk.example",
        " ops@desk.example",
        "",
        None,
        True,
        ["ops@desk.example"],
        "op\u017f@desk.example",
    ],
)
def test_any_other_address_is_refused(email: object) -> None:
    assert judge(email=email) is Standing.REFUSED


def test_a_letter_that_only_lowers_to_the_same_is_another_one() -> None:
    told = {"is_logged_in": True, "iat": NOW, "email": "\u212aim@desk.example"}

    assert standing(told, ("kim@desk.example",), NOW) is Standing.REFUSED


@pytest.mark.parametrize("verified", [False, "false", "False"])
def test_an_address_that_the_provider_has_not_verified_is_refused(verified: object) -> None:
    assert judge(email_verified=verified) is Standing.REFUSED


@pytest.mark.parametrize("logged_in", [False, None, "yes", 1])
def test_who_has_not_signed_in_is_a_stranger_whatever_else_is_claimed(logged_in: object) -> None:
    assert judge(is_logged_in=logged_in) is Standing.STRANGER
    assert standing({}, ALLOWED, NOW) is Standing.STRANGER


@pytest.mark.parametrize("signed_in_at", [None, "now", NOW - SESSION_S - 1])
def test_after_a_week_the_provider_is_asked_again(signed_in_at: object) -> None:
    assert judge(iat=NOW - SESSION_S) is Standing.ADMITTED
    assert judge(iat=signed_in_at) is Standing.STRANGER
