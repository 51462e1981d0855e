"""From YAML data to a pydantic model, with every error put at its line in words an author can use.

Called by the loader. A `Located` knows which file a path of the data comes from: the value of `stack` is
another file's content, so problems inside it point there.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from incidentsim.scenario.problems import Path, Problems, did_you_mean, quoted
from incidentsim.scenario.safe_yaml import Document

M = TypeVar("M", bound=BaseModel)
Details = Mapping[str, Any]
"""One error of pydantic: type, loc, msg, input, ctx."""


@dataclass(frozen=True, slots=True)
class Source:
    """One YAML file: how messages call it, and its document."""

    file: str
    document: Document


class Located:
    """The files a scenario's data come from, by the path where each is put in; reports problems in place.

    `texts` are plain files by path; a number after such a path is a line.
    """

    __slots__ = ("_sources", "problems", "texts")

    def __init__(self, problems: Problems, sources: Mapping[Path, Source]) -> None:
        self.problems = problems
        self._sources = sources
        self.texts: dict[Path, str] = {}

    def report(self, path: Path, message: str, *, key: bool = False) -> None:
        """Add a problem at the value (or the key) of `path`."""
        line = path[-1] if path and isinstance(path[-1], int) else 1
        text_file = self.texts.get(path) or self.texts.get(path[:-1])
        if text_file:
            self.problems.add(text_file, line, 1, (), message)
            return
        source, inner = self._source(path)
        place = source.document.marks.find(inner, key=key)
        self.problems.add(source.file, place.line, place.column, inner, message)

    def has(self, path: Path) -> bool:
        """Return whether the files say something at `path`."""
        source, inner = self._source(path)
        return inner in source.document.marks.values

    def _source(self, path: Path) -> tuple[Source, Path]:
        for prefix in sorted(self._sources, key=len, reverse=True):
            if path[: len(prefix)] == prefix:
                return self._sources[prefix], path[len(prefix) :]
        raise KeyError(path)


def validate(model: type[M], data: Any, located: Located, *, skip: Path = ()) -> M | None:
    """Return the validated model, or None after reporting every error but those below the path `skip`."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        grouped: dict[Path, list[Details]] = {}
        for detail in error.errors(include_url=False):
            grouped.setdefault(_known_path(detail, located), []).append(detail)
        for path, details in grouped.items():
            if skip and path[: len(skip)] == skip:
                continue
            if details[0]["type"] == "too_short" and any(p[: len(path)] == path != p for p in grouped):
                continue  # pydantic doesn't count the entries that are wrong themselves
            _report(model, path, details, located)
        return None


def _known_path(detail: Details, located: Located) -> Path:
    """Return the error's path without the tags that pydantic adds for unions and keys."""
    path: Path = tuple(detail["loc"])
    if detail["type"] in ("missing", "extra_forbidden"):
        return path
    while path and not located.has(path):
        path = path[:-1]
    return path


def _report(model: type[BaseModel], path: Path, details: list[Details], located: Located) -> None:
    first = details[0]
    if first["type"] == "extra_forbidden":
        names = _fields_at(model, path[:-1])
        hint = did_you_mean(path[-1], names)
        listed = f"; known here: {', '.join(names)}" if names and not hint else ""
        located.report(path, f"unknown field{listed}{hint}", key=True)
    elif first["type"] == "missing":
        located.report(path, "is missing")
    elif len(details) > 1:
        kinds = list(dict.fromkeys(_KINDS.get(d["type"], "") for d in details))
        located.report(path, f"must be {', '.join(kinds[:-1])} or {kinds[-1]}" if all(kinds) else _say(first))
    else:
        located.report(path, _say(first))


_KINDS = {
    "string_type": "text", "int_type": "a whole number", "float_type": "a number",
    "bool_type": "true or false",
    "int_from_float": "a whole number", "bool_parsing": "true or false", "float_parsing": "a number",
    "int_parsing": "a whole number", "finite_number": "a finite number",
    "tuple_type": "a list", "list_type": "a list", "dict_type": "a mapping", "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}  # fmt: skip


def _say(detail: Details) -> str:
    kind, context, value = detail["type"], detail.get("ctx", {}), detail.get("input")
    if kind == "value_error":
        return str(context.get("error", detail["msg"]))
    if kind == "string_type":
        return "must be text; put quotes around it"
    if kind in _KINDS:
        return f"must be {_KINDS[kind]}"
    if kind == "literal_error":
        expected = str(context["expected"])
        return f"must be {expected}; got {quoted(value)}{did_you_mean(value, _literals(expected))}"
    if kind == "string_pattern_mismatch":
        return f"an id is lower-case letters, digits and dashes, a letter first; got {quoted(value)}"
    for name, words in (("ge", "at least"), ("gt", "more than"), ("le", "at most"), ("lt", "less than")):
        if name in context:
            return f"must be {words} {context[name]}; got {quoted(value)}"
    if kind == "too_short":
        return f"needs at least {context['min_length']} of them"
    if kind == "too_long":
        return f"takes at most {context['max_length']} of them"
    return str(detail["msg"])


def _literals(expected: str) -> list[str]:
    return [part for part in expected.split("'") if part.strip(" ,") not in ("", "or")]


def _fields_at(model: type[BaseModel], path: Path) -> tuple[str, ...]:
    """Return the field names of the model that stands at `path`, none when there isn't one."""
    current: Any = model
    for step in path:
        found = next((t for t in (_step(option, step) for option in _options(current)) if t is not None), None)
        if found is None:
            return ()
        current = found
    for option in _options(current):
        if isinstance(option, type) and issubclass(option, BaseModel):
            return tuple(option.model_fields)
    return ()


def _options(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _options(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from _options(part)
    else:
        yield annotation


def _step(annotation: Any, step: str | int) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        info = annotation.model_fields.get(str(step))
        return info.annotation if info else None
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is dict and isinstance(step, str):
        return arguments[1]
    if origin is tuple and isinstance(step, int) and arguments:
        return arguments[min(step, len(arguments) - 1) if arguments[-1] is not Ellipsis else 0]
    return None
