"""Wall time and memory of a headless 45-minute run of slow-chat's world, beside bare SimPy in the same process.

`python -m benchmarks.headless_run` prints JSON: unattended and with telemetry, then without; seconds are
informative, the ratio to bare SimPy timeouts (1,000 processes) is what compares between machines.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from typing import Any

import simpy

MINUTES = 45
"""Scenario minutes run: prelude 12, then 33."""

PROCESSES = 1_000
"""Processes of the bare-SimPy calibrator."""

TIMEOUTS = 400
"""Timeouts of each."""


def bare_timeouts_per_second() -> float:
    """Return how many timeouts per second SimPy alone handles here."""
    env = simpy.Environment()

    def ticking(offset: int):  # type: ignore[no-untyped-def]
        yield env.timeout(offset)
        for _ in range(TIMEOUTS):
            yield env.timeout(1_000)

    for i in range(PROCESSES):
        env.process(ticking(i))
    started = time.perf_counter()
    env.run()
    return PROCESSES * (TIMEOUTS + 1) / (time.perf_counter() - started)


def measure(telemetry: bool) -> dict[str, Any]:
    """Run the world once in this process."""
    from incidentsim.scenario.cast import plain_cast
    from incidentsim.scenario.catalogue import find
    from incidentsim.scenario.load import load_scenario
    from incidentsim.world import World

    bare = bare_timeouts_per_second()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    scenario = load_scenario(find("slow-chat"))
    started = time.perf_counter()
    world = World(scenario, seed=1, cast=plain_cast(scenario), telemetry=telemetry)
    world.advance(MINUTES * 60_000_000 - scenario.prelude)
    wall = time.perf_counter() - started
    offered = sum(n for key, (n, _) in world.sli().items() if key.startswith("ttft/"))
    events = world.events_scheduled()
    return {
        "telemetry": telemetry, "wall_s": round(wall, 2), "user_requests": offered, "kernel_events": events,
        "kernel_events_per_request": round(events / offered, 2), "events_per_s": round(events / wall),
        "bare_simpy_timeouts_per_s": round(bare), "ratio_to_bare_simpy": round(events / wall / bare, 3),
        "requests_per_bare_timeout": round(offered / wall / bare, 4),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, "rss_before_mb": before // 1024,
    }  # fmt: skip


def main() -> None:
    """Measure each in a process of its own."""
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1] == "on")))
        return
    figures = []
    for telemetry in ("on", "off"):
        command = [sys.executable, "-m", "benchmarks.headless_run", telemetry]
        figures.append(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout))
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
