"""Alpaca's OpenAPI document, and whether a request and its answer keep to it.

What it is loosened in, and why, is in specs/NOTICE.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

DOCUMENT = Path(__file__).parents[1] / "specs" / "alpaca-trading-api.json"
NAME = "urn:alpaca"
DECIMALS = {
    "CreateOrderRequest": (
        "qty", "notional", "limit_price", "stop_price", "trail_price", "trail_percent",
        "take_profit/limit_price", "stop_loss/stop_price", "stop_loss/limit_price",
    ),
    "PatchOrderRequest": ("qty", "notional", "limit_price", "stop_price", "trail"),
    "MLegOrderLeg": ("ratio_qty",),
    "AdvancedInstructions": ("display_qty", "max_percentage"),
}  # fmt: skip
CLOSED = ("CreateOrderRequest", "PatchOrderRequest", "MLegOrderLeg")
ACTIVITIES = "/v2/account/activities/{activity_type}"
FLAGS = {"true": True, "True": True, "false": False, "False": False}


class ViolationError(AssertionError):
    """What was said is not in the document, or not as the document has it."""


def check_request(method: str, path: str, query: Mapping[str, str], body: Any) -> None:
    """Check a request.

    Raises: ViolationError.
    """
    template, operation = find_operation(method, path)
    _check_query(f"{method} {template}", operation, query)
    described = operation.get("requestBody")
    if described is None:
        if body is not None:
            raise ViolationError(f"{method} {template} has no body")
        return
    _check(f"paths/{_escape(template)}/{method.lower()}/requestBody", body, f"{method} {template}")


def check_answer(method: str, path: str, status: int, body: Any) -> None:
    """Check an answer; a refusal has a code and a message.

    Raises: ViolationError.
    """
    template, operation = find_operation(method, path)
    where = f"{status} of {method} {template}"
    if status >= 400:
        _check_at("components/schemas/Error", body, where)
        return
    described = operation["responses"].get(str(status))
    if described is None:
        raise ViolationError(f"{where} is not in the document")
    if "content" in described:
        _check(f"paths/{_escape(template)}/{method.lower()}/responses/{status}", body, where)
    elif body is not None:
        raise ViolationError(f"{where} has no body")


def find_operation(method: str, path: str) -> tuple[str, dict[str, Any]]:
    for template, item in document()["paths"].items():
        pattern = "[^/]+".join(map(re.escape, re.split(r"\{\w+\}", template)))
        if re.fullmatch(pattern, path) and method.lower() in item:
            return template, item[method.lower()]
    raise ViolationError(f"{method} {path} is not in the document")


@cache
def document() -> dict[str, Any]:
    """Return the document, loosened."""
    loaded: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    schemas = loaded["components"]["schemas"]
    for name, places in DECIMALS.items():
        for place in places:
            _property(schemas[name], place)["type"] = ["string", "number"]
    for name in CLOSED:
        schemas[name]["additionalProperties"] = False
    for name in ("Order", "OrderLeg"):
        schemas[name]["properties"]["order_type"] = {"$ref": "#/components/schemas/OrderType"}
    items = _json_schema(loaded["paths"][ACTIVITIES]["get"]["responses"]["200"])["items"]
    items["anyOf"] = items.pop("oneOf")
    return loaded


def _property(schema: dict[str, Any], place: str) -> dict[str, Any]:
    for name in place.split("/"):
        schema = schema["properties"][name]
    return schema


def _json_schema(described: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = described["content"]["application/json"]["schema"]
    return found


def _check_query(where: str, operation: dict[str, Any], query: Mapping[str, str]) -> None:
    known = {p["name"]: p["schema"] for p in operation.get("parameters", ()) if p["in"] == "query"}
    for name, text in query.items():
        if name not in known:
            raise ViolationError(f"{where} takes no {name!r}")
        _complain(
            Draft202012Validator(known[name]), _typed(known[name], text), f"{name} of {where}"
        )


def _typed(schema: dict[str, Any], text: str) -> Any:
    if schema.get("type") == "boolean":
        return FLAGS.get(text, text)
    if schema.get("type") == "integer" and text.isdigit():
        return int(text)
    return text


def _check(pointer: str, body: Any, where: str) -> None:
    _check_at(f"{pointer}/content/application~1json/schema", body, where)


def _check_at(pointer: str, body: Any, where: str) -> None:
    _complain(_validator(pointer), body, where)


def _complain(validator: Any, instance: Any, where: str) -> None:
    for error in validator.iter_errors(instance):
        raise ViolationError(f"{where}: {error.json_path}: {error.message[:300]}")


@cache
def _validator(pointer: str) -> Any:
    resource = DRAFT202012.create_resource(document())
    registry: Registry[Any] = Registry().with_resource(NAME, resource)
    schema = {"$ref": f"{NAME}#/{pointer}"}
    return Draft202012Validator(schema, registry=registry, format_checker=FormatChecker())


def _escape(template: str) -> str:
    return template.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
