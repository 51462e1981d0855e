"""The filter language of logs, terms that must all hold: `level>=warn svc:gateway -healthz "kv full"`.

A word is searched in the message. `key:value` (or `key=value`) compares a field, `svc`, `host`, `tenant` and
so on, with `*` as wildcard; `key:>500` and `key>=500` compare numbers; `trace:` takes the beginning of an id.
`-` or `!` in front of a term turns it round.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from incidentsim.errors import QueryError
from incidentsim.telemetry.logs import LEVELS, SEVERITY, LogRecord

Predicate = Callable[[LogRecord], bool]

_TERM: Final = re.compile(
    r"(?P<key>[A-Za-z_][A-Za-z0-9_.-]*)(?P<op>:(?:>=|<=|>|<)?|>=|<=|!=|=|>|<)(?P<value>.*)", re.DOTALL
)
_ALIASES: Final = {"svc": "service", "trace": "trace_id", "msg": "message", "lvl": "level"}
_LEVEL_WORDS: Final = {"warning": "warn", "err": "error", "critical": "fatal", "information": "info"}
_COMPARE: Final[dict[str, Callable[[float, float], bool]]] = {
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}

_LONGEST: Final = 500
"""Characters in one filter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A compiled filter; `text` is what was written. No terms match every record."""

    text: str
    terms: tuple[Predicate, ...]

    def matches(self, record: LogRecord) -> bool:
        """Return whether every term holds."""
        for term in self.terms:  # noqa: SIM110 - three times as fast as all() over a generator
            if not term(record):
                return False
        return True


@lru_cache(maxsize=100)
def compile_filter(text: str) -> Filter:
    """Return the filter that `text` describes. Raises QueryError with a hint."""
    if len(text) > _LONGEST:
        raise QueryError(f"the log filter has {len(text)} characters; at most {_LONGEST} are allowed")
    return Filter(text=text, terms=tuple(_term(*token) for token in _tokens(text)))


def _tokens(text: str) -> list[tuple[str, bool]]:
    """Return (term, whether it began with a quote); quotes keep spaces together and are removed."""
    tokens: list[tuple[str, bool]] = []
    current: list[str] = []
    inside = started_quoted = started = False
    for char in text:
        if char == '"':
            if not started or "".join(current) in ("-", "!"):
                started_quoted = True
            inside, started = not inside, True
        elif char.isspace() and not inside:
            if started:
                tokens.append(("".join(current), started_quoted))
            current, started, started_quoted = [], False, False
        else:
            current.append(char)
            started = True
    if inside:
        raise QueryError('the log filter has a quote that never closes; end it with "', suggestion=text + '"')
    if started:
        tokens.append(("".join(current), started_quoted))
    return tokens


def _term(token: str, quoted: bool) -> Predicate:
    body = token
    negated = token[:1] in ("-", "!")
    if negated:
        body = token[1:]
    if not body:
        raise QueryError(f"nothing follows {token!r} in the log filter; write -word to leave a word out")
    match = None if quoted else _TERM.fullmatch(body)
    predicate = _message(body) if match is None else _comparison(match["key"], match["op"], match["value"])
    if not negated:
        return predicate
    return lambda record: not predicate(record)


def _message(word: str) -> Predicate:
    needle = word.lower()
    return lambda record: needle in record.message.lower()


def _comparison(key: str, op: str, value: str) -> Predicate:
    key = _ALIASES.get(key, key)
    op = op.removeprefix(":") or "="
    if not value:
        raise QueryError(f'no value after {key}{op} in the log filter; write {key}:value, or "{key}:" to search it')
    if key == "level":
        return _level(op, value)
    if op in ("=", "!="):
        same = _same(key, value)
        return same if op == "=" else lambda record: not same(record)
    try:
        limit = float(value)
    except ValueError:
        raise QueryError(f"{key}{op} needs a number in the log filter, not {value!r}; write {key}{op}500") from None
    holds = _COMPARE[op]

    def compare(record: LogRecord) -> bool:
        found = _value(record, key)
        try:
            return found is not None and holds(float(found), limit)
        except ValueError:
            return False

    return compare


def _level(op: str, value: str) -> Predicate:
    name = _LEVEL_WORDS.get(value.lower(), value.lower())
    if name not in SEVERITY:
        close = difflib.get_close_matches(name, LEVELS, n=1)
        raise QueryError(
            f"{value!r} is not a log level; levels are {', '.join(LEVELS)}",
            suggestion=f"level{op}{close[0]}" if close else "",
        )
    holds, limit = _COMPARE[op], SEVERITY[name]
    wanted = {level: holds(rank, limit) for level, rank in SEVERITY.items()}
    return lambda record: wanted[record.level]


def _same(key: str, value: str) -> Predicate:
    if key == "trace_id":
        prefix = value.rstrip("*")
        return lambda record: record.trace_id.startswith(prefix)
    if "*" not in value:
        return lambda record: _value(record, key) == value
    first, *middle, last = value.split("*")

    def like(record: LogRecord) -> bool:
        found = _value(record, key)
        return found is not None and _wildcard(found, first, middle, last)

    return like


def _wildcard(text: str, first: str, middle: list[str], last: str) -> bool:
    """Return whether `text` begins, continues and ends with the parts; greedy, so it takes linear time."""
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return False
    position, end = len(first), len(text) - len(last)
    for part in middle:
        found = text.find(part, position, end)
        if found < 0:
            return False
        position = found + len(part)
    return True


def _value(record: LogRecord, key: str) -> str | None:
    if key == "service":
        return record.service
    if key == "host":
        return record.host
    if key == "message":
        return record.message
    for name, value in record.fields:
        if name == key:
            return str(value)
    return None
