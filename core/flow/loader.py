"""Load workflows from YAML: every problem names its file, line and field."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from core.errors import FileError
from core.flow.spec import Location, Problem, Workflow


@dataclass(frozen=True)
class LoadedWorkflows:
    """The workflows that are right, and what is wrong with the others."""

    workflows: Mapping[str, Workflow]
    errors: tuple[FileError, ...]


def load_workflow(path: Path, step_names: Collection[str]) -> Workflow:
    """Load one file.

    Raises: FileError for the first problem in it.
    """
    workflow, errors = _load(path, step_names)
    if workflow is None:
        raise errors[0]
    return workflow


def load_folder(folder: Path, step_names: Collection[str]) -> LoadedWorkflows:
    """Load every `*.yaml` in `folder`; a broken file is refused, the others keep working."""
    workflows: dict[str, Workflow] = {}
    errors: list[FileError] = []
    for path in sorted(folder.glob("*.yaml")):
        workflow, found = _load(path, step_names)
        errors.extend(found)
        if workflow is not None:
            workflows[workflow.id] = workflow
    return LoadedWorkflows(workflows, tuple(errors))


def _load(path: Path, step_names: Collection[str]) -> tuple[Workflow | None, list[FileError]]:
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        return None, [FileError(path, 1, "", f"cannot be read: {error}")]
    except yaml.YAMLError as error:
        return None, [_syntax_error(path, error)]
    lines = {} if root is None else dict(_lines(root, ()))
    problems = [*_duplicates(root, ())] or [*_shape(root)]
    workflow = None
    if not problems:
        workflow, problems = _validate(
            yaml.load(text, Loader=yaml.CSafeLoader), path.stem, step_names
        )
    errors = [_file_error(path, lines, problem) for problem in problems]
    return (None if errors else workflow), errors


def _validate(
    content: Any, stem: str, step_names: Collection[str]
) -> tuple[Workflow | None, list[Problem]]:
    try:
        workflow = Workflow.model_validate(content)
    except ValidationError as error:
        return None, [_problem(item) for item in error.errors(include_url=False)]
    problems = [*_unknown_steps(workflow, step_names)]
    if workflow.id != stem:
        problems.append(Problem(("id",), f"must be the file's name {stem!r}, not {workflow.id!r}"))
    return workflow, problems


def _unknown_steps(workflow: Workflow, step_names: Collection[str]) -> Iterator[Problem]:
    for index, node in enumerate(workflow.nodes):
        if node.uses not in step_names:
            close = difflib.get_close_matches(node.uses, step_names, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            reason = f"there is no step {node.uses!r}{hint}"
            yield Problem(("nodes", index, "uses"), reason)


def _problem(item: Any) -> Problem:
    inner: Location = item.get("ctx", {}).get("where", ())
    where = tuple(part for part in item["loc"] if part != "[key]")
    if item["type"] == "extra_forbidden":
        return Problem(where, "there is no such field")
    return Problem((*where, *inner), str(item["msg"]))


def _shape(root: yaml.Node | None) -> Iterator[Problem]:
    if not isinstance(root, yaml.MappingNode):
        yield Problem((), "a workflow is a mapping with id, title and nodes")


def _lines(node: yaml.Node, where: Location) -> Iterator[tuple[Location, int]]:
    yield where, node.start_mark.line + 1
    for key, line, child in _children(node):
        yield from _lines(child, (*where, key))
        yield (*where, key), line  # a mapping's own line is the line of its key


def _children(node: yaml.Node) -> Iterator[tuple[str | int, int, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield str(key.value), key.start_mark.line + 1, value
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield index, value.start_mark.line + 1, value


def _duplicates(node: yaml.Node | None, where: Location) -> Iterator[Problem]:
    if node is None:
        return
    seen: set[str | int] = set()
    for key, _line, child in _children(node):
        if key in seen:
            yield Problem((*where, key), "is written twice")
        seen.add(key)
        yield from _duplicates(child, (*where, key))


def _syntax_error(path: Path, error: yaml.YAMLError) -> FileError:
    mark = getattr(error, "problem_mark", None)
    reason = " ".join(str(getattr(error, "problem", None) or error).split())
    return FileError(path, mark.line + 1 if mark else 1, "", f"is not valid YAML: {reason}")


def _file_error(path: Path, lines: Mapping[Location, int], problem: Problem) -> FileError:
    known = problem.where
    while known and known not in lines:
        known = known[:-1]
    return FileError(path, lines.get(known, 1), _field(problem.where), problem.reason)


def _field(where: Location) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where)
    return text.removeprefix(".")
