"""The desk behind an OpenID Connect provider: the listed address gets in, nobody else does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.util import calc_hash
from websockets import Subprotocol
from websockets.sync.client import connect

from core.settings import ROOT, Settings
from core.storage.storage import Storage
from tests.browser.oidc_provider import CLIENT_ID, CLIENT_SECRET, Provider
from tests.flow.server import Server

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]
SLOW = 30_000
DESK_WORDS = re.compile("Overview|Approvals|Halt trading|Desk time")
PAGES = (
    "approvals", "tactics", "market", "positions", "content", "engagement", "workflows",
    "connections",
)  # fmt: skip


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with HTTPServer(host="127.0.0.1") as server:
        yield Provider(server)


@pytest.fixture(scope="module")
def desk(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A desk that no browser has visited before the first test."""
    running = guarded(tmp_path_factory.mktemp("desk"), provider)
    running.wait_until_up()
    yield running
    running.stop()


def guarded(folder: Path, provider: Provider, *arguments: str, **changed: str) -> Server:
    settings = {
        "CONVERGENCE_MODE": "paper",  # the demo would keep the machine busy with its replay
        "CONVERGENCE_SECRET_KEY": "k" * 32,
        "CONVERGENCE_METRICS_TOKEN": "collector",
        "CONVERGENCE_OIDC_METADATA_URL": provider.metadata_url,
        "CONVERGENCE_OIDC_CLIENT_ID": CLIENT_ID,
        "CONVERGENCE_OIDC_CLIENT_SECRET": CLIENT_SECRET,
        "CONVERGENCE_OIDC_REDIRECT_URI": "http://127.0.0.1:{port}/oauth2callback",
        "CONVERGENCE_OIDC_ALLOWED_EMAILS": "Ops@Desk.example, other@desk.example",
    }
    return Server(folder, *arguments, **(settings | changed))


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    context = chromium.new_context(viewport={"width": 1440, "height": 960})
    fresh = context.new_page()
    fresh.set_default_timeout(SLOW)
    yield fresh
    context.close()


def visit(page: Any, desk: Server, path: str = "") -> None:
    page.goto(f"http://127.0.0.1:{desk.port}/{path}")
    page.get_by_test_id("stMain").get_by_role("button").first.wait_for()


def press(page: Any, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def sees_sign_in_alone(page: Any) -> bool:
    page.get_by_text("Sign in to the desk.").wait_for()
    return page.get_by_text(DESK_WORDS).count() == 0 == page.get_by_role("dialog").count()


def sign_in(page: Any, desk: Server, provider: Provider, **claims: object) -> None:
    provider.claims = claims
    visit(page, desk)
    press(page, "Sign in")


def drawn(desk: Server, name: str, script: str, headers: dict[str, str]) -> set[str]:
    """Return the kinds of element that a bare client is sent for a page or a script's hash."""
    asked = BackMsg()
    asked.rerun_script.page_name, asked.rerun_script.page_script_hash = name, script
    seen: set[str] = set()
    with connect(
        f"ws://127.0.0.1:{desk.port}/_stcore/stream", max_size=None,
        subprotocols=[Subprotocol("streamlit")], additional_headers=headers,
    ) as socket:  # fmt: skip
        socket.send(asked.SerializeToString())
        while True:
            told = ForwardMsg()
            told.ParseFromString(bytes(socket.recv(30)))
            if told.WhichOneof("type") == "script_finished":
                return seen
            if told.delta.WhichOneof("type") == "new_element":
                seen.add(str(told.delta.new_element.WhichOneof("type")))


@pytest.mark.browser
def test_a_deep_link_as_the_very_first_request_shows_the_sign_in_alone(
    desk: Server, page: Any
) -> None:
    visit(page, desk, "approvals")
    assert sees_sign_in_alone(page)


@pytest.mark.parametrize("headers", [{}, {"X-Auth-User": "operator"}])
def test_a_client_that_is_no_browser_is_asked_to_sign_in_too(
    desk: Server, headers: dict[str, str]
) -> None:
    for name in ("", *PAGES):
        file = calc_hash(str(ROOT / "pages" / f"{name or 'overview'}.py"))
        for wanted in ((name, ""), ("", calc_hash(name)), ("", file), (name, file)):
            found = drawn(desk, *wanted, headers)
            assert found == {"heading", "markdown", "button"}, wanted


@pytest.mark.browser
def test_every_deep_link_shows_the_sign_in_alone(desk: Server, page: Any) -> None:
    for path in ("", *PAGES, "main", "nowhere", "approvals?order=1"):
        visit(page, desk, path)
        assert sees_sign_in_alone(page), path


@pytest.mark.browser
def test_an_allowed_address_gets_in_stays_in_and_gets_out(
    desk: Server, page: Any, provider: Provider
) -> None:
    sign_in(page, desk, provider, email="OPS@desk.example", email_verified=True)
    page.get_by_role("heading", name="Overview").wait_for()
    page.goto(f"http://127.0.0.1:{desk.port}/approvals")
    page.get_by_role("heading", name="Approvals").wait_for()
    page.get_by_test_id("stSidebar").get_by_text(re.compile("OPS.?@.?desk.example")).wait_for()
    press(page, "Sign out")
    assert sees_sign_in_alone(page)
    visit(page, desk, "approvals")
    assert sees_sign_in_alone(page)


@pytest.mark.browser
@pytest.mark.parametrize(
    "claims",
    [
        {"email": "stranger@elsewhere.example"},
        {"email": "ops@desk.example", "email_verified": False},
        {"email": "ops@desk.example.evil.example"},
        {"sub": "ops@desk.example"},
    ],
)
def test_any_other_account_is_told_so_and_sees_nothing(
    desk: Server, page: Any, provider: Provider, claims: dict[str, object]
) -> None:
    sign_in(page, desk, provider, **claims)
    page.get_by_text("is not allowed to use this desk").wait_for()
    visit(page, desk, "approvals")
    page.get_by_text("is not allowed to use this desk").wait_for()
    assert page.get_by_text(DESK_WORDS).count() == 0
    press(page, "Sign out")
    assert sees_sign_in_alone(page)


def test_the_metrics_need_their_token(desk: Server) -> None:
    assert desk.get("/healthz")[0] == 200
    for path in ("/metrics", "/_stcore/metrics"):
        assert desk.get(path)[0] == 401, path
        assert desk.get(path, Authorization="Bearer wrong")[0] == 401, path
    assert "convergence_up" in desk.get("/metrics", Authorization="Bearer collector")[1]


def test_an_open_address_is_no_reason_to_refuse(provider: Provider, tmp_path: Path) -> None:
    anywhere = guarded(tmp_path / "desk", provider, "--server.address", "0.0.0.0")
    anywhere.wait_until_up()
    anywhere.stop()


@pytest.mark.browser
def test_who_acts_is_on_record_by_address(desk: Server, page: Any, provider: Provider) -> None:
    sign_in(page, desk, provider, email="other@desk.example")
    press(page, "Halt trading")
    page.get_by_label("Reason").fill("a test")
    page.get_by_role("dialog").get_by_role("button", name="Halt trading").click()
    page.get_by_role("button", name="Resume trading").wait_for()
    desk.stop()  # only then is the store free; no test after this one asks this desk
    storage = Storage(Settings(data_dir=desk.data_dir, _env_file=None).store_path)
    actors = {entry.action: entry.actor for entry in storage.audit.entries(20)}
    storage.close()
    assert actors["halt"] == "other@desk.example"


def test_a_login_set_up_in_part_refuses_to_start(provider: Provider, tmp_path: Path) -> None:
    refused = guarded(tmp_path / "desk", provider, CONVERGENCE_OIDC_ALLOWED_EMAILS="")
    assert refused.process.wait(60) != 0
    assert "set CONVERGENCE_OIDC_ALLOWED_EMAILS as well" in refused.text()
    assert "Traceback" not in refused.text()
