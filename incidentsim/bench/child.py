"""The body of a measuring process: `python -m incidentsim.bench.child NAME JSON`, one workload in a fresh interpreter.

For each line on stdin it does one step and answers with a line of JSON on stdout: what was done, CPU seconds
(forked branches included), wall seconds, and the memory peak so far. After the last step it ends.
"""

from __future__ import annotations

import json
import os
import sys
import time

from incidentsim.bench.workloads import WORKLOADS

_BYTES_PER_MB = 1_000_000


def peak_mb() -> float:
    """Return the largest resident size so far in MB, or 0 where the platform does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / _BYTES_PER_MB


def cpu_s() -> float:
    """Return the CPU seconds of this process and of its children that have ended."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def serve(name: str, settings: str) -> None:
    """Do a step for every line read, until there is none or the work is done."""
    work = WORKLOADS[name](**json.loads(settings))
    for _ in sys.stdin:
        wall, cpu = time.perf_counter(), cpu_s()
        counts = next(work, None)
        cpu, wall = cpu_s() - cpu, time.perf_counter() - wall
        if counts is None:
            return
        print(json.dumps({**counts, "cpu_s": cpu, "wall_s": wall, "peak_mb": peak_mb()}), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2])
