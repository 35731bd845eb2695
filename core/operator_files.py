"""The operator's files, read once at the start."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from core.analysis.entities import Entities, EntityLinker
from core.analysis.prompts import PromptLibrary
from core.analysis.rendering import Renderer, Voice
from core.analysis.sentiment import Lexicon, SentimentReader
from core.domain.discipline import DisciplinePolicy
from core.domain.events import EventCalendar
from core.domain.feed_policy import FeedPolicy
from core.domain.model_policy import ModelPolicy
from core.domain.risk import RiskPolicy
from core.domain.setups import SetupFile
from core.errors import ConfigurationError, FileError
from core.steps.services import NewsDesk, Playbook

ModelT = TypeVar("ModelT", bound=BaseModel)


def load_playbook(folder: Path) -> Playbook:
    """Read the operator's files: policies, setups, templates, voice, names and words."""
    return Playbook(
        policy=_read(folder / "policy.yaml", RiskPolicy),
        feeds=_read(folder / "feeds.yaml", FeedPolicy),
        news=NewsDesk(
            linker=EntityLinker(_read(folder / "entities.yaml", Entities)),
            sentiment=SentimentReader(_read(folder / "lexicon.yaml", Lexicon)),
        ),
        setups=tuple(
            _read(path, SetupFile) for path in sorted((folder / "tactics").glob("*.yaml"))
        ),
        events=_read(folder / "events.yaml", EventCalendar),
        models=_read(folder / "models.yaml", ModelPolicy),
        discipline=_read(folder / "discipline.yaml", DisciplinePolicy),
        prompts=PromptLibrary(_texts(folder / "prompts")),
        renderer=Renderer(
            _texts(folder / "templates"), _read(folder / "templates" / "voice.yaml", Voice)
        ),
    )


def _texts(folder: Path) -> dict[str, str]:
    """Return the templates of a folder by their names."""
    return {
        path.name.removesuffix(".md.j2"): path.read_text(encoding="utf-8")
        for path in sorted(folder.glob("*.md.j2"))
    }


def _read(path: Path, model: type[ModelT]) -> ModelT:
    try:
        return model.model_validate(
            yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        )
    except FileNotFoundError:
        raise ConfigurationError(f"{path} is missing") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise FileError(path, mark.line + 1 if mark else 1, "", str(error)) from error
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise FileError(path, _line_of(path, first["loc"]), field, first["msg"]) from error


def _line_of(path: Path, location: tuple[int | str, ...]) -> int:
    """Return the line of the first key of `location`, 1 where the key is missing."""
    lines = path.read_text(encoding="utf-8").splitlines()
    key = f"{location[0]}:" if location else ""
    return next((n for n, line in enumerate(lines, 1) if key and line.startswith(key)), 1)
