"""S1 of the design: engines alone, 8 replicas at 64 requests per second, beside bare SimPy in the same process.

`python -m benchmarks.engine_alone` prints JSON: the round of median ratio. Each round measures bare SimPy before
and after the engines, so that a busy machine slows both. Seconds are informative, the ratios compare.
"""

from __future__ import annotations

import json
import sys
import time

from benchmarks.headless_run import bare_timeouts_per_second
from incidentsim.exact import Draws
from incidentsim.world.kernel import NORMAL, Call, Kernel
from incidentsim.world.stack.replica import Replica
from incidentsim.world.stack.sequence import Sequence
from incidentsim.world.stack.step_model import PRESETS, StepModel

REPLICAS = 8
"""Engines, dealt to round robin."""

RATE = 64
"""Requests per second over all replicas."""

REQUESTS = 20_000
"""Requests of one round."""

ROUNDS = 9
"""Rounds, odd for the median."""


def workload() -> list[tuple[int, int, int]]:
    """Return (arrival µs, prompt, output): Poisson arrivals, prompts of 100 to 1,900, outputs of 20 to 380 tokens."""
    gap, prompt, output = (Draws(1, "engine-alone", purpose) for purpose in ("gap", "prompt", "output"))
    requests, t = [], 0
    for i in range(REQUESTS):
        t += int(gap.exponential(i) * 1_000_000 / RATE)
        requests.append((t, 100 + prompt.below(i, 1_801), 20 + output.below(i, 361)))
    return requests


def ignore(_sequence: Sequence, _now: int) -> None:
    """Record nothing."""


def drive(requests: list[tuple[int, int, int]]) -> tuple[float, int]:
    """Run all requests, dealt round robin; return (wall seconds, kernel events)."""
    preset = PRESETS["llama3_8b_a100_tp1"]
    kernel, model = Kernel(0), StepModel(preset)
    engines = [
        Replica(kernel, model, blocks=preset.kv_blocks, max_num_seqs=256, budget=2_048,
                on_first=ignore, on_finish=ignore)
        for _ in range(REPLICAS)
    ]  # fmt: skip
    sequences = [Sequence(i, t, p, o) for i, (t, p, o) in enumerate(requests)]

    def arrive(call: Call) -> None:
        i: int = call.argument
        engines[i % REPLICAS].submit(sequences[i])
        call.argument = i = i + 1
        if i < REQUESTS:
            kernel.push(sequences[i].arrived_us, call, NORMAL)

    kernel.at(sequences[0].arrived_us, arrive, 0)
    started = time.perf_counter()
    kernel.advance(requests[-1][0] + 60_000_000)
    wall = time.perf_counter() - started
    assert all(q.finished_us > 0 for q in sequences)
    return wall, kernel.scheduled


def main() -> None:
    """Measure and print; `profile` as the argument prints a profile instead."""
    requests = workload()
    if sys.argv[1:] == ["profile"]:
        import cProfile

        cProfile.runctx("drive(requests)", globals(), {"requests": requests}, sort="tottime")
        return
    rounds = []
    for _ in range(ROUNDS):
        before = bare_timeouts_per_second()
        wall, events = drive(requests)
        bare = (before + bare_timeouts_per_second()) / 2
        rounds.append((events / wall / bare, REQUESTS / wall / bare, events / wall, bare, events))
    per_timeout, requests_per_timeout, per_s, bare, events = sorted(rounds)[ROUNDS // 2]
    print(json.dumps({
        "events_per_bare_timeout": round(per_timeout, 3), "requests_per_bare_timeout": round(requests_per_timeout, 4),
        "kernel_events_per_s": round(per_s), "bare_simpy_timeouts_per_s": round(bare),
        "kernel_events_per_request": round(events / REQUESTS, 2),
    }, indent=1))  # fmt: skip


if __name__ == "__main__":
    main()
