"""Rules on evidence: it can be seen, in time, in more than one way, and what runbooks name exists."""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidentsim.commands.parse import parse
from incidentsim.errors import CommandError, QueryError
from incidentsim.scenario.cast import FACTS, plain_cast
from incidentsim.scenario.evidence import VERB_OF_SIGNAL, metric_family, parse_signal
from incidentsim.scenario.linting.base import Found, latest_us
from incidentsim.scenario.model import RootCause, Scenario
from incidentsim.scenario.naming import inventory, vocabulary
from incidentsim.scenario.problems import did_you_mean, quoted
from incidentsim.specs.knobs import format_duration
from incidentsim.specs.metrics import METRICS
from incidentsim.specs.verbs import VERBS

MADE_BY = (
    ("redis_", "response-cache"), ("response_cache_", "response-cache"), ("feedback_", "quality"),
    ("quality_", "quality"), ("retrieval_", "retrieval"), ("vector_", "retrieval"), ("sparse_", "retrieval"),
    ("rerank_", "retrieval"), ("kafka_", "pipeline"), ("pipeline_", "pipeline"), ("feature_", "pipeline"),
    ("ranker_", "ranker"), ("guardrail_", "guardrail"), ("preprocessing_", "preprocessing"),
    ("container_memory_", "preprocessing"),
)  # fmt: skip
"""Beginnings of metrics that only a stack with a component of this kind has."""

_CODE = re.compile(r"`([^`\n]{1,400})`")
_TO_FILL_IN = re.compile(r"…|\.\.\.|\b[A-Z]{2,}\b|<[a-z]")
"""What shows the form of a command instead of one: dots, a word in capitals, a word in angle brackets."""


def unreachable_evidence(scenario: Scenario) -> Found:
    """Every evidence signal can be seen with the commands there are, early enough to be used.

    A change has to be in the log, a fault to have begun, a team-mate to be there and to answer, and traces to be
    sampled, in the first three quarters of the incident; a metric needs a component that makes it.
    """
    latest = latest_us(scenario)
    for i, cause in enumerate(scenario.root_causes):
        begins = _begins(cause, scenario)
        if begins is not None and begins > latest:
            yield f"root_causes[{i}]", f"{cause.id} begins at {format_duration(begins)}, too late to be found"
        for j, signals in enumerate(cause.evidence):
            for k, text in enumerate(signals):
                reason = _unreachable(text, scenario, latest)
                if reason:
                    yield f"root_causes[{i}].evidence[{j}][{k}]", f"{text}: {reason}"


def _begins(cause: RootCause, scenario: Scenario) -> int | None:
    """Return when the first planted fault of a cause begins; None for a standing one."""
    times = [
        entry.at for entry in scenario.timeline
        if entry.fault and (entry.fault.component, entry.fault.kind) == (cause.component, cause.fault)
    ]  # fmt: skip
    return min(times, default=None)


def _unreachable(text: str, scenario: Scenario, latest: int) -> str:
    signal = parse_signal(text)
    verb = VERB_OF_SIGNAL[signal.kind]
    if verb not in VERBS:
        return f"there is no command {verb} to see it with"
    if signal.kind == "change":
        at = next(e.at for e in scenario.timeline if e.change and e.change.id == signal.name)
        return f"the change comes at {format_duration(at)}, too late to be used" if at > latest else ""
    if signal.kind == "ask":
        mate = next(m for m in scenario.team if m.role == signal.name)
        if max(mate.arrives_in, 0) + mate.answers_in > latest:
            return "the team-mate answers too late for it to be used"
    if signal.kind == "trace" and scenario.stack.observability.trace_sampling == 0:
        return "no trace is sampled (observability.trace_sampling is 0)"
    return _unmade(signal.name, scenario) if signal.kind == "metric" else ""


def _unmade(name: str, scenario: Scenario) -> str:
    """Return why nothing in the stack makes a metric, or nothing."""
    kinds = inventory(scenario).components.values()
    maker = next((kind for start, kind in MADE_BY if name.startswith(start)), "")
    return f"the stack {scenario.stack.id} has no {maker} that makes it" if maker and maker not in kinds else ""


def two_evidence_sets(scenario: Scenario) -> Found:
    """Each root cause can be proven in at least two different ways.

    With a single set the exercise becomes a hunt for the author's favourite chart, and a person who found it
    another way is scored as if they had guessed.
    """
    for i, cause in enumerate(scenario.root_causes):
        different = {frozenset(signals) for signals in cause.evidence}
        if len(different) < 2:
            yield f"root_causes[{i}].evidence", f"{cause.id} has one evidence set; give a second one"


def unknown_references(scenario: Scenario) -> Found:
    """What runbooks and alert rules name exists: commands are understood, metrics are made by the stack.

    A runbook whose command is refused, or an alert on a metric that nothing makes, sends people on a wrong trail
    that the author did not mean to lay. (An old runbook may be wrong about the world, not about the language.)
    """
    names, cast = vocabulary(scenario), plain_cast(scenario)
    facts = dict.fromkeys(FACTS, "x")
    for name, text in scenario.runbooks.items():
        for code in _CODE.findall(text):
            word = code.split(maxsplit=1)[0] if code.strip() else ""
            if word not in VERBS or code.strip() == word or _TO_FILL_IN.search(code):
                continue
            try:
                command = parse(cast.render(code, facts), names)
            except CommandError as error:
                yield f"runbooks.{name}", f"`{code}` would be refused: {error}"
                continue
            for problem in _unknown_metrics(command.args.get("expr", "")):
                yield f"runbooks.{name}", f"`{code}`: {problem}"
    for i, j, expression in _alert_expressions(scenario):
        for problem in _unknown_metrics(expression):
            yield f"stack.alert_rules.groups[{i}].rules[{j}].expr", problem


def _alert_expressions(scenario: Scenario) -> Iterator[tuple[int, int, str]]:
    groups = scenario.stack.alert_rules.get("groups")
    for i, group in enumerate(groups if isinstance(groups, list) else []):
        for j, rule in enumerate(group.get("rules", [])):
            yield i, j, str(rule.get("expr", ""))


def _unknown_metrics(expression: str) -> Iterator[str]:
    from incidentsim.telemetry.promql.compile import metric_names

    try:
        names = metric_names(expression) if expression else []
    except QueryError as error:
        yield f"can't be evaluated: {error}"
        return
    for name in names:
        if metric_family(name) is None and name not in ("up", "ALERTS"):
            yield f"there is no metric {quoted(name)}{did_you_mean(name, METRICS)}"
