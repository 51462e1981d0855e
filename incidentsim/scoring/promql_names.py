"""Which metrics a PromQL expression mentions, and by which labels it slices each.

Called by `evidence`. A tokenizer is enough: the session has recorded only expressions that it could evaluate,
and scoring has no need of their values. A label counts for a metric when a matcher of that selector names it,
or a `by` clause of an aggregation around it.
"""

from __future__ import annotations

import re

from incidentsim.specs.metrics import METRICS

_TOKEN = re.compile(
    r"""(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)|(?P<comment>\#[^\n]*)|(?P<number>[0-9][\w.]*)"""
    r"""|(?P<name>[A-Za-z_:][A-Za-z0-9_:]*)|(?P<mark>=~|!~|!=|==|>=|<=|[^\s\w])"""
)
_AGGREGATORS = frozenset(
    ("sum", "avg", "min", "max", "count", "group", "stddev", "stdvar", "topk", "bottomk", "quantile",
     "count_values", "limitk", "limit_ratio")
)  # fmt: skip
_LISTS = frozenset(("by", "without", "on", "ignoring", "group_left", "group_right"))
_WORDS = frozenset(("bool", "offset", "and", "or", "unless", "atan2", "inf", "nan"))
_SUFFIXES = ("_bucket", "_sum", "_count")

Slices = dict[str, tuple[str, ...]]
"""Metric family to the labels it is sliced by, each once."""


def metrics_in(expression: str) -> Slices:
    """Return every metric family mentioned, in order; series of a histogram count as the family."""
    tokens = [m[0] for m in _TOKEN.finditer(expression) if m.lastgroup != "comment"]
    found: Slices = {}
    _walk(tokens, 0, len(tokens), (), found)
    return found


def family(name: str) -> str:
    """Return the metric family of a series name: `x_bucket`, `x_sum`, `x_count` are `x` when x is a
    histogram."""
    for suffix in _SUFFIXES:
        base = name.removesuffix(suffix)
        spec = METRICS.get(base)
        if base != name and spec is not None and spec.type == "histogram":
            return base
    return name


def _walk(tokens: list[str], i: int, end: int, labels: tuple[str, ...], found: Slices) -> None:
    while i < end:
        token = tokens[i]
        following = tokens[i + 1] if i + 1 < end else ""
        if token == "{":
            i = _selector(tokens, i, end, "", labels=labels, found=found)
        elif token == "[":
            i = tokens.index("]", i) if "]" in tokens[i:end] else end
        elif not (token[0].isalpha() or token[0] in "_:"):
            i += 1
        elif token.lower() in _AGGREGATORS and (following == "(" or following.lower() in _LISTS):
            i = _aggregation(tokens, i + 1, end, labels, found)
        elif token.lower() in _LISTS:
            i = _closing(tokens, i + 1, end) + 1 if following == "(" else i + 1
        elif token.lower() in _WORDS or following == "(":
            i += 1
        else:
            i = _selector(tokens, i + 1, end, token, labels=labels, found=found)


def _aggregation(tokens: list[str], i: int, end: int, labels: tuple[str, ...], found: Slices) -> int:
    by, i = _clause(tokens, i, end)
    if i >= end or tokens[i] != "(":
        return i
    close = _closing(tokens, i, end)
    behind, after = _clause(tokens, close + 1, end)
    _walk(tokens, i + 1, close, (*labels, *by, *behind), found)
    return after


def _clause(tokens: list[str], i: int, end: int) -> tuple[tuple[str, ...], int]:
    """Return the labels of a `by` clause at `i` (none for `without`) and the position behind the clause."""
    if i + 1 >= end or tokens[i].lower() not in ("by", "without") or tokens[i + 1] != "(":
        return (), i
    close = _closing(tokens, i + 1, end)
    named = tuple(t for t in tokens[i + 2 : close] if t != ",")
    return (named if tokens[i].lower() == "by" else ()), close + 1


def _selector(tokens: list[str], i: int, end: int, name: str, *, labels: tuple[str, ...], found: Slices) -> int:
    """Take the matchers at `i`, if any, and note the metric; return the position behind them."""
    matched: list[str] = []
    if i < end and tokens[i] == "{":
        i += 1
        while i < end and tokens[i] != "}":
            if i + 2 < end and tokens[i + 1] in ("=", "!=", "=~", "!~"):
                if tokens[i] == "__name__" and tokens[i + 1] == "=":
                    name = name or tokens[i + 2][1:-1]
                else:
                    matched.append(tokens[i])
                i += 3
            else:
                i += 1
        i += 1
    if name:
        metric = family(name)
        found[metric] = tuple(dict.fromkeys((*found.get(metric, ()), *labels, *matched)))
    return i


def _closing(tokens: list[str], i: int, end: int) -> int:
    """Return the position of the parenthesis that closes the one at `i`, or `end`."""
    depth = 0
    for j in range(i, end):
        depth += (tokens[j] == "(") - (tokens[j] == ")")
        if depth == 0:
            return j
    return end
