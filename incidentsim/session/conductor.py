"""The process that re-simulates: it holds a world at the end of its prelude and grows a tree of branches from it.

Started by `session.resimulation` as a fresh interpreter, because a program with threads and an open terminal
must not be forked. It stays for all calls of one re-simulator, so that the prelude is simulated once.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import signal
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from multiprocessing.connection import Connection

from incidentsim.errors import IncidentSimError
from incidentsim.scoring.protocol import Outcome, Plan
from incidentsim.session.branching import Branches, grow
from incidentsim.session.plan_runs import PlanTree, Stage, resolved

_DONE = -1
"""Place of the message that ends the answer to one request: None, or the error."""

DIED = "the process that re-simulates died; try again with less running"


class Conductor:
    """The calling side. A conductor serves one request at a time; after an error it is no longer `usable`."""

    def __init__(self, stage: Stage, workers: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_conduct, args=(stage, workers, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self.usable = True

    def outcomes(self, plans: Sequence[Plan]) -> Iterator[tuple[int, Outcome]]:
        """Yield (place, outcome) of the plans as they come. Raises IncidentSimError, also when the process dies.

        Whoever stops reading before the end must close the conductor.
        """
        self.usable = False
        try:
            self._connection.send(tuple(plans))
            while True:
                place, value = self._connection.recv()
                if place == _DONE:
                    break
                yield place, value
        except (EOFError, OSError):
            raise IncidentSimError(DIED) from None
        if value is not None:
            raise value
        self.usable = True

    def close(self) -> None:
        """End the process and everything it started. May be called again."""
        self.usable = False
        self._connection.close()
        self._process.terminate()
        self._process.join()


def _conduct(stage: Stage, workers: int, connection: Connection) -> None:
    """Serve requests until the connection closes: the body of the process."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the branches are stopped, too
    gc.disable()  # worlds make no cycles (tests watch over it), and looking for them takes time and copies pages
    with contextlib.suppress(KeyboardInterrupt, EOFError, OSError):
        try:
            _serve(stage, workers, connection)
        except IncidentSimError as wrong:
            connection.send((_DONE, wrong))
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # nothing is left to stop; an interpreter that ends must not raise


def _serve(stage: Stage, workers: int, connection: Connection) -> None:
    watch = stage.watch()
    while True:
        plans: Sequence[Plan] = connection.recv()
        first_us = min(t for plan in plans for t in (plan.end_us, *(c.t_us for c in plan.commands)))
        if first_us <= watch.world.now_us:
            watch = stage.watch()
        # no later: another request may act as soon as the prelude is over
        watch.run_to_mark_before(min(first_us, 0))
        ready = [resolved(plan, watch.world) for plan in plans]
        for place, outcome in grow(partial(_grow, PlanTree(watch, ready), connection), workers):
            connection.send((place, outcome))
        connection.send((_DONE, None))


def _grow(tree: PlanTree, connection: Connection, branches: Branches) -> None:
    connection.close()  # else the caller would not see the conductor die
    tree.run(branches)
