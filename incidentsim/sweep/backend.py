"""Where cells are played, as `run.sweep` sees it: something that takes tasks and gives back what came of them."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from incidentsim.sweep.cell import Finished, Task


class Backend(Protocol):
    """Takes tasks while it has room. Left with an error or an interrupt, it drops what is being played.

    `slow_scores` says why scores take longer there than here; empty when they don't.
    """

    @property
    def slow_scores(self) -> str: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def room(self) -> int:
        """Return how many more tasks it wants now."""
        ...

    def submit(self, task: Task, /) -> None:
        """Begin a task."""
        ...

    def finished(self) -> list[Finished]:
        """Wait until a task is finished, and return all that are. Raises IncidentSimError when it can't go on."""
        ...
