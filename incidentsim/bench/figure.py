"""What a benchmark figure is: measured values, each with its bound, and one verdict.

Every measurement of this package returns a Figure; `cli.verbs.bench` prints them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Tell = Callable[[str], None]
"""Is told in a few words what is being measured now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One measured value and what it must be."""

    name: str
    value: float
    sense: Literal[">=", "<=", "=="]
    limit: float

    @property
    def ok(self) -> bool:
        """Whether the value keeps to its limit."""
        if self.sense == ">=":
            return self.value >= self.limit
        return self.value <= self.limit if self.sense == "<=" else self.value == self.limit

    @property
    def goal(self) -> str:
        """The limit in words."""
        return f"{self.name} {self.sense} {self.limit:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of the benchmark: `ok` when every bound holds. `how` says how it was got, and seconds.

    `beside` are values that are shown and judged by nothing.
    """

    id: str
    bounds: tuple[Bound, ...]
    how: str
    beside: tuple[tuple[str, float], ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all bounds hold."""
        return all(bound.ok for bound in self.bounds)

    def to_json(self) -> dict[str, object]:
        """Return `{"value": …, "goal": …, "ok": …, "how": …}`."""
        return {
            "value": {bound.name: rounded(bound.value) for bound in self.bounds}
            | {name: rounded(value) for name, value in self.beside},
            "goal": ", ".join(bound.goal for bound in self.bounds),
            "ok": self.ok,
            "how": self.how,
        }


@dataclass(slots=True, kw_only=True)
class Settings:
    """How thoroughly to measure. `quick` is for trying the benchmark: fewer rounds, shorter runs, same goals."""

    quick: bool = False
    tell: Tell = field(default=lambda words: None)

    def pick(self, whole: int, quick: int) -> int:
        """Return the size of something for this run."""
        return quick if self.quick else whole


def rounded(value: float) -> float:
    """Return a value with four significant digits, whole numbers as they are."""
    return value if isinstance(value, int) else float(f"{value:.4g}")
