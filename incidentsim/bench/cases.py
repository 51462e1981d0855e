"""Random engine cases, run on the macro and on the naive engine, compared integer by integer (F1).

Used by `equality`, which makes the figure, and by the tests of the engines.
"""

from __future__ import annotations

from dataclasses import dataclass

from incidentsim.bench.naive import Batch, NaiveReplica, closed_form
from incidentsim.exact import Draws
from incidentsim.world.kernel import OBSERVE, Call, Kernel
from incidentsim.world.stack.replica import Replica
from incidentsim.world.stack.sequence import Sequence
from incidentsim.world.stack.step_model import StepModel, StepPreset


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One random workload with cancels, slowdowns and changes of the engine's arguments.

    `arrivals` are (µs, prompt, output), `cancels` (µs, index of the arrival), `factors` (µs, ppm), `knobs`
    (µs, max_num_seqs, budget), `probes` moments at which gauges are read.
    """

    preset: StepPreset
    blocks: int
    max_num_seqs: int
    budget: int
    reserve: bool
    arrivals: tuple[tuple[int, int, int], ...]
    cancels: tuple[tuple[int, int], ...]
    factors: tuple[tuple[int, int], ...]
    knobs: tuple[tuple[int, int, int], ...] = ()
    probes: tuple[int, ...] = ()


def random_case(seed: int) -> Case:
    """Return case number `seed`."""
    d = Draws(seed, "engine-case", "shape")
    counter = iter(range(100_000))

    def pick(*options: int) -> int:
        return options[d.below(next(counter), len(options))]

    def between(low: int, high: int) -> int:
        return low + d.below(next(counter), high - low + 1)

    blocks = pick(300, 400, 600, 1000, 4000)
    count, rate = pick(40, 100, 200), pick(1, 3, 6, 10, 30)
    arrivals, t = [], 0
    for _ in range(count):
        t += int(d.exponential(next(counter)) * 1_000_000 / rate)
        prompt = between(1, 1500) if between(0, 9) else between(1500, 3000)
        output = (1, 2, between(1, 50), between(1, 800))[between(0, 3)]
        arrivals.append((t, prompt, output))
    cancels = sorted((arrivals[i][0] + between(0, 8_000_000), i) for i in range(count) if between(0, 9) == 0)
    factors = sorted((between(0, t), between(900_000, 2_000_000)) for _ in range(between(0, 12)))
    k = Draws(seed, "engine-case", "knobs")  # draws of their own: the rest of a case does not depend on them
    knobs = sorted(
        (k.below(3 * i + 1, max(t, 1)), (4, 8, 32, 128)[k.below(3 * i + 2, 4)], (64, 256, 1024)[k.below(3 * i + 3, 3)])
        for i in range(k.below(0, 5))
    )
    preset = StepPreset(
        gpu="random", a=between(3, 20) * 10**9 + between(0, 10**6), w0=pick(0, 6 * 10**9),
        d=between(10, 100) * 10**6 + 7, b=between(0, 50) * 10**6 + 3, c=pick(0, 100_000, 500_001), e=pick(0, 1_001),
        kv_blocks=blocks, block_bytes=1, gpu_bytes=1,
    )  # fmt: skip
    return Case(
        preset=preset, blocks=blocks, max_num_seqs=pick(4, 16, 64, 256), budget=pick(64, 128, 512, 2048),
        reserve=bool(pick(0, 1)),
        arrivals=tuple(arrivals), cancels=tuple(cancels), factors=tuple(factors), knobs=tuple(knobs),
        probes=tuple(sorted(between(0, t + 5_000_000) for _ in range(40))),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Everything two engines must agree on. Readings: (used blocks, generated tokens, running, queued)."""

    times: tuple[tuple[int, int, int], ...]
    iterations: int
    preemptions: int
    events: tuple[tuple[str, int, int], ...]
    readings: tuple[tuple[int, ...], ...]


def run_case(case: Case, *, naive: bool) -> Outcome:
    """Run the case on one engine to the end."""
    kernel = Kernel(0)
    model = StepModel(case.preset)
    log: list[tuple[str, int, int]] = []

    def on_first(q: Sequence, now: int) -> None:
        log.append(("first", q.id, now))

    def on_finish(q: Sequence, now: int) -> None:
        log.append(("finish", q.id, now))

    begun: list[int] = []
    step_ps = closed_form(model)

    def counted(batch: Batch) -> int:
        begun.append(batch.n)
        return step_ps(batch)

    engine: NaiveReplica | Replica
    if naive:
        engine = NaiveReplica(kernel, counted, blocks=case.blocks, max_num_seqs=case.max_num_seqs,
                              budget=case.budget, on_first=on_first, on_finish=on_finish,
                              reserve=case.reserve)  # fmt: skip
    else:
        engine = Replica(kernel, model, blocks=case.blocks, max_num_seqs=case.max_num_seqs, budget=case.budget,
                         on_first=on_first, on_finish=on_finish, reserve=case.reserve)  # fmt: skip
    sequences = [Sequence(i, t, p, o) for i, (t, p, o) in enumerate(case.arrivals)]

    def arrive(call: Call) -> None:
        engine.submit(call.argument)

    def cancel(call: Call) -> None:
        engine.cancel(sequences[call.argument])

    def slow(call: Call) -> None:
        engine.set_factor(call.argument)

    def turn(call: Call) -> None:
        engine.max_num_seqs, engine.budget = call.argument
        if isinstance(engine, Replica):
            engine.cut()

    for q in sequences:
        kernel.at(q.arrived_us, arrive, q)
    for t, i in case.cancels:
        kernel.at(t, cancel, i)
    for t, f in case.factors:
        kernel.at(t, slow, f)
    for t, seqs, budget in case.knobs:
        kernel.at(t, turn, (seqs, budget))
    readings: list[tuple[int, ...]] = []

    def probe(_: Call) -> None:
        if isinstance(engine, Replica):
            readings.append((engine.used_blocks(), engine.generated(), engine.running, engine.queued))
        else:
            ended = begun[:-1] if engine.busy else begun
            held = len(engine.decoding) + len(engine.prefilling)
            readings.append((case.blocks - engine.free, sum(ended), held, len(engine.waiting)))

    for t in case.probes:
        kernel.at(t, probe, None, OBSERVE)
    kernel.advance(3_600_000_000)
    iterations = engine.iterations if isinstance(engine, NaiveReplica) else engine.iterations()
    return Outcome(
        times=tuple((q.first_us, q.finished_us, q.restarts) for q in sequences),
        iterations=iterations, preemptions=engine.preemptions, events=tuple(sorted(log)), readings=tuple(readings),
    )  # fmt: skip
