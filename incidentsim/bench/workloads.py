"""What the speed figures run, as generators: each step does a slice of work and yields what it did.

They run in processes of their own (`child`), so that memory peaks and the collector's state are theirs alone, and
step by step, so that measured work and the calibrator can take turns on a noisy machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import simpy

from incidentsim.bench.step_tables import VIDUR, load_recorded_run
from incidentsim.bench.subject import MINUTE_US, SUBJECT, calm, send, world_of
from incidentsim.exact import Draws
from incidentsim.session.branching import Branches, grow
from incidentsim.world.call import Call
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.engine.replica import Replica
from incidentsim.world.stack.engine.sequence import Sequence
from incidentsim.world.stack.engine.step_model import PRESETS, StepModel
from incidentsim.world.world import World

Counts = dict[str, float]
"""What one step did: counts since the step before."""

PROCESSES = 1_000
"""Processes of the bare-SimPy calibrator (world.md §6)."""

TIMEOUTS = 150
"""Timeouts of each of them in one step: about a tenth of a second."""

PRESET = "llama3_8b_a100_tp1"
ENGINE_SEQUENCES = 256
ENGINE_BUDGET = 512
"""Token budget and batch cap of the recorded runs, whose request lengths the engines are fed."""

LENGTHS_RUN = "A_sarathi512_80"

PLANS = (
    "scale {pool} {more}", "restart {pool}-{number}", "set gateway.max_inflight_requests 1{number}",
    "drain {pool}-{number}", "shed prompt_tokens>1{number}00 50%", "set {pool}.max_num_seqs 9{number}",
    "set gateway.queue_timeout 1{number}s",
)  # fmt: skip
"""Commands of the counterfactual runs, one each; the numbers grow from round to round, so that all differ."""

TICK_US = 100_000
"""The command comes one tick after the branching point."""

SETTLE_US = 60_000_000
"""Scenario time before counting begins: batches have filled up by then."""


def bare_simpy() -> Iterator[Counts]:
    """Let 1,000 SimPy processes wait again and again, for ever: the machine's speed."""
    env = simpy.Environment()

    def ticking(offset: int) -> Iterator[simpy.Event]:
        yield env.timeout(offset)
        while True:
            yield env.timeout(1_000)

    for i in range(PROCESSES):
        env.process(ticking(i))  # type: ignore[arg-type,unused-ignore]
    env.run(until=2_000)
    while True:
        env.run(until=env.now + 1_000 * TIMEOUTS)
        yield {"timeouts": PROCESSES * TIMEOUTS}


def engines(*, replicas: int, rate: float, requests: int, output_factor: float, slices: int) -> Iterator[Counts]:
    """Feed `requests` Poisson arrivals (`rate` per second in all) to engines in turn; kernel and engines only.

    Lengths are those of a recorded run, outputs times `output_factor`. Yields kernel events, those of them that
    ended steps (cut ones included), requests ended, iterations, scenario time, and the integral over it of running
    sequences (`held_s`), read every five seconds.
    """
    recorded = load_recorded_run(VIDUR, LENGTHS_RUN)
    gaps = Draws(1, "bench", "gap")
    kernel = Kernel(0)
    model = StepModel(PRESETS[PRESET])
    ended = came = 0

    def finish(_sequence: Sequence, _now: int) -> None:
        nonlocal ended
        ended += 1

    pool = [
        Replica(kernel, model, blocks=model.preset.kv_blocks, max_num_seqs=ENGINE_SEQUENCES, budget=ENGINE_BUDGET,
                on_first=_ignore, on_finish=finish)
        for _ in range(replicas)
    ]  # fmt: skip
    lengths = [(r.prompt_tokens, max(1, round(r.output_tokens * output_factor))) for r in recorded]
    mean_gap_us = 1_000_000 / rate
    waits_us = [int(gaps.exponential(i) * mean_gap_us) for i in range(requests)]  # drawn before the clock starts

    def arrive(call: Call) -> None:
        nonlocal came
        number: int = call.argument
        came += 1
        prompt, output = lengths[number % len(lengths)]
        pool[number % replicas].submit(Sequence(number, kernel.now, prompt, output))
        if number + 1 < requests:
            kernel.after(waits_us[number + 1], arrive, number + 1)

    kernel.after(waits_us[0], arrive, 0)
    kernel.advance(SETTLE_US)
    before = (kernel.scheduled, ended, sum(e.iterations() for e in pool), came, kernel.now)
    length_us = int(requests * mean_gap_us * 0.98) - SETTLE_US
    for i in range(slices):
        held = 0
        ends_us = SETTLE_US + length_us * (i + 1) // slices
        while kernel.now < ends_us:
            kernel.advance(min(kernel.now + 5_000_000, ends_us))
            held += sum(e.running for e in pool) * 5
        now = (kernel.scheduled, ended, sum(e.iterations() for e in pool), came, kernel.now)
        events, requests_ended, iterations, arrivals, passed_us = (b - a for a, b in zip(before, now, strict=True))
        seconds = passed_us / 1_000_000
        yield {"events": events, "step_events": events - arrivals - round(seconds), "requests": requests_ended,
               "iterations": iterations, "scenario_s": seconds, "held_s": held}  # fmt: skip
        before = now


def counterfactuals(*, minutes: int, branch_minute: int, plans: int, workers: int, checked: int) -> Iterator[Counts]:
    """Run `plans` variants of the default stack, the shared part once, telemetry off; then some of them in full.

    The first step runs the shared part, the second all plans by `session.branching`; the third runs `checked` of
    them again from the start and yields how many had another `dyn` digest.
    """
    scenario = calm()
    pool = scenario.stack.pools[0]
    rounds = [divmod(i, len(PLANS)) for i in range(plans)]
    lines = [PLANS[which].format(pool=pool.id, number=number, more=5 + number) for number, which in rounds]
    world = world_of(scenario, telemetry=False)
    begin_us = world.now_us
    from_us, end_us = begin_us + branch_minute * MINUTE_US, begin_us + minutes * MINUTE_US

    def finish(branched: World, line: str) -> str:
        send(branched, line, t_us=from_us + TICK_US, ref=1)
        branched.advance(end_us)
        return branched.dyn_digest()

    world.advance(from_us)
    world.facts()
    yield {"shared": 1}

    def root(branches: Branches) -> None:
        for number, line in enumerate(lines):
            branches.fork(lambda number=number, line=line: branches.report(number, finish(world, line)))  # type: ignore[misc]

    digests: dict[int, str] = dict(grow(root, workers))
    yield {"plans": len(digests), "different": len(set(digests.values()))}
    wrong = 0
    for number in range(0, plans, max(1, plans // checked))[:checked]:
        again = world_of(scenario, telemetry=False)
        again.advance(from_us)
        wrong += finish(again, lines[number]) != digests[number]
    yield {"checked": checked, "wrong": wrong}


def stack(*, telemetry: bool, minutes: int, slices: int, stack_id: str = SUBJECT) -> Iterator[Counts]:
    """Run a stack, the default one if not told otherwise, without faults for `minutes` from its first moment."""
    scenario = calm(stack_id)
    world = world_of(scenario, telemetry=telemetry)
    begin = world.now_us
    events = 0
    offered = 0
    for i in range(slices):
        world.advance(begin + minutes * MINUTE_US * (i + 1) // slices)
        world.facts()  # as a session does, which hands them on
        now_offered = sum(n for key, (n, _) in world.sli().items() if key.startswith(f"{scenario.slos[0].id}/"))
        yield {"events": world.events_scheduled() - events, "requests": now_offered - offered}
        events, offered = world.events_scheduled(), now_offered


WORKLOADS: dict[str, Callable[..., Iterator[Counts]]] = {"bare_simpy": bare_simpy, "engines": engines, "stack": stack,
                                                             "counterfactuals": counterfactuals}  # fmt: skip
"""What a child process can be told to run."""


def _ignore(_sequence: Sequence, _now: int) -> None:
    """Nobody watches first tokens here."""
