"""The part of Prometheus' templating that alert texts use, such as `{{ $value | printf "%.1f" }}`.

Rule files are checked with it when they load, alert rules fill their texts with it. A place holds a pipeline
of values and functions, as in Go's text/template; control structures and queries are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from typing import Final

from incidentsim.errors import QueryError
from incidentsim.telemetry.humanize import HUMANIZERS, default_text

_PLACE: Final = re.compile(r"""\{\{((?:"(?:\\.|[^"\\])*"|`[^`]*`|[^"`])*?)\}\}""", re.DOTALL)
_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<pipe>\|)|(?P<value>(?:\$value|\.Value)(?![\w.]))|(?:\$labels|\.Labels)\.(?P<label>[a-zA-Z_]\w*)(?![\w.])"""
    r"""|"(?P<quoted>(?:\\.|[^"\\])*)"|`(?P<raw>[^`]*)`|(?P<name>[a-zA-Z]\w*)(?![\w.]))""",
    re.ASCII,
)
_VERB: Final = re.compile(r"%(?:%|(?P<flags>[-+ 0#]*)(?P<width>\d*)(?:\.(?P<digits>\d*))?(?P<verb>[a-zA-Z]))")
_ESCAPES: Final = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}
_MOST_WIDTH: Final = 100
"""Widest field and most digits in a printf: enough for a text, too little to fill memory."""

Text = Callable[[Mapping[str, str], float], str]
Number = Callable[[Mapping[str, str], float], float]


@dataclass(frozen=True, slots=True)
class _Word:
    """An operand that gives a text; `literal` is set when it is known beforehand."""

    read: Text
    literal: str | None = None


@dataclass(frozen=True, slots=True)
class _Figure:
    """An operand that gives a number."""

    read: Number


_Operand = _Word | _Figure


def check_template(text: str) -> None:
    """Raise QueryError when `text` uses templating that is not supported."""
    _compiled(text)


def render(text: str, labels: Mapping[str, str], value: float) -> str:
    """Return `text` with its places filled in; a label that is absent is empty. Raises as check_template."""
    if "{{" not in text:
        return text
    return "".join([part if isinstance(part, str) else part(labels, value) for part in _compiled(text)])


@lru_cache(maxsize=1_000)
def _compiled(text: str) -> tuple[str | Text, ...]:
    parts: list[str | Text] = []
    at = 0
    for place in _PLACE.finditer(text):
        try:
            parts += [text[at : place.start()], _shown(_pipeline(place[1]))]
        except _Unsupported as error:
            raise QueryError(
                f"template {place[0]!r} is not supported: {error}; use {{{{ $labels.name }}}}, {{{{ $value }}}},"
                f' {{{{ $value | humanize }}}} or {{{{ $value | printf "%.2f" }}}}'
            ) from None
        at = place.end()
    rest = text[at:]
    if "{{" in rest:
        raise QueryError(f"template {rest[rest.index('{{') :][:40]!r} is not closed; end it with `}}}}`")
    return (*parts, rest)


class _Unsupported(Exception):
    """Why a place can't be filled."""


def _shown(operand: _Operand) -> Text:
    if isinstance(operand, _Word):
        return operand.read
    number = operand.read
    return lambda labels, value: default_text(number(labels, value))


def _pipeline(inside: str) -> _Operand:
    """Compile commands joined by `|`; what one gives is the last argument of the next."""
    commands: list[list[str | _Operand]] = [[]]
    at, end = 0, len(inside.rstrip())
    while at < end:
        token = _TOKEN.match(inside, at)
        if token is None:
            raise _Unsupported(f"can't read {inside[at:].strip()[:30]!r}")
        at = token.end()
        if token["pipe"]:
            commands.append([])
        else:
            commands[-1].append(_operand(token))
    result: _Operand | None = None
    for command in commands:
        given = command if result is None else [*command, result]
        if not command:
            raise _Unsupported("a value is missing")
        result = _command(given)
    assert result is not None
    return result


def _operand(token: re.Match[str]) -> str | _Operand:
    """Return a value, or the name of a function as a plain text."""
    if token["value"]:
        return _Figure(lambda labels, value: value)
    if token["label"]:
        label = token["label"]
        return _Word(lambda labels, value: labels.get(label, ""))
    if token["name"]:
        return token["name"]
    text = token["raw"]
    if text is None:
        text = re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[0]), token["quoted"])
    return _Word(lambda labels, value: text, text)


def _command(command: list[str | _Operand]) -> _Operand:
    """Compile one function with its arguments, or a value on its own."""
    name, *rest = command
    arguments = [argument for argument in rest if not isinstance(argument, str)]
    if not isinstance(name, str):
        if rest:
            raise _Unsupported("a value can't take arguments")
        return name
    if len(arguments) < len(rest):
        raise _Unsupported("a function can't be an argument; chain them with |")
    if name == "printf":
        return _printf(arguments)
    if name in HUMANIZERS:
        function = HUMANIZERS[name]
        if len(arguments) != 1 or not isinstance(arguments[0], _Figure):
            raise _Unsupported(f"{name} takes one number")
        number = arguments[0].read
        return _Word(lambda labels, value: function(number(labels, value)))
    if name in ("toUpper", "toLower"):
        if len(arguments) != 1 or not isinstance(arguments[0], _Word):
            raise _Unsupported(f"{name} takes one text")
        read = arguments[0].read
        if name == "toUpper":
            return _Word(lambda labels, value: read(labels, value).upper())
        return _Word(lambda labels, value: read(labels, value).lower())
    raise _Unsupported(f"there is no function {name!r} (known are printf, toUpper, toLower, {', '.join(HUMANIZERS)})")


def _printf(arguments: list[_Operand]) -> _Word:
    """Compile Go's printf for texts (%s, %v) and numbers (%f, %e, %g, %v)."""
    pattern = arguments[0].literal if arguments and isinstance(arguments[0], _Word) else None
    if pattern is None:
        raise _Unsupported("printf needs a format in quotes first")
    parts: list[str | Text] = []
    left = arguments[1:]
    at = 0
    for verb in _VERB.finditer(pattern):
        parts.append(pattern[at : verb.start()])
        at = verb.end()
        if verb[0] == "%%":
            parts.append("%")
            continue
        if not left:
            raise _Unsupported(f"printf has no value for {verb[0]!r}")
        parts.append(_formatted(verb, left.pop(0)))
    if left or "%" in pattern[at:] or any("%" in part for part in parts if isinstance(part, str) and part != "%"):
        raise _Unsupported("printf's format and values don't fit together")
    parts.append(pattern[at:])
    return _Word(lambda labels, value: "".join([p if isinstance(p, str) else p(labels, value) for p in parts]))


def _formatted(verb: re.Match[str], operand: _Operand) -> Text:
    letter, digits, width = verb["verb"], verb["digits"], int(verb["width"] or 0)
    if width > _MOST_WIDTH or int(digits or 0) > _MOST_WIDTH:
        raise _Unsupported(f"{verb[0]!r} is wider than {_MOST_WIDTH}")
    if letter not in ("sv" if isinstance(operand, _Word) else "feEgGv") or "#" in verb["flags"]:
        kind = "a text" if isinstance(operand, _Word) else "a number"
        raise _Unsupported(f"printf {verb[0]!r} does not fit {kind}")
    left = "-" in verb["flags"]
    plain = letter == "v" or (letter in "gG" and digits is None)
    if isinstance(operand, _Word) or plain:
        if verb["flags"].strip("-") or digits is not None:
            raise _Unsupported(f"{verb[0]!r}: only a width and `-` are supported here")
        read = _shown(operand)
        return lambda labels, value: _padded(read(labels, value), width, left)
    python = f"%{verb['flags']}{verb['width']}{'' if digits is None else f'.{digits}'}{letter}"
    number = operand.read

    def formatted(labels: Mapping[str, str], value: float) -> str:
        figure = number(labels, value)
        return python % figure if isfinite(figure) else _padded(default_text(figure), width, left)

    return formatted


def _padded(text: str, width: int, left: bool) -> str:
    return text.ljust(width) if left else text.rjust(width)
