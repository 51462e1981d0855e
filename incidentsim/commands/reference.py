"""Markdown tables of what the world is made of, from `specs`: knobs, faults, metrics. Used by `make docs`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from incidentsim.specs.components import COMPONENTS
from incidentsim.specs.faults import COURSE, FAULTS, Parameter
from incidentsim.specs.knobs import Knob, format_duration, format_ratio, format_value, value_text
from incidentsim.specs.metrics import METRICS


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; bars inside cells are escaped."""
    lines = [_row(head), _row(["---"] * len(head))]
    lines += [_row(cells) for cells in rows]
    return "\n".join(lines)


def bounds(knob: Knob) -> str:
    """Return what a knob accepts: its choices, or its bounds with the unit."""
    if knob.kind == "enum":
        return ", ".join(knob.choices)
    if knob.kind == "bool":
        return "true, false"
    text = f"{value_text(knob, knob.low)} to {value_text(knob, knob.high)}"
    if knob.unit:
        text += f" {knob.unit}"
    return f"{text}, or unlimited" if knob.unlimited else text


def knob_reference() -> str:
    """Return every component kind with its knobs, as Markdown."""
    out = ["# Components and their knobs"]
    for spec in COMPONENTS.values():
        out += ["", f"## {spec.kind}", "", spec.help]
        if spec.knobs:
            rows = [
                (
                    f"`{knob.name}`",
                    bounds(knob),
                    format_value(knob, knob.default),
                    "yes" if knob.rolls else "no",
                    knob.help,
                )
                for knob in spec.knobs
            ]
            out += ["", table(("knob", "accepts", "default", "restarts pods", "meaning"), rows)]
    return "\n".join(out) + "\n"


def fault_reference() -> str:
    """Return every kind of fault with its parameters, as Markdown."""
    out = ["# Faults", "", "Every fault that isn't standing also takes these:", "", _parameters(COURSE)]
    for spec in FAULTS.values():
        out += ["", f"## {spec.kind}", "", spec.help, "", f"- Hits: {spec.component}"]
        if spec.standing:
            out.append("- Standing: a fact of the configuration, without an effect of its own")
        out.append(f"- Gone when {spec.removed}")
        if spec.parameters:
            out += ["", _parameters(spec.parameters)]
    return "\n".join(out) + "\n"


def metric_reference() -> str:
    """Return every metric family, as one Markdown table."""
    rows = [
        (f"`{m.name}`", m.type, m.unit, ", ".join(f"`{label}`" for label in m.labels), m.help, m.source)
        for m in METRICS.values()
    ]
    head = ("metric", "type", "unit", "labels", "meaning", "name from")
    return f"# Metrics\n\n{table(head, rows)}\n"


def _parameters(parameters: Iterable[Parameter]) -> str:
    rows = [(f"`{p.name}`", p.kind, _parameter_default(p), p.help) for p in parameters]
    return table(("parameter", "kind", "default", "meaning"), rows)


def _parameter_default(parameter: Parameter) -> str:
    default = parameter.default
    if default is None:
        return "required"
    if isinstance(default, str):
        return default
    if parameter.kind == "duration":
        return format_duration(default)
    if parameter.kind == "ratio":
        return format_ratio(default)
    return str(default)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
