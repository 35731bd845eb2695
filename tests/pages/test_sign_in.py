"""The pages under OIDC: nothing of the desk for a stranger, the address on record for the rest."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import bootstrap
from core.desk import Desk
from core.errors import StoreError
from core.settings import Settings
from tests.pages.conftest import MAIN, installed


@pytest.fixture
def oidc_desk(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    settings = Settings(
        data_dir=data_dir, _env_file=None, oidc_allowed_emails=("ops@desk.example",)
    )
    desk = bootstrap.build(settings)
    yield installed(desk, monkeypatch)
    desk.close()


def opened_by(**claims: object) -> AppTest:
    app = AppTest.from_file(str(MAIN), default_timeout=60)
    app.user = claims
    return app.run()


def signed_in(email: str) -> AppTest:
    return opened_by(is_logged_in=True, iat=int(time.time()), email=email)


def test_a_stranger_sees_one_button_and_nothing_else(oidc_desk: Desk) -> None:
    app = opened_by(is_logged_in=False)

    assert [button.label for button in app.button] == ["Sign in"]
    assert not app.title
    assert not app.sidebar.children


def test_a_claim_alone_signs_nobody_in(oidc_desk: Desk) -> None:
    assert [button.label for button in opened_by(email="ops@desk.example").button] == ["Sign in"]


def test_another_address_is_told_so_and_may_sign_out(oidc_desk: Desk) -> None:
    app = signed_in("stranger@elsewhere.example")

    assert [button.label for button in app.button] == ["Sign out"]
    assert "not allowed" in app.markdown[0].value
    assert not app.title


def test_a_listed_address_sees_the_desk_and_the_way_out(oidc_desk: Desk) -> None:
    app = signed_in("Ops@desk.example")

    assert not app.exception
    assert app.title[0].value == "Overview"
    assert "Sign out" in [button.label for button in app.sidebar.button]


def test_what_cannot_be_judged_stays_outside(
    oidc_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Desk:
        raise StoreError("the store is away")

    monkeypatch.setattr(bootstrap, "desk", broken)
    app = signed_in("ops@desk.example")

    assert not app.title
    assert not app.button
    assert "the store is away" in app.error[0].value


def test_without_oidc_nobody_is_asked(empty_desk: Desk) -> None:
    app = opened_by()

    assert app.title[0].value == "Overview"
    assert "Sign out" not in [button.label for button in app.button]


@pytest.mark.parametrize(
    ("claims", "actor"),
    [
        ({}, "operator"),
        ({"operator": None, "email": "ops@desk.example"}, "ops@desk.example"),
        ({"operator": "operator", "email": "forged@elsewhere.example"}, "operator"),
    ],
)
def test_who_clicks_is_whom_the_login_vouches_for(claims: dict[str, object], actor: str) -> None:
    def script() -> None:
        import streamlit as st

        from pages.components import flash

        st.text(flash.actor())

    app = AppTest.from_function(script)
    app.user = claims

    assert app.run().text[0].value == actor
