"""Which cell is played next: in the given order, but no two at once that would compute the same baseline.

Scores of one scenario and seed share the runs of doing nothing and of the references. The first cell of such a group
computes and keeps them; the others of the group wait for it, and read them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from incidentsim.sweep.cell import Cell

Group = tuple[str, int]
"""Scenario and seed: what a baseline depends on."""


def group_of(cell: Cell) -> Group:
    """Return the group whose baseline a cell uses."""
    return (cell.scenario, cell.seed)


class Queue:
    """Cells that wait. With `shared`, one cell of a group comes out alone, and the others after it is `done`."""

    def __init__(self, cells: Iterable[Cell], *, shared: bool) -> None:
        self._ready: deque[Cell] = deque()
        self._closed: dict[Group, deque[Cell]] = {}
        self._first: set[Cell] = set()
        if not shared:
            self._ready.extend(cells)
            return
        for cell in cells:
            self._closed.setdefault(group_of(cell), deque()).append(cell)
        self._unbegun = deque(self._closed)

    def next(self) -> Cell | None:
        """Take out the next cell; None when there is none, or when all wait for a cell that is being played."""
        if self._ready:
            return self._ready.popleft()
        if self._closed and self._unbegun:
            first = self._closed[self._unbegun.popleft()].popleft()
            self._first.add(first)
            return first
        return None

    def done(self, cell: Cell) -> None:
        """Say that a cell that was taken is finished, or failed: those that waited for it may start."""
        if cell in self._first:
            self._first.remove(cell)
            self._ready.extend(self._closed.pop(group_of(cell)))
