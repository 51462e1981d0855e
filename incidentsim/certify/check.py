"""What one check of a certificate found: passed or not, why not, and the figures behind it.

Made by the modules of `incidentsim.certify`, kept in certificates, shown by `scenario certify`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

DECIMALS = 4
"""Figures are kept to so many decimals: more is noise, and bytes must not depend on how a float is printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One of the ten. `problems` says in plain words what is wrong; `rows` are figures by seed, script or cause."""

    number: int
    name: str
    title: str
    problems: tuple[str, ...] = ()
    figures: dict[str, Any] = field(default_factory=dict)
    rows: tuple[dict[str, Any], ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values, numbers rounded."""
        value: dict[str, Any] = {
            "number": self.number, "name": self.name, "title": self.title, "ok": self.ok,
            "problems": list(self.problems), "figures": self.figures, "rows": list(self.rows),
        }  # fmt: skip
        rounded: dict[str, Any] = plain(value)
        return rounded


def plain(value: Any) -> Any:
    """Return a value as JSON has it: tuples as lists, numbers rounded, whole ones without a point."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        near = round(value, DECIMALS)
        return int(near) if near == int(near) else near
    return value


def seconds(t_us: int | None) -> float | None:
    """Return µs as seconds, None as None."""
    return None if t_us is None else t_us / 1_000_000
