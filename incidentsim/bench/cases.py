"""Random engine cases, run on the macro and on the naive engine, compared integer by integer (F1).

Used by `equality`, which makes the figure, and by the tests of the engines.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from incidentsim.bench.naive import Batch, NaiveReplica, closed_form
from incidentsim.exact import Draws
from incidentsim.world.call import Call
from incidentsim.world.kernel import OBSERVE, Kernel
from incidentsim.world.stack.engine.replica import Replica
from incidentsim.world.stack.engine.sequence import Prefix, Sequence
from incidentsim.world.stack.engine.step_model import StepModel, StepPreset


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One random workload with cancels, slowdowns and changes of the engine's arguments; with prefixes also resets.

    `arrivals` are (µs, prompt, output), `cancels` (µs, index of the arrival), `factors` (µs, ppm), `knobs`
    (µs, max_num_seqs, budget), `probes` moments at which gauges are read, `prefixes` one for each arrival, `resets`
    moments at which the prefix cache is emptied.
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
    prefixes: tuple[Prefix | None, ...] = ()
    resets: tuple[int, ...] = ()


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


def prefix_case(seed: int) -> Case:
    """Return case number `seed` with templates, growing conversations, repeats and cache resets."""
    case = random_case(seed)
    d = Draws(seed, "engine-case", "prefix")
    counter = iter(range(100_000))

    def between(low: int, high: int) -> int:
        return low + d.below(next(counter), high - low + 1)

    # half of the cases have so few blocks that what is cached is always being evicted
    blocks = (case.blocks, 60, 100, 160)[max(0, between(-2, 3))]
    limit = blocks * 16 * 95 // 100
    templates = [between(1, min(700, limit // 3)) for _ in range(between(1, 3))]
    talks: list[tuple[int, int, int]] = []  # template, tokens so far, tools' tokens between template and talk
    arrivals: list[tuple[int, int, int]] = []
    prefixes: list[Prefix | None] = []
    for t, prompt, output in case.arrivals:
        prompt, output = min(prompt, limit // 2), min(output, limit // 3)
        kind = between(0, 9)
        template = between(0, len(templates) - 1)
        shared = templates[template]
        prefix: Prefix | None
        if kind == 0:
            prefix = None
        elif kind <= 2 or (not talks and kind <= 6):
            prompt = shared + prompt if kind == 1 else max(prompt, shared)
            prefix = ((("template", template), shared),)
        else:
            known = between(0, len(talks) - 1) if talks and kind <= 7 else len(talks)
            if known == len(talks):
                talks.append((template, shared + 30, between(0, 20)))
            template, tokens, tools = talks[known]
            shared = templates[template]
            prompt = tokens if kind == 7 else tokens + between(1, 400)
            if prompt + output > limit:
                prompt = tokens = shared + 31 + prompt % 50
            # now and then a gap of content nobody else has, after what is known
            end = prompt if between(0, 4) else tokens
            talks[known] = (template, tokens if kind == 7 else prompt + (output if between(0, 3) else 0), tools)
            prefix = ((("template", template), shared), (("talk", known), end))
            if tools:
                prefix = (prefix[0], ("tools", shared + tools), prefix[1])
        if prompt + output > limit:
            output = max(1, limit - prompt)
        arrivals.append((t, prompt, output))
        prefixes.append(prefix)
    end = case.arrivals[-1][0]
    return replace(
        case, blocks=blocks, arrivals=tuple(arrivals), prefixes=tuple(prefixes),
        resets=tuple(sorted(between(0, end) for _ in range(max(0, between(-2, 12))))),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Everything two engines must agree on.

    Readings: used blocks, generated tokens, running, queued; with prefixes also queries, hits, and the cached tokens of
    every prefix there is. `events` are in the order in which they happened.
    """

    times: tuple[tuple[int, int, int], ...]
    iterations: int
    preemptions: int
    events: tuple[tuple[str, int, int], ...]
    hits: int
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
                              reserve=case.reserve, prefix_caching=bool(case.prefixes))  # fmt: skip
    else:
        engine = Replica(kernel, model, blocks=case.blocks, max_num_seqs=case.max_num_seqs, budget=case.budget,
                         on_first=on_first, on_finish=on_finish, reserve=case.reserve,
                         prefix_caching=bool(case.prefixes))  # fmt: skip
    prefixes = case.prefixes or (None,) * len(case.arrivals)
    sequences = [
        Sequence(i, t, p, o, prefix=prefix)
        for i, ((t, p, o), prefix) in enumerate(zip(case.arrivals, prefixes, strict=True))
    ]
    distinct = list(dict.fromkeys(prefix for prefix in prefixes if prefix is not None))

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

    def reset(_: Call) -> None:
        engine.reset_prefix_cache()

    for q in sequences:
        kernel.at(q.arrived_us, arrive, q)
    for t, i in case.cancels:
        kernel.at(t, cancel, i)
    for t, f in case.factors:
        kernel.at(t, slow, f)
    for t, seqs, budget in case.knobs:
        kernel.at(t, turn, (seqs, budget))
    for t in case.resets:
        kernel.at(t, reset, None)
    readings: list[tuple[int, ...]] = []

    def probe(_: Call) -> None:
        if isinstance(engine, Replica):
            reading = (engine.used_blocks(), engine.generated(), engine.running, engine.queued)
        else:
            ended = begun[:-1] if engine.busy else begun
            held = len(engine.decoding) + len(engine.prefilling)
            reading = (case.blocks - engine.free, sum(ended), held, len(engine.waiting))
        cached = (engine.cached_tokens(prefix) for prefix in distinct)
        readings.append((*reading, engine.prefix_queries, engine.prefix_hits, *cached))

    for t in case.probes:
        kernel.at(t, probe, None, OBSERVE)
    kernel.advance(3_600_000_000)
    iterations = engine.iterations if isinstance(engine, NaiveReplica) else engine.iterations()
    return Outcome(
        times=tuple((q.first_us, q.finished_us, q.restarts) for q in sequences),
        iterations=iterations, preemptions=engine.preemptions, events=tuple(log), readings=tuple(readings),
        hits=engine.prefix_hits,
    )  # fmt: skip
