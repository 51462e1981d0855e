"""Field types of scenario files: how a human value in YAML becomes an exact integer.

Each type is an `Annotated` for pydantic; a bad value raises ValueError with the fix in its text.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from incidentsim.exact import QuantileTable
from incidentsim.specs.knobs import UNLIMITED, parse_count, parse_duration, parse_ratio
from incidentsim.text import MAX_CODE_POINTS, clean

_LONGEST_NUMBER = 40
"""Longest text read as a number, in characters; Python refuses to convert digits by the thousand."""

_LONGEST_US = 3650 * 86_400 * 1_000_000
"""Ten years: the farthest a time in a file may lie from T+0, in µs."""


def _duration(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("a duration is text like 30s, 1m30s, -3m or 2d")
    if isinstance(value, int):
        if value == 0:
            return 0
        raise ValueError(f"{value} has no unit; write {value}s or {value}m")
    us = parse_duration(value) if len(value) <= _LONGEST_NUMBER else _LONGEST_US + 1
    if abs(us) > _LONGEST_US:
        raise ValueError(f"{value[:_LONGEST_NUMBER]!r} is longer than ten years")
    return us


def _ratio(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("a ratio is a number like 0.25 or text like 25%")
    return parse_ratio(value if isinstance(value, str) else _plain(value))


def _plain(value: int | float) -> str:
    return format(Decimal(repr(value)), "f")


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("a whole number, like 400000 or 400k")
    return value if isinstance(value, int) else parse_count(value)


def _limit(value: Any) -> int:
    return UNLIMITED if value == "unlimited" else _count(value)


def _milli(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("a number, at most three digits after the point")
    text = str(value)
    try:
        scaled = Decimal(text) * 1000 if len(text) <= _LONGEST_NUMBER else Decimal("NaN")
    except ArithmeticError:  # InvalidOperation, and Overflow of exponents like 1e999999999
        raise ValueError(f"{text[:_LONGEST_NUMBER]!r} is not a number") from None
    if not scaled.is_finite() or abs(scaled) > 10**15:
        raise ValueError(f"{text[:_LONGEST_NUMBER]!r} is out of range")
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{text} has more than three digits after the point")
    return int(scaled)


def _quantiles(value: Any) -> tuple[tuple[int, int], ...]:
    if not isinstance(value, dict):
        raise ValueError("quantiles are a mapping like {p0: 20, p50: 300, p99: 3500, p100: 6000}")
    points = []
    for name, number in value.items():
        text = str(name)
        if not text.startswith("p"):
            raise ValueError(f"{text!r} is not a quantile; write p0, p50, p99.9, p100")
        count = _count(number)
        if not 0 <= count <= 10**9:
            raise ValueError(f"{text} must lie between 0 and 1000000000; got {count}")
        points.append((parse_ratio(text[1:] + "%"), count))
    points.sort()
    return QuantileTable(points).points


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        raise ValueError(f"text is wanted here, not a {'mapping' if isinstance(value, dict) else 'list'}")
    if not isinstance(value, str):
        raise ValueError("text is wanted here; put quotes around it")
    if len(value) > MAX_CODE_POINTS:
        raise ValueError(f"longer than {MAX_CODE_POINTS:,} characters")
    return clean(value, keep_newlines=True)


def _knob_scalar(value: Any) -> Any:
    if not isinstance(value, str | int | float | bool):
        raise ValueError("must be text, a number, true or false")
    return value


def _knob_map(value: Any) -> Any:
    if isinstance(value, dict) and len(value) > 32:  # pydantic would check each value before the length
        raise ValueError("takes at most 32 knobs")
    return value


def _knob_text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _plain(value)
    return value


def _schema(kind: str | list[str], text: str) -> WithJsonSchema:
    return WithJsonSchema({"type": kind, "description": text})


Duration = Annotated[
    int, BeforeValidator(_duration), _schema(["string", "integer"], "duration like 30s, 1m30s, -3m, 2d, or 0")
]
"""Microseconds, written with a unit."""

PositiveDuration = Annotated[
    int, BeforeValidator(_duration), Field(gt=0), _schema("string", "duration above zero, like 30s")
]
"""Microseconds above zero."""

Ratio = Annotated[
    int, BeforeValidator(_ratio), Field(ge=0, le=1_000_000_000),
    _schema(["number", "string"], "ratio or percentage"),
]  # fmt: skip
"""Parts per million, written as 0.25 or 25%."""

Count = Annotated[
    int, BeforeValidator(_count), Field(ge=0, le=10**12),
    _schema(["integer", "string"], "whole number, 400k allowed"),
]  # fmt: skip
"""A whole number, suffixes k and m allowed."""

Limit = Annotated[
    int, BeforeValidator(_limit), Field(ge=-1, le=10**12),
    _schema(["integer", "string"], "whole number or `unlimited`"),
]  # fmt: skip
"""A whole number per minute, or UNLIMITED."""

Milli = Annotated[int, BeforeValidator(_milli), Field(ge=0), _schema("number", "number with up to three decimals")]
"""Thousandths of the number written."""

Quantiles = Annotated[
    tuple[tuple[int, int], ...], BeforeValidator(_quantiles),
    _schema("object", "quantiles like {p0: 20, p50: 300, p100: 6000}"),
]  # fmt: skip
"""Points (ppm, value) of a distribution, from p0 to p100."""

CleanText = Annotated[str, BeforeValidator(_text), Field(max_length=4_000), _schema("string", "text")]
"""Text that a person may be shown: cleaned."""

KnobScalar = Annotated[str | int | float | bool, BeforeValidator(_knob_scalar)]
"""A knob's value as YAML says it."""

KnobMap = Annotated[dict[str, KnobScalar], BeforeValidator(_knob_map)]
"""Knobs with their values."""

KnobText = Annotated[
    str, BeforeValidator(_knob_text), Field(max_length=200),
    _schema(["string", "number", "boolean"], "a knob's value as on the command line"),
]  # fmt: skip
"""A knob's value as text; numbers and true/false need no quotes."""

Trade = Annotated[str, Field(pattern=r"^[a-z]{3,10}$")]
"""The second word of a made-up company name: lower-case letters, short enough for a column."""

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
"""A stable id: lower case, digits and dashes."""
