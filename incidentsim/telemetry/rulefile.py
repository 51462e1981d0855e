"""Prometheus' rule-file syntax, from parsed YAML to checked rules; used by `alerts.RuleSet` and by lint."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import promql_parser as grammar

from incidentsim.errors import QueryError
from incidentsim.telemetry.promql.compile import compile_text
from incidentsim.telemetry.templates import check_template

DEFAULT_INTERVAL_US: Final = 15_000_000
"""How often a group without an `interval` is evaluated: 15 s."""

_GROUP_KEYS: Final = ("name", "interval", "rules")
_ALERT_KEYS: Final = ("alert", "expr", "for", "keep_firing_for", "labels", "annotations")
_RECORD_KEYS: Final = ("record", "expr", "labels")
_METRIC: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_ZERO: Final = re.compile(r"0+(?:ms|[smhdwy])?")
_DURATION: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,6})?|(?:[0-9]{1,9}(?:ms|[smhdwy])){1,8}")
"""What the parser may be given: it panics, and so ends the process, on numbers beyond its time type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: an alert, or (with `record`) a series made from an expression."""

    name: str
    expr: str
    record: bool = False
    for_us: int = 0
    keep_firing_us: int = 0
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rules that are evaluated together, in order."""

    name: str
    interval_us: int
    rules: tuple[Rule, ...]


_LAST_COMPARISON: Final = re.compile(r"((?:==|!=|>=|<=|>|<)\s*(?:bool\s+)?)([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)\s*\Z")


def threshold_of(expr: str) -> str | None:
    """Return the number that an expression as a whole is compared with, as written; None when there is none."""
    tree = grammar.parse(expr)
    found = _LAST_COMPARISON.search(expr)
    if found is None or not isinstance(tree, grammar.BinaryExpr):
        return None
    number = isinstance(tree.rhs, (grammar.NumberLiteral, grammar.UnaryExpr))
    return found[2] if number and str(tree.op) in ("==", "!=", ">=", "<=", ">", "<") else None


def with_threshold(expr: str, number: str) -> str:
    """Return the expression compared with another number. Raises QueryError when it has no single threshold."""
    if threshold_of(expr) is None:
        raise QueryError(f"{expr!r} is not one comparison with a number, so it has no threshold to change")
    changed = _LAST_COMPARISON.sub(lambda match: match[1] + number, expr)
    compile_text(changed)
    return changed


def parse_groups(parsed: Any) -> tuple[Group, ...]:
    """Return the groups of a parsed rule file. Raises QueryError naming group and rule."""
    groups: Any = parsed.get("groups") if isinstance(parsed, Mapping) else None
    if not _is_list(groups):
        raise QueryError("a rule file is a mapping with a list `groups:`, each with `name:` and `rules:`")
    found = [_group(group, number) for number, group in enumerate(groups, 1)]
    names = [group.name for group in found]
    for name in names:
        if names.count(name) > 1:
            raise QueryError(f"rule group {name!r} appears twice; give each group its own name")
    return tuple(found)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _group(raw: Any, number: int) -> Group:
    name = raw.get("name") if isinstance(raw, Mapping) else None
    if not isinstance(name, str) or not name:
        raise QueryError(f"rule group {number} has no name; give it `name:`")
    where = f"rule group {name!r}"
    _known_keys(raw, _GROUP_KEYS, where)
    if not _is_list(raw.get("rules")):
        raise QueryError(f"{where} has no list of rules; give it `rules:`")
    interval_us = _duration(raw.get("interval", 0), f"{where}: interval") or DEFAULT_INTERVAL_US
    return Group(name=name, interval_us=interval_us, rules=tuple(_rule(rule, where) for rule in raw["rules"]))


def _rule(raw: Any, where: str) -> Rule:
    kind = next((key for key in ("alert", "record") if isinstance(raw, Mapping) and key in raw), None)
    if kind is None:
        raise QueryError(f"{where}: every rule needs `alert:` or `record:`")
    name = str(raw[kind])
    where = f"{where}, {kind} {name!r}"
    _known_keys(raw, _ALERT_KEYS if kind == "alert" else _RECORD_KEYS, where)
    if not name or (kind == "record" and not _METRIC.fullmatch(name)):
        raise QueryError(f"{where}: this is not a valid name")
    expr = raw.get("expr")
    if expr is None or isinstance(expr, (Mapping, bool)) or _is_list(expr):
        raise QueryError(f"{where}: `expr:` must be a PromQL expression")
    try:
        compile_text(str(expr))
        labels = _texts(raw.get("labels"), "labels")
        annotations = _texts(raw.get("annotations"), "annotations")
    except QueryError as error:
        raise QueryError(f"{where}: {error.args[0]}", suggestion=error.suggestion) from None
    return Rule(
        name=name,
        expr=str(expr).strip(),
        record=kind == "record",
        for_us=_duration(raw.get("for", 0), f"{where}: for"),
        keep_firing_us=_duration(raw.get("keep_firing_for", 0), f"{where}: keep_firing_for"),
        labels=labels,
        annotations=annotations,
    )


def _known_keys(raw: Mapping[Any, Any], known: tuple[str, ...], where: str) -> None:
    for key in raw:
        if key not in known:
            close = difflib.get_close_matches(str(key), known, n=1)
            raise QueryError(
                f"{where}: unknown key {key!r}; known are {', '.join(known)}",
                suggestion=close[0] if close else "",
            )


def _texts(raw: Any, what: str) -> dict[str, str]:
    if raw is None:
        return {}
    if not isinstance(raw, Mapping):
        raise QueryError(f"`{what}:` must be a mapping of names to texts")
    texts: dict[str, str] = {}
    for key, value in raw.items():
        if not isinstance(key, str) or not _LABEL.fullmatch(key) or key == "__name__":
            raise QueryError(f"{key!r} in `{what}:` is not a valid name")
        if not isinstance(value, (str, int, float)):
            raise QueryError(f"{key!r} in `{what}:` must be a text")
        check_template(str(value))
        texts[key] = str(value)
    return texts


def _duration(raw: Any, where: str) -> int:
    """Return µs of a Prometheus duration such as 1h30m; 0 is allowed."""
    if _ZERO.fullmatch(str(raw)):
        return 0
    try:
        if not _DURATION.fullmatch(str(raw)):
            raise ValueError
        duration: timedelta = grammar.parse_duration(str(raw))
    except ValueError:
        raise QueryError(f"{where}: {raw!r} is not a duration; write it like 30s, 5m or 1h30m") from None
    return duration // timedelta(microseconds=1)
