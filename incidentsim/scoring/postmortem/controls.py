"""The controls that action items name, and the scenario with them in place.

A control is a knob setting (`gateway.retry_budget=0.1`; several with `;`) or an alert rule, as a YAML block in
Prometheus syntax below the item or in one line (`alert NAME: EXPR for 1m`). A knob control is a guard: it holds from
the start, and changes of the incident's timeline that would set the same knob otherwise are refused, so that a
waiver of a limit that a control holds isn't granted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from incidentsim.errors import IncidentSimError, QueryError, UsageError
from incidentsim.scenario.load import with_own_digest
from incidentsim.scenario.model import Scenario, TimelineEntry
from incidentsim.scenario.naming import alert_names, inventory, stored_value
from incidentsim.scenario.problems import Problems, did_you_mean
from incidentsim.scenario.safe_yaml import load_yaml
from incidentsim.scoring.play import Names
from incidentsim.scoring.postmortem.document import Item
from incidentsim.specs.components import COMPONENTS
from incidentsim.telemetry.alerts import RuleSet

_ALERT_LINE = re.compile(r"alert\s+([A-Za-z_]\w*)\s*[:=]?\s*(?:expr\s*[:=]\s*)?(.+?)(?:\s+for[\s:=]+(\d+[smh]\S*))?$")
_KNOB = re.compile(r"(?:set\s+)?([\w.-]+)(?:\s*=\s*|\s+)(\S.*)$")
_MOST_RULES = 8
"""Alert rules that one item may name: each is evaluated in every rehearsal."""

_TENANT_FIELDS = ("token_limit", "request_limit", "priority")
"""Knobs of a tenant that its contract sets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A knob held at a value: its path in stable ids, the value as written, and both as shown."""

    path: str
    value: str
    shown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """What one action item would put in place; `problem` says why something of it can't be."""

    settings: tuple[Setting, ...] = ()
    rules: tuple[dict[str, Any], ...] = field(default=())
    problem: str = ""

    def alerts(self) -> tuple[str, ...]:
        """Return the names of the alert rules."""
        return tuple(str(rule["alert"]) for rule in self.rules)

    def shown(self) -> tuple[str, ...]:
        """Return each control as a person writes it."""
        return (*(s.shown for s in self.settings), *(f"alert {r['alert']}: {r['expr']}" for r in self.rules))


def controls_of(item: Item, scenario: Scenario, names: Names) -> Controls:
    """Return the controls of an action item, in the scenario's ids. What can't be read is in `problem`."""
    settings: list[Setting] = []
    rules: list[dict[str, Any]] = []
    try:
        for text in item.controls:
            if not text.strip() or text.strip().casefold() in ("none", "-", "n/a"):
                continue
            line = _ALERT_LINE.match(text.strip())
            if line:
                rules.append(
                    _checked({"alert": line[1], "expr": line[2], **({"for": line[3]} if line[3] else {})}, scenario)
                )
            else:
                settings += [_setting(part.strip(), scenario, names) for part in text.split(";") if part.strip()]
        for block in item.blocks:
            rules += [_checked(rule, scenario) for rule in _rules_in(block)]
        if len(rules) > _MOST_RULES:
            raise UsageError(f"more than {_MOST_RULES} alert rules in one item")
    except IncidentSimError as wrong:
        return Controls(problem=str(wrong))
    return Controls(settings=tuple(settings), rules=tuple(rules))


def _setting(text: str, scenario: Scenario, names: Names) -> Setting:
    match = _KNOB.match(text)
    if match is None:
        raise UsageError(f"{text!r} is no control; write a knob and its value, for example gateway.admission=tokens")
    component, knob = _resolved(match[1], scenario, names)
    path, value = f"{component}.{knob}", match[2].strip().strip("\"'")
    try:
        stored_value(path, value)
    except ValueError as wrong:
        raise UsageError(f"{text!r}: {wrong}") from None
    return Setting(path=path, value=value, shown=text)


def _resolved(path: str, scenario: Scenario, names: Names) -> tuple[str, str]:
    """Return (component, knob) of a path whose knob may be written with dots. Raises UsageError."""
    kinds = inventory(scenario).components
    parts = path.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        component = names(".".join(parts[:cut]))
        if component not in kinds and f"tenant.{component}" in kinds:
            component = f"tenant.{component}"
        if component in kinds:
            spec, knob = COMPONENTS[kinds[component]], "_".join(parts[cut:])
            if spec.knob(knob) is None:
                known = [k.name for k in spec.knobs]
                hint = did_you_mean(knob, known) or f" (it has {', '.join(known) or 'none'})"
                raise UsageError(f"{'.'.join(parts[:cut])} has no knob {knob!r}{hint}")
            return component, knob
    raise UsageError(f"{path!r} begins with no component of this stack{did_you_mean(parts[0], kinds)}")


def _rules_in(block: str) -> list[Any]:
    """Return the alert rules of a YAML block: a list, one rule, or a whole rule file."""
    problems = Problems()
    document = load_yaml(block.encode(), "rule", problems)
    problems.raise_if_any()
    data = None if document is None else document.data
    if isinstance(data, dict) and "groups" in data:
        return [rule for group in data["groups"] or [] for rule in (group.get("rules") or [])]
    if isinstance(data, dict) and "alert" in data:
        return [data]
    if isinstance(data, list):
        return data
    raise UsageError("a block below an action item holds alert rules: `- alert: NAME` with `expr:`")


def _checked(rule: Any, scenario: Scenario) -> dict[str, Any]:
    """Return a rule that Prometheus would load, under a name of its own. Raises UsageError."""
    if not isinstance(rule, dict) or "alert" not in rule:
        raise UsageError("each rule of a block needs `alert:` and `expr:`")
    if rule["alert"] in alert_names(scenario.stack):
        raise UsageError(f"there is an alert {rule['alert']!r} already; give the new rule another name")
    try:
        RuleSet.from_mapping({"groups": [{"name": "postmortem", "rules": [rule]}]})
    except QueryError as wrong:
        raise UsageError(str(wrong)) from None
    return dict(rule)


def with_controls(scenario: Scenario, controls: Sequence[Controls]) -> Scenario:
    """Return the scenario with these controls in force from its prelude on."""
    held = {s.path: s.value for c in controls for s in c.settings}
    overrides = {component: dict(knobs) for component, knobs in scenario.overrides.items()}
    for path, value in held.items():
        component, _, knob = path.rpartition(".")
        overrides.setdefault(component, {})[knob] = value
    tenants = tuple(
        tenant.model_copy(update={
            knob: stored_value(f"tenant.{tenant.id}.{knob}", held[f"tenant.{tenant.id}.{knob}"])
            for knob in _TENANT_FIELDS if f"tenant.{tenant.id}.{knob}" in held
        })
        for tenant in scenario.tenants
    )  # fmt: skip
    stack = scenario.stack
    added = [rule for c in controls for rule in c.rules]
    if added:
        groups = [*stack.alert_rules.get("groups", []), {"name": "postmortem", "rules": added}]
        stack = stack.model_copy(update={"alert_rules": {**stack.alert_rules, "groups": groups}})
    timeline = tuple(_guarded(entry, held) for entry in scenario.timeline)
    changed = {"overrides": overrides, "tenants": tenants, "stack": stack, "timeline": timeline}
    return with_own_digest(scenario.model_copy(update=changed))


def _guarded(entry: TimelineEntry, held: dict[str, str]) -> TimelineEntry:
    change = entry.change
    if change is None:
        return entry
    update: dict[str, Any] = {}
    if any(path in held for path in change.sets):
        update["sets"] = {path: value for path, value in change.sets.items() if path not in held}
    if change.waiver is not None and f"tenant.{change.waiver.tenant}.token_limit" in held:
        update |= {"waiver": None, "kind": "config"}
    return entry.model_copy(update={"change": change.model_copy(update=update)}) if update else entry
