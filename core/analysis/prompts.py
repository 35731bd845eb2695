"""Prompts from the operator's files: sandboxed, strict, with what outsiders wrote fenced in."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from core.domain.model_calls import Prompt, PromptReference, Stage
from core.errors import ConfigurationError

FILE = re.compile(
    r'---\nversion: "?(?P<version>[\w.-]+)"?\n---\n'
    r"# System\n(?P<system>.+)\n# User\n(?P<user>.+)",
    re.DOTALL,
)
# JSON may hold these as they are; escaped, no text can look like markup or like our own lines
ESCAPED = str.maketrans({character: f"\\u{ord(character):04x}" for character in "<>&`"})


class Fence(NamedTuple):
    """Data between two lines that hold a mark which the data cannot foretell."""

    mark: str
    text: str


class _File(NamedTuple):
    reference: PromptReference
    system: Template
    user: Template


def fenced(data: Mapping[str, Any]) -> Fence:
    """Return `data` as ASCII JSON on one line; the same data has the same mark."""
    line = json.dumps(data, ensure_ascii=True, separators=(",", ":")).translate(ESCAPED)
    mark = hashlib.sha256(line.encode()).hexdigest()[:16]
    return Fence(mark, f"[data {mark}]\n{line}\n[end of data {mark}]")


class PromptLibrary:
    """The prompt of each stage, with its version and the hash of its file."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        """`texts` are the files of data/prompts by their names without .md.j2.

        Raises: ConfigurationError if one is missing, has another shape or asks for what is not
            there.
        """
        # autoescape would write HTML entities into the JSON
        self._environment = ImmutableSandboxedEnvironment(
            undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._files = {stage: self._read(stage, texts) for stage in Stage}
        for stage in Stage:
            self.render(stage, {})

    def reference(self, stage: Stage) -> PromptReference:
        return self._files[stage].reference

    def render(self, stage: Stage, data: Mapping[str, Any]) -> Prompt:
        """Return the prompt of a stage around its data.

        Raises: ConfigurationError if the file is broken.
        """
        file, fence = self._files[stage], fenced(data)
        words = {"data": fence.text, "mark": fence.mark}
        try:
            system, user = file.system.render(words), file.user.render(words)
        except (TemplateError, TypeError, ValueError) as error:
            raise ConfigurationError(f"{_path(stage)}: {error}") from error
        if fence.text not in user:
            raise ConfigurationError(f"{_path(stage)}: the part User must hold {{{{ data }}}}")
        return Prompt(reference=file.reference, stage=stage, system=system, user=user)

    def _read(self, stage: Stage, texts: Mapping[str, str]) -> _File:
        text = texts.get(stage.value)
        if text is None:
            raise ConfigurationError(f"{_path(stage)} is missing")
        parts = FILE.fullmatch(text)
        if parts is None:
            raise ConfigurationError(
                f'{_path(stage)}: it must begin with the lines ---, version: "…", ---, and then '
                "hold the headings # System and # User, each with a text"
            )
        reference = PromptReference(
            name=stage.value,
            version=parts["version"],
            sha256=hashlib.sha256(text.encode()).hexdigest(),
        )
        parse = self._environment.from_string
        try:
            return _File(reference, parse(parts["system"]), parse(parts["user"]))
        except TemplateError as error:
            raise ConfigurationError(f"{_path(stage)}: {error}") from error


def _path(stage: Stage) -> str:
    return f"data/prompts/{stage.value}.md.j2"
