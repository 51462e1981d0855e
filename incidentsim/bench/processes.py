"""Measuring processes from the outside: start, step, and take turns with the calibrator."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from incidentsim.errors import IncidentSimError


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Sums over all steps of one process, and the calibrator's speed measured in between.

    `counts` holds whatever the workload yields. Speeds are per CPU second, which other programs on the machine
    disturb less than wall time; `wall_s` is informative.
    """

    counts: dict[str, float]
    cpu_s: float
    wall_s: float
    peak_mb: float
    bare_per_s: float

    def ratio(self, count: str) -> float:
        """Return how many of `count` per CPU second, as a ratio to bare timeouts per CPU second."""
        return self.counts[count] / self.cpu_s / self.bare_per_s


class Child:
    """One measuring process. `step` returns None when its work is done."""

    def __init__(self, name: str, settings: dict[str, Any]) -> None:
        self._name = name
        self._process = subprocess.Popen(
            [sys.executable, "-m", "incidentsim.bench.child", name, json.dumps(settings)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip

    def step(self) -> dict[str, float] | None:
        """Have it do one step. Raises IncidentSimError when it died."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write("\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if line:
            answer: dict[str, float] = json.loads(line)
            return answer
        if process.wait():
            code = process.returncode
            raise IncidentSimError(f"the process that measures {self._name} ended with code {code}; see above why")
        return None

    def stop(self) -> None:
        """End it and what it forked, whatever they are doing."""
        if self._process.poll() is None:
            if hasattr(os, "killpg"):  # it leads a session of its own, so that Ctrl+C reaches the caller alone
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


@contextmanager
def child(name: str, **settings: Any) -> Iterator[Child]:
    """Start a measuring process that ends with the block."""
    started = Child(name, settings)
    try:
        yield started
    finally:
        started.stop()


def measure(name: str, **settings: Any) -> Measured:
    """Run a workload to its end in a fresh process, in turns with a fresh calibrator."""
    counts: dict[str, float] = {}
    bare = bare_s = 0.0
    with child("bare_simpy") as calibrator, child(name, **settings) as work:
        calibrator.step()  # warm up
        peak_mb = cpu_s = wall_s = 0.0
        while (step := work.step()) is not None:
            cpu_s += step.pop("cpu_s")
            wall_s += step.pop("wall_s")
            peak_mb = step.pop("peak_mb")
            for key, value in step.items():
                counts[key] = counts.get(key, 0) + value
            turn = calibrator.step()
            assert turn is not None, "the calibrator never ends"
            bare += turn["timeouts"]
            bare_s += turn["cpu_s"]
    return Measured(counts=counts, cpu_s=cpu_s, wall_s=wall_s, peak_mb=peak_mb, bare_per_s=bare / bare_s)
