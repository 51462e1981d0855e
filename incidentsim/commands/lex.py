"""Cut a command line into pieces: words, quotes, options, and arguments that run to the end of the line.

Tolerant on purpose: a piece carries its own problem instead of raising, so the parser (which raises) and
completion (which works on half-typed lines) read a line in exactly the same way.

Quoting: a quote opens at the start of a word or right after `=`, so `o'brien` is a plain word. Inside double
quotes `\\"` and `\\\\` are escapes; single quotes take everything as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from incidentsim.specs.verbs import BECAUSE, Argument, VerbSpec

FLAGS = ("dry-run", "yes")
"""Options without a value, taken by every act verb."""

CAUSE = ("fault_component", "fault_kind")
"""Kinds of two arguments that name a cause: between them a colon does as well as a space."""

QUOTES = "\"'"
_OPTION = re.compile(r"--([A-Za-z][A-Za-z0-9-]*)(?==|\s|$)")
_ESCAPED = re.compile(r'\\(["\\])')
_PLAIN_WORD = re.compile(r"(?!--)[^\s\"'\\]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One part of a line after the verb.

    `argument` is the declaration that the piece fills; None for a flag, an unknown option or a word too
    many. `start` and `end` span the whole piece; `value_start` is where its value begins, -1 when an option
    has none.
    """

    role: Literal["argument", "option", "flag", "unknown_option", "extra"]
    name: str
    argument: Argument | None
    value: str
    start: int
    value_start: int
    end: int
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A value cut out of a line: unquoted text, the position behind it, and what is wrong with it."""

    value: str
    end: int
    problem: str = ""


def options_of(spec: VerbSpec) -> dict[str, Argument | None]:
    """Return the options that `spec` takes by name; flags map to None."""
    options: dict[str, Argument | None] = {option.name: option for option in spec.options}
    if spec.group == "act":
        options[BECAUSE.name] = BECAUSE
        options.update(dict.fromkeys(FLAGS))
    return options


def scan(line: str, start: int, spec: VerbSpec) -> list[Piece]:
    """Return the pieces of `line` from `start` (behind the verb) on, as `spec` divides it."""
    options = options_of(spec)
    waiting = list(spec.arguments)
    pieces: list[Piece] = []
    position = _skip_space(line, start)
    while position < len(line):
        option = _OPTION.match(line, position)
        known = option is not None and option[1] in options
        if option and (known or not (waiting and waiting[0].rest)):
            piece = _scan_option(line, option, options)
        else:
            argument = waiting.pop(0) if waiting else None
            if argument is not None and argument.rest:
                read = read_rest(line, position, argument, options)
            else:
                read = read_word(line, position)
                if argument is not None and waiting and (argument.kind, waiting[0].kind) == CAUSE:
                    read = _before_colon(line, position, read)
            piece = Piece(
                role="argument" if argument else "extra",
                name=argument.name if argument else "",
                argument=argument,
                value=read.value,
                start=position,
                value_start=position,
                end=read.end,
                problem=read.problem,
            )
        pieces.append(piece)
        position = _skip_space(line, piece.end + _cut_at_colon(line, piece))
    return pieces


def _before_colon(line: str, start: int, read: Read) -> Read:
    """Return the component of `component:fault`, as `--cause` writes a cause; a quoted word is left alone."""
    colon = line.find(":", start, read.end)
    if colon <= start or line[start] in QUOTES:
        return read
    return Read(value=line[start:colon], end=colon)


def _cut_at_colon(line: str, piece: Piece) -> bool:
    return line[piece.end : piece.end + 1] == ":"


def _scan_option(line: str, option: re.Match[str], options: Mapping[str, Argument | None]) -> Piece:
    name, end = option[1], option.end()
    argument = options.get(name)
    has_value = line[end : end + 1] == "="
    value_start = end + 1 if has_value else -1
    if argument is not None and not has_value:
        following = _skip_space(line, end)
        if following < len(line) and not _option_at(line, following, options):
            value_start = following
    read = read_word(line, value_start) if value_start >= 0 else Read(value="", end=end)
    role: Literal["option", "flag", "unknown_option"] = "option" if argument is not None else "unknown_option"
    problem = read.problem
    if argument is None and name in options:
        role = "flag"
        problem = f"--{name} takes no value" if has_value else ""
    elif argument is not None and value_start < 0:
        problem = f"--{name} needs a value"
    return Piece(
        role=role,
        name=name,
        argument=argument,
        value=read.value,
        start=option.start(),
        value_start=value_start,
        end=read.end,
        problem=problem,
    )


def read_word(line: str, position: int) -> Read:
    """Read one word, up to a space outside quotes."""
    out: list[str] = []
    start = position
    while position < len(line) and not line[position].isspace():
        char = line[position]
        if char in QUOTES and (position == start or line[position - 1] == "="):
            close = _closing_quote(line, position)
            if close < 0:
                return Read(value="".join(out) + line[position + 1 :], end=len(line), problem=_unclosed(char))
            out.append(_unquote(line[position : close + 1]))
            position = close + 1
        else:
            out.append(char)
            position += 1
    return Read(value="".join(out), end=position)


def read_rest(line: str, position: int, argument: Argument, options: Mapping[str, Argument | None]) -> Read:
    """Read everything up to the next known option or the end, unquoted when it is quoted as a whole."""
    quote = line[position]
    if quote in QUOTES and argument.kind != "filter":
        close = _closing_quote(line, position)
        if close >= 0 and _ends_here(line, close + 1, options):
            body = line[position : close + 1]
            keep = argument.kind == "promql" and '\\"' not in body
            return Read(value=(body[1:-1] if keep else _unquote(body)).strip(), end=close + 1)
        if close < 0 and argument.kind == "text":
            return Read(value=line[position + 1 :], end=len(line), problem=_unclosed(quote))
    skip = {"promql": _skip_promql_string, "filter": _skip_filter_string}.get(argument.kind, _skip_quotation)
    return _read_raw(line, position, options, skip, outer_quotes=argument.kind == "promql")


def _read_raw(
    line: str,
    start: int,
    options: Mapping[str, Argument | None],
    skip: Callable[[str, int], int],
    *,
    outer_quotes: bool,
) -> Read:
    position = start
    while position < len(line):
        if line[position].isspace() and _option_at(line, position + 1, options):
            break
        following = skip(line, position)
        if following < 0:
            return Read(value=line[start:].strip(), end=len(line), problem=_unclosed(line[position]))
        position = following
    value = line[start:position].strip()
    if outer_quotes and len(value) > 1 and value[0] in QUOTES and value[0] == value[-1]:
        # `"rate(x{tenant="acme"}[1m])"`: no valid expression begins and ends with a string, so these are
        # quotes around the whole.
        value = value[1:-1].strip()
    return Read(value=value, end=position)


def _skip_promql_string(line: str, position: int) -> int:
    """Return the next position, jumping over a PromQL string; -1 when the string has no end."""
    quote = line[position]
    if quote not in "\"'`":
        return position + 1
    position += 1
    while position < len(line):
        if line[position] == "\\" and quote != "`":
            position += 1
        elif line[position] == quote:
            return position + 1
        position += 1
    return -1


def _skip_filter_string(line: str, position: int) -> int:
    """Return the next position, jumping over a quoted phrase, which knows no escapes; -1 without an end."""
    if line[position] != '"':
        return position + 1
    close = line.find('"', position + 1)
    return close + 1 if close >= 0 else -1


def _skip_quotation(line: str, position: int) -> int:
    """Return the next position in prose, jumping over a quotation; a lone quote is an ordinary character."""
    char = line[position]
    if char in QUOTES and (position == 0 or line[position - 1].isspace()):
        close = _closing_quote(line, position)
        if close >= 0 and not line[close + 1 : close + 2].isalnum():
            return close + 1
    return position + 1


def quote_word(word: str) -> str:
    """Return `word` so that `read_word` reads it back, quoted only when it must be."""
    return word if _PLAIN_WORD.fullmatch(word) else _quoted(word)


def quote_rest(value: str, argument: Argument, spec: VerbSpec) -> str:
    """Return a text that `read_rest` reads back as `value`; signals stand unquoted where that is enough."""
    candidates = [_quoted(value)]
    if argument.kind != "text":
        candidates = [value, f'"{value}"', *candidates]
    options = options_of(spec)
    for candidate in candidates:
        if not candidate or _option_at(candidate, 0, options):
            continue
        read = read_rest(candidate, 0, argument, options)
        if not read.problem and read.value == value and read.end == len(candidate):
            return candidate
    return candidates[-1]


def _quoted(value: str) -> str:
    """Quote with whichever quote needs no escapes, so that texts stay readable and don't grow."""
    if "'" not in value and ('"' in value or "\\" in value):
        return f"'{value}'"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _closing_quote(line: str, position: int) -> int:
    quote = line[position]
    position += 1
    while position < len(line):
        if line[position] == quote:
            return position
        position += 2 if quote == '"' and line[position] == "\\" else 1
    return -1


def _unquote(quoted: str) -> str:
    body = quoted[1:-1]
    return _ESCAPED.sub(r"\1", body) if quoted[0] == '"' else body


def _unclosed(quote: str) -> str:
    return f"a quote {quote} is opened and never closed"


def _option_at(line: str, position: int, options: Mapping[str, Argument | None]) -> bool:
    match = _OPTION.match(line, position)
    return match is not None and match[1] in options


def _ends_here(line: str, position: int, options: Mapping[str, Argument | None]) -> bool:
    following = _skip_space(line, position)
    return following == len(line) or (following > position and _option_at(line, following, options))


def _skip_space(line: str, position: int) -> int:
    while position < len(line) and line[position].isspace():
        position += 1
    return position
