"""Alert and recording rules over the scraped store: the state machine of Prometheus' rule manager.

The world evaluates a `RuleSet` as scenario time passes and turns its transitions into facts; screens show its
rows. An alert that is silenced goes through the same states, but is marked, so that nobody is told.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from incidentsim.errors import QueryError
from incidentsim.telemetry.labels import NAME, NAN, Labels, make_labels
from incidentsim.telemetry.promql import PromQL
from incidentsim.telemetry.rulefile import Group, Rule, parse_groups, threshold_of, with_threshold
from incidentsim.telemetry.store import SeriesStore
from incidentsim.telemetry.templates import render

INACTIVE, PENDING, FIRING = "inactive", "pending", "firing"
_RANK: Final = {FIRING: 0, PENDING: 1, INACTIVE: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """An alert with these labels went from one state to another at `t_us`, with its texts filled in."""

    alert: str
    labels: dict[str, str]
    before: str
    after: str
    value: float
    t_us: int
    severity: str
    annotations: dict[str, str]
    silenced: bool = False

    @property
    def summary(self) -> str:
        """Return the text to show: the summary, else the description, else the alert's name."""
        return self.annotations.get("summary") or self.annotations.get("description") or self.alert


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertStatus:
    """One row for display: an active alert, or a rule without one (then `since_us` is its last clearing)."""

    name: str
    state: str
    severity: str
    since_us: int
    value: float
    labels: dict[str, str]
    summary: str
    expr: str
    silenced: bool


@dataclass(slots=True, kw_only=True)
class _Active:
    """A pending or firing alert. `held_since_us` is when its condition ended while it keeps firing."""

    labels: dict[str, str]
    state: str
    since_us: int
    value: float
    annotations: dict[str, str]
    held_since_us: int | None = None


@dataclass(slots=True, kw_only=True)
class _State:
    """What is remembered of one rule between evaluations."""

    active: dict[Labels, _Active] = field(default_factory=dict)
    recorded: dict[Labels, None] = field(default_factory=dict)
    cleared_us: int = 0


class RuleSet:
    """All rules of a world, their states, and the silences.

    A group is evaluated when its interval has passed since its last evaluation. Rules that fail at run time
    (an ambiguous match) raise QueryError naming group and rule.
    """

    def __init__(self, groups: Sequence[Group], *, promql: PromQL | None = None) -> None:
        self.groups = tuple(groups)
        self._promql = promql or PromQL()
        self._states = [[_State() for _ in group.rules] for group in self.groups]
        self._evaluated_us: list[int | None] = [None] * len(self.groups)
        self._silenced: dict[str, None] = {}

    @classmethod
    def from_mapping(cls, parsed: Any, *, promql: PromQL | None = None) -> RuleSet:
        """Return the rules of a parsed rule file. Raises QueryError naming group and alert."""
        return cls(parse_groups(parsed), promql=promql)

    def names(self) -> tuple[str, ...]:
        """Return the names of the alerts, in order, without repeats."""
        rules = [rule for group in self.groups for rule in group.rules]
        return tuple({rule.name: None for rule in rules if not rule.record})

    def silence(self, name: str) -> None:
        """Mark an alert as silenced until `unsilence`. Raises QueryError for an unknown name."""
        self._silenced[self._known(name)] = None

    def unsilence(self, name: str) -> None:
        """End the silence of an alert; nothing happens when there is none."""
        self._silenced.pop(self._known(name), None)

    def silenced(self, name: str) -> bool:
        """Return whether an alert is silenced."""
        return name in self._silenced

    def rules_of(self, name: str) -> list[Rule]:
        """Return the rules of an alert. Raises QueryError for an unknown name."""
        known = self._known(name)
        return [rule for group in self.groups for rule in group.rules if rule.name == known and not rule.record]

    def threshold(self, name: str) -> str | None:
        """Return the number that an alert compares with, None when its rules have none or several different ones."""
        found = [threshold_of(rule.expr) for rule in self.rules_of(name)]
        return found[0] if all(text == found[0] for text in found) else None

    def set_threshold(self, name: str, number: str) -> None:
        """Have an alert compare with another number. Raises QueryError when it has no single threshold."""
        self._change(name, lambda rule: replace(rule, expr=with_threshold(rule.expr, number)))

    def set_for(self, name: str, for_us: int) -> None:
        """Have an alert wait this long before it fires; what fires already goes on."""
        self._change(name, lambda rule: replace(rule, for_us=for_us))

    def _change(self, name: str, change: Callable[[Rule], Rule]) -> None:
        known = self._known(name)
        self.groups = tuple(
            replace(group, rules=tuple(change(r) if r.name == known and not r.record else r for r in group.rules))
            for group in self.groups
        )

    def evaluate(self, store: SeriesStore, t_us: int) -> list[Transition]:
        """Evaluate the groups that are due at `t_us`; return what changed, in the order of the rules."""
        transitions: list[Transition] = []
        for number, group in enumerate(self.groups):
            last = self._evaluated_us[number]
            if last is not None and t_us - last < group.interval_us:
                continue
            self._evaluated_us[number] = t_us
            for rule, state in zip(group.rules, self._states[number], strict=True):
                try:
                    rows = self._promql.vector(store, rule.expr, t_us)
                except QueryError as error:
                    kind = "record" if rule.record else "alert"
                    message = f"rule group {group.name!r}, {kind} {rule.name!r}: {error.args[0]}"
                    raise QueryError(message, suggestion=error.suggestion) from None
                if rule.record:
                    _record(store, rule, state, rows, t_us)
                else:
                    transitions.extend(self._advance(store, rule, state, rows, t_us))
        return transitions

    def status(self) -> list[AlertStatus]:
        """Return every active alert and every idle rule: firing first, then pending, each in rule order."""
        rows: list[AlertStatus] = []
        for group, states in zip(self.groups, self._states, strict=True):
            for rule, state in zip(group.rules, states, strict=True):
                if rule.record:
                    continue
                for active in state.active.values():
                    rows.append(self._row(rule, active))
                if not state.active:
                    idle = _Active(
                        labels=dict(rule.labels),
                        state=INACTIVE,
                        since_us=state.cleared_us,
                        value=NAN,
                        annotations=rule.annotations,
                    )
                    rows.append(self._row(rule, idle))
        return sorted(rows, key=lambda row: _RANK[row.state])

    def annotations(self, name: str, labels: Labels) -> dict[str, str]:
        """Return the texts of the active alerts called `name` with these labels, by their names."""
        texts: dict[str, str] = {}
        for group, states in zip(self.groups, self._states, strict=True):
            for rule, state in zip(group.rules, states, strict=True):
                if rule.name == name and not rule.record and labels in state.active:
                    texts |= state.active[labels].annotations
        return texts

    def _row(self, rule: Rule, active: _Active) -> AlertStatus:
        texts = active.annotations
        return AlertStatus(
            name=rule.name,
            state=active.state,
            severity=active.labels.get("severity", ""),
            since_us=active.since_us,
            value=active.value,
            labels=dict(active.labels),
            summary=texts.get("summary") or texts.get("description") or rule.name,
            expr=rule.expr,
            silenced=rule.name in self._silenced,
        )

    def _known(self, name: str) -> str:
        names = self.names()
        if name in names:
            return name
        close = difflib.get_close_matches(name, names, n=1)
        raise QueryError(
            f"there is no alert {name!r}; alerts are {', '.join(names) or 'none'}",
            suggestion=close[0] if close else "",
        )

    def _advance(
        self, store: SeriesStore, rule: Rule, state: _State, rows: list[tuple[Labels, float]], t_us: int
    ) -> list[Transition]:
        """Move every alert of a rule on by one evaluation, as Prometheus' AlertingRule.Eval does."""
        transitions: list[Transition] = []
        seen: dict[Labels, None] = {}
        for row_labels, value in rows:
            asked = dict(row_labels)
            own = {key: render(text, asked, value) for key, text in rule.labels.items()}
            annotations = {key: render(text, asked, value) for key, text in rule.annotations.items()}
            key = make_labels({**asked, **own, "alertname": rule.name, NAME: ""})
            labels = dict(key)
            if key in seen:
                raise QueryError(f"alert {rule.name!r} has two results with the labels {labels}")
            seen[key] = None
            active = state.active.get(key)
            before = active.state if active is not None else INACTIVE
            if active is None:
                active = state.active[key] = _Active(
                    labels=labels, state=PENDING, since_us=t_us, value=value, annotations=annotations
                )
            active.value, active.annotations, active.held_since_us = value, annotations, None
            if active.state == PENDING and t_us - active.since_us >= rule.for_us:
                active.state, active.since_us = FIRING, t_us
            if active.state != before:
                transitions.append(self._changed(store, rule, active, before, t_us))
            self._publish(store, active, t_us, 1.0)
        for key in [key for key in state.active if key not in seen]:
            active = state.active[key]
            if active.state == FIRING and rule.keep_firing_us:
                if active.held_since_us is None:
                    active.held_since_us = t_us
                if t_us - active.held_since_us < rule.keep_firing_us:
                    self._publish(store, active, t_us, 1.0)
                    continue
            del state.active[key]
            state.cleared_us = t_us
            before, active.state = active.state, INACTIVE
            transitions.append(self._changed(store, rule, active, before, t_us))
        return transitions

    def _changed(self, store: SeriesStore, rule: Rule, active: _Active, before: str, t_us: int) -> Transition:
        if before != INACTIVE:
            store.record("ALERTS", {**active.labels, "alertstate": before}, t_us, NAN)
        return Transition(
            alert=rule.name,
            labels=dict(active.labels),
            before=before,
            after=active.state,
            value=active.value,
            t_us=t_us,
            severity=active.labels.get("severity", ""),
            annotations=dict(active.annotations),
            silenced=rule.name in self._silenced,
        )

    @staticmethod
    def _publish(store: SeriesStore, active: _Active, t_us: int, value: float) -> None:
        store.record("ALERTS", {**active.labels, "alertstate": active.state}, t_us, value)


def _record(store: SeriesStore, rule: Rule, state: _State, rows: list[tuple[Labels, float]], t_us: int) -> None:
    """Store a recording rule's result, and end the series that it no longer yields.

    A result that is NaN (0 / 0) is no sample, as everywhere in the store; Prometheus keeps such a NaN.
    """
    recorded: dict[Labels, None] = {}
    for row_labels, value in rows:
        labels = {key: text for key, text in row_labels if key != NAME} | rule.labels
        key = make_labels(labels)
        if key in recorded:
            raise QueryError(f"record {rule.name!r} has two results with the labels {dict(key)}")
        recorded[key] = None
        store.record(rule.name, labels, t_us, value)
    for labels_gone in state.recorded:
        if labels_gone not in recorded:
            store.record(rule.name, dict(labels_gone), t_us, NAN)
    state.recorded = recorded
