"""Times, lengths of time, shares and counts in prose, in the forms people write them.

`T+12:30`, `12m30s`, "twelve minutes in", `14:05` (when the text defines its clock), "half an hour", `12 %`, "one in
five", `1,200`, `1 200`, `1.2k`, "three", `2,5`. A number that can be read in two ways, such as `1.200`, has both
values. Pure text to integers: times in µs, shares in ppm, counts in thousandths.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

QuantityKind = Literal["moment", "length", "share", "count"]

SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """One quantity: its possible values, its words, where they stand, and the words after it (for counts)."""

    kind: QuantityKind
    values: tuple[int, ...]
    text: str
    start: int
    end: int
    after: str = ""


_ONES = {
    word: number
    for number, word in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
         "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
    )
}  # fmt: skip
_TENS = {
    word: 10 * number
    for number, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)
}
_BIG = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "k": 1_000, "m": 1_000_000, "dozen": 12}

_ONE = "|".join(_ONES)
_TEN = "|".join(_TENS)
_SPELT = (
    rf"(?:an? |an?(?= )|{_ONE}|{_TEN})"
    rf"(?:[ -](?:{_ONE}|{_TEN}|hundred|thousand|million|dozen|and(?= (?:{_ONE}|{_TEN}))))*"
)
_DIGITS = r"\d{1,3}(?:[,.'’\u00a0\u202f ]\d{3})+(?![\d])(?:[.,]\d+)?|\d+(?:[.,]\d+)?"
_NUMBER = rf"(?:{_DIGITS})"

_T_CLOCK = re.compile(r"\bt\s*([+\-−–])\s*(\d{1,3}):([0-5]\d)(?::([0-5]\d))?(?!\d)")
_T_LENGTH = re.compile(r"\bt\s*([+\-−–])\s*((?:\d+(?:\.\d+)?\s*(?:h|min|m|s)\s*)+|\d+(?:\.\d+)?\b)")
_CLOCK = re.compile(r"(?<![\d:.+\-])([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?(?![\d:])")
_UNIT = r"(?:hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s|milliseconds?|ms|days?|d)"
_LENGTH = re.compile(
    rf"(?<![\w.,])(?:(?:{_NUMBER}\s?-?\s?"
    rf"|{_SPELT}[\s-]\s?){_UNIT}(?![a-z]))(?:(?:\s?,?\s?(?:and\s)?)(?:{_NUMBER})\s?{_UNIT}(?![a-z]))*"
    r"(?: and a half)?"
)
_HALVES = re.compile(
    r"\b(?:(half an|half a|quarter of an|a quarter of an|three quarters of an)|(\w+) and a half)\s+(hours?|minutes?)\b"
)
_PART = re.compile(rf"({_NUMBER}(?=\s?-?\s?{_UNIT})|{_SPELT}(?=[\s-]))\s?-?\s?({_UNIT})(?![a-z])")
_NO_LENGTH = ("a second", "a s", "a m", "a h", "a d", "one second")
"""Words that look like a length of time and mostly are none: "a second look"."""
_SHARE = re.compile(rf"(?<![\w.,])({_NUMBER}|{_SPELT})\s?(?:%|percent\b|per cent\b|pct\b)")
_OUT_OF = re.compile(rf"\b({_ONE}|\d+)\s+(?:in|out of)\s+(?:every\s+)?({_ONE}|\d+)\b(?!\s*{_UNIT}\b)")
_FRACTIONS = (
    ("three quarters", 750_000), ("two thirds", 666_667), ("a third", 333_333), ("one third", 333_333),
    ("a quarter", 250_000), ("one quarter", 250_000), ("half", 500_000), ("a fifth", 200_000), ("a tenth", 100_000),
)  # fmt: skip
_COUNT = re.compile(
    rf"(?<![\w.,:/=-])(\$\s?)?({_NUMBER}(?:\s?(?:k|m|thousand|million))?\b|(?:{_ONE}|{_TEN}"
    rf"|dozen)(?:[ -](?:{_ONE}|{_TEN}|hundred|thousand|million))*\b)(?![:=%/]|\.\d|\s?(?:to|-|–)\s?\d)"
)
_US = {"h": 3600, "m": 60, "s": 1, "d": 86_400}

_INTO = re.compile(
    r"^\s*(?:in\b|into\b|(?:after|past|from|following|since) (?:the |our |we |being |t\b)?(?:first )?(?:page"
    r"|alert|start|paged|t\+0|t0|beginning|incident)|mark\b)"
)
_BEFORE_PAGE = re.compile(
    r"^\s*(?:before|ahead of|prior to) (?:the |our |we )?(?:first )?(?:page|alert|were paged|t\+0|start)"
)
_MINUTE_NUMBER = re.compile(rf"\b(?:at |by |around |in )?minute (\d+|{_ONE}|{_TEN})\b")
_AFTER = re.compile(r"\b(?:after|at|by)\s+(?:about |around |roughly |some |only |just |nearly |almost )?$")


def value_of(text: str) -> tuple[int, ...]:
    """Return what a number may mean, in thousandths: one value, two where a mark is ambiguous, none if it is none."""
    body = text.strip().casefold().rstrip(".")
    suffix = 1
    for word in ("thousand", "million", "k", "m"):
        if body.endswith(word) and body[: -len(word)].strip()[-1:].isdigit():
            suffix, body = _BIG[word], body[: -len(word)].strip()
            break
    if not body[:1].isdigit():
        spelt = _spelt(body)
        return () if spelt is None else (spelt * 1000,)
    body = re.sub(r"[\s\u00a0\u202f'’]", "", body)
    marks = re.findall(r"[.,]", body)
    readings: list[str] = []
    if not marks:
        readings = [body]
    elif len(set(marks)) == 2:
        last = marks[-1]
        other = "," if last == "." else "."
        readings = [body.replace(other, "").replace(last, ".")]
    elif len(marks) > 1:
        readings = [body.replace(marks[0], "")]
    else:
        whole, _, rest = body.partition(marks[0])
        readings = [f"{whole}.{rest}"]
        if len(rest) == 3 and whole != "0" and suffix == 1:
            joined = whole + rest
            readings = [joined, readings[0]] if marks[0] == "," else [readings[0], joined]
    out: list[int] = []
    for reading in readings:
        whole, _, rest = reading.partition(".")
        if len(whole) <= 15:
            out.append((int(whole) * 1000 + int((rest + "000")[:3])) * suffix)
    return tuple(dict.fromkeys(out))


def _spelt(text: str) -> int | None:
    total = group = 0
    any_word = False
    for word in re.split(r"[\s-]+", text):
        if word in _ONES:
            group += _ONES[word]
        elif word in _TENS:
            group += _TENS[word]
        elif word in ("a", "an"):
            group += 1
        elif word in ("hundred", "dozen"):
            group = (group or 1) * _BIG[word]
        elif word in ("thousand", "million"):
            total, group = total + (group or 1) * _BIG[word], 0
        elif word != "and":
            return None
        any_word = True
    return total + group if any_word else None


def clock_zero(text: str) -> int | None:
    """Return the time of day, in µs, that a text gives T+0, as in "T+0 = 14:05" or "paged at 14:05 (T+0)"."""
    clock = r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?"
    for pattern in (
        rf"\bt\s?(?:\+\s?0+(?::00)*)?\s*(?:=|is|was|means|at)\s*{clock}",
        rf"{clock}[^\n.]{{0,20}}\(\s*(?:=\s*)?t\s?\+\s?0+(?::00)*\s*\)",
    ):
        match = re.search(pattern, text.casefold())
        if match:
            return (int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3] or 0)) * SECOND_US
    return None


def quantities(text: str, zero_us: int | None = None) -> tuple[Quantity, ...]:
    """Return the quantities of a sentence in order. `zero_us` is the time of day of T+0, None if it is not said.

    Without it `12:30` is read as minutes and seconds after T+0.
    """
    lowered = text.casefold()
    out: list[Quantity] = []
    taken = [False] * (len(lowered) + 1)

    def add(kind: QuantityKind, values: tuple[int, ...], start: int, end: int, *, after: str = "") -> None:
        if values and not any(taken[start:end]):
            taken[start:end] = [True] * (end - start)
            out.append(Quantity(kind=kind, values=values, text=text[start:end].strip(), start=start, end=end,
                                after=after))  # fmt: skip

    for m in _T_CLOCK.finditer(lowered):
        parts = [int(p) for p in m.groups()[1:] if p is not None]
        seconds = parts[0] * 60 + parts[1] if len(parts) == 2 else parts[0] * 3600 + parts[1] * 60 + parts[2]
        add("moment", ((1 if m[1] == "+" else -1) * seconds * SECOND_US,), m.start(), m.end())
    for m in _T_LENGTH.finditer(lowered):
        sign = 1 if m[1] == "+" else -1
        length = _length(m[2])
        seconds_only = (int(float(m[2]) * SECOND_US),) if length is None and float(m[2]) == 0 else ()
        add("moment", (sign * length,) if length is not None else seconds_only, m.start(), m.end())
    for m in _CLOCK.finditer(lowered):
        a, b, c = int(m[1]), int(m[2]), int(m[3] or 0)
        if zero_us is None:
            values: tuple[int, ...] = ((a * 60 + b if m[3] is None else a * 3600 + b * 60 + c) * SECOND_US,)
        else:
            values = ((a * 3600 + b * 60 + c) * SECOND_US - zero_us,)
        add("moment", values, m.start(), m.end())
    for m in _MINUTE_NUMBER.finditer(lowered):
        add("moment", tuple(v * 60 * SECOND_US // 1000 for v in value_of(m[1])), m.start(), m.end())
    for pattern in (_HALVES, _LENGTH):
        for m in pattern.finditer(lowered):
            us = None if m[0] in _NO_LENGTH else _half(m) if pattern is _HALVES else _length(m[0])
            if us is not None:
                rest, before = lowered[m.end() :], lowered[: m.start()]
                if _BEFORE_PAGE.match(rest):
                    add("moment", (-us,), m.start(), m.end())
                elif _INTO.match(rest) or _AFTER.search(before):
                    add("moment", (us,), m.start(), m.end())
                else:
                    add("length", (us,), m.start(), m.end())
    for m in _SHARE.finditer(lowered):
        add("share", tuple(v * 10 for v in value_of(m[1])), m.start(), m.end())
    for m in _OUT_OF.finditer(lowered):
        part, whole = value_of(m[1]), value_of(m[2])
        if part and whole and 0 < part[0] <= whole[0]:
            add("share", (part[0] * 1_000_000 // whole[0],), m.start(), m.end())
    for name, ppm in _FRACTIONS:
        for m in re.finditer(rf"\b{name}(?= of\b| the\b| all\b)", lowered):
            add("share", (ppm,), m.start(), m.end())
    for m in _COUNT.finditer(lowered):
        add("count", value_of(m[2]), m.start(), m.end(), after="$" if m[1] else lowered[m.end() : m.end() + 60])
    return tuple(sorted(out, key=lambda q: q.start))


def _length(text: str) -> int | None:
    total, found = 0, False
    for m in _PART.finditer(text):
        values = value_of(m[1])
        if not values:
            return None
        unit = m[2]
        micro = 1 if unit.startswith(("ms", "milli")) else 1000 * _US["m" if unit.startswith("mi") else unit[0]]
        total += values[-1 if "," in m[1] else 0] * micro
        found = True
    if found and text.rstrip().endswith("and a half"):
        total += 30 * SECOND_US if "minute" in text else 1800 * SECOND_US
    return total if found else None


def _half(m: re.Match[str]) -> int | None:
    unit = 3600 if m[3].startswith("h") else 60
    if m[1]:
        part = {"half": 2, "quar": 1, "a qu": 1, "thre": 3}[m[1][:4]]
        return unit * part * SECOND_US // 4
    whole = _spelt(m[2])
    return None if whole is None else (whole * 2 + 1) * unit * SECOND_US // 2
