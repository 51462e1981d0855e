"""The one code path of a sweep: what is missing is played, each cell is kept when it is finished, results are sorted.

Called by `incidentsim sweep` and by benchmarks. The digest of a sweep covers its results and nothing else: equal for
any number of processes, on a cluster or not, in one go or with interruptions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from incidentsim.errors import IncidentSimError, UsageError
from incidentsim.scenario.model import Scenario
from incidentsim.specs.people import POLICIES
from incidentsim.sweep.backend import Backend
from incidentsim.sweep.cell import Cell, Finished, Task, cells_of
from incidentsim.sweep.identity import Engine, this_engine
from incidentsim.sweep.order import Queue
from incidentsim.sweep.store import Record, Store

Tell = Callable[[int, int, str], None]
"""Is told how many cells of how many are there, and which one came last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """What to play: every player in every scenario on every seed; `score` each play, keeping runs in `cache`."""

    scenarios: tuple[Scenario, ...]
    players: tuple[str, ...]
    seeds: tuple[int, ...]
    score: bool = False
    cache: Path | None = None

    def by_id(self) -> dict[str, Scenario]:
        """Return the scenarios by id. Raises UsageError for two of one id, and for an unknown player."""
        found: dict[str, Scenario] = {}
        for scenario in self.scenarios:
            if found.setdefault(scenario.id, scenario) != scenario:
                raise UsageError(f"two different scenarios are called {scenario.id}; sweep them one after the other")
        unknown = [name for name in self.players if name not in POLICIES]
        if unknown:
            raise UsageError(f"there is no player {unknown[0]!r}; known: {', '.join(POLICIES)}")
        return found

    def cells(self) -> tuple[Cell, ...]:
        """Return the cells in the order in which they are begun."""
        return cells_of(self.by_id(), self.players, self.seeds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A finished sweep: every cell, sorted; how many of them were played now; the digest of the results."""

    records: tuple[Record, ...]
    played: int
    digest: str
    results: Path

    def failed(self) -> tuple[Record, ...]:
        """Return the cells that ended with an error."""
        return tuple(record for record in self.records if record.error)


def sweep(grid: Grid, store: Store, backend: Backend, tell: Tell = lambda done, total, what: None) -> Outcome:
    """Play the cells of `grid` that `store` lacks, and return all of them.

    A cell that failed before is tried again. Left by an interrupt or an error, the store holds every cell that was
    finished, and the same call goes on from there. Raises UsageError when the store holds something else, and
    IncidentSimError when the backend can't go on or plays with another engine.
    """
    scenarios = grid.by_id()
    cells = grid.cells()
    digests = {name: scenario.digest for name, scenario in scenarios.items()}
    records = store.kept(cells, digests)
    missing = [cell for cell in cells if cell not in records]
    queue = Queue(missing, shared=grid.score)
    engine = this_engine()
    tell(len(records), len(cells), "")
    with backend:
        running = 0
        while missing:
            running += _fill(backend, queue, grid, scenarios)
            if not running:
                break
            for finished in backend.finished():
                _check(finished, engine)
                running -= 1
                queue.done(finished.cell)
                records[finished.cell] = store.keep(finished, digests[finished.cell.scenario])
                tell(len(records), len(cells), _told(finished))
    ordered = tuple(records[cell] for cell in sorted(records))
    return Outcome(
        records=ordered, played=len(missing), digest=store.write_results(ordered), results=store.results_path
    )  # fmt: skip


def _fill(backend: Backend, queue: Queue, grid: Grid, scenarios: dict[str, Scenario]) -> int:
    """Begin as many cells as there is room for; return how many."""
    begun = 0
    for _ in range(backend.room()):
        cell = queue.next()
        if cell is None:
            break
        backend.submit(Task(cell=cell, scenario=scenarios[cell.scenario], score=grid.score, cache=grid.cache))
        begun += 1
    return begun


def _check(finished: Finished, engine: Engine) -> None:
    if finished.engine != engine.digest:
        raise IncidentSimError(
            f"{finished.cell} was played by another engine than this one (a worker that came later?); it was not kept. "
            "Install the same incidentsim and Python on every worker, and start the same sweep again"
        )


def _told(finished: Finished) -> str:
    return f"{finished.cell} failed: {finished.error}" if finished.error else str(finished.cell)
