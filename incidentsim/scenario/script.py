"""Scripts of commands: JSON Lines `{"t": seconds after T+0, "command": "…"}`, comments with #.

The loader checks a scenario's scripts with `parse_script`; certificates, `run --script` and tests read them
with `script_commands`, which puts the cast's names in.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from incidentsim.errors import ScenarioError
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.problems import quoted
from incidentsim.text import clean

_MAX_LINE = 4_096
"""Longest line of a script, in characters: above the longest command, and too short to nest deep."""

_MAX_COMMANDS = 1_000
"""Most commands in one script: a person types a few dozen in an incident."""

_LAST_SECOND = 86_400
"""Latest time of a command, in seconds after T+0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedLine:
    """One command of a script at its time; `line` is where it stands in the script, counted from 1."""

    t_us: int
    command: str
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptProblem:
    """What is wrong with one line of a script, counted from 1."""

    line: int
    message: str


def parse_script(text: str) -> tuple[tuple[TimedLine, ...], tuple[ScriptProblem, ...]]:
    """Return the commands of a script, placeholders unresolved, and what is wrong with it."""
    commands: list[TimedLine] = []
    problems: list[ScriptProblem] = []
    for number, line in enumerate(text.split("\n"), start=1):
        body = line.strip()
        if not body or body.startswith("#"):
            continue
        try:
            timed = _parse_line(body, number)
            if commands and timed.t_us < commands[-1].t_us:
                raise ValueError("times must not fall: put the lines in order of t")
            commands.append(timed)
            if len(commands) > _MAX_COMMANDS:
                raise ValueError(f"more than {_MAX_COMMANDS} commands")
        except ValueError as error:
            problems.append(ScriptProblem(line=number, message=str(error)))
            if len(commands) > _MAX_COMMANDS or len(problems) >= 20:
                break
    return tuple(commands), tuple(problems)


def script_commands(script_text: str, cast: Cast) -> tuple[TimedLine, ...]:
    """Return a script's commands with the cast's names. Raises ScenarioError listing its bad lines."""
    commands, problems = parse_script(script_text)
    if problems:
        raise ScenarioError("\n".join(f"line {p.line}: {p.message}" for p in problems))
    return tuple(replace(c, command=cast.render(c.command)) for c in commands)


def _parse_line(body: str, number: int) -> TimedLine:
    if len(body) > _MAX_LINE:
        raise ValueError(f"longer than {_MAX_LINE} characters")
    try:
        value = json.loads(
            body,
            parse_float=Decimal,
            parse_int=Decimal,
            parse_constant=_no_constant,
            object_pairs_hook=_no_duplicates,
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at column {error.colno}") from None
    except (RecursionError, ArithmeticError):
        raise ValueError("not JSON: nested too deep, or a number that is no number") from None
    if not isinstance(value, dict) or set(value) != {"t", "command"}:
        raise ValueError('a line is {"t": seconds, "command": "…"} and nothing else')
    return TimedLine(t_us=_time(value["t"]), command=_command(value["command"]), line=number)


def _time(value: Any) -> int:
    if not isinstance(value, Decimal) or not 0 <= value <= _LAST_SECOND:
        raise ValueError(f"t is a number of seconds from 0 to {_LAST_SECOND}; got {quoted(_plain(value))}")
    return int(value * 1_000_000)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


def _command(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError('command is a text like "inspect gateway"')
    return clean(value.strip())


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number here")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a name twice in one line")
    return result
