"""Parameters of planted faults: from what a file says to the exact values that the world reads."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from incidentsim.scenario.fields import Count, Duration, Quantiles, Ratio
from incidentsim.scenario.problems import did_you_mean
from incidentsim.specs.faults import FaultSpec, Parameter
from incidentsim.specs.knobs import format_duration

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$")]
"""A revision, a field, a region: letters, digits and a few marks."""

_ADAPTERS: dict[str, TypeAdapter[Any]] = {
    "int": TypeAdapter(Count),
    "ratio": TypeAdapter(Ratio),
    "duration": TypeAdapter(Duration),
    "quantiles": TypeAdapter(Quantiles),
    "choice": TypeAdapter(Name),
    "name": TypeAdapter(Name),
}

_LONGEST_US = 86_400_000_000
"""Highest duration where a parameter has only the default bound (1,000 s, too short here): a day, in µs."""

_DEFAULT_HIGH = Parameter(name="", kind="int", help="").high


def parse_params(spec: FaultSpec, given: dict[str, Any]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return (parsed parameters with defaults, problems as (parameter, message))."""
    parsed: dict[str, Any] = {}
    problems: list[tuple[str, str]] = []
    known = {p.name: p for p in spec.all_parameters()}
    for name in given:
        if name not in known:
            listed = ", ".join(known) or "none"
            hint = did_you_mean(name, known) or f" ({spec.kind} takes {listed})"
            problems.append((name, f"unknown parameter{hint}"))
    for parameter in known.values():
        if parameter.name not in given:
            if parameter.default is None:
                problems.append(("", f"parameter {parameter.name!r} is missing: {parameter.help}"))
            else:
                parsed[parameter.name] = parameter.default
            continue
        try:
            parsed[parameter.name] = _parse(parameter, given[parameter.name])
        except ValueError as error:
            problems.append((parameter.name, str(error)))
    return parsed, problems


def _parse(parameter: Parameter, value: Any) -> Any:
    try:
        parsed = _ADAPTERS[parameter.kind].validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ValueError(first["msg"].removeprefix("Value error, ")) from None
    if parameter.kind == "quantiles":
        low, high = parsed[0][1], parsed[-1][1]
        if low < parameter.low or high > parameter.high:
            raise ValueError(f"values must lie between {parameter.low} and {parameter.high}")
        return parsed
    if parameter.kind in ("choice", "name"):
        if parameter.choices and parsed not in parameter.choices:
            raise ValueError(f"must be one of {', '.join(parameter.choices)}")
        return parsed
    high = parameter.high
    if parameter.kind == "duration" and high == _DEFAULT_HIGH:
        high = _LONGEST_US
    if not parameter.low <= parsed <= high:
        raise ValueError(f"must lie between {_show(parameter, parameter.low)} and {_show(parameter, high)}")
    return parsed


def _show(parameter: Parameter, stored: int) -> str:
    if parameter.kind == "duration":
        return format_duration(stored)
    if parameter.kind == "ratio":
        whole, rest = divmod(stored, 1_000_000)
        return f"{whole}.{rest:06d}".rstrip("0").rstrip(".")
    return str(stored)
