"""The stub of Alpaca's broker: it knows what Alpaca's own document allows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract.stubs.alpaca import spec

ORDER = {"symbol": "TSLA", "qty": 10.0, "side": "buy", "type": "market", "time_in_force": "day"}


@pytest.mark.parametrize(
    ("method", "path", "body", "complaint"),
    [
        ("POST", "/v2/orders", ORDER | {"typo": 1}, "typo"),
        ("POST", "/v2/orders", ORDER | {"type": "guess"}, "guess"),
        ("POST", "/v2/orders", {"symbol": "TSLA"}, "required"),
        ("POST", "/v2/orders", ORDER | {"client_order_id": "x" * 129}, "too long"),
        ("PATCH", "/v2/orders/1", {"price": 1}, "price"),
        ("GET", "/v2/order", None, "not in the document"),
        ("GET", "/v2/account", ORDER, "has no body"),
    ],
)
def test_a_request_that_is_not_in_the_document_is_found(
    method: str, path: str, body: Any, complaint: str
) -> None:
    with pytest.raises(spec.ViolationError, match=complaint):
        spec.check_request(method, path, {}, body)


@pytest.mark.parametrize("query", [{"nestd": "true"}, {"nested": "maybe"}, {"limit": "few"}])
def test_a_query_that_is_not_in_the_document_is_found(query: dict[str, str]) -> None:
    with pytest.raises(spec.ViolationError):
        spec.check_request("GET", "/v2/orders", query, None)


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, {"id": "1"}), (200, []), (201, ORDER), (422, {"message": "no code"})],
)
def test_an_answer_that_is_not_in_the_document_is_found(status: int, body: Any) -> None:
    with pytest.raises(spec.ViolationError):
        spec.check_answer("POST", "/v2/orders", status, body)


def test_numbers_pass_where_the_document_was_loosened_for_them() -> None:
    spec.check_request("POST", "/v2/orders", {}, ORDER)

    document = json.loads(spec.DOCUMENT.read_text(encoding="utf-8"))
    written = document["components"]["schemas"]["CreateOrderRequest"]["properties"]["qty"]
    assert written["type"] == "string"
