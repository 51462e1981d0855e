"""Texts of alerts: Go's templating as far as rule files use it."""

from __future__ import annotations

import math

import pytest

from incidentsim.errors import QueryError
from incidentsim.telemetry.humanize import default_text, humanize_1024, humanize_duration
from incidentsim.telemetry.templates import check_template, render

LABELS = {"pod": "decode-3", "zone": "x"}


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("no places }} %d", 1.0, "no places }} %d"),
        ("{{ $labels.pod }}{{$labels.gone}}: {{ $value }}", 2.0, "decode-3: 2"),
        ("{{ .Labels.pod }} {{ .Value }}", 0.5, "decode-3 0.5"),
        ('{{ $value | printf "%.2f" }}', 2 / 3, "0.67"),
        ('{{ printf "%.2f" $value }}', 2.5, "2.50"),
        ('{{ printf "%s: %6.1f|%-6.1f|" $labels.pod $value $value }}', 7.25, "decode-3:    7.2|7.2   |"),
        ('{{ printf "%+.0f%%" $value }}', 7.25, "+7%"),
        ("{{ printf `%v %v` $labels.zone $value }}", 1e6, "x 1e+06"),
        ('{{ $value | printf "%.1f" }}', math.inf, "+Inf"),
        ('{{ $value | printf "%5.1f" }}', math.nan, "  NaN"),
        ('{{ $value | printf "%e" }}', 12345.0, "1.234500e+04"),
        ('{{ $value | humanize | printf "%s req/s" }}', 12_345.0, "12.35k req/s"),
        ("{{ humanizeDuration $value }}", 3_725.5, "1h 2m 5s"),
        ("{{ $value | humanizePercentage }}", 0.0312, "3.12%"),
        ("{{ $value | humanize1024 }}", 3 * 2**30, "3Gi"),
        ("{{ $labels.pod | toUpper }} {{ toLower `ABC` }}", 0.0, "DECODE-3 abc"),
        ('{{ "a }} \\"b\\"" }}', 0.0, 'a }} "b"'),
    ],
)
def test_places_are_filled_as_go_does(text: str, value: float, expected: str) -> None:
    """Values, labels and functions give Go's texts, alone and in pipelines."""
    check_template(text)
    assert render(text, LABELS, value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0s"), (0.0125, "12.5ms"), (1e-6, "1us"), (59.99, "59.99s"), (60, "1m 0s"), (-61, "-1m 1s"),
        (86_400, "1d 0h 0m 0s"), (math.nan, "NaN"),
    ],
)  # fmt: skip
def test_durations_for_people(value: float, expected: str) -> None:
    """Seconds below a minute have four digits, longer ones are split."""
    assert humanize_duration(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(0, "0"), (0.5, "0.5"), (1023, "1023"), (1024, "1ki"), (-2048, "-2ki")]
)
def test_binary_prefixes(value: float, expected: str) -> None:
    """Only values of 1024 and more get a prefix."""
    assert humanize_1024(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0"), (-0.0, "-0"), (123456.789, "123456.789"), (1234567, "1.234567e+06"), (1e9, "1e+09"),
        (0.0001, "0.0001"), (0.00001, "1e-05"), (-1.5e300, "-1.5e+300"), (math.inf, "+Inf"),
    ],
)  # fmt: skip
def test_plain_values_are_written_as_go_writes_them(value: float, expected: str) -> None:
    """From 1e6 on and below 1e-4 there is an exponent, as in Prometheus' own alert texts."""
    assert default_text(value) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ query `up` }}", "no function 'query'"),
        ("{{ if $value }}", "no function 'if'"),
        ("{{ $labels }}", "can't read"),
        ("{{ $value", "not closed"),
        ("{{ }}", "a value is missing"),
        ("{{ $value | }}", "a value is missing"),
        ("{{ $labels.pod | humanize }}", "takes one number"),
        ("{{ $value | toUpper }}", "takes one text"),
        ('{{ $value | printf "%d" }}', "does not fit a number"),
        ('{{ $labels.pod | printf "%.1f" }}', "does not fit a text"),
        ('{{ printf "%.1f" }}', "no value for"),
        ('{{ printf "x" $value }}', "don't fit together"),
        ('{{ printf "%.1f%" $value }}', "don't fit together"),
        ("{{ printf $value }}", "a format in quotes"),
        ('{{ $value | printf "%999.1f" }}', "wider than"),
        ("{{ $value humanize }}", "can't take arguments"),
        ("{{ humanize humanize }}", "can't be an argument"),
    ],
)
def test_what_is_not_supported_is_refused_when_the_rules_load(text: str, message: str) -> None:
    """A text that could not be filled in raises with the reason and what can be used."""
    with pytest.raises(QueryError, match=message):
        check_template(text)
