"""Anchored label regexes, refused when a backtracking engine could take for ever on them.

Prometheus uses RE2, which can't blow up; Python's engine can, and the pattern comes from a person. So a
repeated group may hold neither a repetition nor an alternative, and the number of open repetitions is small.
"""

from __future__ import annotations

import re
from typing import Final

from incidentsim.errors import QueryError

_LONGEST: Final = 400
"""Characters in one pattern: more than any label alternation needs."""

_MOST_OPEN: Final = 4
"""Open repetitions in one alternative: 4 over a 60-character label are at most about 13 million steps."""

_ESCAPE: Final = re.compile(r"\\(?:[1-9]|k|g|A|Z)")
_GROUP: Final = re.compile(r"\(\?(?!:|P<|i\)|s\)|i:|s:)")
_BOUNDED: Final = re.compile(r"\{\d+(?:,(\d+))?\}")


def compile_anchored(pattern: str) -> re.Pattern[str]:
    """Return the pattern for `fullmatch`. Raises QueryError when it is wrong or could be too slow."""
    if len(pattern) > _LONGEST:
        raise QueryError(f"the regex has {len(pattern)} characters; at most {_LONGEST} are supported")
    if _ESCAPE.search(pattern) or _GROUP.search(pattern):
        raise QueryError(f"regex {pattern!r}: look-around and back-references are not part of PromQL's RE2 syntax")
    _refuse_explosive(pattern)
    try:
        return re.compile(pattern, re.DOTALL)
    except (re.error, OverflowError, RecursionError) as error:
        raise QueryError(f"regex {pattern!r} is not valid: {error}") from None


def _refuse_explosive(pattern: str) -> None:
    """Raise QueryError for repeated groups that branch, and for many open repetitions in a row."""
    branching = [False]
    open_repeats = [0]
    last_group_branches = False
    after_group = False
    i = 0
    while i < len(pattern):
        char = pattern[i]
        if char == "\\":
            i += 2
            after_group = False
            continue
        if char == "[":
            i = _class_end(pattern, i)
            after_group = False
            continue
        if char == "(":
            branching.append(False)
        elif char == ")" and len(branching) > 1:
            last_group_branches = branching.pop()
            branching[-1] = branching[-1] or last_group_branches
            after_group = True
            i += 1
            continue
        elif char == "|":
            branching[-1] = True
            if len(branching) == 1:
                open_repeats.append(0)
        elif char in "*+?{" and i and not (char == "?" and pattern[i - 1] in "(*+?}"):
            bounded = _BOUNDED.match(pattern, i)
            if char != "?" and after_group and last_group_branches:
                raise QueryError(
                    f"regex {pattern!r}: a repeated group with a repetition or alternative inside is"
                    f" not supported; write it without the outer repetition"
                )
            branching[-1] = True
            if char in "*+" or (char == "{" and (bounded is None or bounded[1])):
                open_repeats[-1] += 1
        after_group = False
        i += 1
    if max(open_repeats) > _MOST_OPEN:
        raise QueryError(f"regex {pattern!r} has more than {_MOST_OPEN} open repetitions (* or +); use fewer")


def _class_end(pattern: str, start: int) -> int:
    """Return the index after the character class that begins at `start`."""
    i = start + 1
    if pattern[i : i + 1] == "^":
        i += 1
    if pattern[i : i + 1] == "]":
        i += 1
    while i < len(pattern) and pattern[i] != "]":
        i += 2 if pattern[i] == "\\" else 1
    return i + 1
