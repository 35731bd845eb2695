"""Texts from templates and facts: sandboxed and strict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import DictLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from core.domain.base import Frozen
from core.errors import ConfigurationError


def usd(value: float) -> str:
    """Return `1234.5` as `$1,234.50`."""
    return f"-${-value:,.2f}" if value < 0 else f"${value:,.2f}"


def percent(fraction: float) -> str:
    return f"{fraction * 100:.1f}%"


def signed_percent(fraction: float) -> str:
    return f"{fraction * 100:+.1f}%"


def r_multiple(value: float) -> str:
    return f"{value:.2f}R"


def index(value: float) -> str:
    return f"{value:.2f}"


def count(value: int) -> str:
    return f"{value:d}"


def capitalize_first(text: str) -> str:
    """Return the text with a big first letter, the rest as it is."""
    return text[:1].upper() + text[1:]


FORMATS = {
    "usd": usd,
    "percent": percent,
    "signed_percent": signed_percent,
    "r": r_multiple,
    "index": index,
    "count": count,
}


class Voice(Frozen):
    """How the desk speaks: names, closing, disclosure."""

    tactic_name: str
    author: str
    closing: str
    disclosure: str


class Renderer:
    """Fills the operator's templates; a missing fact is an error, never a blank."""

    def __init__(self, templates: Mapping[str, str], voice: Voice) -> None:
        # no autoescape: it would write HTML entities into Markdown
        self._environment = ImmutableSandboxedEnvironment(
            loader=DictLoader(templates),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(FORMATS, voice=voice)
        self._environment.filters["capitalize_first"] = capitalize_first
        self._templates = templates
        self.voice = voice

    def render(self, name: str, facts: Mapping[str, Any]) -> str:
        """Return the text of template `name`.

        Raises: ConfigurationError if the template is missing, broken or lacks a fact.
        """
        if name not in self._templates:
            raise ConfigurationError(f"there is no template {name!r} in data/templates")
        try:
            template = self._environment.get_template(name)
            return template.render(facts).strip() + "\n"
        except (TemplateError, TypeError, ValueError) as error:
            raise ConfigurationError(f"template {name!r}: {error}") from error


def one_line(text: str, limit: int = 160) -> str:
    """Return untrusted text as plain words: one line, no markup characters, bounded."""
    words = " ".join(text.split())
    plain = "".join(c for c in words if c.isprintable() and c not in "<>`*_[]{}|\\#@$")
    return plain if len(plain) <= limit else plain[: limit - 1].rstrip() + "…"
