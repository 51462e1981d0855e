"""How values are written: durations, counts, ratios and the values of knobs, with their bounds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidentsim.specs.components import COMPONENTS
from incidentsim.specs.knobs import (
    UNLIMITED,
    Knob,
    format_duration,
    format_ratio,
    format_value,
    parse_count,
    parse_duration,
    parse_ratio,
    parse_value,
    value_text,
)

KNOBS = [pytest.param(knob, id=f"{spec.kind}.{knob.name}") for spec in COMPONENTS.values() for knob in spec.knobs]


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("0s", 0),
        ("90s", 90_000_000),
        ("1m30s", 90_000_000),
        ("250ms", 250_000),
        ("1.5h", 5_400_000_000),
        ("2d", 172_800_000_000),
        (" -5m ", -300_000_000),
        ("+5m", 300_000_000),
        ("0.0000001s", 0),
    ],
)
def test_parse_duration(text: str, us: int) -> None:
    """A duration is read exactly, in microseconds, what is finer being cut."""
    assert parse_duration(text) == us


@pytest.mark.parametrize("text", ["", "-", "5", "s", "5 s", "1m 30s", "--5s", "-+5s", "1e3s", "٣s", "9" * 5_000 + "s"])
def test_parse_duration_refuses(text: str) -> None:
    """What is not a duration raises ValueError with the ways to write one."""
    with pytest.raises(ValueError, match="write it like 30s"):
        parse_duration(text)


@given(st.integers(-(10**15), 10**15))
def test_format_duration_is_read_back(ms: int) -> None:
    """Whole milliseconds survive writing and reading."""
    assert parse_duration(format_duration(ms * 1_000)) == ms * 1_000


@given(st.integers(-999, 999))
def test_format_duration_below_a_millisecond(us: int) -> None:
    """Less than a millisecond is written as nothing, without a sign."""
    assert format_duration(us) == "0s"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("400000", 400_000),
        ("400_000", 400_000),
        ("400,000", 400_000),
        ("400k", 400_000),
        (" 1.5M ", 1_500_000),
        ("-1.5k", -1_500),
        ("-3", -3),
        ("0", 0),
    ],
)
def test_parse_count(text: str, value: int) -> None:
    """A count is read with separators and with k and m for thousands and millions."""
    assert parse_count(text) == value


@pytest.mark.parametrize("text", ["", "k", "--5", "1.5", "1.2345k", "1e3", "5kk", "²", "0x10", "1" * 16])
def test_parse_count_refuses(text: str) -> None:
    """What is no whole number raises ValueError that says so."""
    with pytest.raises(ValueError, match="is not a whole number"):
        parse_count(text)


@given(st.integers(-(10**15) + 1, 10**15 - 1))
def test_count_is_read_back(value: int) -> None:
    """Every integer of up to 15 digits survives writing and reading."""
    assert parse_count(str(value)) == value


@pytest.mark.parametrize(
    ("text", "ppm"),
    [
        ("0.25", 250_000),
        (".25", 250_000),
        ("25%", 250_000),
        ("12.5 %", None),
        ("1", 1_000_000),
        ("250%", 2_500_000),
    ],
)
def test_parse_ratio(text: str, ppm: int | None) -> None:
    """A ratio is read in parts per million, as a decimal or as a percentage."""
    if ppm is None:
        with pytest.raises(ValueError, match="is not a ratio"):
            parse_ratio(text)
    else:
        assert parse_ratio(text) == ppm


@pytest.mark.parametrize("text", ["", "%", ".", "5.", "-0.5", "²", "1e-1", "1/2", "nan"])
def test_parse_ratio_refuses(text: str) -> None:
    """What is no ratio raises ValueError that says so."""
    with pytest.raises(ValueError, match="is not a ratio"):
        parse_ratio(text)


@given(st.integers(0, 10**12))
def test_format_ratio_is_read_back(ppm: int) -> None:
    """Parts per million survive writing and reading."""
    assert parse_ratio(format_ratio(ppm)) == ppm


@pytest.mark.parametrize("knob", KNOBS)
def test_default_is_valid(knob: Knob) -> None:
    """The default of every knob is a value that a person may set."""
    assert parse_value(knob, value_text(knob, knob.default)) == knob.default


@pytest.mark.parametrize("knob", KNOBS)
@settings(max_examples=10)
@given(data=st.data())
def test_bounds_hold_exactly(knob: Knob, data: st.DataObject) -> None:
    """A knob takes every value from its lower to its upper bound and no other."""
    if knob.kind == "enum":
        assert all(parse_value(knob, choice) == choice for choice in knob.choices)
        with pytest.raises(ValueError, match="takes one of"):
            parse_value(knob, "".join(knob.choices))
        return
    step = 1_000 if knob.kind == "duration" else 1
    value = data.draw(st.integers(knob.low // step, knob.high // step)) * step
    assert parse_value(knob, value_text(knob, value)) == value
    if knob.kind != "bool":
        for outside in (knob.low - step, knob.high + step):
            with pytest.raises(ValueError, match=r"must lie between|is not a"):
                parse_value(knob, value_text(knob, outside) if outside >= 0 else f"-{abs(outside)}")


def test_unlimited() -> None:
    """Only a knob that may be without a limit takes `unlimited`, and is written so."""
    knob = Knob(name="limit", kind="int", default=UNLIMITED, help="", low=0, high=10, unit="a", unlimited=True)
    assert parse_value(knob, "Unlimited") == UNLIMITED
    assert format_value(knob, UNLIMITED) == value_text(knob, UNLIMITED) == "unlimited"
    with pytest.raises(ValueError, match="must lie between"):
        parse_value(knob, "-1")
    finite = Knob(name="limit", kind="int", default=1, help="", low=0, high=10)
    with pytest.raises(ValueError, match="not a whole number"):
        parse_value(finite, "unlimited")


def test_value_with_unit_is_for_people() -> None:
    """A count is shown with its unit and typed without it."""
    knob = Knob(name="depth", kind="int", default=1, help="", high=10, unit="requests")
    assert (format_value(knob, 7), value_text(knob, 7)) == ("7 requests", "7")
