"""A scenario as a level preset shows it: other hints, more or fewer log lines, alerts that wait longer.

Sessions apply it when they begin, and again from the header of a record when it is resumed, replayed or taken over.
Only what is reported changes: the world's dynamics, and the scenario's digest, are those of the scenario as written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from incidentsim.errors import UsageError
from incidentsim.scenario.model import Hint, Scenario
from incidentsim.scenario.problems import did_you_mean
from incidentsim.specs.knobs import format_duration, parse_duration
from incidentsim.specs.levels import AS_WRITTEN_PPM, LEVELS, Level


def level_of(header: Mapping[str, Any]) -> str:
    """Return the preset that a record was played at, empty when it was played as written."""
    return str((header.get("policy") or {}).get("level") or "")


def at_level(scenario: Scenario, name: str) -> Scenario:
    """Return the scenario as the preset shows it; as it is without a name. Raises UsageError for an unknown one.

    A scenario to which a preset was applied must not be given to it again: factors would count twice.
    """
    if not name:
        return scenario
    level = LEVELS.get(name)
    if level is None:
        raise UsageError(f"there is no level {name!r}{did_you_mean(name, LEVELS)}; levels: {', '.join(LEVELS)}")
    watched = scenario.stack.observability
    chatter = watched.chatter * level.access_logs // AS_WRITTEN_PPM
    stack = scenario.stack.model_copy(
        update={
            "observability": watched.model_copy(update={"chatter": chatter}),
            "alert_rules": _patient(scenario.stack.alert_rules, level.alert_patience),
        }
    )
    shown = scenario.hints[: level.hints] if level.hints is not None else scenario.hints
    hints = tuple(_priced(hint, level) for hint in shown)
    return scenario.model_copy(update={"stack": stack, "hints": hints, "level": name})


def _priced(hint: Hint, level: Level) -> Hint:
    price = min(100, -(-hint.price * level.hint_price // AS_WRITTEN_PPM))
    return hint.model_copy(update={"price": price, "after": 0 if level.hints_at_once else hint.after})


def _patient(rules: dict[str, Any], factor: int) -> dict[str, Any]:
    """Return alert rules whose `for` is `factor` ppm of what it was; a rule without one stays so."""
    groups = rules.get("groups")
    if factor == AS_WRITTEN_PPM or not isinstance(groups, list):
        return rules
    return {**rules, "groups": [
        {**group, "rules": [_waiting(rule, factor) for rule in group.get("rules", [])]} for group in groups
    ]}  # fmt: skip


def _waiting(rule: dict[str, Any], factor: int) -> dict[str, Any]:
    try:
        wait_us = parse_duration(str(rule.get("for", "0s")))
    except ValueError:  # such as bare seconds, which the rule file's own reader takes
        return rule
    return {**rule, "for": format_duration(wait_us * factor // AS_WRITTEN_PPM)} if wait_us else rule
