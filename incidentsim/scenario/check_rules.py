"""Checks the alert rules of a stack or a scenario: Prometheus' syntax, bounded, problems at the rule's line."""

from __future__ import annotations

import re
from typing import Any

from incidentsim.errors import QueryError
from incidentsim.scenario.problems import Path
from incidentsim.scenario.validate import Located

MAX_RULES = 64
"""Most rules, and most groups, in one stack."""

MAX_OPERATORS = 120
"""Most parentheses and operators in one expression: parsing time grows with the square of nesting."""

_OPERATORS = re.compile(r"[(+*/%^-]|\b(?:and|or|unless)\b", re.IGNORECASE)


def check_rules(rules: dict[str, Any], where: Path, located: Located) -> None:
    """Report every rule that can't be used; the rules stand at `where`."""
    if not rules or not _bounded(rules, where, located):
        return
    from incidentsim.telemetry.alerts import RuleSet

    try:
        RuleSet.from_mapping(rules)
        return
    except QueryError as error:
        whole = str(error)
    found = False
    for path, name, rule in _rules(rules, where):
        try:
            RuleSet.from_mapping({"groups": [{"name": name, "rules": [rule]}]})
        except QueryError as error:
            found = True
            located.report(path, str(error))
    if not found:
        located.report(where, whole, key=True)


def _rules(rules: dict[str, Any], where: Path) -> list[tuple[Path, str, Any]]:
    """Return (path, name of the group, rule) of everything that looks like a rule."""
    found: list[tuple[Path, str, Any]] = []
    groups = rules.get("groups")
    for i, group in enumerate(groups if isinstance(groups, list) else []):
        entries = group.get("rules") if isinstance(group, dict) else None
        name = str(group.get("name", "")) if isinstance(group, dict) else ""
        for j, rule in enumerate(entries if isinstance(entries, list) else []):
            found.append(((*where, "groups", i, "rules", j), name or "unnamed", rule))
    return found


def _bounded(rules: dict[str, Any], where: Path, located: Located) -> bool:
    entries = _rules(rules, where)
    groups = rules.get("groups")
    if len(entries) > MAX_RULES or (isinstance(groups, list) and len(groups) > MAX_RULES):
        located.report(where, f"more than {MAX_RULES} rules or groups", key=True)
        return False
    fine = True
    for path, _, rule in entries:
        expression = rule.get("expr") if isinstance(rule, dict) else None
        if isinstance(expression, str) and len(_OPERATORS.findall(expression)) > MAX_OPERATORS:
            located.report((*path, "expr"), f"more than {MAX_OPERATORS} parentheses and operators")
            fine = False
    return fine
