"""What a knob is, and how its value is written, bounded and stored.

Values are stored as integers or strings, so that they can be hashed exactly: durations in microseconds,
ratios in parts per million, rates per minute or per second as integers, booleans as 0/1, choices as text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

KnobKind = Literal["int", "ratio", "duration", "bool", "enum"]
KnobValue = int | str

UNLIMITED = -1
"""Stored value of a limit that is not there; written `unlimited`."""

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
_COUNT = re.compile(r"(-?)([0-9]{1,15})(?:\.([0-9]{1,15}))?([km]?)")
_RATIO = re.compile(r"([0-9]{0,12})(?:\.([0-9]{1,12}))?(%?)")
_LONGEST_DURATION_TEXT = 40
"""Code points of a duration; longer ones are not meant, and int() refuses thousands of digits anyway."""

_UNIT_US = {"ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
_SUFFIX = {"k": 1_000, "m": 1_000_000}


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """A typed setting of a component.

    `low` and `high` bound the stored value (inclusive). `unit` is for people. `rolls` says that a change
    restarts the pods of the component one after the other, as engine arguments do in reality.
    """

    name: str
    kind: KnobKind
    default: KnobValue
    help: str
    unit: str = ""
    low: int = 0
    high: int = 0
    choices: tuple[str, ...] = ()
    unlimited: bool = False
    rolls: bool = False


def parse_duration(text: str) -> int:
    """Return microseconds for `90s`, `1m30s`, `250ms`, `2d`, with an optional leading sign.

    Raises ValueError with a readable reason.
    """
    body = text.strip()
    sign = -1 if body.startswith("-") else 1
    if body[:1] in ("+", "-"):
        body = body[1:]
    position = total = 0
    for match in _DURATION.finditer(body[:_LONGEST_DURATION_TEXT]):
        if match.start() != position:
            break
        whole, _, fraction = match[1].partition(".")
        unit = _UNIT_US[match[2]]
        total += int(whole) * unit + (int(fraction) * unit // 10 ** len(fraction) if fraction else 0)
        position = match.end()
    if not body or position != len(body):
        shown = text[:_LONGEST_DURATION_TEXT]
        raise ValueError(f"{shown!r} is not a duration; write it like 30s, 1m30s, 250ms or 2d")
    return sign * total


def format_duration(us: int) -> str:
    """Return the shortest text that `parse_duration` reads back to `us`, cut to whole milliseconds."""
    parts, rest = [], abs(us) // 1_000
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    if not parts:
        return "0s"
    return ("-" if us < 0 else "") + "".join(parts)


def parse_count(text: str) -> int:
    """Return an integer for `250000`, `250_000`, `250k` or `1.5m`. Raises ValueError."""
    match = _COUNT.fullmatch(text.strip().lower().replace("_", "").replace(",", ""))
    if match is None:
        raise ValueError(f"{text[:40]!r} is not a whole number; write it like 400000 or 400k")
    scale = _SUFFIX.get(match[4], 1)
    fraction = match[3] or ""
    value, rest = int(match[2]) * scale, 0
    if fraction:
        more, rest = divmod(int(fraction) * scale, 10 ** len(fraction))
        value += more
    if rest or (fraction and scale == 1):
        raise ValueError(f"{text[:40]!r} is not a whole number")
    return -value if match[1] else value


def parse_ratio(text: str) -> int:
    """Return parts per million for `0.25`, `.25` or `25%`, cut to whole ppm. Raises ValueError."""
    match = _RATIO.fullmatch(text.strip())
    if match is None or not (match[1] or match[2]):
        raise ValueError(f"{text[:40]!r} is not a ratio; write it like 0.25 or 25%")
    scale = 10_000 if match[3] else 1_000_000
    fraction = match[2] or ""
    return int(match[1] or "0") * scale + (int(fraction) * scale // 10 ** len(fraction) if fraction else 0)


def format_ratio(ppm: int) -> str:
    """Return parts per million (>= 0) as the shortest decimal that `parse_ratio` reads back: `0.25`, `1`."""
    return f"{ppm // 1_000_000}.{ppm % 1_000_000:06d}".rstrip("0").rstrip(".")


def parse_value(knob: Knob, text: str) -> KnobValue:
    """Return the stored value of `text` for `knob`. Raises ValueError naming the bounds."""
    body = text.strip().strip("\"'")
    if knob.unlimited and body.lower() in ("unlimited", "none", "inf"):
        return UNLIMITED
    if knob.kind == "enum":
        if body not in knob.choices:
            raise ValueError(f"{knob.name} takes one of {', '.join(knob.choices)}; got {body!r}")
        return body
    if knob.kind == "bool":
        if body.lower() not in ("true", "false", "on", "off"):
            raise ValueError(f"{knob.name} takes true or false; got {body!r}")
        return int(body.lower() in ("true", "on"))
    parse = {"int": parse_count, "ratio": parse_ratio, "duration": parse_duration}[knob.kind]
    value = parse(body)
    if not knob.low <= value <= knob.high:
        low, high = format_value(knob, knob.low), format_value(knob, knob.high)
        raise ValueError(f"{knob.name} must lie between {low} and {high}; got {body}")
    return value


def format_value(knob: Knob, value: KnobValue) -> str:
    """Return the text of a stored value, with its unit where that is not part of the text."""
    if isinstance(value, str):
        return value
    if knob.unlimited and value == UNLIMITED:
        return "unlimited"
    if knob.kind == "bool":
        return "true" if value else "false"
    if knob.kind == "duration":
        return format_duration(value)
    if knob.kind == "ratio":
        text = format_ratio(value)
        return text if "." in text else text + ".0"
    return f"{value} {knob.unit}".strip()


def value_text(knob: Knob, value: KnobValue) -> str:
    """Return the text of a stored value as a person types it: `parse_value` reads it back (whole ms)."""
    if knob.kind == "int" and not (knob.unlimited and value == UNLIMITED):
        return str(value)
    return format_value(knob, value)
