"""Draw a workflow as text for `st.mermaid_chart`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from core.domain.flow import StepState
from core.flow.spec import Node, Workflow

_LABELS = {
    StepState.PENDING: "· pending",
    StepState.RUNNING: "▶ running",
    StepState.SUCCEEDED: "✓ done",
    StepState.FAILED: "✗ failed",
    StepState.SKIPPED: "⤼ skipped",
}
# Mid-tone fills with a fixed text colour keep their contrast on a light and on a dark page.
_STYLES = {
    StepState.PENDING: "fill:#e5e7eb,stroke:#6b7280,color:#111827",
    StepState.RUNNING: "fill:#fde68a,stroke:#b45309,color:#111827,stroke-width:3px",
    StepState.SUCCEEDED: "fill:#a7f3d0,stroke:#047857,color:#111827",
    StepState.FAILED: "fill:#fecaca,stroke:#b91c1c,color:#111827,stroke-width:3px",
    StepState.SKIPPED: "fill:#f3f4f6,stroke:#9ca3af,color:#374151,stroke-dasharray:4",
}


def mermaid(workflow: Workflow, states: Mapping[str, str]) -> str:
    """Return the chart; `states` maps node ids to step states, empty for no run."""
    lines = ["flowchart LR"]
    for node in workflow.nodes:
        lines.extend(_node_lines(node, states.get(node.id)))
    lines.extend(f"  classDef {state} {style}" for state, style in _STYLES.items())
    return "\n".join(lines)


def _node_lines(node: Node, state: str | None) -> Iterator[str]:
    left, right = ("[[", "]]") if node.queue == "effects" else ("[", "]")
    label = f"{node.id}<br/>{node.uses}"
    if state is not None:
        label += f"<br/>{_LABELS[StepState(state)]}"
    # `end` and the like are words of mermaid, so every name gets a prefix.
    yield f'  n_{node.id}{left}"{label}"{right}:::{state or StepState.PENDING}'
    for needed in node.needs:
        is_condition = node.when is not None and node.when.split(".", 1)[0] == needed
        arrow = f'-->|"if {node.when}"|' if is_condition else "-->"
        yield f"  n_{needed} {arrow} n_{node.id}"
