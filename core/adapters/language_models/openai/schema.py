"""The JSON schema of an answer, in the part of the language that strict outputs allow."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

# Refused by OpenAI, or blown up into a huge grammar by other servers; checked when it is back.
LEFT_OUT = {"default", "title", "minLength", "maxLength"}


def strict_schema(shape: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of `shape`: every field is required, none may be added.

    Source: https://developers.openai.com/api/docs/guides/structured-outputs
    """
    schema: dict[str, Any] = _strict(shape.model_json_schema())
    return schema


def _strict(node: Any) -> Any:
    if isinstance(node, list):
        return [_strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: value for key, value in node.items() if key not in LEFT_OUT}
    for names in ("properties", "$defs"):  # a field may be called like a keyword
        if names in node:
            kept[names] = {name: _strict(inner) for name, inner in node[names].items()}
    for key in kept.keys() - {"properties", "$defs"}:
        kept[key] = _strict(kept[key])
    if "properties" in kept:
        kept |= {"required": list(kept["properties"]), "additionalProperties": False}
    return kept
