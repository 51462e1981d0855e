"""Values between two others, as a scenario file writes them: durations, counts, percentages, decimals.

Used by `scenario.vary` for ranges. Everything is exact: decimals and whole microseconds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from incidentsim.scenario.parts import Range
from incidentsim.scenario.problems import quoted
from incidentsim.scenario.tree import Node, Scalar
from incidentsim.specs.knobs import format_duration, parse_duration

MOST_VALUES = 100_000
"""Most values of one range: finer steps than that can't be told apart."""

_NUMBER = re.compile(r"(-?[0-9]{1,15}(?:\.[0-9]{1,9})?)(%|k|)")
_MILLISECOND_US = 1_000
_SECOND_US = 1_000_000
_SHORT_US = 10_000_000
"""Durations below this, in µs, vary by milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A value with its unit: `duration` in µs, a number with a suffix, or a plain number (no unit)."""

    unit: str
    value: Decimal


def amount_of(value: object) -> Amount:
    """Return a written value as an amount. Raises ValueError when it is none."""
    if isinstance(value, bool) or value is None or isinstance(value, dict | tuple):
        raise ValueError(f"{quoted(value)} is no number and no duration; list values with among")
    if isinstance(value, int | float):
        return Amount(unit="number", value=Decimal(repr(value)))
    text = str(value)
    number = _NUMBER.fullmatch(text)
    if number:
        return Amount(unit=number[2] or "text", value=Decimal(number[1]))
    try:
        return Amount(unit="duration", value=Decimal(parse_duration(text)))
    except ValueError:
        raise ValueError(f"{quoted(value)} is no number and no duration; list values with among") from None


def values_of(span: Range, written: Node) -> Sequence[Scalar]:
    """Return the values that a range allows, in rising order. Raises ValueError with what is wrong with it."""
    if span.among:
        if isinstance(written.value, dict | tuple):
            raise ValueError("a range is about one value, and there are several at this place")
        return span.among
    here = amount_of(written.value)
    low, high = amount_of(span.low), amount_of(span.high)
    step = amount_of(span.step) if span.step is not None else _usual_step(low, high, here)
    zero = Amount(unit=here.unit, value=Decimal(0))
    low, high, here = (zero if amount == Amount(unit="number", value=Decimal(0)) and here.unit == "duration" else amount
                       for amount in (low, high, here))  # fmt: skip
    if not low.unit == high.unit == step.unit == here.unit:
        raise ValueError(f"low, high and step are written like the value there, which is {quoted(written.value)}")
    if not low.value < high.value or step.value <= 0:
        raise ValueError("low must be less than high, and the step above 0")
    count = int((high.value - low.value) / step.value) + 1
    if count > MOST_VALUES:
        raise ValueError(f"more than {MOST_VALUES:,} values; give a larger step")
    return Steps(low=low, step=step.value, number=count)


def _usual_step(low: Amount, high: Amount, here: Amount) -> Amount:
    if here.unit == "duration":
        short = max(abs(low.value), abs(high.value)) < _SHORT_US
        return Amount(unit="duration", value=Decimal(_MILLISECOND_US if short else _SECOND_US))
    finest = min(int(amount.value.as_tuple().exponent) for amount in (low, high, here))
    return Amount(unit=here.unit, value=Decimal(1).scaleb(finest))


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps(Sequence[Scalar]):
    """The values of a range, made when they are asked for."""

    low: Amount
    step: Decimal
    number: int

    def __len__(self) -> int:
        return self.number

    def __getitem__(self, index: int) -> Scalar:  # type: ignore[override]
        place = index + self.number if index < 0 else index
        if not 0 <= place < self.number:
            raise IndexError(index)
        return _written(self.low.unit, self.low.value + self.step * place)


def _written(unit: str, value: Decimal) -> Scalar:
    if unit == "duration":
        return format_duration(int(value))
    whole = value == value.to_integral_value()
    if unit == "number":
        return int(value) if whole else float(value)
    text = format(value, "f")
    return f"{text}{'' if unit == 'text' else unit}"
