"""The inbox: one click decides once, a second one is told, a rejection has a reason."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from core.desk import Desk
from tests.pages.conftest import open_page, toasts, told


def ids(desk: Desk) -> dict[str, str]:
    return {approval.kind: approval.approval_id for approval in desk.decisions.pending()}


def test_a_card_holds_the_order_and_the_post_of_one_plan(desk: Desk) -> None:
    app = open_page("approvals")
    tables = [str(table.value.to_dict()) for table in app.table]
    assert len(tables) == 1
    assert [
        w for w in ("NFLX", "limit", "Stop", "Target 1", "Size bound by") if w not in tables[0]
    ] == []
    assert "Contextual insight" in told(app)
    assert "expires in 1 h 10 min" in told(app)
    assert ids(desk).keys() == {"trade", "content"}


def test_one_click_approves_both(desk: Desk) -> None:
    app = open_page("approvals")
    app.button(key=f"approve_both_{ids(desk)['trade']}").click().run()
    assert toasts(app) == "Approve both: 2 approvals given"
    assert not app.error
    assert desk.decisions.pending() == []
    assert "Inbox zero" in told(app)


def test_one_click_approves_the_order_alone(desk: Desk) -> None:
    before, app = ids(desk), open_page("approvals")
    app.button(key=f"approve_trade_{before['trade']}").click().run()
    assert ids(desk).keys() == {"content"}
    assert not app.exception


def test_a_second_click_finds_it_already_handled(desk: Desk) -> None:
    first, second = open_page("approvals"), open_page("approvals")
    key = f"approve_both_{ids(desk)['trade']}"
    first.button(key=key).click().run()
    second.button(key=key).click().run()
    assert "Already handled" in toasts(second)
    assert not second.exception


def test_approve_all_decides_everything_that_waits(desk: Desk) -> None:
    app = open_page("approvals")
    app.button(key="approvals_all").click().run()
    assert desk.decisions.pending() == []


def test_the_first_page_approves_with_one_click(desk: Desk) -> None:
    app = open_page("overview")
    app.button(key=f"overview_approve_{ids(desk)['trade']}").click().run()
    assert desk.decisions.pending() == []
    assert "Inbox zero" in told(app)


def rejecting(approval_id: str, reason: str) -> AppTest:
    """Run the callback behind the dialog's button; AppTest does not open dialogs."""

    def script(approval_id: str, reason: str) -> None:
        import streamlit as st

        from pages.components import flash, inbox

        st.session_state[inbox.REASON] = reason
        inbox.reject({approval_id: "post"})
        flash.show()

    return AppTest.from_function(script, args=(approval_id, reason)).run()


def test_a_rejection_without_a_reason_changes_nothing(desk: Desk) -> None:
    app = rejecting(ids(desk)["content"], "   ")
    assert "needs a reason" in toasts(app)
    assert len(desk.decisions.pending()) == 2


def test_a_rejection_with_a_reason_is_kept(desk: Desk) -> None:
    content = ids(desk)["content"]
    assert "Rejected the post" in toasts(rejecting(content, "too long"))
    assert ids(desk).keys() == {"trade"}
    assert "Already handled" in toasts(rejecting(content, "again"))
