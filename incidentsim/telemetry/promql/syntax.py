"""Parsing: promql_parser's tree of a query, with readable errors and scenario times before T+0.

`compile` reads the tree; nothing else does.
"""

from __future__ import annotations

import difflib
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import promql_parser as grammar

from incidentsim.errors import QueryError
from incidentsim.telemetry.promql.aggregation import AGGREGATIONS
from incidentsim.telemetry.promql.calls import FUNCTIONS
from incidentsim.telemetry.promql.values import Shift

_LONGEST: Final = 2_000
"""Characters in one expression: the parser recurses, and far longer input would end the process."""

_EPOCH_S: Final = 1_000_000_000
"""Added to every `@` time before parsing: the parser keeps it as an unsigned time, which T-05:00 is not."""

_MOST_AT_S: Final = 100_000_000
"""Largest `@` time in either direction, three years: far from the edges of the parser's time type."""

_AT: Final = re.compile(
    r"""(?P<skip>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|\#[^\n]*)"""
    r"""|@\s*(?:(?P<edge>start\b|end\b)|(?P<time>[+-]?\s*(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))?)""",
    re.ASCII,
)

_BARE_TIME: Final = re.compile(
    r"""(?P<skip>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|\#[^\n]*)"""
    r"""|(?:\[|:|\boffset\b)\s*[+-]?\s*(?P<time>(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf|nan)(?![\w.])""",
    re.ASCII | re.IGNORECASE,
)
"""A range, a step or an offset in bare seconds."""

_LONGEST_BARE_S: Final = 1e10
"""Most bare seconds, three centuries: the parser panics, and so ends the process, on what its time type can't hold."""

_RENAMED: Final = {"holt_winters": "double_exponential_smoothing"}
"""Functions that Prometheus 3 calls otherwise."""


def parse(text: str) -> Any:
    """Return promql_parser's tree. Raises QueryError with the parser's reason and, if possible, a remedy."""
    if len(text) > _LONGEST:
        raise QueryError(f"the query has {len(text)} characters; at most {_LONGEST} are allowed")
    if not text.strip():
        raise QueryError("the query is empty; write a metric name or an expression such as rate(name[5m])")
    for found in _BARE_TIME.finditer(text):
        if found["time"] and not float(found["time"]) <= _LONGEST_BARE_S:
            raise QueryError(f"{found['time'][:30]} seconds are no time; write a duration such as 5m")
    try:
        return grammar.parse(_AT.sub(_from_epoch, text) if "@" in text else text)
    except ValueError as error:
        reason = str(error).strip().splitlines()[0][:160]
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # pyo3's, no Exception: it would end the session
            raise
        reason = "the parser gave up; is a number far too large?"
    raise QueryError(f"can't parse the query: {reason}", suggestion=_remedy(reason, text))


def shift(node: Any) -> Shift:
    """Return the `@` and `offset` of a selector or subquery."""
    if node.at is None:
        return Shift(micros(node.offset))
    written = str(node.at)
    for edge in ("start", "end"):
        if written == f"@ {edge}()":
            return Shift(micros(node.offset), edge)
    anchor_s = Decimal(written.removeprefix("@").strip()) - _EPOCH_S
    return Shift(micros(node.offset), int(anchor_s * 1_000_000))


def micros(duration: timedelta | None) -> int:
    """Return a duration of the tree in µs; none is 0."""
    return duration // timedelta(microseconds=1) if duration is not None else 0


def _from_epoch(match: re.Match[str]) -> str:
    if match["skip"] or match["edge"]:
        return match[0]
    if match["time"] is None:
        raise QueryError(
            "can't read the time after @; write seconds since T+0, such as @ 300 or @ -60, or @ start(), @ end()"
        )
    seconds = Decimal(re.sub(r"\s", "", match["time"]))
    if abs(seconds) > _MOST_AT_S:
        raise QueryError(f"@ {seconds} is too far away; at most {_MOST_AT_S} seconds are allowed")
    return f"@ {_EPOCH_S + seconds:.3f}"


def _remedy(reason: str, text: str) -> str:
    if reason.startswith("unknown function with name '"):
        wrong = reason.split("'")[1]
        close = difflib.get_close_matches(wrong, (*FUNCTIONS, *AGGREGATIONS), n=1)
        return _RENAMED.get(wrong) or (close[0] if close else "")
    if "expected type matrix" in reason and text.strip().endswith(")"):
        return f"{text.strip()[:-1]}[5m])"
    if reason == "unclosed left parenthesis":
        return text.strip() + ")"
    return ""
