"""Evidence signals of root causes: what the text forms mean, and whether a scenario has such a signal.

Forms: `change:ID`, `metric:NAME`, `metric:NAME@LABEL`, `inspect:COMPONENT`, `ask:ROLE/TOPIC`, `logs:SERVICE`,
`trace`, `runbook:NAME`. The reference check and lint read them here; the scorer may too.
"""

from __future__ import annotations

from dataclasses import dataclass

from incidentsim.scenario.model import Scenario
from incidentsim.scenario.naming import Inventory
from incidentsim.scenario.problems import did_you_mean, quoted
from incidentsim.specs.metrics import METRICS, MetricSpec

FORMS = (
    "change:ID, metric:NAME, metric:NAME@LABEL, inspect:COMPONENT, ask:ROLE/TOPIC, logs:SERVICE, trace, runbook:NAME"
)
"""How signals are written, for messages."""

VERB_OF_SIGNAL = {
    "change": "changes", "metric": "query", "inspect": "inspect", "ask": "ask", "logs": "logs",
    "trace": "trace", "runbook": "runbook",
}  # fmt: skip
"""The look verb that shows each kind of signal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One evidence signal. `label` is set for sliced metrics, `topic` for questions."""

    kind: str
    name: str = ""
    label: str = ""
    topic: str = ""


def parse_signal(text: str) -> Signal:
    """Return the signal that `text` names. Raises ValueError with what is wrong."""
    kind, colon, rest = text.partition(":")
    if kind not in VERB_OF_SIGNAL or bool(colon) == (kind == "trace") or (colon and not rest):
        hint = did_you_mean(kind, VERB_OF_SIGNAL)
        raise ValueError(f"{quoted(text)} is not a signal; write one of {FORMS}{hint}")
    if kind == "metric":
        name, _, label = rest.partition("@")
        return Signal(kind=kind, name=name, label=label)
    if kind == "ask":
        role, slash, topic = rest.partition("/")
        if not slash or not topic:
            raise ValueError(f"{quoted(text)} needs a role and a topic: ask:ROLE/TOPIC")
        return Signal(kind=kind, name=role, topic=topic)
    return Signal(kind=kind, name=rest)


def metric_family(name: str) -> MetricSpec | None:
    """Return the family of a series name; a histogram's `_bucket`, `_sum` and `_count` belong to it."""
    if name in METRICS:
        return METRICS[name]
    for suffix in ("_bucket", "_sum", "_count"):
        spec = METRICS.get(name.removesuffix(suffix))
        if spec is not None and spec.type == "histogram" and name.endswith(suffix):
            return spec
    return None


def problem_with(text: str, scenario: Scenario, known: Inventory) -> str:
    """Return why a scenario has no such signal, or nothing."""
    try:
        signal = parse_signal(text)
    except ValueError as error:
        return str(error)
    if signal.kind == "metric":
        return _metric_problem(signal)
    if signal.kind == "ask":
        return _ask_problem(signal, scenario)
    names: dict[str, tuple[str, ...]] = {
        "change": tuple(e.change.id for e in scenario.timeline if e.change),
        "inspect": (*known.components, *known.replicas),
        "logs": known.services(),
        "runbook": tuple(scenario.runbooks),
        "trace": ("",),
    }
    if signal.name in names[signal.kind]:
        return ""
    what = {"inspect": "component", "logs": "service"}.get(signal.kind, signal.kind)
    return f"there is no {what} {quoted(signal.name)}{did_you_mean(signal.name, names[signal.kind])}"


def _metric_problem(signal: Signal) -> str:
    spec = metric_family(signal.name)
    if spec is None:
        return f"there is no metric {quoted(signal.name)}{did_you_mean(signal.name, METRICS)}"
    labels = (*spec.labels, "le") if spec.type == "histogram" else spec.labels
    if signal.label and signal.label not in labels:
        hint = did_you_mean(signal.label, labels) or f" (it has {', '.join(labels) or 'none'})"
        return f"{spec.name} has no label {quoted(signal.label)}{hint}"
    return ""


def _ask_problem(signal: Signal, scenario: Scenario) -> str:
    mates = {mate.role: mate for mate in scenario.team}
    mate = mates.get(signal.name)
    if mate is None:
        return f"the team has no {quoted(signal.name)}{did_you_mean(signal.name, mates)}"
    topics = [topic.topic for topic in mate.knows]
    if signal.topic not in topics:
        return f"the {mate.role} knows no topic {quoted(signal.topic)}{did_you_mean(signal.topic, topics)}"
    return ""
