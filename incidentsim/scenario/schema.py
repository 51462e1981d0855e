"""JSON Schema of scenario and stack files as they are written, for editors and for the docs.

`incidentsim scenario schema` prints it. It describes the form; references are checked on loading.
"""

from __future__ import annotations

from typing import Any

from incidentsim.scenario.model import Scenario, Stack

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

_FILLED = ("briefing", "runbooks", "scripts", "digest", "byte_digest")
"""Fields that the loader fills from other files."""


def scenario_schema() -> dict[str, Any]:
    """Return the schema of scenario.yaml, where `stack` is the id of a stack file."""
    schema = Scenario.model_json_schema(mode="validation")
    for name in _FILLED:
        schema["properties"].pop(name)
    schema["properties"]["stack"] = {
        "type": "string",
        "pattern": "^[a-z][a-z0-9-]{0,39}$",
        "description": "Id of a stack: stacks/<id>.yaml.",
    }
    return _finish(schema, "incidentsim scenario")


def stack_schema() -> dict[str, Any]:
    """Return the schema of a stack file."""
    return _finish(Stack.model_json_schema(mode="validation"), "incidentsim stack")


def _finish(schema: dict[str, Any], title: str) -> dict[str, Any]:
    definitions = schema.pop("$defs", {})
    used: dict[str, Any] = {}
    waiting = _references(schema)
    while waiting:
        name = waiting.pop()
        if name not in used:
            used[name] = definitions[name]
            waiting += _references(definitions[name])
    return {"$schema": _DIALECT, **schema, "title": title, "$defs": dict(sorted(used.items()))}


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        target = value.get("$ref")
        found = [target.removeprefix("#/$defs/")] if isinstance(target, str) else []
        return found + [name for part in value.values() for name in _references(part)]
    if isinstance(value, list):
        return [name for part in value for name in _references(part)]
    return []
