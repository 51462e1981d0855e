"""What a sweep is made of: a cell, the task that carries it to a worker, and what the worker sends back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from incidentsim.scenario.model import Scenario


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Cell:
    """One play: a scenario by its id, a scripted player, a seed. Cells sort by these, in this order."""

    scenario: str
    player: str
    seed: int

    def __str__(self) -> str:
        return f"{self.scenario} {self.player} {self.seed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A cell with all that a worker on another machine needs to play it.

    `cache` is where runs made for scoring are kept; without one, scores of the same scenario and seed share nothing.
    """

    cell: Cell
    scenario: Scenario
    score: bool
    cache: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What came of one cell: `result` (plain JSON values, `play.result_of`), or, when it failed, `error`.

    `engine` is the digest of what played it (`identity.Engine.digest`); `trace` says where an error was raised.
    """

    cell: Cell
    engine: str
    result: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    trace: str = ""


def cells_of(scenarios: Iterable[str], players: Iterable[str], seeds: Iterable[int]) -> tuple[Cell, ...]:
    """Return every cell once, seed by seed, so that a sweep that is stopped has whole seeds."""
    names, who = tuple(scenarios), tuple(players)
    return tuple(
        dict.fromkeys(Cell(scenario=s, player=p, seed=n) for n in seeds for s in names for p in who)
    )  # fmt: skip
