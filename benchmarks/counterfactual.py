"""S5 of the design's figures: 20 counterfactual re-runs from minute 20 beside one full run with telemetry.

`python -m benchmarks.counterfactual` prints JSON. The full run is the 45 minutes of `headless_run`; each
re-run takes one command at minute 20 and goes on to the end, telemetry off, two processes at once. `cpu_ratio` is
what the ratio would be with two cores to itself: half the processor time of all re-runs over that of the full run.
"""

from __future__ import annotations

import json
import os
import resource
import time

from benchmarks.headless_run import MINUTES
from incidentsim.commands.model import Command
from incidentsim.scenario.cast import plain_cast
from incidentsim.scenario.catalogue import find
from incidentsim.scenario.load import load_scenario
from incidentsim.scoring.protocol import Plan
from incidentsim.session.resimulation import Resimulator
from incidentsim.transcript.model import TimedCommand
from incidentsim.world import World

RUNS = 20
"""Re-runs."""

FROM_MINUTE = 20
"""Minute of the run, prelude included, at which they part."""

GOAL = 7.0
"""Most wall time, in full runs with telemetry."""


def main() -> None:
    """Measure both and print."""
    scenario = load_scenario(find("slow-chat"))
    cast = plain_cast(scenario)
    end_us = MINUTES * 60_000_000 - scenario.prelude
    at_us = FROM_MINUTE * 60_000_000 - scenario.prelude
    full, full_cpu = [], []
    for _ in range(2):
        started, cpu = time.perf_counter(), time.process_time()
        World(scenario, seed=1, cast=cast).advance(end_us)
        full.append(time.perf_counter() - started)
        full_cpu.append(time.process_time() - cpu)
    plans = []
    for i in range(RUNS):
        command = Command(verb="set", args={"knob": "gateway.max_inflight_requests", "value": str(100 + 5 * i)})
        plans.append(Plan(commands=(TimedCommand(t_us=at_us, k=0, ref=1, command=command),), end_us=end_us))
    started = time.perf_counter()
    with Resimulator(scenario=scenario, seed=1, cast=cast) as resimulate:
        outcomes = resimulate(plans)
    wall = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    ratio, cpu = wall / min(full), used.ru_utime + used.ru_stime
    different = len({json.dumps(outcome.sli) for outcome in outcomes})
    print(json.dumps({
        "runs": RUNS, "different_outcomes": different, "wall_s": round(wall, 2), "full_run_s": round(min(full), 2),
        "ratio": round(ratio, 2),
        "cpu_ratio": round(cpu / 2 / min(full_cpu), 2), "goal": GOAL, "ok": ratio <= GOAL, "load": os.getloadavg()[0],
    }, indent=1))  # fmt: skip


if __name__ == "__main__":
    main()
