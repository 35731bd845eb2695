"""A workflow is data: a frozen snapshot of it is the input of each run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Literal, NamedTuple

from pydantic import ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from core.domain.base import Frozen, content_sha256
from core.domain.flow import Name
from core.flow import calendars
from core.flow.cron import cron_trigger, zone

Queue = Literal["io", "cpu", "effects"]
Location = tuple[str | int, ...]


class Problem(NamedTuple):
    """One broken rule and the place in the file."""

    where: Location
    reason: str


class Retry(Frozen):
    """Tries a body again, only after errors whose class says `retryable`."""

    attempts: int = Field(default=1, ge=1, le=50)
    wait_s: float = Field(default=1.0, ge=0, le=3600)
    backoff: float = Field(default=2.0, ge=1, le=10)

    def wait_after(self, attempt: int) -> float:
        return float(min(self.wait_s * self.backoff ** (attempt - 1), 3600.0))


class Node(Frozen):
    """One step of a workflow. Without a queue it runs inside the run, one after the other."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    id: Name
    uses: str
    needs: tuple[str, ...] = ()
    options: dict[str, Any] = Field(default_factory=dict, alias="with")
    when: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]*\.[A-Za-z0-9_]+$")
    queue: Queue | None = None
    retry: Retry = Retry()
    on_error: Literal["fail", "continue"] = "fail"


class Session(Frozen):
    """Minutes from the open or the close of a session; negative is before it."""

    at: Literal["open", "close"]
    offset_minutes: int = Field(default=0, ge=-1440, le=1440)


class Schedule(Frozen):
    """Either cron lines or a moment of the market's session.

    replay: the cron line that the demo keeps instead, where the real rhythm would be too fast.
    """

    cron: tuple[str, ...] = ()
    session: Session | None = None
    replay: str | None = None
    timezone: str = "America/New_York"
    calendar: str | None = "XNYS"

    @field_validator("cron", mode="before")
    @classmethod
    def _one_line_is_a_list(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check(self) -> Schedule:
        for problem in _schedule_problems(self):
            raise _error(problem)
        return self


class Misfire(Frozen):
    """What to do with a fire time that is later than `grace_minutes`."""

    grace_minutes: int = Field(default=10, ge=0, le=10080)
    late: Literal["skip", "run_once", "run_each"] = "skip"

    @property
    def grace(self) -> timedelta:
        return timedelta(minutes=self.grace_minutes)


class Workflow(Frozen):
    """What runs, in which order, when."""

    id: Name
    title: str
    description: str = ""
    schedule: Schedule | None = None
    misfire: Misfire = Misfire()
    nodes: tuple[Node, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check(self) -> Workflow:
        for problem in graph_problems(self.nodes):
            raise _error(problem)
        return self

    @property
    def version(self) -> str:
        return version_of(self.snapshot())

    def snapshot(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True)

    def waves(self) -> tuple[tuple[Node, ...], ...]:
        """Return the nodes in groups: each needs only nodes of earlier groups."""
        return tuple(_waves(self.nodes))

    def node(self, node_id: str) -> Node | None:
        return next((node for node in self.nodes if node.id == node_id), None)


def version_of(snapshot: Mapping[str, Any]) -> str:
    return content_sha256(snapshot)[:12]


def skip_reason(node: Node, results: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Say why a node is not run: a needed node was skipped, or its condition is not met."""
    for needed in node.needs:
        if "skipped" in results[needed]:
            return f"{needed} was skipped"
    if node.when:
        needed, field = node.when.split(".", 1)
        if not results[needed].get(field):
            return f"{node.when} is not true"
    return None


def graph_problems(nodes: tuple[Node, ...]) -> Iterator[Problem]:
    """Find duplicate ids, unknown needs, conditions on other nodes, and cycles."""
    ids: set[str] = set()
    for index, node in enumerate(nodes):
        if node.id in ids:
            yield Problem(("nodes", index, "id"), f"there are two nodes {node.id!r}")
        ids.add(node.id)
    for index, node in enumerate(nodes):
        yield from _needs_problems(index, node, ids)
    if ids >= {needed for node in nodes for needed in node.needs}:
        yield from _cycle_problems(nodes)


def _needs_problems(index: int, node: Node, ids: set[str]) -> Iterator[Problem]:
    for place, needed in enumerate(node.needs):
        if needed not in ids:
            yield Problem(("nodes", index, "needs", place), f"there is no node {needed!r}")
    if node.when and node.when.split(".", 1)[0] not in node.needs:
        yield Problem(("nodes", index, "when"), f"{node.when!r} must name a node under needs")


def _cycle_problems(nodes: tuple[Node, ...]) -> Iterator[Problem]:
    placed = {node.id for wave in _waves(nodes) for node in wave}
    stuck = [node.id for node in nodes if node.id not in placed]
    if stuck:
        index = next(i for i, node in enumerate(nodes) if node.id == stuck[0])
        yield Problem(("nodes", index, "needs"), f"these nodes wait for each other: {stuck}")


def _waves(nodes: tuple[Node, ...]) -> Iterator[tuple[Node, ...]]:
    left, done = list(nodes), set[str]()
    while ready := tuple(node for node in left if done.issuperset(node.needs)):
        yield ready
        done.update(node.id for node in ready)
        left = [node for node in left if node.id not in done]


def _schedule_problems(schedule: Schedule) -> Iterator[Problem]:
    if bool(schedule.cron) == bool(schedule.session):
        yield Problem((), "a schedule has either cron or session")
    if schedule.session and schedule.calendar is None:
        yield Problem(("calendar",), "a session needs a market calendar")
    if schedule.calendar is not None and not calendars.is_known(schedule.calendar):
        yield Problem(("calendar",), f"there is no market calendar {schedule.calendar!r}")
    try:
        zone(schedule.timezone)
    except ValueError as error:
        yield Problem(("timezone",), str(error))
        return
    lines = [("cron", line) for line in schedule.cron]
    for field, line in [*lines, *([("replay", schedule.replay)] if schedule.replay else [])]:
        try:
            cron_trigger(line, schedule.timezone)
        except ValueError as error:
            yield Problem((field,), str(error))


def _error(problem: Problem) -> PydanticCustomError:
    context = {"reason": problem.reason, "where": problem.where}
    return PydanticCustomError("workflow", "{reason}", context)
