"""Markdown reference of scenario files: every field of every part, every rule of lint. Used by `make docs`.

Fields and their meaning come from the JSON Schema, that is from the models; rules from their explanations.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from incidentsim.commands.reference import table
from incidentsim.scenario.cast import FACTS
from incidentsim.scenario.evidence import FORMS
from incidentsim.scenario.lint import RULES
from incidentsim.scenario.schema import scenario_schema, stack_schema
from incidentsim.specs.exercises import SHAPES, SKILLS
from incidentsim.specs.knobs import format_duration, format_ratio

_ENTRY = {"Scenario": "scenario.yaml", "Stack": "stacks/ID.yaml"}
"""The parts that are files of their own."""


def scenario_reference() -> str:
    """Return the page of fields."""
    out = [
        "# Fields of scenario files", "",
        "`scenarios/ID/scenario.yaml` is a `Scenario`; `scenarios/stacks/ID.yaml` is a `Stack`. A field without a "
        "default is required. `incidentsim scenario schema` prints the same as JSON Schema, for editors.", "",
        f"- Evidence is written as {FORMS}.",
        "- Texts that people read hold names as `{tenant.ID}`, `{person.ROLE}`, `{host.ID}`; pages, messages and "
        f"answers also {', '.join(f'`{{{fact}}}`' for fact in sorted(FACTS))}, `{{limit.TENANT}}` and "
        "`{demand.TENANT}`.",
        "- Scripts are JSON Lines `{\"t\": seconds after the page, \"command\": \"…\"}`; lines with # are comments.",
    ]  # fmt: skip
    scenario, stack = scenario_schema(), stack_schema()
    parts = {"Scenario": scenario, "Stack": stack, **stack["$defs"], **scenario["$defs"]}
    for name in _in_order(parts):
        out += ["", *_part(name, parts[name])]
    for title, names in (("Skill buckets", SKILLS), ("Exercise shapes", SHAPES)):
        out += ["", f"## {title}", "", table(("name", "meaning"), [(f"`{k}`", v) for k, v in names.items()])]
    return "\n".join(out) + "\n"


def lint_reference() -> str:
    """Return the page of lint rules, each with its reason."""
    out = ["# Rules of lint", "", "`incidentsim scenario lint --explain RULE` prints one of these."]
    for name, rule in RULES.items():
        text = " ".join(line.strip() for line in (rule.__doc__ or "").strip().splitlines())
        out += ["", f"## {name}", "", text]
    return "\n".join(out) + "\n"


def _in_order(parts: dict[str, Any]) -> list[str]:
    """Return the parts in the order in which an author meets them, the files first."""
    order: dict[str, None] = dict.fromkeys(_ENTRY)
    for name in order.copy():
        _follow(parts[name], parts, order)
    return list(order)


def _follow(value: Any, parts: dict[str, Any], order: dict[str, None]) -> None:
    if isinstance(value, list):
        for item in value:
            _follow(item, parts, order)
    elif isinstance(value, dict):
        name = str(value.get("$ref", "")).rpartition("/")[2]
        if name in parts and name not in order:
            order[name] = None
            _follow(parts[name], parts, order)
        for key, item in value.items():
            if key not in ("$defs", "default"):
                _follow(item, parts, order)


def _part(name: str, schema: dict[str, Any]) -> Iterator[str]:
    file = f" (`{_ENTRY[name]}`)" if name in _ENTRY else ""
    yield from (f"## {name}{file}", "", " ".join(str(schema.get("description", "")).split()), "")
    required = schema.get("required", [])
    rows = [
        (f"`{field}`", accepts(value), "" if field in required else _default(value))
        for field, value in schema.get("properties", {}).items()
    ]
    yield table(("field", "accepts", "default"), rows)


def accepts(schema: dict[str, Any]) -> str:
    """Return what a field takes, in words."""
    if "$ref" in schema:
        return f"`{str(schema['$ref']).rpartition('/')[2]}`"
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(accepts(part) for part in schema[key] if part.get("type") != "null"))
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        if "prefixItems" in schema:
            return "[" + ", ".join(accepts(item) for item in schema["prefixItems"]) + "]"
        return f"list of {accepts(schema.get('items') or {})}" + _bounds(schema, "Items")
    if schema.get("type") == "object" and "description" not in schema:
        values = schema.get("additionalProperties") or next(iter(schema.get("patternProperties", {}).values()), None)
        return f"mapping of {accepts(values)}" if isinstance(values, dict) and values else "mapping"
    if "description" in schema:
        return str(schema["description"])
    named = {"string": "text", "integer": "whole number", "boolean": "true or false", "number": "number"}
    kind = named.get(str(schema.get("type")), "anything")
    pattern = (
        ": lower-case letters, digits, dashes" if str(schema.get("pattern", "")).startswith("^[a-z][a-z0-9-]") else ""
    )
    low, high = schema.get("minimum", schema.get("exclusiveMinimum")), schema.get("maximum")
    numbers = "" if low is None else f" from {low}" + ("" if high is None else f" to {high}")
    return kind + pattern + numbers


def _bounds(schema: dict[str, Any], what: str) -> str:
    low, high = schema.get(f"min{what}"), schema.get(f"max{what}")
    return ("" if low is None else f", at least {low}") + ("" if high is None or high == low else f", at most {high}")


def _default(schema: dict[str, Any]) -> str:
    value = schema.get("default")
    if value is None or value in ([], {}):
        return "none"
    if isinstance(value, dict):
        return "see there"
    if value == "":
        return "empty"
    written = _written(value, str(schema.get("description", "")))
    return f"`{written or json.dumps(value, ensure_ascii=False)}`"


def _written(value: object, said: str) -> str:
    """Return how a stored default would be written in a file, where that differs."""
    if said.startswith("quantiles") and isinstance(value, list | tuple):
        return "{" + ", ".join(f"p{format_ratio(ppm * 100)}: {number}" for ppm, number in value) + "}"
    if isinstance(value, bool) or not isinstance(value, int):
        return ""
    if said.startswith("duration"):
        return format_duration(value)
    if said.startswith("ratio"):
        return format_ratio(value)
    if said.startswith("number with up to three"):
        return f"{value / 1000:g}"
    return "unlimited" if value == -1 and "unlimited" in said else ""
